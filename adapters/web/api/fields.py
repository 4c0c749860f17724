"""Reads what a caller of the API sent, refuses the rest with a sentence on what to write, and pages lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from flask import abort, request

from adapters.json_bodies import NotJSON, json_object
from adapters.web import edge

MOST_ROWS = 200


def text_fields(required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, str]:
    """The body's fields, all of them texts; ends the request with 400 where they are others."""
    names = ", ".join(f'"{name}"' for name in (*required, *optional))
    try:
        body = json_object(edge.body())
    except NotJSON:
        _refuse(f"the body has to be a JSON object with {names}")
    for name, value in body.items():
        if name not in required and name not in optional:
            _refuse(f'"{name}" is not known here: there are {names}')
        if not isinstance(value, str):
            _refuse(f'"{name}" has to be a text')
    for name in required:
        if not body.get(name, "").strip():
            _refuse(f'"{name}" is missing or empty')
    return dict(body)


def address_of(name: str, text: str) -> str:
    """A phone number as its digits, or a business-scoped id as it is."""
    digits = re.sub(r"[ ()./-]", "", text).removeprefix("+")
    if re.fullmatch(r"[0-9]{5,15}", digits):
        return digits
    if not re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}", text):
        _refuse(f'"{name}" has to be a phone number with its country code, such as 919876543210')
    return text


def paged(
    name: str,
    rows: Callable[[int, int], list[dict[str, Any]]],
    shown: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """One page of a list, as `?limit=` and `?offset=` ask; `next` is the offset of the page after it."""
    limit, offset = _count("limit", 50, 1, MOST_ROWS), _count("offset", 0, 0, 10**9)
    found = rows(limit + 1, offset)
    following = offset + limit if len(found) > limit else None
    return {name: [shown(row) for row in found[:limit]], "limit": limit, "offset": offset, "next": following}


def moment(at: datetime | None) -> str | None:
    """The moment as ISO 8601 in UTC."""
    return at.isoformat(timespec="seconds") if at else None


def only(*names: str) -> None:
    """Ends the request with 400 where its query holds anything but these and the paging."""
    known = (*names, "limit", "offset")
    for name in request.args:
        if name not in known:
            _refuse(f'"{name}" is not known here: there are {", ".join(known)}')


def _count(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        _refuse(f'"{name}" has to be a whole number from {least} to {most}')
    return int(text)


def _refuse(sentence: str) -> NoReturn:
    abort(400, sentence.encode("utf-8", "replace").decode())
