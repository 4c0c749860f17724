"""Gives each reply a name for its provider that no other reply has, in this database or in any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_REFERENCE = re.compile(r"([0-9]{1,18})\.([0-9]{1,17})")


class Reference(NamedTuple):
    """The row of a reply, and when it was made: another database counts rows anew, not moments."""

    message: int
    created_at: datetime

    def __str__(self) -> str:
        return f"{self.message}.{(self.created_at - BEGIN) // MICROSECOND}"


def read_reference(text: str) -> Reference | None:
    """The reply that a provider names; None for what is no name of ours."""
    found = _REFERENCE.fullmatch(text)
    return Reference(int(found[1]), BEGIN + int(found[2]) * MICROSECOND) if found else None
