"""Names the right word that is nearest to a wrong one, or all the right ones where none is near."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 70.0
"""From this likeness on (0 to 100), a word was probably meant."""

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
