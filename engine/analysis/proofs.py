"""Holds what the proofs about one flow share: its moves, the shortest conversations, and who tells them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from engine.analysis.journeys import Journeys, Spot
from engine.analysis.moves import Moves
from engine.analysis.possibility import Possibility
from engine.analysis.survey import Survey
from engine.analysis.uses import Uses
from engine.analysis.watched import Watched
from engine.shop import Product

if TYPE_CHECKING:
    from engine.analysis.storyteller import Storyteller


class Proofs:
    """One flow, whole.

    `role` is who talks in it, `products` give examples of what can be ordered, `letters` are the names that
    come with messages which others send.
    """

    def __init__(
        self,
        survey: Survey,
        role: str = "customer",
        products: Sequence[Product] = (),
        letters: frozenset[str] = frozenset(),
    ) -> None:
        self.survey = survey
        self.flow = survey.flow
        self.letters = letters
        self.moves = Moves(survey)
        self._watching: dict[str, Journeys] = {}
        self.role = role
        self.products = products

    @cached_property
    def possibility(self) -> Possibility:
        """What can happen at all."""
        return Possibility(self.moves)

    @cached_property
    def journeys(self) -> Journeys:
        """The shortest conversation to every state."""
        return Journeys(self.possibility)

    @cached_property
    def storyteller(self) -> Storyteller:
        """Who tells conversations."""
        from engine.analysis.storyteller import Storyteller  # most flows have nothing to tell of

        return Storyteller(self.possibility.certainty, self.flow, self.role, self.products)

    def watching(self, slot: str) -> Journeys:
        """The shortest conversations in which the slot is empty, or holds something, told apart."""
        known = self._watching.get(slot)
        if known is None:
            watched = Watched(self.uses.presence, slot)
            known = self._watching[slot] = Journeys(self.possibility, watched)
        return known

    @cached_property
    def uses(self) -> Uses:
        """Every text with what is sure where it is said."""
        return Uses(self.moves, self.letters)

    def conversation_to(self, spot: Spot) -> tuple[str, ...]:
        """The shortest conversation that gets to a spot which is reached."""
        return self.storyteller.tell(self.journeys.to(spot), spot.state)
