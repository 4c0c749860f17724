"""`POST /api/v1/simulator`: says something as a customer, on the real shop, and gives the replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort

from adapters.storage import Reports
from adapters.web.api.fields import address_of, text_fields
from adapters.web.site import Site
from engine.message import Inbound

NEWEST = 20
"""Among how many of the newest turns the message's own is looked for."""


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.post("/simulator")
    def simulate() -> dict[str, Any]:
        fields = text_fields(("from",), ("text", "press", "business"))
        if ("text" in fields) == ("press" in fields):
            abort(400, 'write either "text", or "press" with the id of a button or row')
        business = fields.get("business", next(iter(site.packs)))
        if business not in site.packs:
            abort(400, f'"business" has to be one of {", ".join(site.packs)}')
        said = {**fields, "from": address_of("from", fields["from"]), "channel": business}
        updates = site.channels["simulator"].parse(said)
        (message,) = (update.id for update in updates if isinstance(update, Inbound))
        replies: list[dict[str, Any]] = []
        for conversation in site.storage.accept("simulator", updates, site.now()):
            site.worker.work_now(conversation)
            replies += _replies(site.storage.reports(business), conversation, message)
        return {"replies": replies}


def _replies(reports: Reports, conversation: int, provider_id: str) -> list[dict[str, Any]]:
    """What the conversation answered to the message with the provider's id."""
    for turn in reversed(reports.turns(conversation, NEWEST)):
        message = reports.message(turn["message"]) if turn["message"] else None
        if message and message["provider_id"] == provider_id:
            return [_shown(reply["payload"]) for reply in reports.replies_to(message["id"])]
    return []


def _shown(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The reply without the places that are empty; each `press` can be sent back."""
    shown: dict[str, Any] = {"text": reply["text"]}
    for name in ("header", "footer", "ask_location", "products"):
        if reply[name]:
            shown[name] = reply[name]
    if reply["buttons"]:
        shown["buttons"] = [{"title": option["title"], "press": option["id"]} for option in reply["buttons"]]
    if reply["rows"]:
        rows = [
            {"title": option["title"], "about": option["about"], "press": option["id"]}
            for option in reply["rows"]
        ]
        shown["list"] = {"button": reply["list_button"], "rows": rows}
    if reply["media"]:
        kind, media = reply["media"]
        shown[kind] = media["link"] or media["id"]
    return shown
