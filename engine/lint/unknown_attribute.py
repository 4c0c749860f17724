"""Finds what is read of a name that does not offer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.actions import ACTIONS
from engine.analysis.survey import NAMED, Written
from engine.business import BusinessAt
from engine.draft import RESERVED, Failed, Said
from engine.expressions import Read
from engine.lint.checked import Checked, Rule
from engine.nearest import renamed, unknown
from engine.shop import CartLine, Customer, Order, OrderLine, Product
from engine.shop_names import Cart, Catalog, Orders
from engine.source import Problem

OFFERED: Mapping[str, Any] = {
    "business": BusinessAt,
    "customer": Customer,
    "cart": Cart,
    "catalog": Catalog,
    "orders": Orders,
    "failure": Failed,
    "message": Said,
    "line": CartLine,
    "order": Order,
}
"""What stands behind the reserved names, and behind the names that actions give."""

BY_TYPE: Mapping[str, Any] = {"product": Product, "order": Order}
"""What stands behind a slot or a hole of a type."""

INSIDE: Mapping[tuple[Any, str], Any] = {
    (CartLine, "product"): Product,
    (OrderLine, "product"): Product,
    (Orders, "last"): Order,
    (Failed, "product"): Product,
}
"""What stands behind an attribute, where that offers something itself."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        given = frozenset(name for step in survey.steps for name in ACTIONS[step.action].gives)
        slots = survey.flow.slots
        behind = {name: BY_TYPE.get(slot.type) for name, slot in slots.items() if not slot.is_list}
        behind |= {
            name: offered
            for name, offered in OFFERED.items()
            if name in RESERVED or name in given | {"order"}
        }
        behind = {name: offered for name, offered in behind.items() if name not in survey.holes}
        for text in checked.texts_of(survey):
            for read in text.reads:
                if read.kind in NAMED and behind.get(read.path[0]) is not None:
                    yield from _misread(checked, text, read, behind[read.path[0]])


def _misread(checked: Checked, text: Written, read: Read, behind: Any) -> Iterator[Problem]:
    said = read.path[0]
    for part, attribute in enumerate(read.path[1:], 1):
        if behind is None:
            return
        if attribute not in behind.offers:
            message = f"'{said}' offers {unknown('attribute', attribute, behind.offers)}"
            place = checked.place_of(text, read, part)
            edits = renamed(attribute, behind.offers, place)
            yield Problem(place, RULE.name, message, len(attribute), edits=edits)
            return
        behind = INSIDE.get((behind, attribute))
        said = f"{said}.{attribute}"


RULE = Rule(
    name="unknown_attribute",
    about="A text or an expression reads something of a name that this name does not offer.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "Your cart: {{ cart.totl | money }}"
  #                          ^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "Your cart: {{ cart.total | money }}"
""",
    },
    check=check,
)
