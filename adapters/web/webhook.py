"""Takes what Meta posts: each update is in the database before it is answered with 200."""

from __future__ import annotations

import json
from typing import Any

import orjson
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from adapters import log
from adapters.channels.channel import Channel, Update
from adapters.settings import META_NAMES
from adapters.web.site import Site
from engine.message import Inbound, Receipt, Unread

LARGEST_BODY = 3 * 1024 * 1024
"""Bytes that Meta sends at most."""

LONGEST_NUMBER = 1000
"""Digits of a whole number that is read as one: Python refuses to read very long ones."""


def routes(site: Site) -> Blueprint:
    """`GET` and `POST /webhooks/meta`."""
    pages = Blueprint("webhook", __name__)

    def meta() -> Channel:
        channel = site.channels.get("meta")
        if channel is None:
            abort(503, f"WhatsApp is not set up here: set {', '.join(META_NAMES)}, and start again")
        return channel

    @pages.get("/webhooks/meta")
    def verify() -> ResponseReturnValue:
        challenge = meta().challenge(request.args)
        if challenge is None:
            abort(403, "the verify token is not the one in WHATSAPP_VERIFY_TOKEN")
        return challenge, 200, {"Content-Type": "text/plain; charset=utf-8"}

    @pages.post("/webhooks/meta")
    def receive() -> ResponseReturnValue:
        channel = meta()
        raw = request.get_data()
        if not channel.verify(dict(request.headers), raw):
            log.event("webhook_refused", provider="meta", bytes=len(raw))
            abort(401, "the signature does not fit these bytes and META_APP_SECRET")
        updates = channel.parse(_object(raw))
        conversations = site.storage.accept("meta", updates, site.now())
        site.worker.look_at(*conversations)
        for update in updates:
            _note(update)
        return {"received": len(updates)}, 200

    return pages


def _note(update: Update) -> None:
    match update:
        case Inbound(id=message, kind=kind, sender=sender):
            log.event("message_received", provider="meta", id=message, kind=kind, sender=log.masked(sender))
        case Receipt(message_id=message, status=status, error_code=code):
            log.event("status_received", provider="meta", id=message, status=status, code=code)
        case Unread(reason=reason, id=message):
            log.event("update_not_understood", provider="meta", id=message, reason=reason)


def _object(raw: bytes) -> dict[str, Any]:
    """The JSON object in the bytes.

    What orjson refuses and JSON allows is let through: half a surrogate pair, and whole numbers of any
    length, of which the very long ones come as their digits.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            body = json.loads(raw, parse_int=_whole)
        except (ValueError, RecursionError):
            abort(400, "the body is not JSON")
    if not isinstance(body, dict):
        abort(400, "the body is JSON, but no object")
    return body


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits
