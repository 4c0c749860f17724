"""Tells whether the process is alive, and whether it is ready for work."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from adapters import log
from adapters.storage import StorageError
from adapters.web.site import Site


def routes(site: Site) -> Blueprint:
    """`GET /health` and `GET /ready`."""
    pages = Blueprint("health", __name__)

    @pages.get("/health")
    def health() -> ResponseReturnValue:
        return {"status": "alive"}

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        checks = {
            "database": _database(site),
            "flows": "ok" if site.packs else "no pack is loaded",
            "worker": site.worker.state(),
        }
        is_ready = all(state == "ok" for state in checks.values())
        return {"status": "ready" if is_ready else "not ready", **checks}, 200 if is_ready else 503

    return pages


def _database(site: Site) -> str:
    try:
        site.storage.is_ready()
    except StorageError as error:
        log.problem("database_not_ready", error)
        return str(error)
    return "ok"
