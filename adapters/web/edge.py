"""Guards every address of the server: who asks, how much, how often, and what answers tell browsers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv6Address
from secrets import token_hex
from typing import Any, NoReturn

from flask import Blueprint, Flask, abort, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit

from adapters import log
from adapters.settings import Settings
from adapters.web import request_counts
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

PATIENCE = 0.5
"""Seconds that Redis may take to count a request; after that it is counted in memory."""

_Application = Callable[..., Iterable[bytes]]


def guard(app: Flask, settings: Settings, webhooks: Blueprint, api: Blueprint) -> None:
    """Sets up everything in front of the pages; both blueprints are not registered yet."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.wsgi_app = Edge(app.wsgi_app, settings)  # type: ignore[method-assign]

    @app.before_request
    def refuse_large() -> None:
        if (request.content_length or 0) > LARGEST_BODY:
            _too_large()

    _limiter(settings, {webhooks.name: settings.webhook_rate, api.name: settings.api_rate}).init_app(app)
    app.register_error_handler(RateLimitExceeded, _too_often)

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


def _limiter(settings: Settings, rates: Mapping[str, str]) -> Limiter:
    """Counts what one address asks of each blueprint that has a rate.

    In Redis where there is one, so that all processes count together; else, and while it is away, in memory.
    What goes wrong there the limiter writes into the log, and lets the request through.
    """
    seldom = _Seldom()

    def breached(limit: RequestLimit) -> None:
        if seldom.now():
            log.event("asked_too_often", limit=str(limit.limit), by=_whoever(), path=request.path)

    # As limits of the application: those of a blueprint cost more time, and count each page for itself.
    return Limiter(
        lambda: f"{request.blueprint} {_whoever()}",
        application_limits=[lambda: rates.get(request.blueprint or "", settings.api_rate)],
        application_limits_exempt_when=lambda: request.blueprint not in rates,
        storage_uri=re.sub("^unix://", "redis+unix://", settings.redis_url) or f"{request_counts.SCHEME}://",
        storage_options=_storage_options(settings.redis_url),
        strategy="moving-window",
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        key_prefix="shoptalk",
        on_breach=breached,
    )


def _storage_options(redis_url: str) -> dict[str, Any]:
    if not redis_url:
        return {}
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_connect_timeout": PATIENCE,
        "socket_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 0),
    }


def _whoever() -> str:
    """Who is counted: an address, of IPv6 the network that one customer of a provider has."""
    address = address_of(request.remote_addr or "")
    if isinstance(address, IPv6Address):
        return f"{address.exploded[:19]}::/64"
    return str(address or "somebody")


def _too_often(error: RateLimitExceeded) -> ResponseReturnValue:
    limit = error.limit.limit
    headers: Mapping[str, str] = {"Retry-After": str(limit.get_expiry())}
    return {"error": f"this address asks too often: at most {limit}"}, 429, dict(headers)


class _Seldom:
    """Lets something be said once a second: a flood of requests must not become a flood of log lines."""

    def __init__(self) -> None:
        self._said_at = float("-inf")

    def now(self) -> bool:
        moment = time.monotonic()
        if moment - self._said_at < 1:
            return False
        self._said_at = moment
        return True
