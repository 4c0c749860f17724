"""Finds what is read of a name that does not offer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.actions import ACTIONS
from engine.draft import RESERVED, Failed, Said
from engine.expressions import Expression, Text, Value
from engine.lint.checked import Checked, Rule, place_of
from engine.nearest import unknown
from engine.shop import BusinessAt, Cart, CartLine, Catalog, Customer, Order, OrderLine, Orders, Product
from engine.source import Problem

OFFERED: Mapping[str, type] = {
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

INSIDE: Mapping[tuple[type, str], type] = {
    (CartLine, "product"): Product,
    (OrderLine, "product"): Product,
    (Orders, "last"): Order,
    (Failed, "product"): Product,
}
"""What stands behind an attribute, where that has attributes itself. Lists have none that texts may read."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        slots = survey.flow.slots
        for written in checked.texts_of(survey):
            for read in written.source.reads():
                if read.name in slots or (read.name not in RESERVED and read.name not in GIVEN):
                    continue
                yield from _misread(written.source, read)


def _misread(source: Text | Expression | Value, read: Read) -> Iterator[Problem]:
    behind = OFFERED.get(read.name)
    said = read.name
    for attribute in read.path:
        if behind is None or not isinstance(attribute, str):
            return
        offers = behind.offers
        if attribute not in offers:
            message = unknown(f"attribute of '{said}' named", attribute, offers)
            yield Problem(place_of(source, read, attribute), RULE.name, message, len(attribute))
            return
        behind = INSIDE.get((behind, attribute))
        said = f"{said}.{attribute}"


RULE = Rule(
    name="unknown_attribute",
    about="A text or an expression reads something of a name that this name does not offer, such as `cart.totl`.",
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
