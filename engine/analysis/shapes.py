"""Says of two patterns whether one message fits both, and whether one takes all that the other does."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from engine.patterns import Pattern

if TYPE_CHECKING:
    from engine.analysis.automaton import Automaton

MOST_DOUBTS = 40
"""After so many messages that fit the automata and yet not the patterns, there is probably none."""

_FIRST_LETTERS = re.compile(r"\s*([a-zA-Z]+)")
_HOLE_NAME = re.compile(r"\{\s*[a-z][a-z0-9_]*")


class Relation:
    """A message that fits both patterns, None where there is none; whether one takes all of the other.

    `is_exception`: what people would say to the first pattern fits the second, and not the other way round.
    """

    __slots__ = ("witness", "first_covers", "second_covers", "is_exception")

    def __init__(
        self,
        witness: str | None = None,
        first_covers: bool = False,
        second_covers: bool = False,
        is_exception: bool = False,
    ) -> None:
        self.witness: Final = witness
        self.first_covers: Final = first_covers
        self.second_covers: Final = second_covers
        self.is_exception: Final = is_exception


APART = Relation()


class Shapes:
    """Compares patterns, and keeps what it found: patterns that are written alike are compared once."""

    def __init__(self) -> None:
        self._relations: dict[tuple[str, str], Relation] = {}
        self._automata: dict[str, Automaton] = {}

    def relation(self, first: Pattern, second: Pattern) -> Relation:
        """How what the two patterns take belongs together."""
        if _begin_apart(beginning(first), beginning(second)):
            return APART
        key = (signature(first), signature(second))
        known = self._relations.get(key)
        if known is None:
            known = self._relations[key] = self._compared(first, second)
        return known

    def _compared(self, first: Pattern, second: Pattern) -> Relation:
        from engine.analysis.common_messages import Walk  # most patterns begin apart
        from engine.sayings import fitting

        walk = Walk(self._automaton(first), self._automaton(second))
        witness = None
        is_open = False
        for message in islice(walk.common(), MOST_DOUBTS):
            is_open = True
            if _fits(first, second, message):
                witness = message
                break
        # What the automata left open is asked of what people would say.
        if not is_open and not walk.gave_up:
            return APART
        plain = [said for said in map(fitting, (first, second)) if _fits(first, second, said)]
        witness = next(iter(plain), witness)
        if witness is None:
            return APART
        first_has_more, second_has_more = walk.beyond(first, second)
        is_exception = (
            bool(plain) and second.match(fitting(first)) is not None and first.match(fitting(second)) is None
        )
        return Relation(witness, not second_has_more, not first_has_more, is_exception)

    def _automaton(self, pattern: Pattern) -> Automaton:
        key = signature(pattern)
        known = self._automata.get(key)
        if known is None:
            from engine.analysis.automaton import Automaton

            known = self._automata[key] = Automaton(pattern.expression)
        return known


def signature(pattern: Pattern) -> str:
    """The pattern's text without the names of its holes, on which nothing depends that it takes."""
    return _HOLE_NAME.sub("{", pattern.source)


def beginning(pattern: Pattern) -> str:
    """The letters with which every message begins that fits; `0` for a number, empty where that is open."""
    if pattern.holes and pattern.source.lstrip().startswith("{"):
        return "0" if pattern.holes[0].type in ("number", "decimal") else ""
    found = _FIRST_LETTERS.match(pattern.source)
    return found[1].casefold() if found else ""


def _begin_apart(one: str, other: str) -> bool:
    if not one or not other:
        return False
    return not (one.startswith(other) or other.startswith(one))


def _fits(first: Pattern, second: Pattern, message: str) -> bool:
    return first.match(message) is not None and second.match(message) is not None
