"""Coverage: what there is to reach in a flow, and which turns reach it."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from talking import BUSINESS, CATALOG

from engine.pack import Pack
from engine.reader import read_pack
from engine.rehearsal.coverage import Coverage, share
from engine.rehearsal.script import Script
from engine.rehearsal.transcript import play

SHOP = """
flow: customer
languages: [en, ur]
start: idle
slots: {size: number, fruit: text}
commands:
  menu: {words: [menu], reply: menu}
  buy:
    pattern: "buy {quantity:number}"
    validate: [{between: {value: "{{ quantity }}", min: 1}, else: few}, {between: {value: "{{ quantity }}", max: 99}, else: many}]
    do: {add_to_cart: {item: 1}}
    fails: {out_of_stock: {reply: none_left}}
    branches: [{when: quantity > 3, reply: rich}, {when: quantity > 1, reply: good}]
    reply: bought
  pick: {words: [pick], goto: picking}
  size: {words: [size], goto: sizing}
  urdu: {words: [urdu], do: {set_language: ur}, reply: menu}
states:
  idle:
    events: {baked: {reply: smell}}
    after: [{wait: 10 minutes, reply: there}]
  sizing:
    ask: which_size
    input: {save: size, else: no_number, reply: thanks, goto: idle}
    tries: {limit: 2, then: {reply: enough, goto: idle}}
  picking:
    ask: which
    choices: {from: catalog.available, as: one, title: "{{ one.name }}", value: "{{ one.code }}", save: fruit, none: nothing, goto: idle}
otherwise: what
messages:
  menu: Menu
  few: Few
  many: Many
  none_left: None left
  rich: Rich
  good: Good
  bought: Bought {{ fruit }}
  smell: Smell
  there: There?
  which: Which?
  which_size: Which size?
  no_number: No number
  thanks: Thanks {{ size }}
  enough: Enough
  nothing: Nothing
  what: What?
"""  # noqa: E501
URDU = """
messages:
  menu: مینو
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    files = {
        "business.yaml": BUSINESS.replace("[en]", "[en, ur]"),
        "catalog.yaml": CATALOG,
        "customer.yaml": dedent(SHOP),
        "customer.ur.yaml": dedent(URDU),
    }
    reading = read_pack(files, "flows/shop", {})
    assert reading.problems == ()
    assert reading.pack is not None
    return reading.pack


def unreached(pack: Pack, *says: Any) -> set[str]:
    coverage = Coverage(pack.flows["customer"])
    if says:
        play(pack, Script("", says), watch=coverage.see)
    return {item.unreached for item in coverage.unreached()}


CASES = [
    # what is said, exactly what it reaches, beside the messages
    (("menu",), {"idle is never entered", 'the command "menu" is never said'}),
    (("nonsense",), {"idle is never entered", '"otherwise" never answers'}),
    (("buy 1",), {"idle is never entered", 'the command "buy" is never said'}),
    (
        ("buy 0",),
        {
            "idle is never entered",
            'the command "buy" is never said',
            'between of the command "buy" never refuses with few',
        },
    ),
    (
        ("buy 2",),
        {
            "idle is never entered",
            'the command "buy" is never said',
            'branch 2 of the command "buy" is never taken',
        },
    ),
    (
        ("buy 5",),
        {
            "idle is never entered",
            'the command "buy" is never said',
            'branch 1 of the command "buy" is never taken',
        },
    ),
    (
        ("buy 6",),
        {
            "idle is never entered",
            'the command "buy" is never said',
            'the command "buy" never answers out_of_stock',
        },
    ),
    (
        ("size", "x"),
        {
            "idle is never entered",
            "sizing is never entered",
            'the command "size" is never said',
            "the input of sizing is never given",
            "the input of sizing can always be read",
        },
    ),
    (
        ("size", "x", "x"),
        {
            "idle is never entered",
            "sizing is never entered",
            'the command "size" is never said',
            "the input of sizing is never given",
            "the input of sizing can always be read",
            '"then" of sizing never answers',
        },
    ),
    (
        ("menu", {"event": "baked"}),
        {
            "idle is never entered",
            'the command "menu" is never said',
            'the event "baked" of idle never happens',
        },
    ),
    (
        ("menu", {"wait": "11 minutes"}),
        {
            "idle is never entered",
            'the command "menu" is never said',
            "the silence of idle never lasts so long",
        },
    ),
    (
        ("pick", {"press": "Apple"}),
        {
            "idle is never entered",
            "picking is never entered",
            'the command "pick" is never said',
            "the choices of picking are never picked from",
        },
    ),
    (
        ({"gone": "apple"}, {"gone": "pear"}, {"gone": "plum"}, "pick"),
        {
            "idle is never entered",
            "picking is never entered",
            'the command "pick" is never said',
            "there is always something to choose in picking",
        },
    ),
]


@pytest.mark.parametrize(("says", "reached"), CASES)
def test_what_is_reached(pack, says, reached):
    gone = unreached(pack) - unreached(pack, *says)
    assert {what for what in gone if " is never said in " not in what} == reached


def test_two_rules_on_one_line_are_told_apart(pack):
    coverage = Coverage(pack.flows["customer"])
    assert coverage.counts()["validators"] == (0, 3)
    play(pack, Script("", ("buy 0",)), watch=coverage.see)
    assert coverage.counts()["validators"] == (1, 3)
    (left,) = (item for item in coverage.unreached() if item.unreached.startswith("between"))
    play(pack, Script("", ("buy 100",)), watch=coverage.see)
    assert coverage.counts()["validators"] == (2, 3)
    assert str(left.place) == "flows/shop/customer.yaml:10"


def test_each_language_says_what_it_says_differently(pack):
    assert "menu is never said in ur" in unreached(pack, "menu")
    assert "menu is never said in ur" not in unreached(pack, "urdu")
    assert "menu is never said in en" in unreached(pack, "urdu")
    assert "rich is never said in ur" not in unreached(pack)


def test_counts_and_shares(pack):
    coverage = Coverage(pack.flows["customer"])
    assert coverage.counts() == {
        "states": (0, 3),
        "commands": (0, 11),
        "branches": (0, 2),
        "validators": (0, 3),
        "failures": (0, 2),
        "languages": (0, 17),
    }
    assert (share(1, 4), share(0, 0)) == (25.0, 100.0)
