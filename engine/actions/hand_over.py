"""Leaves a note for the person who takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actions.save_customer import written
from engine.declarations import Action, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, note: object = "") -> None:
    draft.hand_over(written(note))


ACTION = Action(
    name="hand_over",
    about="Leaves a note for the person who answers once a `human` state is entered.",
    parameters={"note": Parameter({"type": "string"}, "what that person should know", filled=False)},
    run=run,
)
