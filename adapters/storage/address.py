"""Opens the database that an address names; the only module that knows which servers there are."""

from __future__ import annotations

from adapters.storage.database import Database, DatabaseURLError
from adapters.storage.sqlite import open_sqlite


def open_database(url: str) -> Database:
    """The database at `sqlite:///PATH`, `sqlite:///:memory:` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`.

    Raises DatabaseURLError for any other address, and where nothing can be opened there.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme == "sqlite":
        return open_sqlite(url)
    if separator and scheme == "postgresql":
        # Whoever has one shop in one file does without the driver, which takes long to load.
        from adapters.storage.postgresql import open_postgresql

        return open_postgresql(url)
    # An address may carry a password: only what stands before it is repeated.
    raise DatabaseURLError(
        f"the database address begins with {scheme.split(':')[0][:20]!r}: write sqlite:///shoptalk.db "
        "for a file in the current folder, sqlite:////var/lib/shoptalk.db for an absolute path, or "
        "postgresql://user:password@host/name for PostgreSQL"
    )
