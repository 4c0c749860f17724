"""Holds what the proofs about one flow share: its moves, the shortest conversations, and who tells them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from engine.lint.journeys import Journeys, Spot, Storyteller
from engine.lint.moves import Moves
from engine.lint.survey import Survey
from engine.shop import Product


class Proofs:
    """One flow, whole. `role` is who talks in it; `products` give examples of what can be ordered."""

    def __init__(self, survey: Survey, role: str, products: Sequence[Product]) -> None:
        self.survey = survey
        self.flow = survey.flow
        self.moves = Moves(survey)
        self.storyteller = Storyteller(survey.flow, role, products)

    @cached_property
    def journeys(self) -> Journeys:
        """The shortest conversation to every state."""
        return Journeys(self.moves)

    def conversation_to(self, spot: Spot) -> tuple[str, ...]:
        """The shortest conversation that gets to a spot which is reached."""
        return self.storyteller.tell(self.journeys.to(spot), spot.state)
