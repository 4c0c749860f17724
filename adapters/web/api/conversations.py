"""`GET /api/v1/conversations`: who talks, and where each talk stands, the last touched first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from adapters.web.api.fields import moment, only, paged
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.get("/conversations")
    def conversations() -> dict[str, Any]:
        only("business")
        reports = site.storage.reports(request.args.get("business"))
        return paged("conversations", reports.conversations, _shown)


def _shown(conversation: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "business", "provider", "phone", "user_id", "name", "role", "flow", "state")
    data = conversation["data"]
    return {
        **{name: conversation[name] for name in names},
        "language": data["language"],
        "cart": [{"product": line[0], "quantity": line[1]} for line in data["cart"]],
        "created_at": moment(conversation["created_at"]),
        "updated_at": moment(conversation["updated_at"]),
        "due_at": moment(conversation["due_at"]),
    }
