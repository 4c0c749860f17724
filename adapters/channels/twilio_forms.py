"""Reads the forms that Twilio posts, messages and statuses, and knows what to do about its error codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

from adapters.channels.channel import Malformed, Posted, Remedy, Update
from engine.message import Inbound, Media, Receipt, Unread

MOST_FIELDS = 1000
MOST_FILES = 10
A_DAY = 86_400.0

STATUSES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""Twilio's status: ours. What Twilio has in its own queue left ours: it is sent."""

REMEDIES: Mapping[int, tuple[Remedy, float]] = {
    **dict.fromkeys((20429, 63010, 63012, 63017, 30001, 21611), (Remedy.AGAIN, 0.0)),
    **dict.fromkeys((63018, 63038), (Remedy.CHANNEL_LATER, A_DAY)),
    63016: (Remedy.TEMPLATE, 0.0),
    **dict.fromkeys((21610, 21211, 63003, 63024, 63033, 63015), (Remedy.NEVER, 0.0)),
    **dict.fromkeys((63027, 63028, 63041, 21656), (Remedy.NEVER, 0.0)),
    **dict.fromkeys((63019, 63021, 21620), (Remedy.NEVER, 0.0)),
    **dict.fromkeys((20003, 20005, 30002, 63007), (Remedy.ACCOUNT, 0.0)),
}
"""Error code: what to do, and the seconds to wait. In this order: passing faults, the day's limit, the
24-hour window, who cannot be reached, templates, files, and what a person must mend at Twilio."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"whatsapp:\+?(\d{5,15})", re.ASCII)
_USER_ID = re.compile(r"whatsapp:([A-Z]{2}\.[A-Za-z0-9.]{1,128})", re.ASCII)
_VCARD = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


def remedy_of(code: int | None) -> tuple[Remedy, float]:
    """What to do about an error of this code, and how many seconds to wait before."""
    return REMEDIES.get(code, (Remedy.NEVER, 0.0)) if code is not None else (Remedy.NEVER, 0.0)


def fields(posted: Posted) -> list[tuple[str, str]]:
    """The fields in their order; a form has them in UTF-8. Raises Malformed."""
    content_type = posted.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise Malformed("the body is not a form: Twilio posts application/x-www-form-urlencoded")
    try:
        found = parse_qsl(posted.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Malformed(f"the body is not a form in UTF-8 of at most {MOST_FIELDS} fields") from None
    if not found:
        raise Malformed("the form is empty")
    return found


def updates(posted: Posted) -> list[Update]:
    """The message (several where it brings several files) or the status of a form. Raises Malformed."""
    form: dict[str, str] = {}
    raw: dict[str, Any] = {}
    for name, text in fields(posted):
        if name in raw:
            several = raw[name] if isinstance(raw[name], list) else [raw[name]]
            raw[name] = [*several, text]
        else:
            raw[name] = text
            form[name] = _UNSTORABLE.sub("\ufffd", text)
    identity = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    if not identity:
        return [Unread("a form without the id of a message", "", "", raw)]
    status = form.get("MessageStatus") or form.get("SmsStatus") or "received"
    if status != "received":
        return [_status(form, status, identity, posted.url, raw)]
    return list(_messages(form, identity, raw))


def _messages(form: Mapping[str, str], identity: str, raw: Mapping[str, Any]) -> Iterator[Update]:
    """The message, with its first file; each further file is a message of its own."""
    channel = _address(form.get("To", ""))[0]
    phone, user_id = _address(form.get("From", ""))
    if not phone and user_id:
        wa_id = form.get("WaId", "")
        phone = wa_id if re.fullmatch(r"\d{5,15}", wa_id, re.ASCII) else ""
    if not channel or not (phone or user_id):
        yield Unread("a message without a WhatsApp number on either side", channel, identity, raw)
        return
    common = {
        "sender": phone or user_id,
        "user_id": user_id,
        "sender_name": form.get("ProfileName", ""),
        "channel": channel,
        "raw": raw,
    }
    files = _files(form)
    content = _content(form, files[0] if files else None)
    yield Inbound(**content, id=identity, **common)  # type: ignore[arg-type]
    for number, media in enumerate(files[1:], start=1):
        kind = _kind(form, media)
        yield Inbound(kind=kind, media=media, id=f"{identity}.{number}", **common)  # type: ignore[arg-type]


def _files(form: Mapping[str, str]) -> list[Media]:
    count = form.get("NumMedia", "0")
    files = int(count) if re.fullmatch(r"\d{1,2}", count, re.ASCII) else 0
    return [
        Media(
            link=link, mime_type=form.get(f"MediaContentType{number}", "").partition(";")[0].strip().lower()
        )
        for number in range(min(files, MOST_FILES))
        if (link := form.get(f"MediaUrl{number}", ""))
    ]


def _content(form: Mapping[str, str], media: Media | None) -> dict[str, Any]:
    """What the message says, as keywords of Inbound; a kind nobody knows is `unsupported`."""
    text = form.get("Body", "")
    for press, title in (("ButtonPayload", "ButtonText"), ("ListId", "ListTitle")):
        if form.get(press) or form.get(title):
            shown = form.get(title) or text
            return {"kind": "press", "text": shown, "press": form.get(press) or shown}
    place = _place(form)
    if place is not None:
        return place
    if media is not None:
        return {"kind": _kind(form, media), "text": text, "media": media}
    if form.get("MessageType") == "reaction":
        return {"kind": "reaction", "text": text}
    return {"kind": "text", "text": text} if text else {"kind": "unsupported"}


def _kind(form: Mapping[str, str], media: Media) -> str:
    if form.get("MessageType") == "sticker" or media.mime_type == "image/webp":
        # A sticker is a nod: a state that waits for a picture, say of a receipt, must not take it.
        return "unsupported"
    if media.mime_type in _VCARD:
        return "contacts"
    kind = media.mime_type.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


def _place(form: Mapping[str, str]) -> dict[str, Any] | None:
    """A location, where the form holds one that is on the earth."""
    shape = r"-?\d{1,3}(\.\d{1,20})?"
    given = (form.get("Latitude", ""), form.get("Longitude", ""))
    if not all(re.fullmatch(shape, text, re.ASCII) for text in given):
        return None
    latitude, longitude = map(float, given)
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    address = ", ".join(text for text in (form.get("Label", ""), form.get("Address", "")) if text)
    return {"kind": "location", "latitude": latitude, "longitude": longitude, "address": address}


def _status(
    form: Mapping[str, str], status: str, identity: str, url: str, raw: Mapping[str, Any]
) -> Receipt | Unread:
    # Of our own messages we are the sender.
    channel = _address(form.get("From", ""))[0]
    ours = STATUSES.get(status)
    if ours is None:
        return Unread(f"a status of an unknown kind, {status[:40]}", channel, identity, raw)
    code = form.get("ErrorCode", "")
    number = int(code) if re.fullmatch(r"\d{1,6}", code, re.ASCII) else None
    reference = parse_qs(urlsplit(url).query).get("reference", [""])[0]
    remedy, wait = remedy_of(number) if ours == "failed" else ("", 0.0)
    return Receipt(
        identity,
        ours,
        channel,
        error_code=code if ours == "failed" else "",
        error=form.get("ErrorMessage", "") if ours == "failed" else "",
        raw=raw,
        reference=reference,
        remedy=remedy,
        wait=wait,
    )


def _address(text: str) -> tuple[str, str]:
    """The digits of `whatsapp:+…`, or the id of `whatsapp:US.…`; nothing of what is neither."""
    if number := _NUMBER.fullmatch(text):
        return number[1], ""
    scoped = _USER_ID.fullmatch(text)
    return "", scoped[1] if scoped else ""
