"""Publishes changes of questions while customers are about to answer them: no answer goes astray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from storage_case import Place
from talking import BUSINESS, CATALOG
from test_publishing import opened_shop
from test_versions import Between, changed

from engine.pack import Pack
from engine.reader import read_pack

FLOW = """
flow: customer
languages: [en]
start: initial
timeout: 10 hours
slots: {name: text, address: text, n: number, wanted: text, answers: list of text}
otherwise: {reply: sorry, ask_again: true}
commands:
  pair: {words: [pair], goto: pair}
  deed: {words: [deed], goto: deed}
  quiz: {words: [quiz], goto: q1}
  count: {words: [count], goto: counting}
  pick: {words: [pick], goto: picking}
  sure: {words: [sure], do: {add_to_cart: {item: 1, quantity: 2}}, goto: sure}
  help: {words: [help], reply: menu}
states:
  initial:
    otherwise: {reply: menu, goto: menu}
  menu:
    ask: menu
  pair:
    ask: ask_pair
    commands:
      both: {pattern: "{first}, {second}", save: {name: "{{ first }}", address: "{{ second }}"}, goto: menu}
  deed:
    ask: ask_name
    input: {do: {save_customer: {name: "{{ message.text }}"}}, goto: menu}
  q1:
    ask: ask_age
    input: {save: answers, goto: q2}
  q2:
    ask: ask_town
    input: {save: answers, goto: menu}
  counting:
    ask: ask_number
    input: {save: n, else: sorry, goto: menu}
  picking:
    ask: ask_pick
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      none: sorry
      goto: menu
  sure:
    ask: ask_sure
    commands:
      yes_: {words: ["yes"], do: clear_cart, goto: menu}
      no_: {words: ["no"], goto: menu}
messages:
  sorry: Sorry
  menu: Menu
  ask_pair: "Send: name, address"
  ask_name: Your name?
  ask_age: How old are you?
  ask_town: Which town?
  ask_number: How many?
  ask_pick: Which one?
  ask_sure: Empty the cart, yes or no?
