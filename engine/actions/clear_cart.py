"""Empties the cart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action
from engine.shop import put_cart

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft) -> None:
    put_cart(draft, [])


ACTION = Action(name="clear_cart", about="Empties the cart.", parameters={}, run=run)
