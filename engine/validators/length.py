"""Asks how long a text is, in characters, without the spaces around it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from engine.declarations import Parameter, Validator
from engine.validators.between import UNBOUNDED, lies_between

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object, min: object = UNBOUNDED, max: object = UNBOUNDED) -> bool:
    """Counts code points of the composed form (NFC), so that é is one character however it was typed."""
    if not isinstance(value, str):
        return False
    return lies_between(len(unicodedata.normalize("NFC", value).strip()), min, max)


VALIDATOR = Validator(
    name="length",
    about="The text, without spaces around it, has at least `min` and at most `max` characters.",
    parameters={
        "value": Parameter({"type": "string"}, "the text; without it the input"),
        "min": Parameter(
            {"type": "integer", "minimum": 0}, "the fewest characters; without it none are needed"
        ),
        "max": Parameter({"type": "integer", "minimum": 0}, "the most characters; without it any number"),
    },
    check=check,
)
