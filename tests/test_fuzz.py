"""Random and hostile customers: what they break is found, and shortened to the shortest conversation."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talking import BUSINESS, CATALOG

from adapters.channels import CHANNELS
from adapters.commands import fuzz as fuzz_command
from adapters.conversation_files import text_of
from adapters.packs import load_pack
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Option, Outbound
from engine.pack import Pack
from engine.reader import read_pack
from engine.reader.yaml_text import read_yaml
from engine.rehearsal.fuzzing import Broken, Fuzzing, smaller, unfit
from engine.rehearsal.hostility import CANARY, TEXTS, Hostility
from engine.rehearsal.provocations import Provocations
from engine.rehearsal.script import Script, script_of
from engine.rehearsal.stage import Stage

FLOWS = Path(__file__).parent.parent / "flows"
PROVIDERS = {"": Limits(), **{name: channel.limits for name, channel in CHANNELS.items()}}

SHOP = """
flow: customer
start: idle
languages: [en]
slots: {count: number}
otherwise: what
commands:
  greet: {words: [hi], reply: hello}
states:
  idle:
    commands:
      buy: {words: [buy], goto: counting}
      look: {words: [look], reply: hello}
    otherwise: what
  counting:
    ask: how_many
    input:
      save: count
      else: what
      VALIDATE
      do: {add_to_cart: {item: 7, quantity: "{{ count }}"}}
      reply: taken
      goto: idle
fails: {no_such_item: what, out_of_stock: what, unavailable: what}
messages:
  hello: HELLO
  how_many: How many?
  taken: Taken
  what: What?
"""
VALIDATED = "validate: [{between: {value: '{{ count }}', min: 1, max: 99}, else: what}]"
DIVIDING = "validate: [{check: 99 // count >= 1, else: what}]"


def made(flow: str = SHOP, validate: str = VALIDATED, hello: str = "Hello") -> Pack:
    text = dedent(flow).replace("VALIDATE", validate).replace("HELLO", hello)
    files = {"business.yaml": BUSINESS, "catalog.yaml": CATALOG, "customer.yaml": text}
    reading = read_pack(files, "flows/shop", {})
    assert reading.problems == ()
    assert reading.pack is not None
    return reading.pack


def fuzzing(pack: Pack, seed: int = 0) -> Fuzzing:
    return Fuzzing(pack, "customer", PROVIDERS, Random(seed))


def first_broken(pack: Pack, runs: int = 300) -> Broken:
    customers = fuzzing(pack)
    for _ in range(runs):
        _, broken = customers.run()
        if broken is not None:
            return broken
    raise AssertionError("nothing broke")


def test_what_breaks_is_found_and_shortened_to_its_minimum():
    """Where nobody may write 0."""
    broken = first_broken(made(validate=DIVIDING))
    buy, count = broken.script.says
    assert buy == "buy"
    assert int(count) == 0
    assert len(count) <= 2
    assert (broken.script.customer, broken.script.language, broken.script.provider) == ({}, "", "")
    assert broken.breach.what.startswith("it breaks inside: ExpressionFailed: ")
    assert "divides by zero" in broken.breach.details
    assert broken.length_before >= 2


PLANTED = {
    "a message that comes to nothing": ("{% if 1 > 2 %}x{% endif %}", "nothing comes of the messages hello"),
    "a template that is shown": ("{{ '{' }}{ name }}", "the customer sees the template: {{"),
    "a traceback that is shown": (
        "Traceback (most recent call last)",
        "a traceback is shown to the customer",
    ),
    "what looks as if it had been evaluated": (CANARY, "a customer's words were taken for a template"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_must_not_be_said_is_found(planted):
    hello, what = PLANTED[planted]
    broken = first_broken(made(hello=f'"{hello}"'))
    assert broken.breach.what.startswith(what)
    assert len(broken.script.says) == 1


def test_a_flow_that_is_in_order_breaks_nowhere():
    customers = fuzzing(made())
    assert [broken for _, broken in (customers.run() for _ in range(150)) if broken] == []


@pytest.mark.parametrize("pack", ["cookie_barrel", "wholesale"])
def test_no_hostile_customer_breaks_a_seed_shop(pack):
    read = load_pack(FLOWS / pack).pack
    assert read is not None
    customers = fuzzing(read, seed=7)
    assert [broken for _, broken in (customers.run() for _ in range(60)) if broken] == []


def test_the_same_seed_plays_the_same_customers():
    one, other = fuzzing(made(), 3), fuzzing(made(), 3)
    assert [one.run() for _ in range(20)] == [other.run() for _ in range(20)]


def test_what_is_printed_shows_the_fault_again():
    pack = made(validate=DIVIDING)
    broken = first_broken(pack)
    value, problems = read_yaml(text_of(broken.script, [broken.breach.what]), "one.yaml")
    assert problems == []
    found = fuzzing(pack).breach_in(script_of(value))
    assert found is not None
    assert found.mark == broken.breach.mark


def test_hostile_customers_do_all_there_is_to_do():
    pack = made()
    interpreter = Interpreter(pack)
    hostility = Hostility(Provocations(interpreter.flow, pack.products), Random(0))
    stage = Stage(pack, Script("", ()), interpreter=interpreter)
    seen = [hostility.next(stage) for _ in range(4000)]
    assert {said for said in seen if isinstance(said, str)} >= set(TEXTS)
    assert {next(iter(said)) for said in seen if not isinstance(said, str)} == {
        "press",
        "send",
        "wait",
        "event",
        "stock",
        "price",
        "gone",
    }
    assert any(len(text) >= 65536 for text in TEXTS)


@given(st.lists(st.integers(0, 9), max_size=30), st.sets(st.integers(0, 9), max_size=3))
def test_the_smallest_is_nothing_but_what_is_needed(parts, needed):
    def shows(some):
        return needed <= set(some)

    steps = [tuple(parts), *smaller(tuple(parts), shows)]
    assert all(shows(step) for step in steps[1:])
    assert [len(step) for step in steps] == sorted({len(step) for step in steps}, reverse=True)
    if shows(parts) and needed:
        assert sorted(steps[-1]) == sorted(needed)


def test_what_is_long_is_shortened_in_a_bounded_number_of_tries():
    pack = made(validate=DIVIDING)
    long = Script("", ("x " * 40_000, *["look"] * 300, "buy", "0"))
    breach = fuzzing(pack).breach_in(long)
    assert breach is not None
    assert fuzzing(pack).shortened(long, breach).script.says == ("buy", "0")


FORGED = """
flow: customer
start: idle
languages: [en]
otherwise: what
states:
  idle:
    commands:
      add: {pattern: "{item:number} x {quantity:number}", do: add_to_cart, reply: taken}
