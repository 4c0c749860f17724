"""Finds circles of states that pass a turn on for ever, and chains that are too long for one turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from engine.actions import ACTIONS
from engine.analysis.conditions import Literal, literal_of
from engine.analysis.moves import Move
from engine.analysis.possibility import Possibility
from engine.analysis.walk import always_branches
from engine.expressions import Expression
from engine.flow import Branch, State

PASSES_ONCE = "price_changed"
"""The one failure that leaves something: the cart is priced anew, and the next try may do."""


class Ring:
    """States of a circle in the order in which they are passed, when that is endless, and what must hold."""

    __slots__ = ("states", "when", "held")

    def __init__(self, states: tuple[str, ...], when: str, held: Expression | None = None) -> None:
        self.states: Final = states
        self.when: Final = when
        self.held: Final = held


class Rings:
    """The circles of one flow."""

    def __init__(self, possibility: Possibility) -> None:
        self.possibility = possibility
        self.moves = possibility.moves
        self.flow = possibility.moves.flow

    def all(self) -> Iterator[Ring]:
        """Every circle, those first that are endless whatever holds."""
        yield from self._unless()
        yield from self._as_long_as()
        yield from self._failing()

    @cached_property
    def lengths(self) -> Mapping[str, int]:
        """By state, how many states a turn that enters it is sure to enter; of those on circles nothing."""
        lengths: dict[str, int] = {}
        for start in map(str, self.flow.states):
            path: dict[str, None] = {}
            at: str | None = start
            while at is not None and at not in lengths and at not in path:
                path[at] = None
                at = self._straight_on(at)
            length = lengths.get(at, 0) if at is not None else 0
            for name in reversed(path):
                length += 1
                lengths[name] = length
        return lengths

    def chain(self, name: str) -> Iterator[str]:
        """The states that a turn which enters this one is sure to enter, each once."""
        at: str | None = name
        seen: set[str] = set()
        while at is not None and at not in seen:
            seen.add(at)
            yield at
            at = self._straight_on(at)

    # What is passed on unless something holds

    def _unless(self) -> Iterator[Ring]:
        states = self.flow.states
        for ring in _circles(map(str, states), self._fallback):
            tried = [branch for name in ring for branch in self._tried(states[name])]
            exits = [branch for branch in tried if self.moves.resolved(branch.goto) not in ring]
            acts = any(branch.do for name in ring for branch in states[name].branches)
            chooses = any(self._last(states[name]) is None for name in ring)
            empty = ", as long as there is nothing to choose" if chooses else ""
            if not exits and not (acts and chooses):
                yield Ring(ring, f" for ever{empty}")
            elif exits and not acts:
                conditions = dict.fromkeys(
                    f"`{branch.when.source.strip()}`" for branch in exits if branch.when is not None
                )
                yield Ring(ring, f", perhaps for ever: as long as none of {', '.join(conditions)} holds")

    def _last(self, state: State) -> Branch | None:
        """The branch that is taken when none of those before it holds."""
        outcome = self.possibility.certainty.outcome
        always = next((branch for branch in state.branches if outcome(branch.when) is True), None)
        return state.branches[-1] if always is None and always_branches(state.branches) else always

    def _tried(self, state: State) -> Iterator[Branch]:
        """The branches before that, as far as they can hold."""
        for branch in state.branches:
            outcome = self.possibility.certainty.outcome(branch.when)
            if outcome is True:
                return
            if outcome is None:
                yield branch

    def _fallback(self, name: str) -> str | None:
        """Where the state leads when none of its conditions holds; None where it waits then."""
        state = self.flow.states[name]
        last = self._last(state)
        if last is not None:
            return self.moves.resolved(last.goto)
        if state.choices is None or state.choices.none is None:
            return None
        none = next(move for move in self.moves.entering[name] if move.cause == "none")
        return none.goto if self.possibility.can_happen(none) else None

    # What is passed on as long as something holds

    def _as_long_as(self) -> Iterator[Ring]:
        starts: dict[Literal, tuple[Expression, list[str]]] = {}
        for name, state in self.flow.states.items():
            when = state.branches[0].when if state.branches else None
            if when is not None and self.possibility.certainty.outcome(when) is None:
                starts.setdefault(literal_of(when), (when, []))[1].append(str(name))
        for literal, (held, names) in starts.items():

            def onward(name: str, literal: Literal = literal) -> str | None:
                """Where it leads while the condition holds, if nothing is done that may change that."""
                for branch in self.flow.states[name].branches:
                    known = literal if branch.when is None else literal_of(branch.when)
                    if known == literal:
                        return None if branch.do else self.moves.resolved(branch.goto)
                    if known != (literal[0], not literal[1]):
                        return None
                return None

            for ring in _circles(names, onward):
                yield Ring(ring, f" for ever, as long as `{held.source.strip()}` holds", held)

    # What a failure leads back to

    def _failing(self) -> Iterator[Ring]:
        """What fails is taken back and answered; an answer that leads to the same again fails the same way.

        That is certain for those who come there without having changed anything in the same turn.
        """
        states = self.flow.states
        if not any(state.branches and state.branches[0].do for state in states.values()):
            return
        found: set[tuple[str, str]] = set()
        for move in self._unchanging():
            rule = move.site.rule if move.site is not None else None
            at = self._first_to_act(move.goto)
            branch = states[at].branches[0] if at is not None else None
            if at is None or branch is None or rule is None:
                continue
            for step in branch.do:
                for code in ACTIONS[step.action].fails:
                    tables = (branch.fails, rule.fails, self.flow.fails)
                    answer = next((table[code] for table in tables if code in table), None)
                    goto = self.moves.resolved(answer.goto) if answer is not None else None
                    again = self._first_to_act(goto)
                    if code != PASSES_ONCE and again == at and goto is not None and (at, code) not in found:
                        found.add((at, code))
                        ring = (*self._until(goto, at), at)
                        yield Ring(ring, f" for ever, as long as `{step.action}` fails with {code}")

    def _until(self, name: str, end: str) -> Iterator[str]:
        for passed in self.chain(name):
            if passed == end:
                return
            yield passed

    def _unchanging(self) -> Iterator[Move]:
        """The moves that go somewhere and change nothing on the way."""
        groups = [group for own in self.moves.own.values() for _, group in own]
        for group in (*groups, *(group for _, group in self.moves.above)):
            for move in group:
                if move.goto is None or move.site is None or not self.possibility.can_happen(move):
                    continue
                rule, branch = move.site.rule, move.branch
                changes = rule.do or rule.save or (branch is not None and branch.do)
                if move.cause in ("refused", "unreadable") or (move.cause == "goes" and not changes):
                    yield move

    def _straight_on(self, name: str) -> str | None:
        """Where the state passes every turn on to; None where that depends, or where it waits."""
        first = next(iter(self.flow.states[name].branches), None)
        if first is None or self.possibility.certainty.outcome(first.when) is not True:
            return None
        return self.moves.resolved(first.goto)

    def _first_to_act(self, name: str | None) -> str | None:
        """The first state with something to do to which every turn is passed on from this one."""
        if name is None:
            return None
        for passed in self.chain(name):
            if self._straight_on(passed) is not None and self.flow.states[passed].branches[0].do:
                return passed
        return None


def _circles(starts: Iterable[str], onward: Callable[[str], str | None]) -> Iterator[tuple[str, ...]]:
    """Every circle that is run into from one of the names, each once."""
    seen: set[str] = set()
    for start in starts:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path[at] = None
            at = onward(at)
        if at is not None and at in path:
            names = list(path)
            yield tuple(names[names.index(at) :])
