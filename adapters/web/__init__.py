"""Puts the webhook, the health checks and the API together into one Flask application."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from adapters import log
from adapters.web import api, health, webhook
from adapters.web.site import Site

__all__ = ["LARGEST_BODY", "Site", "create_app"]

LARGEST_BODY = webhook.LARGEST_BODY
"""Bytes of a request, at most."""


def create_app(site: Site) -> Flask:
    """The application. Every answer that is no success is JSON: `{"error": "a sentence"}`."""
    app = Flask("shoptalk", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(webhook.routes(site))
    app.register_blueprint(health.routes(site))
    app.register_blueprint(api.routes(site))
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _broken)
    return app


def _refused(error: HTTPException) -> ResponseReturnValue:
    """Keeps the status and its headers (such as `Allow`), and puts the words into JSON."""
    response = error.get_response()
    headers = {
        name: text for name, text in response.headers if name not in ("Content-Type", "Content-Length")
    }
    return {"error": error.description or error.name}, response.status_code, headers


def _broken(error: Exception) -> ResponseReturnValue:
    """What nobody foresaw: told to the log with its traceback, and to the caller without."""
    log.problem("request_failed", error)
    return {"error": "something went wrong here; the log says what"}, 500
