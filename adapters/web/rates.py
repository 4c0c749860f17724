"""Counts what one address asks of webhook and API, and refuses what is too much.

In Redis where there is one, so that all processes count together; else, and while it is away, in memory.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from limits import RateLimitItem, parse

from adapters import log
from adapters.web.proxies import address_of
from adapters.web.request_counts import SCHEME

PATIENCE = 0.5
"""Seconds that Redis may take to count a request; after that it is counted in memory."""

PREFIX = "shoptalk"
"""What the names of what is counted begin with."""


def guard(app: Flask, rates: Mapping[str, str], redis_url: str = "") -> None:
    """Bounds what one address asks of each blueprint that has a rate, such as `10 per second`."""
    seldom = _Seldom()
    limiter = _InRedis(rates, redis_url, seldom) if redis_url else _InMemory(rates, seldom)
    limiter.init_app(app)


class _InMemory(Limiter):
    """Asks the strategy at once.

    Flask-Limiter looks at each request for limits of views, blueprints and defaults, of which there are none
    here: that took a third of a webhook's processor time.
    """

    def __init__(self, rates: Mapping[str, str], seldom: _Seldom) -> None:
        super().__init__(_counted_as, storage_uri=f"{SCHEME}://", strategy="moving-window", key_prefix=PREFIX)
        self._limits = {blueprint: parse(rate) for blueprint, rate in rates.items()}
        self._seldom = seldom

    def _check_request_limit(  # type: ignore[override]  # Flask takes an answer too
        self, callable_name: str | None = None, in_middleware: bool = True
    ) -> ResponseReturnValue | None:
        """What Flask-Limiter has Flask call before each request."""
        limit = self._limits.get(request.blueprint or "")
        if limit is None or self.limiter.hit(limit, PREFIX, _counted_as()):
            return None
        _note(limit, self._seldom)
        return _too_often(limit)


class _InRedis(Limiter):
    """Counts as an application's limits, since those of a blueprint cost more time and count each page alone.

    What goes wrong in Redis is written into the log, and the request let through.
    """

    def __init__(self, rates: Mapping[str, str], redis_url: str, seldom: _Seldom) -> None:
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options: dict[str, Any] = {
            "socket_connect_timeout": PATIENCE,
            "socket_timeout": PATIENCE,
            "retry": Retry(NoBackoff(), 0),
        }

        def breached(limit: RequestLimit) -> None:
            _note(limit.limit, seldom)

        super().__init__(
            _counted_as,
            application_limits=[lambda: rates[request.blueprint or ""]],
            application_limits_exempt_when=lambda: request.blueprint not in rates,
            storage_uri=re.sub("^unix://", "redis+unix://", redis_url),
            storage_options=options,
            strategy="moving-window",
            in_memory_fallback_enabled=True,
            swallow_errors=True,
            key_prefix=PREFIX,
            on_breach=breached,
        )

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.register_error_handler(RateLimitExceeded, _refused)


def _refused(error: RateLimitExceeded) -> ResponseReturnValue:
    return _too_often(error.limit.limit)


def _counted_as() -> str:
    return f"{request.blueprint} {_whoever()}"


def _whoever() -> str:
    """Who is counted: an address, of IPv6 the network that one customer of a provider has."""
    address = address_of(request.remote_addr or "")
    if isinstance(address, IPv6Address):
        return f"{address.exploded[:19]}::/64"
    return str(address or "somebody")


def _note(limit: RateLimitItem, seldom: _Seldom) -> None:
    if seldom.now():
        log.event("asked_too_often", limit=str(limit), by=_whoever(), path=request.path)


def _too_often(limit: RateLimitItem) -> ResponseReturnValue:
    headers = {"Retry-After": str(limit.get_expiry())}
    return {"error": f"this address asks too often: at most {limit}"}, 429, headers


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
