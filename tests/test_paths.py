"""Paths: conversations that a search finds to what nothing reaches, and `shoptalk paths` that writes them."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from talking import BUSINESS, CATALOG

from adapters.commands import paths as paths_command
from adapters.commands import test as test_command
from adapters.conversation_files import text_of
from engine.pack import Pack
from engine.reader import read_pack
from engine.reader.yaml_text import read_yaml
from engine.rehearsal.coverage import Coverage
from engine.rehearsal.exploration import Explored, explore
from engine.rehearsal.script import Beginning, Script, script_of
from engine.rehearsal.talk import Unplayable
from engine.rehearsal.transcript import play
from engine.schema.problems import problems_of
from engine.source import Place

ROOT = Path(__file__).parent.parent

SHOP = """
flow: customer
languages: [en, ur]
start: idle
timeout: 30 minutes
settings: {most: 7}
slots: {name: text, age: number}
commands:
  urdu: {words: [urdu], do: {set_language: ur}, reply: menu}
states:
  idle:
    commands:
      menu: {words: [menu, مینو], reply: menu}
      take:
        pattern: "take {item:number} {quantity:number}"
        validate:
          - {in_catalog: "{{ item }}", else: no_such}
          - {between: {value: "{{ quantity }}", min: 1}, else: too_few}
          - {check: "quantity <= settings.most", else: too_many}
        do: add_to_cart
        branches:
          - {when: cart.count == 3, reply: three}
          - {reply: taken}
      buy: {words: [buy], branches: [{when: cart.is_empty, reply: nothing_yet}, {goto: naming}]}
    after: [{wait: 10 minutes, reply: there}]
    otherwise: what
  naming:
    ask: who
    input:
      save: name
      validate: [{length: {min: 3}, else: short}, {length: {max: 20}, else: long}]
      goto: aging
    otherwise: what
  aging:
    ask: how_old
    input: {save: age, else: no_number, goto: sure}
    tries: {limit: 2, then: {reply: enough, goto: idle}}
    otherwise: what
  sure:
    ask: sure
    commands:
      yes:
        do: place_order
        fails: {price_changed: dearer, unavailable: gone}
        reply: ordered
        goto: over
      never: {words: [never], when: age == -5, reply: never}
    otherwise: what
  over: {final: true}
fails: {out_of_stock: none_left, unavailable: gone, cart_empty: nothing_yet, no_such_item: no_such}
messages:
  menu: {text: Menu, buttons: [buy]}
  no_such: No such
  too_few: Too few
  too_many: Too many
  three: Three
  taken: Taken
  nothing_yet: Nothing yet
  there: There?
  what: What?
  who: Who?
  short: Short
  long: Long
  how_old: How old?
  no_number: No number
  enough: Enough
  sure: {text: Sure?, buttons: ["yes"]}
  dearer: Dearer
  gone: Gone
  none_left: None left
  ordered: Ordered
  never: Never
