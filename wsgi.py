"""The web edge for any WSGI server: `gunicorn wsgi:app`, where `flows` and `.env` are; workers run beside."""

from adapters.garbage import settle
from adapters.wiring import create_app

app = create_app()
settle()
