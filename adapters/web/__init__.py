"""Puts the webhook, the health checks and the API together into one Flask application."""

from __future__ import annotations

import peewee
from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from adapters import log
from adapters.storage import StorageError
from adapters.web import api, edge, health, metrics, webhook
from adapters.web.edge import LARGEST_BODY
from adapters.web.site import Site

__all__ = ["LARGEST_BODY", "Site", "create_app"]


def create_app(site: Site) -> Flask:
    """The application. Every answer that is no success is JSON: `{"error": "a sentence"}`."""
    app = Flask("shoptalk", static_folder=None, template_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    webhooks, resources = webhook.routes(site), api.routes(site)
    edge.guard(app, site.settings, webhooks, resources)
    if site.workers is None:
        # Not before the first request: a server may fork between making the application and serving it.
        app.before_request(site.watch.begin)
    app.register_blueprint(webhooks)
    app.register_blueprint(health.routes(site))
    app.register_blueprint(metrics.routes(site.metrics, site.settings.metrics_token))
    app.register_blueprint(resources)
    app.register_error_handler(HTTPException, _refused)
    for gone in (StorageError, peewee.PeeweeException):
        app.register_error_handler(gone, _away)
    app.register_error_handler(Exception, _broken)
    return app


def _refused(error: HTTPException) -> ResponseReturnValue:
    """Keeps the status and its headers (such as `Allow`), and puts the words into JSON."""
    response = error.get_response()
    headers = {
        name: text for name, text in response.headers if name not in ("Content-Type", "Content-Length")
    }
    return {"error": error.description or error.name}, response.status_code, headers


def _away(error: Exception) -> ResponseReturnValue:
    """What the database does not take now is to be sent again: providers do, for days."""
    log.problem("database_away", error, correlation=edge.request_id())
    return {"error": "the database does not take this now: send it again"}, 503, {"Retry-After": "5"}


def _broken(error: Exception) -> ResponseReturnValue:
    """What nobody foresaw: told to the log with its traceback, and to the caller without."""
    log.problem("request_failed", error, correlation=edge.request_id())
    return {"error": "something went wrong here; the log says what"}, 500
