"""Reads telephone numbers, with a country's code or as people of the business's country write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.words import with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> str:
    """The number in E.164 (`+923001234567`)."""
    import phonenumbers

    plain = with_plain_digits(text)
    if len(plain) > 40:
        raise Unreadable("not a telephone number")
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    try:
        parsed = phonenumbers.parse(plain, draft.business.country or _country(draft))
    except phonenumbers.NumberParseException as error:
        raise Unreadable("not a telephone number") from error
    if not phonenumbers.is_valid_number(parsed) or parsed.extension:
        raise Unreadable("there is no such telephone number")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _country(draft: Draft) -> str | None:
    """The country of the customer's own number."""
    import phonenumbers

    own = draft.shop.customer().phone.lstrip("+")
    try:
        country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+{own}"))
    except phonenumbers.NumberParseException:
        return None
    return str(country) if country else None


TYPE: Type = Type(
    "phone",
    "a telephone number, kept with its country's code",
    read,
    shape=r"\+?\d(?:[ ().\-]{0,3}\d){4,19}+",
    example="+923001234567",
)
