"""Names the right word that is nearest to a wrong one, or all the right ones where none is near."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.source import NOWHERE, Edit, Place, Word

NEAR = 70.0
"""From this likeness on (0 to 100), a word was probably meant."""

CERTAIN = 85.0
CLEARLY = 8.0
"""From this likeness on, and so far ahead of any other word, it was surely meant."""

MOST_LISTED = 30


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was probably meant; None where none is near."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, list(allowed), scorer=fuzz.ratio, score_cutoff=NEAR, processor=str.lower)
    return str(found[0]) if found else None


def unknown(kind: str, word: str, allowed: Iterable[str]) -> str:
    """The sentence on a name that nobody knows: `no state 'orderd'; did you mean 'ordered'?`."""
    known = [str(one) for one in allowed]
    near = nearest(word, known)
    if near is not None:
        return f"no {kind} '{word}'; did you mean '{near}'?"
    if not known:
        return f"no {kind} '{word}'; there is none here"
    listed = ", ".join(known[:MOST_LISTED]) + (" …" if len(known) > MOST_LISTED else "")
    return f"no {kind} '{word}'; there is: {listed}"


def renamed(word: str, allowed: Iterable[str], place: Place = NOWHERE) -> tuple[Edit, ...]:
    """The edit that puts the right word in place of a wrong one; none where that needs judgement.

    A word out of a file stands where it says; `place` is where any other begins. Words that differ in a
    digit, or as one from several, are no slip of the pen: `line_2` is not `line_1`, nor `order` `orders`.
    """
    from rapidfuzz import fuzz, process

    if isinstance(word, Word):
        place = word.inner
    if not place.line or not re.fullmatch(r"[\w.-]+", word):
        return ()
    found = process.extract(
        word, list(dict.fromkeys(allowed)), scorer=fuzz.ratio, processor=str.lower, limit=2
    )
    if not found or found[0][1] < CERTAIN or (len(found) > 1 and found[0][1] - found[1][1] < CLEARLY):
        return ()
    right = str(found[0][0])
    if re.findall(r"\d", word) != re.findall(r"\d", right) or word.rstrip("s") == right.rstrip("s"):
        return ()
    return (Edit(place, str(word), right),)


def meant(word: str, allowed: Iterable[str]) -> str | None:
    """The name that a word stands for: itself, or the nearest, so that one slip of the pen is one finding."""
    names = allowed if isinstance(allowed, (Mapping, frozenset, set)) else set(allowed)
    return word if word in names else nearest(word, sorted(names))
