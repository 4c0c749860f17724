"""Guards every address of the server: who asks, how much, how often, and what answers tell browsers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Any, NoReturn

from flask import Blueprint, Flask, abort, request

from adapters import log
from adapters.settings import Settings
from adapters.web import rates
from adapters.web.proxies import HERE, address_of, asked_by, is_in

LARGEST_BODY = 3 * 1024 * 1024
"""Bytes of a request, at most: Meta sends as many."""

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
"""Said only over https: over http browsers have to disregard it."""

REQUEST_ID = "shoptalk.request_id"
"""The name in a request's environ of the word that all its log lines share."""

_Application = Callable[..., Iterable[bytes]]


def guard(app: Flask, settings: Settings, webhooks: Blueprint, api: Blueprint) -> None:
    """Sets up everything in front of the pages; both blueprints are not registered yet."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.wsgi_app = Edge(app.wsgi_app, settings)  # type: ignore[method-assign]

    @app.before_request
    def refuse_large() -> None:
        if (request.content_length or 0) > LARGEST_BODY:
            _too_large()

    rates.guard(app, {webhooks.name: settings.webhook_rate, api.name: settings.api_rate}, settings.redis_url)

    @app.before_request
    def refuse_strangers() -> None:
        # Behind the limiter: each of them leaves a line in the log.
        if request.blueprint == webhooks.name and settings.allowed_networks:
            _refuse_strangers(settings)


class Edge:
    """A WSGI application around the real one: puts right who asked, and adds what every answer carries."""

    def __init__(self, application: _Application, settings: Settings) -> None:
        self._application = application
        self._trusted = settings.trusted_proxies

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = asked_by(
            environ.get("REMOTE_ADDR") or "",
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            environ.get("HTTP_X_FORWARDED_PROTO", ""),
            environ.get("HTTP_X_FORWARDED_HOST", ""),
            self._trusted,
        )
        environ["REMOTE_ADDR"] = asked.address
        if asked.scheme:
            environ["wsgi.url_scheme"] = asked.scheme
        if asked.host:
            environ["HTTP_HOST"] = asked.host
        given = environ.get("HTTP_X_REQUEST_ID", "")
        identity = given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given, re.ASCII) else token_hex(8)
        environ[REQUEST_ID] = identity
        more = [*HEADERS, ("X-Request-ID", identity)]
        if environ.get("wsgi.url_scheme") == "https":
            more.append(STRICT_TRANSPORT)
        if environ.get("PATH_INFO", "").startswith("/api/"):
            more.append(("Cache-Control", "no-store"))

        def start(status: str, headers: list[tuple[str, str]], *exception: Any) -> Any:
            set_already = {name.lower() for name, _ in headers}
            added = [header for header in more if header[0].lower() not in set_already]
            return start_response(status, headers + added, *exception)

        return self._application(environ, start)


def body() -> bytes:
    """The body of this request, whole; ends the request with 413 where it is too large."""
    raw = request.get_data()
    # One that did not say its length beforehand has been cut off at the limit.
    if request.content_length is None and len(raw) >= LARGEST_BODY:
        _too_large()
    return raw


def request_id() -> str:
    """The word that all log lines of this request share; it is in the answer's `X-Request-ID` too."""
    identity: str = request.environ[REQUEST_ID]
    return identity


def _too_large() -> NoReturn:
    abort(413, f"the body is larger than {LARGEST_BODY} bytes")


def _refuse_strangers(settings: Settings) -> None:
    address = address_of(request.remote_addr or "") or (HERE if not request.remote_addr else None)
    if address is None or not is_in(address, settings.allowed_networks):
        log.event("webhook_stranger", path=request.path, address=str(address), correlation=request_id())
        abort(403, "the webhooks take requests only from the networks in WEBHOOK_ALLOWED_NETWORKS")
