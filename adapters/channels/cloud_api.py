"""Translates the JSON of WhatsApp's Cloud API, which Meta and its partners share, both ways."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from adapters.channels.channel import Update
from adapters.channels.graph_errors import remedy_of
from adapters.provider_limits import WHATSAPP
from engine.message import Inbound, Media, Outbound, Receipt, Unread

LIMITS = WHATSAPP
"""What WhatsApp shows without a catalogue."""

CATALOGUE_PLACES = 30
"""How many products one message holds where there is a catalogue."""

STATUSES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
"""Meta's status: ours. A voice message that was played was read."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,20})?", re.ASCII)


def parse(body: Mapping[str, Any], number: str = "") -> list[Update]:
    """Every update of a webhook's body, in its order; what is not understood becomes Unread, kept raw.

    Several entries, changes, messages and statuses may stand in one body, and one that cannot be read costs
    no other. They are for `number`, where it is known, whatever the body says. Never raises.
    """
    entries = _several(body.get("entry"))
    if not entries:
        return [_unread("no entry in it", body, number)]
    updates: list[Update] = []
    for entry in entries:
        account = number or _text(_object(entry).get("id"))
        changes = _several(_object(entry).get("changes"))
        if not changes:
            updates.append(_unread("an entry without changes", _object(entry) or {"value": entry}, account))
        for change in changes:
            updates.extend(
                _change(change, account, number) if isinstance(change, dict) else [_stray(change, account)]
            )
    return updates


def _change(change: Mapping[str, Any], account: str, number: str) -> Iterable[Update]:
    value = _object(change.get("value"))
    channel = number or _text(_object(value.get("metadata")).get("phone_number_id"))
    field = _text(change.get("field"))
    messages, statuses = _list(value.get("messages")), _list(value.get("statuses"))
    if field != "messages" or not (messages or statuses):
        yield _unread(f"a change of {field or 'nothing'}", change, channel or account)
        return
    contacts = _objects(value.get("contacts"))
    for message in messages:
        yield (
            _message(_object(message), contacts, channel)
            if isinstance(message, dict)
            else _stray(message, channel)
        )
    for error in _objects(value.get("errors")):
        yield _unread("an error beside the messages", error, channel)
    for status in statuses:
        yield _status(_object(status), channel) if isinstance(status, dict) else _stray(status, channel)


def _message(message: Mapping[str, Any], contacts: list[Mapping[str, Any]], channel: str) -> Inbound | Unread:
    identity = _text(message.get("id"))
    contact = _contact(message, contacts)
    user_id = _text(message.get("from_user_id")) or _text(contact.get("user_id"))
    sender = _text(message.get("from")) or user_id or _text(contact.get("wa_id"))
    if not identity or not sender or not channel:
        lacks = "an id" if not identity else "a sender" if not sender else "the number it was sent to"
        return _unread(f"a message without {lacks}", message, channel, identity)
    if message.get("group_id"):
        return _unread("a message in a group", message, channel, identity)
    return Inbound(
        id=identity,
        sender=sender,
        sender_name=_text(_object(contact.get("profile")).get("name")),
        channel=channel,
        sent_at=_moment(message.get("timestamp")),
        raw=message,
        **{"user_id": user_id, **_content(message)},
    )


