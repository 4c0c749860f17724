"""Asks whether a whole text has the shape of a regular expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Parameter, Validator
from engine.turn import BrokenTurn

if TYPE_CHECKING:
    from engine.draft import Draft

LONGEST_SECONDS = 0.05
"""What one comparison may take: some patterns need years for a text that nearly fits."""


def check(draft: Draft, value: object, pattern: str) -> bool:
    """Refuses what takes too long to compare. Raises BrokenTurn for what is no regular expression."""
    import regex

    if not isinstance(value, str):
        return False
    try:
        return regex.fullmatch(pattern, value, timeout=LONGEST_SECONDS) is not None
    except TimeoutError:
        return False
    except (regex.error, TypeError) as error:
        raise BrokenTurn(
            f"`matches` was given {pattern!r}, which is no regular expression: {error}"
        ) from error


VALIDATOR = Validator(
    name="matches",
    about="The whole text fits the regular expression; one that takes too long to tell refuses.",
    parameters={
        "pattern": Parameter(
            {"type": "string", "format": "regex"}, "the regular expression, for the whole text", required=True
        ),
        "value": Parameter({"type": "string"}, "the text; without it the input"),
    },
    check=check,
    single="pattern",
)
