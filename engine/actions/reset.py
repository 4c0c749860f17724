"""Forgets what the conversation remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft) -> None:
    draft.reset()


ACTION = Action(name="reset", about="Empties all slots and the cart.", parameters={}, run=run)
