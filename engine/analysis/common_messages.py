"""Finds messages that two patterns take, or one of them alone, by walking their automata side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from engine.analysis.automaton import DIGITS, END, LETTERS, Automaton, Config
from engine.patterns import Pattern

MOST_STEPS = 4000
"""After so many steps nothing more is claimed about two patterns."""

_OTHERS = " ,.+-@!"


class Walk:
    """Two automata that read the same messages, over a few characters that stand for all there are.

    `gave_up` tells whether a walk came to MOST_STEPS before it had seen all.
    """

    def __init__(self, first: Automaton, second: Automaton) -> None:
        self.first, self.second = first, second
        self.gave_up = False
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
        self.gave_up = self.gave_up or bool(waiting)

    def _done(self, first: Automaton, one: Config, message: str, second: Automaton, other: Config) -> bool:
        return first.is_done(one, message[-1:]) and second.is_done(other, message[-1:])


def _may_end(message: str) -> bool:
    """Whether a message can end so: spaces at its end are trimmed before it is read."""
    return bool(message) and not message[-1].isspace()
