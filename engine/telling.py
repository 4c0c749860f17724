"""Writes what a turn tells others than its customer."""

from __future__ import annotations

from collections.abc import Mapping

from engine.draft import Draft
from engine.flow import Flow
from engine.shop import CartLine, Order, Product
from engine.shop_names import Cart, Catalog, Orders, stored_line
from engine.speech import render_alone
from engine.turn import Told


def letters(draft: Draft) -> tuple[Told, ...]:
    """The messages for others: of the recipient's flow, in their language, with the sender's names."""
    told = []
    for role, name, names in draft.told:
        flow = draft.pack.flows[role]
        for person in draft.shop.people(role):
            letter = Draft(
                draft.pack,
                draft.flow,
                draft.shop,
                draft.conversation,
                draft.message,
                draft.moment,
                draft.limits,
            )
            letter.language = person.language if person.language in flow.languages else flow.languages[0]
            settings = {**flow.settings, **_named(flow, letter.language)}
            letter.given = {"settings": settings, **{name: _respoken(letter, names[name]) for name in names}}
            text = flow.messages[name][letter.language]
            told.append(Told(person.id, render_alone(text, letter, flow)))
    return tuple(told)


def _named(flow: Flow, language: str) -> Mapping[str, str]:
    """The settings of the flow that have a name of their own in the language."""
    names = flow.names.get(language, {})
    return {name: names[name] for name in flow.settings if name in names}


def _respoken(draft: Draft, value: object) -> object:
    """What was read of the shop, named in the language that the draft speaks; anything else as it is."""
    catalog: Catalog = draft.resolve("catalog")
    if isinstance(value, Product):
        return catalog.find(value) or value
    if isinstance(value, CartLine):
        return value.replaced(product=catalog.find(value.product) or value.product)
    if isinstance(value, Cart):
        return Cart([stored_line(line) for line in value.lines], catalog)
    if isinstance(value, Order):
        orders: Orders = draft.resolve("orders")
        kept = next((order for order in orders.all if order.number == value.number), value)
        return value.replaced(lines=kept.lines)
    return value
