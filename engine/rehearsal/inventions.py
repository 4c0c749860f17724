"""Invents texts in the place of what a customer wrote, so that nobody can be known by them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

NAMES = (
    "Ali",
    "Sana",
    "Omar R",
    "Ali Raza",
    "Sana Malik",
    "Hamza Qureshi",
    "Mehwish Siddiqui",
    "Abdul Rehman Farooqi",
)
PLACES = (
    "12 Mall Road",
    "Flat 3, Mall Road",
    "Flat 3, 21 Mall Road, Lahore",
    "House 12, Street 4, F-7/2, Islamabad",
    "House 12, Street 4, Block B, Gulberg III, near the park, Lahore",
)
FILLER = "please bring it to the green door behind the park and ring twice "
EMAIL = re.compile(r"[^\s@,;:<>]+@[^\s@,;:<>]+\.[^\s@,;:<>]+")
DIGITS = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")
"""So many digits in a row are a telephone number, an account or a card."""
INVENTED_DIGITS = "3001234567"
WORD = re.compile(r"\w+")


class Inventions:
    """What stands for what, the same for the whole of a conversation.

    `private` are texts that the business knows of the customer: names, numbers, addresses. Wherever they turn
    up, whole or in part, they are replaced.
    """

    def __init__(self, private: Sequence[str]) -> None:
        self._replaced: dict[str, str] = {}
        whole = {text.strip() for text in private if len(text.strip()) > 1}
        parts = {word for text in whole for word in WORD.findall(text) if len(word) > 2}
        every = sorted(whole | parts, key=lambda text: (-len(text), text))
        self._private = (
            re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in every), re.IGNORECASE)
            if every
            else None
        )

    def known(self, text: str) -> str | None:
        """What was invented for this text before; None for one that is new."""
        return self._replaced.get(text.strip().casefold())

    def keep(self, text: str, invented: str) -> None:
        """Has the text replaced by this from now on."""
        self._replaced[text.strip().casefold()] = invented

    def candidates(self, text: str) -> Iterator[str]:
        """Texts that may stand for this one, the likeliest first: as long as it is, and like it in kind.

        None of them is the text itself, or has anything private in it, the last apart.
        """
        for one in (*self._alike(text), _filler(max(1, len(text.strip())))):
            if one.strip().casefold() != text.strip().casefold() and not self.gives_away(one):
                yield one
        yield "x" * max(1, len(text.strip()))

    def _alike(self, text: str) -> Iterator[str]:
        length = len(text.strip())
        if EMAIL.fullmatch(text.strip()):
            yield "sana.malik@example.com"
        if DIGITS.fullmatch(text.strip()):
            yield _other_digits(text.strip())
            yield "+923001234567"
        kinds = (PLACES, NAMES) if any(sign.isdigit() for sign in text) or length > 20 else (NAMES, PLACES)
        for kind in kinds:
            yield from sorted(kind, key=lambda one: abs(len(one) - length))[:3]
        yield _filler(length)
        yield "".join("x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in text)
        yield _other_digits(text)

    def scrubbed(self, text: str) -> str:
        """The text without what gives somebody away: e-mail addresses, long numbers, what is private."""
        text = EMAIL.sub("sana.malik@example.com", text)
        text = DIGITS.sub(lambda found: _other_digits(found[0]), text)
        if self._private is not None:
            text = self._private.sub(lambda found: self.known(found[0]) or _like(found[0]), text)
        return text

    def gives_away(self, text: str) -> bool:
        """Whether something in the text belongs to the customer."""
        return self._private is not None and self._private.search(text) is not None


def _like(text: str) -> str:
    return (
        min(NAMES, key=lambda one: abs(len(one) - len(text))) if not text.isdecimal() else _other_digits(text)
    )


def _other_digits(text: str) -> str:
    """As many digits, all others."""
    count = 0
    out = []
    for sign in text:
        if sign.isdigit():
            sign = INVENTED_DIGITS[count % len(INVENTED_DIGITS)]
            count += 1
        out.append(sign)
    return "".join(out)


def _filler(length: int) -> str:
    text = (FILLER * (length // len(FILLER) + 1))[:length]
    return f"{text[:-1]}x" if text.endswith(" ") else text