"""


def made(flow: str) -> Pack:
    files = {
        "business.yaml": BUSINESS.replace("[en]", "[en, ur]"),
        "catalog.yaml": CATALOG,
        "customer.yaml": dedent(flow),
        "customer.ur.yaml": "messages:\n  menu: مینو\n",
    }
    reading = read_pack(files, "flows/shop", {})
    assert reading.pack is not None
    return reading.pack


@pytest.fixture(scope="module")
def pack() -> Pack:
    return made(SHOP)


@pytest.fixture(scope="module")
def explored(pack) -> Explored:
    return explore(pack, "customer", Coverage(pack.flows["customer"]), 25_000)


def test_everything_that_can_be_reached_is_found(explored):
    assert {item.unreached for item in explored.unreached} == {
        'the command "never" of sure is never said',
        "never is never said in en",
        "the flow never answers cart_empty",
        "the flow never answers no_such_item",
        "the flow never answers unavailable",
    }


def test_what_was_found_is_reached_when_it_is_played_from_its_file(pack, explored):
    coverage = Coverage(pack.flows["customer"])
    for path in explored.paths:
        before = set(coverage.reached)
        value, problems = read_yaml(text_of(path.script, ["A comment"]), "one.yaml")
        assert problems == []
        assert list(problems_of(value, "conversation", Place("one.yaml", 1, 1))) == []
        assert "it broke inside" not in play(pack, script_of(value), watch=coverage.see)
        assert coverage.reached - before >= {item.key for item in path.reaches}
    assert {item.key for item in coverage.unreached()} == {item.key for item in explored.unreached}


def test_no_line_can_be_taken_away(pack, explored):
    assert max(len(path.script.says) for path in explored.paths) > 8
    for path in explored.paths:
        wanted = {item.key for item in path.reaches}
        for number in range(len(path.script.says)):
            says = (*path.script.says[:number], *path.script.says[number + 1 :])
            coverage = Coverage(pack.flows["customer"])
            with suppress(Unplayable):  # what is left cannot be said any more
                play(pack, replace(path.script, says=says), watch=coverage.see)
                assert not wanted <= coverage.reached, (path.script.says, number)


def test_only_what_is_wanted_is_looked_for_and_by_the_shortest_way(pack):
    coverage = Coverage(pack.flows["customer"])
    wanted = {item.key for item in coverage.unreached() if item.unreached.startswith("short is")}
    coverage.reached = set(coverage.items) - wanted
    before = set(coverage.reached)
    found = explore(pack, "customer", coverage)
    (path,) = found.paths
    take, buy, short = path.script.says
    assert (take.startswith("take 1 "), buy, len(short)) == (True, "buy", 1)
    assert coverage.reached == before
    assert path.script.title == "short is said in en"


def test_a_search_that_is_stopped_says_so(pack):
    coverage = Coverage(pack.flows["customer"])
    told: list[tuple[int, int, int]] = []
    stopped = explore(pack, "customer", coverage, 300, lambda *now: told.append(now))
    assert stopped.unreached
    assert not stopped.is_whole
    assert [most for _, most, _ in told] == [300] * len(told)
    lefts = [left for _, _, left in told]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] == len(stopped.unreached)


def test_a_search_that_is_over_says_so():
    small = made("""
        flow: customer
        start: idle
        languages: [en]
        otherwise: what
        states:
          idle:
            commands: {hi: {words: [hi], reply: hello}, "no": {words: ["no"], when: "1 > 2", reply: hello}}
        messages: {hello: Hello, what: What}
        """)
    found = explore(small, "customer", Coverage(small.flows["customer"]))
    assert [item.unreached for item in found.unreached] == ['the command "no" of idle is never said']
    assert found.is_whole


TEXTS = [
    "hi",
    "1, 2",
    "no",
    "~",
    "a: b",
    "# none",
    ' "quoted" \\ ',
    "it's",
    'say "hi"',
    "two\nlines\ttab",
    "\u202e1, 2\u202c",
    "مینو",
    "👍",
    "{{ 7*7 }}",
    "{a: b}",
    "- x",
    "\x00\x07\x85\ufeff",
    "word " * 60,
    "12",
    "1e5",
    "2025-10-18",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stands_in_the_file_as_it_was_said(text):
    script = Script(f"about {text}", (text, {"press": text}, {"send": "image", "text": text}))
    value, problems = read_yaml(text_of(script), "one.yaml")
    assert problems == []
    assert script_of(value) == script


def test_a_whole_script_stands_in_the_file():
    script = Script(
        "all of it",
        ({"stock": {f"product_{number}": 0 for number in range(40)}}, {"wait": "1 hour"}),
        role="staff",
        language="ur",
        customer={"name": "Sana Malik", "phone": "92300"},
        provider="twilio",
        start_at=Beginning("idle", {"name": "Ali", "age": 5}, {"apple": 2}),
    )
    text = text_of(script, ["One", "two"])
    value, problems = read_yaml(text, "one.yaml")
    assert problems == []
    assert script_of(value) == script
    assert text.startswith("# One\n# two\nconversation: all of it\n")
    assert max(map(len, text.splitlines())) <= 110


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flows" / "shop"
    folder.mkdir(parents=True)
    (folder / "business.yaml").write_text(BUSINESS, encoding="utf-8")
    (folder / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    flow = """
        flow: customer
        start: idle
        languages: [en]
        otherwise: what
        states:
          idle: {commands: {hi: {words: [hi], reply: hello, goto: over}}}
          over: {final: true}
        messages: {hello: Hello, what: What}
        """
    (folder / "customer.yaml").write_text(dedent(flow), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def run(command, *words: str) -> int:
    parser = ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def test_they_are_written_and_then_the_tests_reach_everything(folder, capsys):
    assert run(test_command, "--min", "100") == 1
    assert run(paths_command, "flows/shop/customer.yaml", "--write") == 0
    assert "flows/shop: 6 of 6 found, in 1 conversation\n" in capsys.readouterr().out
    written = (folder / "conversations" / "paths_1.yaml").read_text(encoding="utf-8")
    assert written.startswith('# Found by `shoptalk paths`. Without it:\n#   "otherwise" never answers\n')
    assert run(test_command, "--update") == 0
    assert run(test_command, "--min", "100") == 0
    assert run(paths_command, "flows/shop") == 0
    assert "flows/shop: its conversations reach everything\n" in capsys.readouterr().out
    assert run(paths_command, "flows/shop", "--all", "--write") == 0
    assert (folder / "conversations" / "paths_2.yaml").exists()


def test_without_write_they_are_printed(folder, capsys):
    assert run(paths_command, "flows/shop") == 0
    printed = capsys.readouterr().out
    assert "\nsays:\n  - " in printed
    assert not (folder / "conversations").exists()


def test_what_is_not_found_is_named(folder, capsys):
    flow = folder / "customer.yaml"
    text = flow.read_text(encoding="utf-8").replace("words: [hi]", 'words: [hi], when: "1 > 2"')
    flow.write_text(text, encoding="utf-8")
    assert run(paths_command, "flows/shop") == 1
    printed = capsys.readouterr().out
    assert re.search(r"flows/shop: \d not found: nothing that was tried \(\d+ things, up to", printed)
    assert '    flows/shop/customer.yaml:7: the command "hi" of idle is never said\n' in printed
    assert run(paths_command, "flows/shop", "--tries", "1") == 1
    assert "in a row; --tries allows more\n" in capsys.readouterr().out


def test_what_breaks_inside_on_the_way_is_told(folder, capsys):
    flow = folder / "customer.yaml"
    text = flow.read_text(encoding="utf-8").replace("hello: Hello,", 'hello: "{{ 10 / cart.count }}",')
    flow.write_text(text, encoding="utf-8")
    assert run(paths_command, "flows/shop") == 1
    printed = capsys.readouterr().out
    assert re.search(r"flows/shop: it broke inside on the way: \w+: .*divides by zero", printed)
    assert "`shoptalk fuzz flows/shop` shows" in printed


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nowhere",), "no pack in ."),
        (("flows/shop/catalog.yaml",), "catalog.yaml is no flow of flows/shop/business.yaml"),
        (("flows/shop", "--role", "chef"), "there is no role 'chef' in flows/shop/business.yaml"),
    ],
)
def test_what_cannot_be_searched_says_why(folder, words, why, capsys):
    assert run(paths_command, *words) == 2
    assert why in capsys.readouterr().err
