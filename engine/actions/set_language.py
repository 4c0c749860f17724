"""Chooses the language of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actions.save_customer import spoken
from engine.declarations import Action, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, language: object) -> None:
    """Speaks it from this turn's replies on and keeps it; raises BrokenTurn for one that the flow lacks."""
    chosen = spoken(draft, language)
    draft.shop.save_customer({"language": chosen})
    draft.speak(chosen)


ACTION = Action(
    name="set_language",
    about="Speaks this language from now on, in this turn's replies already, and keeps it.",
    parameters={
        "language": Parameter(
            {"type": "string", "format": "language"}, "a language of the flow, such as ur", required=True
        ),
    },
    run=run,
)
