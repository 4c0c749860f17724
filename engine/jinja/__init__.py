"""What Jinja may do here: its sandbox, its filters, and how its texts are parsed, compiled and read."""