"""

PATTERN = 'pattern: "{first}, {second}"'
SAVED = 'save: {name: "{{ first }}", address: "{{ second }}"}'
YES, NO = '{words: ["yes"], do: clear_cart, goto: menu}', '{words: ["no"], goto: menu}'
Q1 = "    ask: ask_age\n    input: {save: answers, goto: q2}\n"
Q1B = "  q1b:\n" + Q1
FIRST_NAME = (
    (Q1, Q1.replace("ask_age", "ask_first").replace("q2", "q1b") + Q1B),
    ("  ask_age:", "  ask_first: Your first name?\n  ask_age:"),
)
SPANISH = {
    "edits": (("languages: [en]", "languages: [en, es]"),),
    "customer__es__yaml": "words:\n  help: [Bob]\n",
    "business__yaml": BUSINESS.replace("[en]", "[en, es]"),
}


class Case(NamedTuple):
    """A change, who waits where, what they say next, the version that takes it, and what is kept then."""

    edits: tuple[tuple[str, str], ...]
    waits: str
    said: str
    version: int
    kept: Mapping[str, object]
    files: Mapping[str, str] = {}


BOTH = {"name": "Bob", "address": "Main street 5"}

CASES: dict[str, Case] = {
    "the holes of a pattern change places": Case(
        ((PATTERN, 'pattern: "{second}, {first}"'), ("name, address", "address, name")),
        "pair",
        "Bob, Main street 5",
        1,
        BOTH,
    ),
    "what a pattern saves changes places": Case(
        ((SAVED, 'save: {name: "{{ second }}", address: "{{ first }}"}'),),
        "pair",
        "Bob, Main street 5",
        1,
        BOTH,
    ),
    "the holes of a pattern are only called otherwise": Case(
        (
            (PATTERN, 'pattern: "{who}, {where}"'),
            (SAVED, 'save: {name: "{{ who }}", address: "{{where}}"}'),
        ),
        "pair",
        "Bob, Main street 5",
        2,
        BOTH,
    ),
    "an action takes the answer as something else": Case(
        (("save_customer: {name:", "save_customer: {address:"), ("Your name?", "Your address?")),
        "deed",
        "Bob",
        1,
        {"customer": ("Bob", "")},
    ),
    "an action takes the answer as before, and another one is ordered too": Case(
        (
            ("{save_customer: {name:", "[{clear_slot: name}, {save_customer: {name:"),
            ('message.text }}"}}, goto', 'message.text }}"}}], goto'),
        ),
        "deed",
        "Bob",
        2,
        {"customer": ("Bob", "")},
    ),
    "the slot of the answer is retyped": Case((("n: number", "n: product"),), "count", "2", 1, {"n": 2}),
    "another slot is retyped": Case((("wanted: text", "wanted: word"),), "count", "2", 2, {"n": 2}),
    "a question is put before, in the state of the old one": Case(
        FIRST_NAME, "quiz", "25", 1, {"answers": ["25"]}
    ),
    "a question is put before, and `moved` says where the old one is": Case(
        (*FIRST_NAME, ("states:\n", "moved: {q1: q1b}\nstates:\n")), "quiz", "25", 2, {"answers": ["25"]}
    ),
    "a question is put before, and the old one is worded anew": Case(
        (
            (Q1, Q1.replace("q2", "q1b") + Q1B.replace("ask_age", "ask_years")),
            ("  ask_age: How old are you?", "  ask_age: Your first name?\n  ask_years: Your age?"),
        ),
        "quiz",
        "25",
        1,
        {"answers": ["25"]},
    ),
    "two questions of one list change places": Case(
        (
            ("ask_age: How old are you?", "ask_age: Which town?"),
            ("ask_town: Which town?\n  ask_n", "ask_town: How old are you?\n  ask_n"),
        ),
        "quiz",
        "25",
        1,
        {"answers": ["25"]},
    ),
    "a question of a list is worded anew": Case(
        (("How old are you?", "How old are you, please?"),), "quiz", "25", 2, {"answers": ["25"]}
    ),
    "the message of a question has another name": Case(
        (("ask_age", "question_of_age"),), "quiz", "25", 2, {"answers": ["25"]}
    ),
    "a question is put behind": Case(
        (
            ("goto: q2}", "goto: q1b}\n" + Q1B.replace("ask_age", "ask_first").rstrip("\n")),
            ("  ask_age:", "  ask_first: Your first name?\n  ask_age:"),
        ),
        "quiz",
        "25",
        2,
        {"answers": ["25"]},
    ),
    "a language is added with a word that is an answer": Case(
        SPANISH["edits"],
        "deed",
        "Bob",
        1,
        {"customer": ("Bob", "")},
        {name: text for name, text in SPANISH.items() if isinstance(text, str)},
    ),
    "a command is added whose word is an answer": Case(
        (("words: [help]", "words: [help, bob]"),), "quiz", "Bob", 1, {"answers": ["Bob"]}
    ),
    "yes and no change their meanings": Case(
        (
            ("yes_: " + YES, "yes_: " + YES.replace(" do: clear_cart,", "")),
            ("no_: " + NO, "no_: " + NO.replace(" goto", " do: clear_cart, goto")),
        ),
        "sure",
        "yes",
        1,
        {"cart": 0},
    ),
    "yes and no change their words": Case(
        (
            ("Empty", "Keep"),
            ("yes_: " + YES, "yes_: " + YES.replace('"yes"', '"no"')),
            ("no_: " + NO, "no_: " + NO.replace('"no"', '"yes"')),
        ),
        "sure",
        "yes",
        1,
        {"cart": 0},
    ),
    "the question is worded anew, and yes does something else": Case(
        (("Empty the cart, yes or no?", "Is all well?"), ("do: clear_cart, goto: menu", "goto: menu")),
        "sure",
        "yes",
        1,
        {"cart": 0},
    ),
    "a mistake in what yes does is mended": Case(
        (("do: clear_cart, goto: menu", "do: {change_quantity: {item: 1, quantity: 1}}, goto: menu"),),
        "sure",
        "yes",
        2,
        {"cart": 1},
    ),
    "yes leads elsewhere, to one more question": Case(
        (("do: clear_cart, goto: menu", "do: clear_cart, goto: deed"), ("Empty the", "Empty your")),
        "sure",
        "yes",
        2,
        {"cart": 0},
    ),
    "the choices change their order": Case(
        (("from: catalog.available", 'from: "catalog.available | reverse | list"'),),
        "pick",
        "2",
        2,
        {"wanted": "pear"},
    ),
    "the choices stand for something else": Case(
        (("{{ product.code }}", "{{ product.number }}"),), "pick", "2", 1, {"wanted": "pear"}
    ),
    "the choices are kept elsewhere": Case(
        (("save: wanted", "save: name"),), "pick", "2", 1, {"wanted": "pear"}
    ),
    "the slot of the choices is retyped": Case(
        (("wanted: text", "wanted: product"),), "pick", "2", 1, {"wanted": "pear"}
    ),
}


def kept_by(slots: Mapping[str, object], case: Case) -> dict[str, object]:
    """What the case looks at, of what is remembered."""
    return {name: slots[name] for name in case.kept if name in slots}


@pytest.mark.parametrize("name", CASES)
def test_an_answer_lands_where_it_was_asked_for(name: str) -> None:
    case = CASES[name]
    between = Between(FLOW)
    between.say("hi")
    between.say(case.waits)
    between.publish(changed(*case.edits, flow=FLOW), **case.files)
    between.say(case.said)
    assert between.version == case.version
    customer = between.talker.shop.customer()
    cart = sum(line[1] for line in between.talker.conversation.cart)
    found = {"customer": (customer.name, customer.address), "cart": cart, **between.slots}
    assert kept_by(found, case) == case.kept


@pytest.mark.parametrize("name", CASES)
def test_it_does_so_where_something_else_is_said_first(name: str) -> None:
    """Whoever moves is in the newest version from then on: it must take the answer alike."""
    case = CASES[name]
    between = Between(FLOW)
    between.say("hi")
    between.say(case.waits)
    between.publish(changed(*case.edits, flow=FLOW), **case.files)
    between.say("help")
    between.say(case.said)
    customer = between.talker.shop.customer()
    cart = sum(line[1] for line in between.talker.conversation.cart)
    found = {"customer": (customer.name, customer.address), "cart": cart, **between.slots}
    assert kept_by(found, case) == case.kept


def pack_of(flow: str, files: Mapping[str, str]) -> Pack:
    named = {
        "business.yaml": BUSINESS,
        "catalog.yaml": CATALOG,
        "customer.yaml": flow,
    }
    named |= {name.replace("__", "."): text for name, text in files.items()}
    reading = read_pack(named, "flows/shop", {})
    assert reading.problems == (), reading.problems
    assert reading.pack is not None
    return reading.pack


@pytest.mark.parametrize("name", CASES)
def test_it_does_so_on_a_database(place: Place, name: str) -> None:
    case = CASES[name]
    sender = "923001111001"
    with opened_shop(place, pack_of(FLOW, {})) as shop:
        shop.says(sender, "hi", case.waits)
        shop.published.publish(pack_of(changed(*case.edits, flow=FLOW), case.files), "test", shop.now)
        assert shop.says(sender, case.said)
        assert shop.version(sender) == case.version
        talk = shop.talk(sender)
        customers = shop.storage.database.rows("SELECT name, address FROM customers")
        cart = sum(line[1] for line in talk.cart)
        found = {"customer": customers[0], "cart": cart, **talk.slots}
        assert kept_by(found, case) == case.kept
