"""Works off what waits in the database."""
