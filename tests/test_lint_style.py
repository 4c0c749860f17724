"""flow-lint --style finds long texts, shouting, and flows in which nobody can ask for help."""

from __future__ import annotations

import json

import pytest

from engine.lint import lint
from engine.lint.long_text import MOST_CHARACTERS, MOST_LINES
from engine.lint.selection import Selection
from engine.lint.shouting import is_shouted
from engine.reader import read_flow

FLOW = """\
flow: shop
languages: [en, de]
start: initial
otherwise: hello
commands:
  ask: {words: %(words)s, reply: hello}
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
messages:
  hello: %(hello)s
"""
GERMAN = "words: {ask: %(german)s}\nmessages: {hello: Hallo}\n"
STYLE = {"long_text", "shouting", "no_help"}


def found(style: bool = True, **parts: str) -> set[str]:
    filled = {"words": "[help]", "hello": "Hello!", "german": "[]", **parts}
    files = {"shop.yaml": FLOW % filled, "shop.de.yaml": GERMAN % filled}
    problems = lint(read_flow(files, "shop.yaml", {}), selection=Selection(style=style))
    return {one.rule for one in problems} & STYLE


TEXTS = {
    "as long as it may be": ("x " * (MOST_CHARACTERS // 2), set()),
    "longer": ("x " * (MOST_CHARACTERS // 2 + 1), {"long_text"}),
    "as many lines as there may be": ("x\n" * MOST_LINES, set()),
    "more lines": ("x\n" * (MOST_LINES + 1), {"long_text"}),
    "empty lines between": ("x\n\n" * MOST_LINES, set()),
    "a long condition": ("{% if " + " and ".join(["cart.is_empty"] * 80) + " %}x{% endif %}", set()),
    "capitals": ("PLEASE SEND YOUR NAME", {"shouting"}),
    "capitals on one line": ("Hello!\nPLEASE SEND YOUR NAME\nThank you", {"shouting"}),
    "capitals around a name": ("DEAR {{ customer.name }}, PLEASE WAIT HERE", {"shouting"}),
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_that_is_long_or_loud_is_found(what: str) -> None:
    text, rules = TEXTS[what]
    assert found(hello=json.dumps(text)) == rules


LINES = {
    "PLEASE SEND YOUR NAME": True,
    "PLEASE SEND YOUR name": True,
    "Please send your NAME": False,
    "ORDER SUMMARY": False,
    "A B C D E F G H I J K L M": False,
    "WA20251018000001 COD PKR": False,
    "ПОЖАЛУЙСТА НАПИШИТЕ ВАШЕ ИМЯ": True,
    "براہِ کرم اپنا نام بھیجیں": False,
    "请告诉我 您的 名字 在这里": False,
    "": False,
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_loud_where_it_could_be_quiet(line: str) -> None:
    assert is_shouted(line) is LINES[line]


@pytest.mark.parametrize(
    ("words", "german", "helps"),
    [
        ("[help]", "[]", True),
        ('["?"]', "[]", True),
        ("[Help!]", "[]", True),
        ("[menu]", "[Hilfe]", True),
        ("[menu]", "[Karte]", False),
        ("[ayuda]", "[]", False),
    ],
)
def test_a_flow_without_help_is_found(words: str, german: str, helps: bool) -> None:
    assert ("no_help" in found(words=words, german=german)) is not helps


def test_nothing_of_it_is_found_unless_it_is_asked_for() -> None:
    assert found(style=False, words="[menu]", hello="PLEASE SEND YOUR NAME " * 40) == set()


SAVING = """\
flow: shop
start: initial
otherwise: hello
slots: {note: text, many: number}
states:
  initial:
    input: {RULE, goto: done}
  done: {final: true}
messages:
  hello: "Hello TEXT"
"""
UNBOUNDED = {
    "save: note, validate: [{length: {min: 2}, else: hello}], reply: hello": True,
    "save: note, reply: hello": True,
    "save: note, validate: [{length: {max: 200}, else: hello}], reply: hello": False,
    "save: note, validate: [{one_of: [a, b], else: hello}], reply: hello": False,
    "save: {note: written}, reply: hello": False,
    "save: many, else: hello, reply: hello": False,
}


@pytest.mark.parametrize("rule", UNBOUNDED)
def test_a_text_of_any_length_that_is_said_again_is_found(rule: str) -> None:
    for text, is_said in (("{{ note }} {{ many }}", True), ("again", False)):
        flow = SAVING.replace("RULE", rule).replace("TEXT", text)
        problems = lint(read_flow({"shop.yaml": flow}, "shop.yaml", {}), selection=Selection(style=True))
        found = [one for one in problems if one.rule == "unbounded_text"]
        assert bool(found) == (UNBOUNDED[rule] and is_said), (text, problems)
