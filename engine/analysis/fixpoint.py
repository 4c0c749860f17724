"""Finds which names hold something for sure in each state: those that every way there bears out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from engine.analysis.moves import Move
from engine.analysis.presence import Facts, Presence
from engine.analysis.walk import Site, always_branches
from engine.flow import Branch


class Entry:
    """What is sure on entering a state, and what was sure where a failure on the way goes back to."""

    __slots__ = ("facts", "before")

    def __init__(self, facts: Facts, before: Facts) -> None:
        self.facts: Final = facts
        self.before: Final = before


class Solution:
    """The greatest solution: all names are sure at first, until some way does not bear one out.

    `resting` holds the facts by state that waits, `entering` by state that is entered, `above` by rule above
    all states. States that are never reached are in none of them.
    """

    def __init__(self, presence: Presence) -> None:
        self.presence = presence
        self.moves = presence.moves
        self.resting: dict[str, Facts] = {}
        self.entering: dict[str, Entry] = {}
        self.above: list[Facts] = [presence.everything] * len(self.moves.above)
        self.in_force: dict[str, tuple[int, ...]] = {}
        self._waiting: deque[tuple[str, str | int]] = deque()
        self._queued: set[tuple[str, str | int]] = set()
        self.taken = [self._taken_by(site, group) for site, group in self.moves.above]
        self._solve()

    def _taken_by(self, site: Site, group: Sequence[Move]) -> Facts:
        """The slots that a rule may empty without going anywhere."""
        presence = self.presence
        staying = [move for move in group if move.goto is None and move.cause == "goes"]
        with_all = with_none = presence.everything
        for _, facts, _ in presence.ends(site, staying, presence.everything):
            with_all &= facts
        for _, facts, _ in presence.ends(site, staying, 0):
            with_none &= facts
        saved = 0
        for slot, _ in site.rule.save:
            if not presence.flow.slots[slot].is_list:
                saved |= presence.kept.get(str(slot), 0)
        return presence.slots & ~with_all | saved & ~with_none

    def _solve(self) -> None:
        flow = self.presence.flow
        start = self.moves.resolved(flow.start)
        if start is not None:
            self._rest(start, 0)
        for new in flow.moved.values():
            # A conversation moves only where the slots that are needed there are filled.
            at = self.moves.resolved(new)
            if at is not None:
                self._rest(at, self.presence.slots)
        while self._waiting:
            kind, key = self._waiting.popleft()
            self._queued.discard((kind, key))
            if kind == "resting":
                self._leave(str(key))
            elif kind == "entering":
                self._pass(str(key))
            else:
                self._from_above(int(key))

    def _queue(self, kind: str, key: str | int) -> None:
        if (kind, key) not in self._queued:
            self._queued.add((kind, key))
            self._waiting.append((kind, key))

    def _rest(self, name: str, facts: Facts) -> None:
        known = self.resting.get(name)
        new = facts & self.presence.slots & (self.presence.everything if known is None else known)
        if new != known:
            self.resting[name] = new
            self._queue("resting", name)

    def _enter(self, name: str, facts: Facts, before: Facts) -> None:
        known = self.entering.get(name)
        # On one way a slot keeps its value, on another one stands that was refused: both stand in this turn.
        facts, before = self.presence.standing(facts), self.presence.standing(before)
        if known is not None:
            facts, before = facts & known.facts, before & known.before
            if facts == known.facts and before == known.before:
                return
        self.entering[name] = Entry(facts, before)
        self._queue("entering", name)

    def _leave(self, name: str) -> None:
        state = self.presence.flow.states[name]
        facts = self.resting[name]
        for site, group in self.moves.own[name]:
            for move, after, before in self.presence.ends(site, group, facts):
                if move.goto is not None:
                    self._enter(move.goto, after, before)
                elif move.cause == "goes":
                    self._rest(name, after)
        in_force = self.in_force.get(name)
        if in_force is None:
            in_force = self.in_force[name] = tuple(
                at for at, (site, _) in enumerate(self.moves.above) if self.moves.in_force(site, state)
            )
        for at in in_force:
            self._rest(name, facts & ~self.taken[at])
            if self.above[at] & facts != self.above[at]:
                self.above[at] &= facts
                self._queue("above", at)
        if self.moves.calling and not state.human:
            self._hand_back(name, facts)

    def _hand_back(self, name: str, facts: Facts) -> None:
        """A person who was called here may hand the talk back: it then enters this state again."""
        above = (self.moves.above[at] for at in self.in_force[name])
        for site, group in (*self.moves.own[name], *above):
            for move, after, _ in self.presence.ends(site, group, facts):
                if move.goto in self.moves.calling:
                    kept = after & ~self._taken_by_people
                    self._enter(name, kept & self.presence.slots, kept & self.presence.slots)

    @cached_property
    def _taken_by_people(self) -> Facts:
        """The slots that may be emptied on the way to a person, and while one answers."""
        presence, moves = self.presence, self.moves
        taken = 0
        for group in moves.entering.values():
            for move in group:
                taken |= presence.slots & ~presence.entered(move, presence.everything)
        for name in moves.unhandled:
            for site, staying in (*moves.own[name], *moves.above):
                if site.kind in ("event", "after"):
                    taken |= self._taken_by(site, staying)
        return taken

    def _from_above(self, at: int) -> None:
        site, group = self.moves.above[at]
        for move, after, before in self.presence.ends(site, group, self.above[at]):
            if move.goto is not None:
                self._enter(move.goto, after, before)

    def _pass(self, name: str) -> None:
        for _, facts, goto, before in self.passing(name):
            if goto is None:
                self._rest(name, facts)
            else:
                self._enter(goto, facts, before)

    def passing(self, name: str) -> Iterator[tuple[Move | None, Facts, str | None, Facts]]:
        """Each way on from entering the state: its move (None to wait there), facts, target and `before`."""
        entry = self.entering[name]
        waits = not always_branches(self.presence.flow.states[name].branches)
        over: tuple[Branch, ...] = ()
        for move in self.moves.entering[name]:
            if move.cause == "goes":
                yield move, self.presence.branched(move, entry.facts), move.goto, entry.before
                over = (*move.over, move.branch) if move.branch is not None else over
            elif move.cause == "fails":
                facts = entry.before | self.presence.given["failure"]
                if move.goto is not None:
                    yield move, facts, move.goto, facts
            elif waits:
                yield move, self._waiting_facts(entry, over), move.goto, entry.before
        if waits:
            yield None, self._waiting_facts(entry, over), None, entry.before

    def _waiting_facts(self, entry: Entry, over: tuple[Branch, ...]) -> Facts:
        facts = entry.facts
        for branch in over:
            facts |= self.presence.implies(branch.when, False)
        return facts
