"""flow-lint finds what a slot or an action can never take."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_flow, read_pack

FLOW = """\
flow: customer
languages: [en]
start: initial
otherwise: {{reply: hello, ask_again: true}}
fails: {{no_such_item: hello, out_of_stock: hello, unavailable: hello}}
slots: {{many: number, price: decimal, mail: email, note: text, days: list of number, spot: location}}
states:
  initial:
    ask: hello
    commands: {{go: {go}}}
    input: {input}
  over: {{final: true}}
messages: {{hello: Hello!}}
"""
INPUT = "{save: note, goto: over}"


def found(go: str = "{words: [go], reply: hello}", heard: str = INPUT) -> list[str]:
    reading = read_flow({"customer.yaml": FLOW.format(go=go, input=heard)}, "customer.yaml", {})
    assert not reading.problems
    return [one.message for one in lint(reading) if one.rule == "unfit_value"]


SAVED = {
    "many: 3": True,
    'many: "3"': True,
    "many: 3.0": True,
    "many: three": False,
    "many: 3.5": False,
    'many: ""': True,
    'many: "{{ note }}"': True,
    "price: 3.5": True,
    "price: cheap": False,
    "mail: ann@example.com": True,
    "mail: ann": False,
    "note: 3": True,
    "days: [1, 2]": True,
    "days: [1, two]": False,
}


@pytest.mark.parametrize("save", SAVED)
def test_a_value_that_its_slot_cannot_be_is_found(save: str) -> None:
    assert bool(found(f"{{words: [go], save: {{{save}}}, reply: hello}}")) != SAVED[save]


PIECES = {
    '{pattern: "go {z}", do: {add_to_cart: {item: 1, quantity: "{{ z }}"}}, reply: hello}': "this is a text",
    '{pattern: "go {quantity}", do: {add_to_cart: {item: 1}}, reply: hello}': "this is a text",
    '{pattern: "go {quantity:date}", do: {add_to_cart: {item: 1}}, reply: hello}': "this is a date",
    '{words: [go], do: {add_to_cart: {item: 1, quantity: "{{ orders.all }}"}}, reply: hello}': "a list",
    '{pattern: "go {quantity:number}", do: {add_to_cart: {item: 1}}, reply: hello}': "",
    '{words: [go], do: {add_to_cart: {item: 1, quantity: "{{ cart.count + 1 }}"}}, reply: hello}': "",
    '{words: [go], do: {add_to_cart: {item: 1, quantity: "{{ cart.lines | length }}"}}, reply: hello}': "",
    "{words: [go], do: {add_to_cart: {item: 1, quantity: 2}}, reply: hello}": "",
}


@pytest.mark.parametrize("go", PIECES)
def test_what_is_no_number_of_pieces_is_found(go: str) -> None:
    problems = found(go)
    assert len(problems) == bool(PIECES[go]), problems
    assert all(PIECES[go] in one for one in problems)


ACCEPTED = {
    "{accepts: [location], save: spot, goto: over}": True,
    "{accepts: [text, location], save: spot, goto: over}": True,
    "{save: spot, goto: over}": False,
    "{accepts: [audio], save: note, goto: over}": False,
    "{accepts: [image], save: note, goto: over}": True,
    "{accepts: [image], goto: over}": True,
}


@pytest.mark.parametrize("heard", ACCEPTED)
def test_a_slot_that_nothing_accepted_can_fill_is_found(heard: str) -> None:
    assert bool(found(heard=heard)) != ACCEPTED[heard]


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: customer.yaml}
"""


@pytest.mark.parametrize(("many", "is_found"), [("two", True), ("2", False), ('"2"', False)])
def test_a_conversation_that_cannot_start_with_its_slots_is_found(many: str, is_found: bool) -> None:
    talk = f"conversation: it begins\nstart_at: {{state: initial, slots: {{many: {many}}}}}\nsays: [hi]\n"
    files = {
        "business.yaml": BUSINESS,
        "customer.yaml": FLOW.format(go="{words: [go], reply: hello}", input=INPUT),
        "conversations/it_begins.yaml": talk,
    }
    reading = read_pack(files, "", {})
    assert not reading.problems, reading.problems
    problems = [one for one in lint(reading) if one.rule == "unfit_value"]
    assert [(one.place.file, one.place.line, one.length) for one in problems] == (
        [("conversations/it_begins.yaml", 2, 4)] if is_found else []
    )