fails: {no_such_item: what, out_of_stock: what, unavailable: what}
messages: {taken: Taken, what: What}
"""


@pytest.mark.parametrize("press", ['[0,"add"]', '[0,"add",{"item":7}]', '[9,"add",{"quantity":1}]'])
def test_a_forged_button_that_lacks_what_its_command_reads_means_nothing(press):
    stage = Stage(made(FORGED), Script("", ()))
    (turn,) = stage.act({"press": press})
    assert [reply.text for reply in turn.replies] == ["What"]
    assert stage.talk.conversation.cart == []


def test_a_button_that_brings_all_of_it_is_taken():
    stage = Stage(made(FORGED), Script("", ()))
    stage.act({"press": '[0,"add",{"item":7,"quantity":2}]'})
    assert [line[:2] for line in stage.talk.conversation.cart] == [["plum", 2]]


UNFIT = [
    (Outbound("x" * 4097), "limit text"),
    (Outbound("x" * 1025, buttons=(Option("A", "1"),)), "limit text"),
    (Outbound("x", buttons=(Option("A", "1"),) * 4), "limit buttons"),
    (Outbound("x", buttons=(Option("A" * 21, "1"),)), "limit button title"),
    (Outbound("x", buttons=(Option(" ", "1"),)), "untitled"),
    (Outbound("", buttons=(Option("A", "1"),)), "bodiless"),
    (Outbound("x", rows=(Option("A", "1"),) * 11), "limit rows"),
    (Outbound("x", rows=(Option("A" * 25, "1"),)), "limit row title"),
    (Outbound("x", rows=(Option("A", "1", "b" * 73),)), "limit row's second line"),
    (Outbound("x", rows=(Option("A", "1" * 201),)), "limit press id"),
    (Outbound("x", header="h" * 61), "limit header"),
    (Outbound("x", footer="f" * 61), "limit footer"),
    (Outbound("x", list_button="l" * 21), "limit list button"),
    (Outbound("x" * 1024, buttons=(Option("A", "1"),) * 3), None),
]


@pytest.mark.parametrize(("reply", "mark"), UNFIT)
def test_what_a_provider_would_not_take(reply, mark):
    assert [breach.mark for breach in unfit(reply, Limits())][:1] == ([mark] if mark else [])


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flows" / "shop"
    folder.mkdir(parents=True)
    (folder / "business.yaml").write_text(BUSINESS, encoding="utf-8")
    (folder / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    text = dedent(SHOP).replace("VALIDATE", VALIDATED).replace("HELLO", "Hello")
    (folder / "customer.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def run(*words: str) -> int:
    parser = ArgumentParser()
    fuzz_command.add_arguments(parser)
    return fuzz_command.run(parser.parse_args(words))


def test_the_command_says_what_broke_as_a_conversation(folder, capsys):
    assert run("flows/shop", "--runs", "40", "--seed", "5") == 0
    assert "nothing broke (--seed 5 plays them again)" in capsys.readouterr().out
    flow = folder / "customer.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace(VALIDATED, DIVIDING), encoding="utf-8")
    assert run("flows/shop/customer.yaml", "--runs", "300", "--seed", "5") == 1
    printed = capsys.readouterr().out
    assert re.search(r"^# it breaks inside: ExpressionFailed: .*it divides by zero", printed)
    assert re.search(r"^# Shortened from \d+ to 2\.$", printed, re.MULTILINE)
    assert "\nsays:\n  - buy\n  - " in printed
    assert "300 customers said" in printed
    assert ": 1 fault (--seed 5" in printed


def test_the_command_ends_in_time(folder, capsys):
    assert run("flows/shop", "--seconds", "0") == 0
    assert "0 customers said 0 things: nothing broke" in capsys.readouterr().out
    assert run("nowhere") == 2
    assert "no pack in ." in capsys.readouterr().err
