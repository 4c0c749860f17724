"""Reads moments: a day and a time of day, on the business's clock."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
from engine.types import date, time
from engine.words import with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft

_TIME_INSIDE = rf"(?i)(?<![\d/.\-]){time.TIME}(?![\w/\-])"
_BETWEEN = r"(?i)(?:^|\s)(?:at|um|a las|à|@)\s*$|^\s*(?:on|am|le|el)\s"
_LONGEST = 100


def read(text: str, draft: Draft) -> datetime.datetime:
    """The moment; a time without a day is the next such time."""
    plain = with_plain_digits(text)
    if len(plain) > _LONGEST:
        raise Unreadable("not a moment")
    zone = draft.now.tzinfo
    try:
        moment = datetime.datetime.fromisoformat(plain) if "T" in plain else None
    except ValueError:
        moment = None
    if moment is not None:
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    found = next((one for one in re.finditer(_TIME_INSIDE, plain) if one["minute"] or one["half"]), None)
    at = time.time_of(found)
    assert found is not None  # noqa: S101
    rest = f"{re.sub(_BETWEEN, ' ', plain[: found.start()])} {plain[found.end() :]}".strip(" ,;")
    rest = re.sub(_BETWEEN, " ", rest).strip(" ,;")
    if rest:
        return datetime.datetime.combine(date.read(rest, draft), at, zone)
    today = datetime.datetime.combine(draft.now.date(), at, zone)
    return today if today >= draft.now else today + datetime.timedelta(days=1)


def load(stored: str, draft: Draft) -> datetime.datetime:
    return datetime.datetime.fromisoformat(stored).astimezone(draft.now.tzinfo)


TYPE: Type = Type(
    "datetime",
    "a day and a time of day: tomorrow at 5pm, 24/5 17:30",
    read,
    shape=ANYTHING,
    store=datetime.datetime.isoformat,
    load=load,
    example="tomorrow at 17:30",
    holds=datetime.datetime,
)
