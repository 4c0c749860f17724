"""Keeps foreign words from changing the order of a right-to-left text (Unicode isolates, UAX #9)."""

from __future__ import annotations

from functools import lru_cache

_RIGHT_TO_LEFT = frozenset(
    {
        "ar",
        "arc",
        "azb",
        "ckb",
        "dv",
        "fa",
        "he",
        "iw",
        "ji",
        "ks",
        "lrc",
        "mzn",
        "nqo",
        "pnb",
        "ps",
        "rhg",
        "sd",
    }
    | {"syr", "ug", "ur", "yi"}
)
_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo", "adlm", "rohg"})

_SHORT = 64
"""Texts up to this length are remembered: names and prices come again and again."""

FIRST_STRONG = "\u2068"
POP = "\u2069"
_OPENING = "\u2066\u2067\u2068"
_CONTROLS = dict.fromkeys(range(0x2066, 0x206A))


def is_right_to_left(language: str) -> bool:
    """Whether texts of this language tag run from right to left; a script in the tag decides first."""
    first, *rest = language.casefold().replace("_", "-").split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    return script in _SCRIPTS if script else first in _RIGHT_TO_LEFT


def isolate(text: str) -> str:
    """The text between U+2068 and U+2069, line by line, since an isolate ends with its line."""
    if "\n" in text:
        return "\n".join(map(isolate, text.split("\n")))
    return f"{FIRST_STRONG}{text.translate(_CONTROLS)}{POP}" if text else text


def isolated_text(text: str) -> str:
    """The text isolated where that matters.

    Page addresses, lines that hold whole isolates already, and what has neither letter nor digit stay.
    """
    if len(text) <= _SHORT:
        return _isolated_short(text)
    return _isolated(text)


@lru_cache(maxsize=4096)
def _isolated_short(text: str) -> str:
    return _isolated(text)


def _isolated(text: str) -> str:
    if "\n" in text:
        return "\n".join(map(_isolated, text.split("\n")))
    if text.startswith(("https://", "http://")) or (text and _is_isolated(text)):
        return text
    return isolate(text) if any(map(str.isalnum, text)) else text


def _is_isolated(text: str) -> bool:
    depth = found = 0
    for character in text:
        if character in _OPENING:
            depth += 1
            found = 1
        elif character == POP:
            depth -= 1
            if depth < 0:
                return False
    return bool(found) and depth == 0
