"""Finds the shortest conversation that leads from the start of a flow to each of its states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from engine.analysis.moves import SPOKEN, Move, Moves
from engine.analysis.possibility import Possibility
from engine.analysis.watched import EMPTY, KEPT, THIS_TURN, Filled, Watched
from engine.flow import State

ONE_MESSAGE = 10
A_CONDITION = 1
BAD_LUCK = 1_000
"""What the shop refuses does not lie in the customer's hand."""
UNASKED = 100_000
"""Whatever can be said is preferred to a silence or an event."""
UNLIKELY = 10_000_000
"""A condition holds that asks for what is empty."""
NEVER = 1_000_000_000
"""What cannot happen is gone through where nothing else leads: an owner may change a setting."""


class Spot(NamedTuple):
    """Where a talk is: in a state, waiting there or just entering it, with the watched slot filled or not."""

    state: str
    waits: bool = True
    filled: Filled = EMPTY


class Journeys:
    """The cheapest way to every spot of a flow, by one search.

    Without a `watched` slot all spots are told to be empty. What cannot happen is gone through where nothing
    else leads. The search looks at each move of a rule above all states once, since it leads to the same spot
    from everywhere: it is near-linear in the moves.
    """

    def __init__(self, possibility: Possibility, watched: Watched | None = None) -> None:
        self.moves = possibility.moves
        self.possibility = possibility
        self._watched = watched
        self._came: dict[Spot, tuple[Spot, Move | None] | None] = {}
        self._costs: dict[Spot, int] = {}
        self._search()

    @property
    def spots(self) -> Iterable[Spot]:
        """Every spot that is reached, the nearest first."""
        return self._came

    def reaches(self, name: str, waits: bool = True, filled: Filled = EMPTY) -> bool:
        return Spot(name, waits, filled) in self._came

    def is_possible(self, spot: Spot) -> bool:
        """Whether a talk can really come to the spot, which is reached by moves if all could happen."""
        return self._costs[spot] < NEVER

    def cost_of(self, spot: Spot) -> int:
        """How far the spot is from the start."""
        return self._costs[spot]

    def before(self, spot: Spot) -> tuple[Spot, Move | None] | None:
        """The spot before one that is reached, and the move between them, if any; None at the beginning."""
        return self._came[spot]

    def to(self, spot: Spot) -> tuple[tuple[str, Move], ...]:
        """The moves that lead to a spot that is reached, each with the name of the state it leaves."""
        found: list[tuple[str, Move]] = []
        at: Spot | None = spot
        while at is not None:
            came = self._came[at]
            at = None
            if came is not None:
                at = came[0]
                if came[1] is not None:
                    found.append((came[0].state, came[1]))
        return tuple(reversed(found))

    def _search(self) -> None:
        flow, moves = self.moves.flow, self.moves
        # A move of a rule above all states leads to the same spot from each: the nearest state settles it.
        onward = {filled: self._above(stays=False) for filled in (EMPTY, KEPT)}
        staying = self._above(stays=True) if self._watched else []
        waiting: list[tuple[int, int, Spot, tuple[Spot, Move | None] | None]] = []
        count = 0

        def push(cost: int, spot: Spot, came: tuple[Spot, Move | None] | None) -> None:
            nonlocal count
            if spot not in self._came:
                count += 1
                heappush(waiting, (cost, count, spot, came))

        for name, cost in ((flow.start, 0), *((new, UNASKED * 100) for new in flow.moved.values())):
            at = moves.resolved(name)
            if at is not None:
                push(cost, Spot(at), None)
        while waiting:
            cost, _, spot, came = heappop(waiting)
            if spot in self._came:
                continue
            self._came[spot] = came
            self._costs[spot] = cost
            state = flow.states[spot.state]
            if not spot.waits:
                for move in moves.entering[spot.state]:
                    push(cost + self._cost_of(move, spot), self._after(spot, move), (spot, move))
                if moves.waits(spot.state):
                    rests = self.possibility.rests(spot.state)
                    push(cost if rests else cost + NEVER, _resting(spot.state, spot.filled), (spot, None))
                continue
            for _, group in moves.own[spot.state]:
                for move in group:
                    push(cost + self._cost_of(move, spot), self._after(spot, move), (spot, move))
            if spot.state in moves.unhandled:
                back = Move(state, None, "handed_back", self._caller(spot))
                push(cost + UNASKED, self._after(spot, back), (spot, back))
            for move in _in_force(staying, moves, state):
                push(cost + self._cost_of(move, spot), self._after(spot, move), (spot, move))
            left = []
            for move in onward[spot.filled]:
                if move.site is not None and moves.in_force(move.site, state):
                    push(cost + self._cost_of(move, spot), self._after(spot, move), (spot, move))
                else:
                    left.append(move)
            onward[spot.filled] = left

    def _cost_of(self, move: Move, spot: Spot) -> int:
        cost = _cost_of(move)
        if self._watched and self._watched.denies(move, spot.filled):
            cost += UNLIKELY
        return cost if self.possibility.can_happen(move) else cost + NEVER

    def _caller(self, spot: Spot) -> str:
        """The state that a person was called from, on the way to this spot."""
        came = self._came[spot]
        while came is not None and (not came[0].waits or came[0].state == spot.state):
            came = self._came[came[0]]
        return came[0].state if came is not None else spot.state

    def _above(self, stays: bool) -> list[Move]:
        return [move for _, group in self.moves.above for move in group if (move.goto is None) is stays]

    def _after(self, spot: Spot, move: Move) -> Spot:
        filled = self._watched.after(move, spot.filled) if self._watched else EMPTY
        return _resting(spot.state, filled) if move.goto is None else Spot(move.goto, False, filled)


def _resting(state: str, filled: Filled) -> Spot:
    """Where a turn ends: what stood until then stands no longer."""
    return Spot(state, True, EMPTY if filled == THIS_TURN else filled)


def _in_force(staying: Sequence[Move], moves: Moves, state: State) -> Iterator[Move]:
    return (move for move in staying if move.site is not None and moves.in_force(move.site, state))


def _cost_of(move: Move) -> int:
    cost = BAD_LUCK if move.cause in ("fails", "none") else A_CONDITION if move.cause != "goes" else 0
    if move.branch is not None and move.branch.when is not None:
        cost += A_CONDITION
    if move.site is None:
        return cost
    if move.site.rule.when is not None:
        cost += A_CONDITION
    if move.site.kind not in SPOKEN:
        return cost + UNASKED
    return cost + ONE_MESSAGE * times(move)


def times(move: Move) -> int:
    """How often something has to be said for the move."""
    site = move.site
    if site is None or site.kind != "then" or site.state is None or site.state.tries is None:
        return 1
    return max(1, site.state.tries.limit)
