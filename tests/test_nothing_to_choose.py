"""flow-lint finds lists to choose from that may be empty, and none where something sees to it."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_pack
from engine.source import Problem

BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
"""
FLOW = """\
flow: shop
start: initial
otherwise: hello
slots: {{wanted: text, kept: text}}
states:
  initial:
    commands: {{buy: {buy}}}
    otherwise: {{reply: hello, goto: choosing}}
  choosing:
    {before}
    ask: hello
    commands: {{leave: {{words: [leave], reply: hello, goto: done}}}}
    choices:
      {{from: "{list}", as: one, title: "{{{{ one.name }}}}", value: "x", save: wanted, {none}goto: done}}
  bought:
    otherwise: {{reply: hello, goto: choosing}}
  done: {{final: true}}
fails: {{cart_empty: hello, out_of_stock: hello, unavailable: hello}}
messages: {{hello: Hello!}}
"""
COUNTED = "products: [{number: 1, code: bread, name: Bread, price: 3, stock: 4, category: bread}]\n"
UNCOUNTED = COUNTED.replace("]", ", {number: 2, code: cake, name: Cake, price: 9, category: cakes}]")

CASES = {
    "orders of who has none": ({"list": "orders.all"}, "for who has ordered nothing"),
    "open orders": ({"list": "orders.open"}, "for who has ordered nothing"),
    "with an answer": ({"list": "orders.all", "none": "none: hello, "}, None),
    "where a branch sends away who has ordered nothing": (
        {
            "list": "orders.all",
            "before": "branches: [{when: not orders.last, reply: hello, goto: done}]",
        },
        None,
    ),
    "products that are all counted": ({"list": "catalog.available"}, "once all that is counted is sold"),
    "products that are not all counted": ({"list": "catalog.available", "catalog": UNCOUNTED}, None),
    "products of a category that are all counted": (
        {
            "list": "catalog.available | selectattr('category', 'equalto', 'bread') | list",
            "catalog": UNCOUNTED,
        },
        "once all that is counted is sold",
    ),
    "nobody knows": ({"list": "[kept]"}, None),
    "numbers": ({"list": "[1, 2]"}, None),
}


def found_in(files: dict[str, str]) -> list[Problem]:
    reading = read_pack(files, "", {})
    assert reading.problems == ()
    return [one for one in lint(reading) if one.rule == "nothing_to_choose"]


@pytest.mark.parametrize("what", CASES)
def test_a_list_that_may_be_empty_wants_an_answer(what: str) -> None:
    given, told = CASES[what]
    parts = {"before": "", "none": "", "buy": "{words: [buy], reply: hello}", "catalog": COUNTED, **given}
    files = {"business.yaml": BUSINESS, "shop.yaml": FLOW.format(**parts), "catalog.yaml": parts["catalog"]}
    found = found_in(files)
    if told is None:
        assert found == []
    else:
        (problem,) = found
        assert told in problem.message
        assert problem.conversation[-1] == "[choosing]"


def test_orders_that_were_placed_on_the_way_are_there() -> None:
    flow = FLOW.format(
        before="",
        none="",
        list="orders.all",
        buy="{words: [buy], do: [{add_to_cart: {item: bread}}, place_order], goto: choosing}",
    ).replace("otherwise: {goto: choosing}", "otherwise: hello")
    files = {"business.yaml": BUSINESS, "shop.yaml": flow, "catalog.yaml": COUNTED}
    assert found_in(files) == []
