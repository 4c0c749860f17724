"""Follows one slot along the moves of a flow: whether it holds something."""

from __future__ import annotations

from typing import Literal

from engine.analysis.moves import Move
from engine.analysis.presence import Presence

Filled = Literal[0, 1, 2]
"""Whether a slot holds something: no, until the turn ends (a value that was refused), or for good."""

EMPTY: Filled = 0
THIS_TURN: Filled = 1
KEPT: Filled = 2


class Watched:
    """One slot."""

    def __init__(self, presence: Presence, slot: str) -> None:
        self._presence = presence
        self._kept = presence.kept[slot]
        self._given = presence.given[slot]
        others = presence.everything & ~(self._kept | self._given)
        self._before = {EMPTY: others, THIS_TURN: others | self._given, KEPT: others | self._kept}

    def after(self, move: Move, filled: Filled) -> Filled:
        """What becomes of it by a move."""
        facts = self._presence.after(move, self._before[filled])
        return KEPT if facts & self._kept else THIS_TURN if facts & self._given else EMPTY

    def denies(self, move: Move, filled: Filled) -> bool:
        """Whether a condition that is asked before anything is done would have to find it filled."""
        if filled != EMPTY:
            return False
        implies, facts = self._presence.implies, 0
        if move.site is not None:
            facts = implies(move.site.rule.when, True)
        elif move.cause == "goes":
            for branch in move.over:
                facts |= implies(branch.when, False)
            facts |= implies(move.branch.when, True) if move.branch is not None else 0
        return bool(facts & self._kept)
