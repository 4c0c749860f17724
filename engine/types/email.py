"""Reads e-mail addresses."""

from __future__ import annotations

from engine.declarations import Type, Unreadable


def read(text: str, draft: object) -> str:
    """The address in its normal form; whether anybody has it is not asked."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Unreadable("not an e-mail address") from error


TYPE: Type = Type(
    "email",
    "an e-mail address",
    read,
    shape=r"[^\s@,;]{1,64}+@[^\s@,;]{1,255}+",
    example="ayesha@example.com",
)
