"""Changes every part of a pack that there is, and reads what is told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.expressions import Expression, Sandbox, Text, Value
from engine.frozen import Frozen
from engine.pack import Pack
from engine.patterns import Pattern
from engine.publishing.differences import differences
from engine.reader import read_pack

FILES = {
    "business.yaml": """
business: shop
name: Corner Shop
currency: INR
timezone: Asia/Karachi
languages: [en, ur]
order_number: "N{date:%Y%m%d}{n:03}"
opening_hours: {monday: ["09:00-12:00", "13:00-18:00"], tuesday: 09:00-18:00}
phone: "+923001234567"
address: Main street 1
country: PK
flows: {customer: customer.yaml}
""",
    "catalog.yaml": """
products:
  - {number: 1, code: apple, name: Apple, price: 50.00, stock: 5, category: fruit}
  - {number: 2, code: pear, name: Pear, price: 30.00}
""",
    "workflow.yaml": """
order:
  start: pending
  moves:
    confirm: {from: pending, to: confirmed, by: [staff]}
    cancel: {from: [pending, confirmed], to: cancelled, by: [customer, staff], do: restock, tell: told}
""",
    "customer.yaml": """
flow: customer
title: Orders
about: How one orders
languages: [en, ur]
start: initial
timeout: 2 hours
settings: {most: 9, sizes: [1, 2], open: true, slogan: "So \\"good\\""}
slots: {name: text, amount: number, wanted: product, dishes: list of text}
moved: {gone: initial, lost: initial}
fails: {out_of_stock: {reply: sold_out, goto: initial}}
otherwise: {reply: pardon, ask_again: true}
events: {order_changed: {reply: told}}
commands:
  menu: {title: Menu, about: All we have, words: [menu, list], reply: told, ask_again: true}
  buy:
    pattern: ["{item:number} x {quantity:number}", "{quantity:number} of {item:number}"]
    when: not cart.is_empty
    do: [add_to_cart, {tell: {to: customer, message: told}}]
    fails: {no_such_item: {reply: [pardon, told], ask_again: true}, out_of_stock: sold_out}
    branches:
      - {when: cart.count > 3, do: clear_cart, fails: {empty_cart: pardon}, reply: told, goto: initial}
      - {when: 'customer.name == "Ann"', reply: told}
      - {goto: picking}
states:
  initial:
    branches: [{when: customer.is_known, goto: naming}]
    otherwise: {reply: told, goto: naming}
  naming:
    ask: [told, ask_name]
    ignore: [buy]
    commands:
      skip: {words: [skip], save: {name: "{{ customer.name }}"}, goto: picking}
      approve: {title: Fine, goto: picking}
    events: {handed_back: {reply: told}}
    input:
      accepts: [text, location]
      save: name
      else: {reply: pardon, goto: initial}
      validate:
        - {length: {min: 2, max: "{{ settings.most }}"}, else: pardon}
        - {one_of: {values: [Ann, Bob]}, else: {reply: pardon, ask_again: true}}
        - {check: "name != slogan", else: told}
      goto: picking
    tries: {limit: 3, then: {reply: told, goto: person}}
    after: [{wait: 10 minutes, reply: told}, {wait: 1 hour, goto: initial}]
  picking:
    ask: ask_which
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      about: "{{ product.price | money }}"
      value: "{{ product.code }}"
      save: wanted
      validate: [{in_stock: {value: "{{ wanted }}"}, else: sold_out}]
      none: {reply: sold_out, goto: initial}
      goto: over
    otherwise: {when: cart.is_empty, reply: pardon}
  person: {human: true}
  over: {final: true}
messages:
  told: Told
  pardon: "Pardon?\\nSay it again."
  sold_out: {text: "Sold out", image: "https://x.org/{{ business.name }}.png", header: Sorry, footer: Bye}
  ask_name: {text: "Your name?", buttons: [skip, {approve: {lead: "{{ today }}"}}], ask_location: true}
  ask_which: {text: "Which one?", list: {button: Choose, rows: [menu]}, products: "{{ catalog.available }}"}
""",
    "customer.ur.yaml": """
