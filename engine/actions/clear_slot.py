"""Empties a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Parameter
from engine.turn import BrokenTurn

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, slot: str) -> None:
    """Empties the slot, which may be empty already; raises BrokenTurn where the flow has no such slot."""
    if slot not in draft.flow.slots:
        raise BrokenTurn(f"the flow has no slot {slot!r}")
    draft.clear_slot(slot)


ACTION = Action(
    name="clear_slot",
    about="Empties a slot.",
    parameters={"slot": Parameter({"type": "string", "format": "slot"}, "the slot's name", required=True)},
    run=run,
)
