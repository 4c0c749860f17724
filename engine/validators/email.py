"""Asks whether a text is a well-formed e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Parameter, Validator

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object) -> bool:
    """Looks at the form alone: whether the address receives anything is not asked of the network."""
    from email_validator import EmailNotValidError, validate_email

    if not isinstance(value, str):
        return False
    try:
        validate_email(value.strip(), check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


VALIDATOR = Validator(
    name="email",
    about="It is a well-formed e-mail address.",
    parameters={"value": Parameter({"type": "string"}, "the address; without it the input")},
    check=check,
    single="value",
)