words: {menu: [فہرست], skip: [چھوڑیں]}
patterns: {buy: ["{item:number} عدد {quantity:number}"]}
titles: {menu: فہرست}
names: {apple: سیب}
messages: {told: بتایا, sold_out: {text: ختم, header: معاف, footer: خدا}}
""",
}

TRANSLATED = (".text", ".header", ".footer", ".list_button", ".media[1]")
"""What a message may have of its own in a translation."""

ALIKE = (
    re.compile(r"flow\.languages(\[0\]| reversed)"),
    re.compile(r"products.*(reversed|code)"),
    re.compile(r".*\.after reversed"),  # the shortest silence is over first, wherever it stands
    re.compile(r".*\.media without its last"),
    re.compile(r"flow\.messages\[(pardon|ask_name|ask_which)\] without ur"),  # the original stands in for it
    re.compile(r"business\.flows.*"),  # a file that was moved
)
"""What changes nothing, or no pack can be like."""

NAMES = {"place", "options"}
"""Fields that no key of the language fills."""

OF_ITSELF = {"Rule", "State", "Message", "Slot", "Move"}
"""What has its name from the table that it stands in."""

CODE = re.compile(
    r"\{\"|\[\"|\[\]|\[\{|\{\}|…|\\\"|\\n|\b(?:None|True|False|Decimal|timedelta|Value)\b|<|\(\)"
)
"""What a shop owner does not read."""


def pack_of(files: Mapping[str, str]) -> Pack:
    reading = read_pack(dict(files), "flows/shop", {})
    assert reading.problems == (), [f"{found.place}: {found.message}" for found in reading.problems]
    assert reading.pack is not None
    return reading.pack


def changes(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The value with one thing in it changed, for each thing that can be: where, and the whole value."""
    if isinstance(value, Text):
        yield path, Text(f"{value.source} and more", value.place, value.language, None, "")
    elif isinstance(value, Expression):
        yield path, Sandbox().expression(f"({value.source}) and more", value.place)
    elif isinstance(value, Value):
        source = f"{value.source} and more" if isinstance(value.source, str) else [value.source, 7]
        yield path, Value(source, value.place, (), None)
    elif isinstance(value, Pattern):
        yield path, Pattern.compile(f"{value.source} please", value.place)
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for field in value._fields:
            if field not in NAMES and not (field == "name" and type(value).__name__ in OF_ITSELF):
                for where, new in changes(getattr(value, field), f"{path}.{field}"):
                    yield where, value._replace(**{field: new})
    elif isinstance(value, Frozen):
        for name, part in value.parts().items():
            if name not in NAMES and not (name == "name" and type(value).__name__ in OF_ITSELF):
                for where, new in changes(part, f"{path}.{name}"):
                    yield where, value.replaced(**{name: new})
    elif isinstance(value, Mapping):
        for key, one in value.items():
            for where, new in changes(one, f"{path}[{key}]"):
                yield where, {**value, key: new}
            if key != "en":  # the language of the originals, which nothing lacks
                yield f"{path} without {key}", {name: each for name, each in value.items() if name != key}
    elif isinstance(value, (tuple, list)):
        for at, one in enumerate(value):
            for where, new in changes(one, f"{path}[{at}]"):
                yield where, type(value)([*value[:at], new, *value[at + 1 :]])
        if value and not path.endswith(("languages", ".save[0]")) and ".opening_hours" not in path:
            yield f"{path} without its last", value[:-1]
        if len(value) > 1 and value[0] != value[-1] and not is_pair(value):
            yield f"{path} reversed", value[::-1]
    elif isinstance(value, frozenset):
        yield f"{path} with another", value | {"menu"}
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, str):
        yield path, value + "_anew"
    elif isinstance(value, (int, Decimal)):
        yield path, value + 1
    elif isinstance(value, timedelta):
        yield path, value + timedelta(minutes=1)
    elif isinstance(value, time):
        yield path, value.replace(minute=30)


def is_pair(value: Any) -> bool:
    """Whether this is a slot with its value, or the kind of a file with its address."""
    return isinstance(value[0], str) and (isinstance(value[1], (Text, Value)) or value[1] is None)


PACK = pack_of(FILES)


def every_change() -> dict[str, Pack]:
    found: dict[str, Pack] = {}
    for where, business in changes(PACK.business, "business"):
        found[where] = PACK._replace(business=business)
    for where, flow in changes(PACK.flows["customer"], "flow"):
        found[where] = PACK._replace(flows={"customer": flow})
    for where, products in changes(PACK.products, "products"):
        found[where] = PACK._replace(products=products)
    for where, workflow in changes(PACK.workflow, "workflow"):
        found[where] = PACK._replace(workflow=workflow)
    return {where: pack for where, pack in found.items() if may_be(where)}


def may_be(where: str) -> bool:
    if where.startswith("flow.messages[") and "[ur]" in where and not where.endswith(TRANSLATED):
        return False
    return not any(alike.fullmatch(where) for alike in ALIKE)


EVERY_CHANGE = every_change()


def test_every_kind_of_change_is_tried() -> None:
    assert len(EVERY_CHANGE) > 300
    kept = " ".join(EVERY_CHANGE)
    for each in (
        "accepts",
        "ignore",
        "human",
        "final",
        "tries",
        "ask_location",
        "unreadable",
        "refusal",
        "moved",
    ):
        assert each in kept, each


@pytest.mark.parametrize("where", EVERY_CHANGE)
def test_a_change_is_told_in_words(where: str) -> None:
    told = differences(PACK, EVERY_CHANGE[where])
    assert told
    assert [sentence for sentence in told if CODE.search(sentence)] == []
    back = differences(EVERY_CHANGE[where], PACK)
    assert back
    assert [sentence for sentence in back if CODE.search(sentence)] == []
