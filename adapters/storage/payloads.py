"""Writes messages as the JSON that columns keep, and reads them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, get_type_hints

import msgspec
import orjson

from engine.message import Inbound, Media, Option, Outbound, Receipt, Unread
from engine.turn import Timer

SAID = (Inbound, Media, Receipt, Unread, Option, Outbound, Timer)
"""What is kept by the names of its parts."""

DEEPEST = 100
"""The nesting of raw updates beyond which what is inside is left out."""

LONGEST_ID = 512
"""Characters of a message's or a customer's id, at most; PostgreSQL indexes no more than 2,700 bytes."""

Form = type[msgspec.Struct]
Said = TypeVar("Said", Inbound, Option, Outbound, Receipt, Media)


def _form_of(said: Any, **otherwise: object) -> Form:
    """The same parts as msgspec reads and writes them by their names, some of them of other types.

    A part that had not been thought of when it was written has its default; what nobody knows is left out.
    """
    types = get_type_hints(said) | otherwise
    defaults = said._field_defaults
    return msgspec.defstruct(
        said.__name__,
        [(name, types[name], *([defaults[name]] if name in defaults else [])) for name in said._fields],
    )


_MEDIA = _form_of(Media)
_OPTION = _form_of(Option)
# Of a kind or a status that a later version knows no fault is made: hosts are changed one by one.
_INBOUND = _form_of(Inbound, kind=str, media=_MEDIA | None)
_RECEIPT = _form_of(Receipt, status=str)
_OUTBOUND = _form_of(
    Outbound,
    buttons=tuple[_OPTION, ...],  # type: ignore[valid-type]
    rows=tuple[_OPTION, ...],  # type: ignore[valid-type]
    media=tuple[str, _MEDIA] | None,  # type: ignore[valid-type]
)
_read_inbound: Callable[[str], Any] = msgspec.json.Decoder(_INBOUND).decode
_read_receipt: Callable[[str], Any] = msgspec.json.Decoder(_RECEIPT).decode
_read_outbound: Callable[[str], Any] = msgspec.json.Decoder(_OUTBOUND).decode
_written: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=str).encode
_A_TIMER = '{"place":'


def clean(text: str) -> str:
    """The text with what no database takes (half of a surrogate pair, and NUL) replaced by U+FFFD."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")


def clean_id(text: str) -> str:
    """A provider's id, clean. Raises ValueError for one that is longer than any provider's is."""
    text = clean(text)
    if len(text) > LONGEST_ID:
        raise ValueError(f"an id has {len(text)} characters")
    return text


def clean_inbound(inbound: Inbound) -> Inbound:
    """The message with every text in it clean; `raw` is left to `dump`.

    Raises ValueError for an id that is longer than any provider's is.
    """
    if len(inbound.id) > LONGEST_ID:
        clean_id(inbound.id)
    if _texts_of(inbound).isprintable():
        return inbound
    return inbound._replace(
        text=clean(inbound.text),
        press=None if inbound.press is None else clean(inbound.press),
        address=clean(inbound.address),
        id=clean_id(inbound.id),
        sender=clean(inbound.sender),
        sender_name=clean(inbound.sender_name),
        user_id=clean(inbound.user_id),
    )


def _texts_of(inbound: Inbound) -> str:
    press = "" if inbound.press is None else inbound.press
    texts = (inbound.text, press, inbound.address, inbound.id, inbound.sender, inbound.sender_name)
    return "".join((*texts, inbound.user_id))


def dump(value: object) -> str:
    """The value as JSON. What JSON or a database cannot hold is replaced: an update must be kept."""
    try:
        form = _formed(value)
        if form is not None:
            return _written(form).decode()
        return orjson.dumps(value, default=_named, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return orjson.dumps(_plain(value, 0)).decode()


def load_received(payload: str) -> Inbound | Timer:
    """The message of a customer, or the timer, that `dump` wrote. Raises msgspec.DecodeError for another."""
    return Timer(**orjson.loads(payload)) if payload.startswith(_A_TIMER) else load_inbound(payload)


def load_inbound(payload: str) -> Inbound:
    """The message of a customer that `dump` wrote. Raises msgspec.DecodeError for another."""
    form = _read_inbound(payload)
    if form.media is not None:
        form.media = _made(Media, form.media)
    return _made(Inbound, form)


def load_receipt(payload: str) -> Receipt:
    """The receipt that `dump` wrote. Raises msgspec.DecodeError for another."""
    return _made(Receipt, _read_receipt(payload))


def load_outbound(payload: str) -> Outbound:
    """The reply that `dump` wrote. Raises msgspec.DecodeError for another."""
    form = _read_outbound(payload)
    form.buttons = tuple([_made(Option, button) for button in form.buttons])
    form.rows = tuple([_made(Option, row) for row in form.rows])
    if form.media is not None:
        kind, media = form.media
        form.media = kind, _made(Media, media)
    return _made(Outbound, form)


def _made(kind: type[Said], form: msgspec.Struct) -> Said:
    return kind._make(msgspec.structs.astuple(form))


def _formed(value: object) -> msgspec.Struct | None:
    """What is written of a message, a reply or a receipt; None for any other value."""
    if isinstance(value, Inbound):
        if value.media is not None:
            value = value._replace(media=_MEDIA(*value.media))  # type: ignore[arg-type]
        return _INBOUND(*value)
    if isinstance(value, Outbound):
        form: Any = _OUTBOUND(*value)
        form.buttons = [_OPTION(*button) for button in value.buttons]
        form.rows = [_OPTION(*row) for row in value.rows]
        if value.media is not None:
            kind, media = value.media
            form.media = kind, _MEDIA(*media)
        return form
    return _RECEIPT(*value) if isinstance(value, Receipt) else None


def kind_of(outbound: Outbound) -> str:
    """What a reply is, in one word."""
    if outbound.rows:
        return "list"
    if outbound.buttons:
        return "buttons"
    if outbound.media:
        return outbound.media[0]
    if outbound.ask_location:
        return "location_request"
    return "products" if outbound.products else "text"


def _named(value: object) -> object:
    """What is said as a dictionary of its parts; another value that JSON does not know, as text."""
    return value._asdict() if isinstance(value, SAID) else str(value)


def _plain(value: object, depth: int) -> Any:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, SAID):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {clean(str(key)): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return clean(str(value))