def _contact(message: Mapping[str, Any], contacts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The entry of `contacts` that speaks of the message's sender; a lone one may name them by less."""
    pairs = (("wa_id", "from"), ("user_id", "from_user_id"))
    for contact in contacts:
        for theirs, ours in pairs:
            if contact.get(theirs) and contact.get(theirs) == message.get(ours):
                return contact
    is_of_another = len(contacts) != 1 or any(
        contacts[0].get(theirs) and message.get(ours) for theirs, ours in pairs
    )
    return {} if is_of_another else contacts[0]


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the message says, as keywords of Inbound; a kind nobody knows is `unsupported`."""
    kind = _text(message.get("type"))
    part = _object(message.get(kind))
    match kind:
        case "text" if isinstance(part.get("body"), str):
            return {"kind": "text", "text": _text(part["body"])}
        case "button" if "payload" in part or "text" in part:
            text = _text(part.get("text"))
            return {"kind": "press", "text": text, "press": _text(part.get("payload")) or text}
        case "interactive":
            return _interactive(part)
        case "image" | "audio" | "video" | "document" if part.get("id") or part.get("url"):
            return {"kind": kind, "text": _text(part.get("caption")), "media": _media(part)}
        case "sticker":
            # A sticker is a nod: a state that waits for a picture, say of a receipt, must not take it.
            return {"kind": "unsupported", "media": _media(part)}
        case "location":
            return _location(part)
        case "contacts":
            contacts = tuple(_objects(message.get("contacts")))
            return {"kind": "contacts", "contacts": contacts} if contacts else {"kind": "unsupported"}
        case "order":
            return {"kind": "order", "text": _text(part.get("text")), "items": _items(part)}
        case "reaction":
            return {
                "kind": "reaction",
                "text": _text(part.get("emoji")),
                "original": _text(part.get("message_id")),
            }
        case "edit":
            edited = _object(part.get("message"))
            body = _object(edited.get(_text(edited.get("type"))))
            said = _text(body.get("body")) or _text(body.get("caption"))
            return {"kind": "edit", "text": said, "original": _text(part.get("original_message_id"))}
        case "revoke":
            return {"kind": "revoke", "original": _text(part.get("original_message_id"))}
        case "system":
            return _system(message, part)
        case _:
            return {"kind": "unsupported"}


def _system(message: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Who changes the number has `wa_id` from now on; the id for this business may change too, or alone."""
    said: dict[str, Any] = {"kind": "system", "text": _text(part.get("body"))}
    number, user_id = _text(part.get("wa_id")), _text(part.get("user_id"))
    match _text(part.get("type")):
        case "user_changed_number":
            moved_to = number or user_id
        case "user_changed_user_id":
            if message.get("from"):
                # Whoever is known by a number stays so, and has the new id beside it.
                return {**said, "user_id": user_id} if user_id else said
            moved_to = user_id
        case _:
            moved_to = ""
    return {**said, "moved_to": moved_to} if moved_to else said


def _interactive(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = _text(part.get("type"))
    reply = _object(part.get(kind))
    if kind in ("button_reply", "list_reply") and (reply.get("id") or reply.get("title")):
        title = _text(reply.get("title"))
        return {"kind": "press", "text": title, "press": _text(reply.get("id")) or title}
    # Whether we may call somebody is no part of the talk.
    return {"kind": "system" if kind == "call_permission_reply" else "unsupported"}


def _media(part: Mapping[str, Any]) -> Media:
    return Media(
        _text(part.get("id")),
        _text(part.get("url")),
        _text(part.get("mime_type")),
        _text(part.get("filename")),
    )


def _location(part: Mapping[str, Any]) -> dict[str, Any]:
    latitude, longitude = _number(part.get("latitude")), _number(part.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return {"kind": "unsupported"}
    said = (_text(part.get("name")), _text(part.get("address")))
    address = ", ".join(text for text in said if text)
    return {"kind": "location", "latitude": latitude, "longitude": longitude, "address": address}


def _items(part: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """The lines of a catalogue order; none where one lacks a code or a whole quantity.

    Half an order would be taken without a word: of none, `fill_cart` says that there is no such thing.
    """
    found = []
    for item in map(_object, _several(part.get("product_items"))):
        code, quantity = _text(item.get("product_retailer_id")), _number(item.get("quantity"))
        if not code or quantity is None or quantity < 1 or quantity != int(quantity):
            return ()
        found.append((code, int(quantity)))
    return tuple(found)


def _status(status: Mapping[str, Any], channel: str) -> Receipt | Unread:
    identity = _text(status.get("id"))
    ours = STATUSES.get(_text(status.get("status")))
    if not identity or ours is None:
        return _unread("a status without an id, or of an unknown kind", status, channel, identity)
    errors = _objects(status.get("errors"))
    error = errors[0] if errors else {}
    words = (_object(error.get("error_data")).get("details"), error.get("message"), error.get("title"))
    code = _number(error.get("code"))
    remedy, wait = remedy_of(None if code is None else int(code)) if ours == "failed" else ("", 0.0)
    return Receipt(
        identity,
        ours,
        channel,
        _moment(status.get("timestamp")),
        _text(error.get("code")),
        next((text for text in map(_text, words) if text), ""),
        status,
        _text(status.get("biz_opaque_callback_data")),
        remedy,
        wait,
    )


def payload(recipient: str, outbound: Outbound, catalog: str = "", reference: str = "") -> dict[str, Any]:
    """The JSON that sends the message to a number (digits) or to a business-scoped id.

    Its statuses bring the `reference` back. Raises ValueError for what no message of WhatsApp can hold:
    layout must not have let it through.
    """
    to = "to" if re.fullmatch(r"\+?\d+", recipient) else "recipient"
    kind, part = _part(outbound, catalog)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        to: recipient,
        "type": kind,
        kind: part,
        **({"biz_opaque_callback_data": reference} if reference else {}),
    }


def _part(outbound: Outbound, catalog: str) -> tuple[str, dict[str, Any]]:
    if outbound.rows:
        if outbound.media:
            raise ValueError("a list has no place for media")
        rows = [
            {"id": row.id, "title": row.title, **({"description": row.about} if row.about else {})}
            for row in outbound.rows
        ]
        action = {"button": outbound.list_button, "sections": [{"rows": rows}]}
        return _interactive_part("list", outbound, action)
    if outbound.buttons:
        buttons = [
            {"type": "reply", "reply": {"id": button.id, "title": button.title}}
            for button in outbound.buttons
        ]
        return _interactive_part("button", outbound, {"buttons": buttons})
    if outbound.ask_location:
        return _interactive_part("location_request_message", outbound, {"name": "send_location"})
    if outbound.products:
        return _products(outbound, catalog)
    if outbound.media:
        kind, media = outbound.media
        caption = {"caption": outbound.text} if outbound.text and kind in LIMITS.captions else {}
        return kind, {**_media_object(kind, media), **caption}
    return "text", {"body": outbound.text, "preview_url": "https://" in outbound.text}


def _products(outbound: Outbound, catalog: str) -> tuple[str, dict[str, Any]]:
    if not catalog:
        raise ValueError("products want the id of a catalogue")
    if len(outbound.products) == 1:
        action = {"catalog_id": catalog, "product_retailer_id": outbound.products[0]}
        return _interactive_part("product", outbound, action)
    items = [{"product_retailer_id": code} for code in outbound.products]
    # Meta refuses a list of products without a header and a section's title.
    title = outbound.header or next(iter(outbound.text.splitlines()), "")[: LIMITS.header] or "🛒"
    section = {"title": title[: LIMITS.row_title], "product_items": items}
    kind, part = _interactive_part("product_list", outbound, {"catalog_id": catalog, "sections": [section]})
    return kind, {**part, "header": {"type": "text", "text": title}}


def _interactive_part(kind: str, outbound: Outbound, action: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    part: dict[str, Any] = {"type": kind}
    if outbound.media:
        media_kind, media = outbound.media
        part["header"] = {"type": media_kind, media_kind: _media_object(media_kind, media)}
    elif outbound.header:
        part["header"] = {"type": "text", "text": outbound.header}
    if outbound.text:
        part["body"] = {"text": outbound.text}
    if outbound.footer:
        part["footer"] = {"text": outbound.footer}
    return "interactive", {**part, "action": action}


def _media_object(kind: str, media: Media) -> dict[str, str]:
    found = {"id": media.id} if media.id else {"link": media.link}
    if kind == "document" and media.filename:
        found["filename"] = media.filename
    return found


def _unread(reason: str, raw: Mapping[str, Any], channel: str = "", identity: str = "") -> Unread:
    return Unread(reason, channel, identity, raw)


def _stray(value: Any, channel: str) -> Unread:
    return _unread("an update that is no object", {"value": value}, channel)


def _text(value: Any) -> str:
    """A text, or a whole number as its digits, else nothing. What a database refuses is replaced."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 128:
        return str(value)
    return ""


def _number(value: Any) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and value.bit_length() > 53:
        return None
    return float(value) if math.isfinite(value) else None


def _moment(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, as text or number."""
    seconds = _number(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds > 100_000_000_000:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds < 100_000_000_000 else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _several(value: Any) -> list[Any]:
    """A list's members, or the one object that stands in its place."""
    if isinstance(value, dict):
        return [value] if value else []
    return _list(value)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, or the one that stands in its place."""
    return [one for one in _several(value) if isinstance(one, dict)]
