"""Reads the lengths of time that people write: `10 minutes`, `1 hour`, `2 days`."""

from __future__ import annotations

import re
from datetime import timedelta

DURATION = (
    r"^([1-9][0-9]{0,5} (second|minute)|[1-9][0-9]{0,4} hour|[1-9][0-9]{0,3} day|[1-9][0-9]{0,2} week)s?$"
)
"""What a duration looks like, as a regular expression of JSON Schema: nothing of it outlasts the calendar."""


def read_duration(text: str) -> timedelta | None:
    """The length of time, or None where the text is none."""
    if re.fullmatch(DURATION, text) is None:
        return None
    number, unit = text.split(" ")
    return timedelta(**{f"{unit.removesuffix('s')}s": int(number)})
