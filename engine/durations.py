"""Reads the lengths of time that people write: `10 minutes`, `1 hour`, `2 days`."""

from __future__ import annotations

import re
from datetime import timedelta

DURATION = r"^[1-9][0-9]{0,5} (second|minute|hour|day|week)s?$"
"""What a duration looks like, as a regular expression of JSON Schema."""

_SHAPE = re.compile(r"([1-9][0-9]{0,5}) (second|minute|hour|day|week)s?")


def read_duration(text: str) -> timedelta | None:
    """The length of time, or None where the text is none."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    return timedelta(**{f"{found[2]}s": int(found[1])})
