"""The actions of the language: every deed that a flow may order, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.actions import (
    add_to_cart,
    cancel_order,
    change_quantity,
    clear_cart,
    clear_slot,
    fill_cart,
    hand_over,
    place_order,
    remove_from_cart,
    repeat_order,
    reset,
    save_customer,
    set_language,
    tell,
)
from engine.declarations import Action

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "add_to_cart": add_to_cart.ACTION,
        "fill_cart": fill_cart.ACTION,
        "change_quantity": change_quantity.ACTION,
        "remove_from_cart": remove_from_cart.ACTION,
        "clear_cart": clear_cart.ACTION,
        "place_order": place_order.ACTION,
        "repeat_order": repeat_order.ACTION,
        "cancel_order": cancel_order.ACTION,
        "save_customer": save_customer.ACTION,
        "clear_slot": clear_slot.ACTION,
        "reset": reset.ACTION,
        "set_language": set_language.ACTION,
        "hand_over": hand_over.ACTION,
        "tell": tell.ACTION,
    }
)
"""In the order in which the reference lists them."""
