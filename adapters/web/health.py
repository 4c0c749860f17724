"""Tells whether the process is alive, and whether it is ready for work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from adapters import log
from adapters.storage import ChannelState, StorageError
from adapters.tasks.queue import IN_MEMORY
from adapters.web.site import Site


def routes(site: Site) -> Blueprint:
    """`GET /health` and `GET /ready`."""
    pages = Blueprint("health", __name__)

    @pages.get("/health")
    def health() -> ResponseReturnValue:
        return {"status": "alive"}

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        """503 where no message could be taken or worked on; what merely does less is `degraded`."""
        needed = {
            "database": _database(site),
            "flows": "ok" if site.packs else "no pack is loaded",
            **({"worker": site.workers.state()} if site.workers else {}),
        }
        is_ready = all(state == "ok" for state in needed.values())
        channels = _channels(site) if needed["database"] == "ok" else "not known"
        queue = site.dispatch.state()
        is_whole = channels == "ok" and queue in ("ok", IN_MEMORY)
        status = "not ready" if not is_ready else "ready" if is_whole else "degraded"
        return {"status": status, **needed, "channels": channels, "queue": queue}, 200 if is_ready else 503

    return pages


def _database(site: Site) -> str:
    try:
        site.storage.is_ready()
    except StorageError as error:
        log.problem("database_not_ready", error)
        return str(error)
    return "ok"


def _channels(site: Site) -> str | list[dict[str, Any]]:
    """`ok`, or each number that sends nothing now, with the provider's words and what is to be done."""
    found = [_told(channel) for channel in site.storage.channels() if channel.state != "open"]
    return found or "ok"


def _told(channel: ChannelState) -> dict[str, Any]:
    until = channel.try_at.isoformat(timespec="seconds") if channel.try_at else "soon"
    advice = {
        "stopped": "mend the account at the provider, or its settings here; sending then goes on by itself",
        "waiting": "the provider asked for a rest; sending goes on by itself",
    }
    return {
        "provider": channel.provider,
        "number": channel.number,
        "business": channel.business,
        "state": channel.state,
        "code": channel.code,
        "text": channel.text,
        "what_to_do": advice[channel.state],
        "next_try": until,
    }
