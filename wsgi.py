"""The application for any WSGI server: `waitress-serve wsgi:app`, started where `flows` and `.env` are."""

from adapters.wiring import create_app

app = create_app()
