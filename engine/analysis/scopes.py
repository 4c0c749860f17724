"""Says which commands hear the same messages: those of the flow, those of each state, and both together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Final

from engine.analysis.shapes import beginning
from engine.flow import Flow, Rule, State
from engine.patterns import Pattern
from engine.words import fold


class Heard:
    """A word as it is compared and as it stands in the file, and the command that it means."""

    __slots__ = ("folded", "word", "rule")

    def __init__(self, folded: str, word: str, rule: Rule) -> None:
        self.folded: Final = folded
        self.word: Final = word
        self.rule: Final = rule


class Shaped:
    """A pattern and the command that it means."""

    __slots__ = ("pattern", "rule")

    def __init__(self, pattern: Pattern, rule: Rule) -> None:
        self.pattern: Final = pattern
        self.rule: Final = rule


class Scope:
    """Commands that stand in one place, in their order: the flow's (`state` None), or those of a state."""

    def __init__(self, state: State | None, rules: Iterable[Rule]) -> None:
        self.state = state
        self.rules = tuple(rules)

    @cached_property
    def words(self) -> Mapping[str, tuple[Heard, ...]]:
        """Each word as it is compared: where it stands, in the order in which its commands are tried."""
        found: dict[str, list[Heard]] = {}
        for rule in self.rules:
            for words in rule.words.values():
                for word in words:
                    folded = fold(word)
                    found.setdefault(folded, []).append(Heard(folded, word, rule))
        return {folded: tuple(heard) for folded, heard in found.items()}

    @cached_property
    def patterns(self) -> tuple[Shaped, ...]:
        """Every pattern in the order in which they are tried."""
        return tuple(
            Shaped(pattern, rule)
            for rule in self.rules
            for group in rule.patterns.values()
            for pattern in group
        )


class Scopes:
    """The scopes of one flow."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.general = Scope(None, flow.commands.values())

    @cached_property
    def own(self) -> tuple[Scope, ...]:
        """The scopes of the states that have commands, or something else that listens."""
        return tuple(
            Scope(state, state.commands.values())
            for state in self.flow.states.values()
            if not (state.human or state.final)
        )

    @property
    def every(self) -> Iterator[Scope]:
        yield self.general
        yield from self.own

    def in_force(self, rule: Rule, state: State) -> bool:
        """Whether a command of the flow is understood in the state."""
        return rule.name not in state.ignore and rule.name not in state.commands

    def with_both(self, one: Rule, other: Rule, scope: Scope) -> Iterator[str]:
        """The states in which the two commands of a scope are both understood."""
        if scope.state is not None:
            yield scope.state.name
            return
        for each in self.own:
            state = each.state
            if state is not None and self.in_force(one, state) and self.in_force(other, state):
                yield state.name

    def together(self, one: Rule, other: Rule, scope: Scope) -> bool:
        """Whether the two commands of a scope are understood in one state at all."""
        return next(self.with_both(one, other, scope), None) is not None


def pairs(patterns: tuple[Shaped, ...]) -> Iterator[tuple[Shaped, Shaped]]:
    """Every two patterns of different commands, the one that is tried first first."""
    for first, later in combinations(patterns, 2):
        if first.rule is not later.rule:
            yield first, later


def fits(pattern: Pattern, word: str) -> bool:
    """Whether the word fits the pattern; what plainly cannot is not tried."""
    begins = beginning(pattern)
    if begins not in ("", "0") and not word.casefold().startswith(begins):
        return False
    if any(hole.type in NUMERIC for hole in pattern.holes) and not any(map(str.isdigit, word)):
        return False
    return pattern.match(word) is not None


NUMERIC = frozenset({"number", "decimal", "money", "phone"})
"""Types of which nothing is read without a digit."""


def is_catch_all(pattern: Pattern) -> bool:
    """Whether the pattern is one hole that takes any words: it is meant to take what is left."""
    if len(pattern.holes) != 1 or pattern.holes[0].type not in ("text", "product"):
        return False
    source = pattern.source.strip()
    return source.startswith("{") and source.endswith("}")
