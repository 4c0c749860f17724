"""`POST /api/v1/simulator`: says something as a customer, on the real shop, and gives the replies.

Where the turn broke, or waits, `problem` says why.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, abort

from adapters.channels.channel import Posted
from adapters.storage.reports import Row
from adapters.web.api.fields import address_of, text_fields
from adapters.web.site import Site
from engine.message import Inbound, Outbound


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
        # orjson refuses half a surrogate pair, which a caller may send.
        said = json.dumps({**fields, "from": address_of("from", fields["from"])}).encode()
        updates = site.channels["simulator"].parse(Posted("", {}, said, business))
        (message,) = (update for update in updates if isinstance(update, Inbound))
        site.storage.accept("simulator", updates, site.now())
        number = ("simulator", business)
        conversation = site.storage.start_conversation(business, number, message.sender, site.now())
        site.jobs.take_turns_now(conversation)
        reports = site.storage.reports(business)
        answer: dict[str, Any] = {
            "replies": [_shown(reply) for reply in reports.replies_to("simulator", message.id)]
        }
        problem = problem_of(*reports.fate_of("simulator", message.id))
        return {**answer, "problem": problem} if problem else answer


def problem_of(message: Row, before: Row | None) -> str:
    """Why the message has not the answer that the flow has for it; empty where it has."""
    if message["status"] == "handled":
        return ""
    if message["status"] == "failed":
        return f"its turn broke, and is not tried again: {message['error']}"
    if message["attempts"]:
        return f"its turn broke, and is tried again: {message['error']}"
    if before is not None:
        return f"it waits for message {before['id']}, whose turn broke, and is tried again: {before['error']}"
    return "it waits for another turn of the same conversation"


def _shown(reply: Outbound) -> dict[str, Any]:
    """The reply without the places that are empty; each `press` can be sent back."""
    shown: dict[str, Any] = {"text": reply.text}
    for name in ("header", "footer", "ask_location", "products"):
        if getattr(reply, name):
            shown[name] = getattr(reply, name)
    if reply.buttons:
        shown["buttons"] = [{"title": option.title, "press": option.id} for option in reply.buttons]
    if reply.rows:
        rows = [{"title": option.title, "about": option.about, "press": option.id} for option in reply.rows]
        shown["list"] = {"button": reply.list_button, "rows": rows}
    if reply.media:
        kind, media = reply.media
        shown[kind] = media.link or media.id
    return shown
