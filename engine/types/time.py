"""Reads times of day: 17:30, 5pm, 5.30 pm."""

from __future__ import annotations

import datetime
import re

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
from engine.words import with_plain_digits

TIME = (
    r"(?P<hour>\d{1,2})(?:\s?[:.h]\s?(?P<minute>\d{2}))?(?::\d{2})?\s?"
    r"(?P<half>a\.?m\.?|p\.?m\.?|صبح|شام|دوپہر|ص|م|सुबह|शाम)?(?:\s?(?:uhr|o'clock|بجے|बजे))?"
)
_AFTERNOON = ("p", "شام", "م", "शाम", "دوپہر")


def read(text: str, draft: object) -> datetime.time:
    found = re.fullmatch(TIME, with_plain_digits(text), re.IGNORECASE)
    return time_of(found)


def time_of(found: re.Match[str] | None) -> datetime.time:
    """The time that `TIME` found; raises Unreadable for none, and for a bare hour such as `5`."""
    if found is None or not (found["minute"] or found["half"]):
        raise Unreadable("not a time of day")
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), (found["half"] or "").casefold()
    if half and not 1 <= hour <= 12:
        raise Unreadable("there is no such time")
    if half:
        hour = hour % 12 + (12 if half.startswith(_AFTERNOON) else 0)
    if hour > 23 or minute > 59:
        raise Unreadable("there is no such time")
    return datetime.time(hour, minute)


def store(value: datetime.time) -> str:
    return value.isoformat("minutes")


def load(stored: str, draft: object) -> datetime.time:
    return datetime.time.fromisoformat(stored)


TYPE: Type = Type(
    "time",
    "a time of day: 17:30, 5pm",
    read,
    shape=ANYTHING,
    store=store,
    load=load,
    example="17:30",
    holds=datetime.time,
)
