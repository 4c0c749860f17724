"""Asks whether an expression holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Parameter, Validator

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object, expression: object) -> bool:
    """Takes what the expression came to."""
    return bool(expression)


VALIDATOR = Validator(
    name="check",
    about="The expression holds; it sees the input under the name of its slot.",
    parameters={
        "expression": Parameter(
            {"type": "string", "format": "expression"}, "an expression without braces", required=True
        ),
    },
    check=check,
    single="expression",
)
