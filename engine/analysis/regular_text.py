"""Finds a short text that a regular expression takes."""

from __future__ import annotations

LENGTHS = (2, 4, 8, 16, 40, 80)
MOST_STEPS = 1500
"""So many beginnings are tried for each length before it is given up."""

USUAL = "a0A1 -@."


def text_that_fits(pattern: str, least: int = 1) -> str | None:
    """A text of at least this length that fits the whole pattern; None where none is found soon."""
    import regex

    try:
        compiled = regex.compile(pattern)
    except (regex.error, RecursionError, ValueError, OverflowError):
        return None
    letters = list(dict.fromkeys((*(sign for sign in pattern if sign.isalnum()), *USUAL, *pattern)))
    for length in LENGTHS:
        steps = 0
        waiting = [""]
        while waiting and steps < MOST_STEPS:
            text = waiting.pop()
            if len(text) >= max(1, least) and compiled.fullmatch(text, timeout=0.05):
                return text
            if len(text) < length:
                steps += len(letters)
                longer = (text + letter for letter in letters)
                waiting += [one for one in longer if compiled.fullmatch(one, partial=True, timeout=0.05)][
                    ::-1
                ]
    return None
