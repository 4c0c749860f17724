"""Says of two patterns whether one message fits both, and whether one takes all that the other does."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from engine.analysis.automaton import DIGITS, END, LETTERS, Automaton, Config
from engine.patterns import Pattern
from engine.sayings import fitting

MOST_STEPS = 4000
"""After so many steps nothing more is claimed about two patterns."""

MOST_DOUBTS = 40
"""After so many messages that fit the automata and yet not the patterns, there is probably none."""

_OTHERS = " ,.+-@!"
_FIRST_LETTERS = re.compile(r"\s*([a-zA-Z]+)")
_HOLE_NAME = re.compile(r"\{\s*[a-z][a-z0-9_]*")


class Relation(NamedTuple):
    """A message that fits both patterns, None where there is none; whether one takes all of the other.

    `is_exception`: what people would say to the first pattern fits the second, and not the other way round.
    """

    witness: str | None = None
    first_covers: bool = False
    second_covers: bool = False
    is_exception: bool = False


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
        walk = _Walk(self._automaton(first), self._automaton(second))
        witness = next(
            (message for message in islice(walk.common(), MOST_DOUBTS) if _fits(first, second, message)), None
        )
        if witness is None:
            return APART
        plain = [said for said in map(fitting, (first, second)) if _fits(first, second, said)]
        first_has_more, second_has_more = walk.beyond(first, second)
        is_exception = (
            bool(plain) and second.match(fitting(first)) is not None and first.match(fitting(second)) is None
        )
        return Relation((*plain, witness)[0], not second_has_more, not first_has_more, is_exception)

    def _automaton(self, pattern: Pattern) -> Automaton:
        key = signature(pattern)
        known = self._automata.get(key)
        if known is None:
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


class _Walk:
    """Two automata that read the same messages, over a few characters that stand for all there are."""

    def __init__(self, first: Automaton, second: Automaton) -> None:
        self.first, self.second = first, second
        self.is_guarded = first.is_guarded or second.is_guarded
        named = first.letters | second.letters
        digit = next((one for one in DIGITS if one not in named), "0")
        letter = next((one for one in LETTERS if one not in named), "ø")
        self.alphabet = tuple(dict.fromkeys((digit, letter, *sorted(named), *_OTHERS)))

    def common(self) -> Iterator[str]:
        """Messages that both take, the shortest first; each leads both into states not seen before."""
        for message, one, other in self._reached(both=True):
            if _may_end(message) and self._done(self.first, one, message, self.second, other):
                yield message

    def beyond(self, first: Pattern, second: Pattern) -> tuple[bool, bool]:
        """Whether the first pattern takes a message that the second does not, and the other way round.

        Where that cannot be told, both have such a message.
        """
        first_more = second_more = False
        steps = 0
        for message, one, other in self._reached(both=False):
            steps += 1
            if steps > MOST_STEPS or (first_more and second_more):
                return True, True
            if not _may_end(message):
                continue
            before = message[-1:]
            takes = self.first.is_done(one, before), self.second.is_done(other, before)
            if takes == (True, False) and not first_more:
                first_more = first.match(message) is not None
            elif takes == (False, True) and not second_more:
                second_more = second.match(message) is not None
        return first_more, second_more

    def _reached(self, both: bool) -> Iterator[tuple[str, Config, Config]]:
        """Each pair of states that some message leads to, with the shortest such message.

        `both` goes on only where neither has lost the message.
        """
        start = (self.first.start, self.second.start, END)
        seen = {start}
        waiting = deque([("", *start)])
        steps = 0
        while waiting and steps < MOST_STEPS:
            message, one, other, before = waiting.popleft()
            for character in self.alphabet:
                if character == " " and not message:
                    continue
                steps += 1
                onward = self.first.step(one, before, character), self.second.step(other, before, character)
                if not (all(onward) if both else any(onward)):
                    continue
                key = (*onward, character if self.is_guarded or character == " " else END)
                if key not in seen:
                    seen.add(key)
                    longer = message + character
                    waiting.append((longer, *onward, character))
                    yield longer, *onward

    def _done(self, first: Automaton, one: Config, message: str, second: Automaton, other: Config) -> bool:
        return first.is_done(one, message[-1:]) and second.is_done(other, message[-1:])


def _may_end(message: str) -> bool:
    """Whether a message can end so: spaces at its end are trimmed before it is read."""
    return bool(message) and not message[-1].isspace()
