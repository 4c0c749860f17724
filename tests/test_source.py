"""YAML without its traps: what loads as what, and what is said of that which people type wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.reader.yaml_builder import DEEPEST, MOST_ALIASED
from engine.reader.yaml_text import read_yaml
from engine.source import Listed, Mapped, Place, Word

VALUES = [
    ("a: true", True),
    ("a: false", False),
    ("a: yes", "yes"),
    ("a: no", "no"),
    ("a: on", "on"),
    ("a: off", "off"),
    ("a: True", "True"),
    ("a: null", None),
    ("a: ~", None),
    ("a:", None),
    ("a: Null", "Null"),
    ("a: 12", 12),
    ("a: -3", -3),
    ("a: +923001234567", "+923001234567"),
    ("a: 0123", "0123"),
    ("a: 0x1f", "0x1f"),
    ("a: 0o17", "0o17"),
    ("a: 1_000", "1_000"),
    ("a: 09:30", "09:30"),
    ("a: 190:20:30", "190:20:30"),
    ("a: 2026-05-24", "2026-05-24"),
    ("a: 50.00", Decimal("50.00")),
    ("a: 0.1", Decimal("0.1")),
    ("a: 1e5", "1e5"),
    ("a: .5", ".5"),
    ("a: .inf", ".inf"),
    ("a: .nan", ".nan"),
    ("a: 1.2.3", "1.2.3"),
    ("a: " + "9" * 5000, "9" * 5000),
    ('a: "12"', "12"),
    ("a: 'true'", "true"),
    ("a: |\n  hi\n  there\n", "hi\nthere\n"),
    ("a: {b: c:d}", {"b": "c:d"}),
    ("a: House 12, Street 4", "House 12, Street 4"),
    ("a: what next?", "what next?"),
    ("a: b # {c}", "b"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text: str, value: object) -> None:
    read, problems = read_yaml(text, "f.yaml")
    assert problems == []
    assert read["a"] == value
    assert type(read["a"]) in (type(value), Word, Mapped)


def test_price_keeps_its_digits() -> None:
    read, _ = read_yaml("price: 50.10", "f.yaml")
    assert str(read["price"]) == "50.10"


def test_keys_are_texts() -> None:
    read, problems = read_yaml("1: a\ntrue: b\nno: c\n~: d\n", "f.yaml")
    assert problems == []
    assert list(read) == ["1", "true", "no", "~"]


def test_places() -> None:
    read, _ = read_yaml('top:\n  - one\n  - {two: "😀 x", three: 4}\nlast: |\n  a\n    b\n', "f.yaml")
    assert read.place == Place("f.yaml", 1, 1)
    assert read.word("last").place == Place("f.yaml", 4, 1)
    entries = read["top"]
    assert isinstance(entries, Listed)
    assert entries[0].place == Place("f.yaml", 2, 5)
    assert entries[1].word("three").place == Place("f.yaml", 3, 18)
    assert entries[1].spans["three"] == (Place("f.yaml", 3, 25), 1)
    assert entries[1]["two"].place == Place("f.yaml", 3, 11)
    assert entries[1]["two"].inner == Place("f.yaml", 3, 12)
    assert read["last"].inner == Place("f.yaml", 5, 3)
    assert read["last"].inner.within(1, 3) == Place("f.yaml", 6, 5)


def test_windows_line_ends() -> None:
    read, problems = read_yaml(b"\xef\xbb\xbfa: b\r\nc: |\r\n  d\r\n  e\r\n", "f.yaml")
    assert problems == []
    assert read == {"a": "b", "c": "d\ne\n"}
    assert read.word("c").place.line == 2


WRONG = [
    # What stands there, and the line:column and sentence it is answered with.
    ("msg: {{ name }}", ['1:6 a text that begins with {{ needs quotes: "{{ name }}"']),
    ("msg: {{ name }} there", ['1:6 a text that begins with {{ needs quotes: "{{ name }} there"']),
    ("a:\n  - {{ x }}", ['2:5 a text that begins with {{ needs quotes: "{{ x }}"']),
    ("a: {text: {{ x }}, b: c}", ['1:11 a text that begins with {{ needs quotes: "{{ x }}"']),
    ("a: {text: Hi {{ x }}, b: c}", ['1:11 a text that holds {{ }} needs quotes: "Hi {{ x }}"']),
    ("a: {% if x %}", ['1:4 a text that begins with {% needs quotes: "{% if x %}"']),
    ("a: *hello*", ['1:4 a text that begins with * needs quotes: "*hello*"']),
    ("a: *hello* there", ['1:4 a text that begins with * needs quotes: "*hello* there"']),
    (
        "a: *hello",
        ['1:4 a text that begins with * needs quotes: "*hello" (as an alias, it needs an &hello above)'],
    ),
    ("a: {b: *bold*}", ['1:8 a text that begins with * needs quotes: "*bold*"']),
    ("a: @all hi", ['1:4 a text that begins with @ needs quotes: "@all hi"']),
    ("a: [x, @all]", ['1:8 a text that begins with @ needs quotes: "@all"']),
    ("a: `x`", ['1:4 a text that begins with ` needs quotes: "`x`"']),
    ("a: %20", ['1:4 a text that begins with % needs quotes: "%20"']),
    ("a: & more", ['1:4 a text that begins with & needs quotes: "& more"']),
    ("a: &more here", ['1:4 a text that begins with & needs quotes: "&more here"']),
    ("a: !wow x", ['1:4 a text that begins with ! needs quotes: "!wow x"']),
    ("a: > 5 items", ['1:4 a text that begins with > needs quotes: "> 5 items"']),
    ("a: - hi", ['1:4 a text that begins with - needs quotes: "- hi"']),
    ("a: [x] y", ['1:4 a text that begins with [ needs quotes: "[x] y"']),
    ("a: , b", ['1:4 a text that begins with , needs quotes: ", b"']),
    ("text: hi: there", ['1:7 a text that holds ": " needs quotes: "hi: there"']),
    ("a: {text: hi: there, b: c}", ['1:11 a text that holds ": " needs quotes: "hi: there"']),
    (
        "a: {reply: hello, dear customer}",
        [
            "1:19 the comma before 'dear customer' ends the text;"
            ' put the whole of it in quotes: reply: "hello, dear customer"'
        ],
    ),
    (
        "a: {text: really?}",
        ['1:11 an unquoted text between braces cannot hold a "?"; put it in quotes: "really?"'],
    ),
    (
        "a: Order #{{ n }} # yes",
        ['1:4 what stands behind # is a comment; put the text in quotes: "Order #{{ n }} # yes"'],
    ),
    ("a: [help, ?]", ['1:11 a lone ? needs quotes: "?"']),
    ("a: {words: [?, help]}", ['1:13 a lone ? needs quotes: "?"']),
    ("a: {b:c}", ["1:5 a space is missing after the colon: b: c"]),
    ("a: {b}", ["1:5 'b' has no value here; write `b: …`, or put the text in quotes"]),
    ("a:\n\tb: c", ["2:1 a tab stands here; indent with spaces"]),
    ("a:\n  b: c\n\td: e", ["3:1 a tab stands here; indent with spaces"]),
    ('a: "hi\nb: c', ['1:4 this " is never closed']),
    ('a: "hi\nb: "c"', ['1:4 this " is never closed']),
    ("a: 'hi", ["1:4 this ' is never closed"]),
    ("a: 'it's'", ['1:8 an apostrophe ends a text in single quotes; use double quotes: "it\'s"']),
    (
        'a: "hi" there',
        ["1:9 the text goes on behind its closing quote; put the whole of it in quotes"],
    ),
    (
        'a: "50\\%"',
        ["1:7 what stands behind this \\ is unknown; write \\\\ for a backslash, or use single quotes"],
    ),
    (
        "a:\n  b: c\n d: e",
        ["3:2 this line's indentation fits no line above; a key stands exactly below its neighbours"],
    ),
    (
        "a: b\n  c: d",
        ["2:3 this line's indentation fits no line above; a key stands exactly below its neighbours"],
    ),
    ("a: b\nc\nd: e", ["2:1 'c' is neither a key with its colon nor indented as part of the text above"]),
    ("a: {b: c", ["1:4 this { is never closed by a } (or a comma is missing)"]),
    ("a: [b, c\nd: e", ["1:4 this [ is never closed by a ] (or a comma is missing)"]),
    ("a: b}}\nc: {d: e}}", ["2:10 this } closes nothing"]),
    ("a: 1\nb: 2\na: 3", ["3:1 'a' stands here a second time; the first is on line 1"]),
    ("<<: {a: b}", ["1:1 `<<` is no key here: write the keys out, or use *NAME as the whole of a value"]),
    ("a: &x {b: *x}", ["1:11 *x stands inside of what it names, and would never end"]),
    ("[a]: b", ["1:1 a key is a text; a list or braces cannot be one"]),
    ("a: b\n---\nc: d", ["2:1 a file holds one document: take away this `---`"]),
    ("", ["1:1 this file is empty"]),
    ("# nothing\n", ["1:1 this file is empty"]),
    ("a: b\x07c", ["1:5 a character that nobody can see stands here (U+0007); delete it"]),
    (b"a: b\n  \xff", ["2:3 this file is not UTF-8; save it with the encoding UTF-8"]),
    ("a: b".encode("utf-16"), ["1:1 this file is not UTF-8; save it with the encoding UTF-8"]),
    (b"a: " + b"x" * 1024 * 1024, ["1:1 this file is larger than 1 MiB"]),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=lambda value: repr(value)[:40])
def test_wrong(text: str | bytes, said: list[str]) -> None:
    _, problems = read_yaml(text, "f.yaml")
    assert [f"{one.place.line}:{one.place.column} {one.message}" for one in problems] == said
    assert {one.rule for one in problems} <= {"yaml"}


def test_all_traps_of_a_file_in_one_run() -> None:
    text = "a: {{ x }}\nb: *bold*\nc: {d: @x, e: f: g}\nh: i: j\nk: [l, ?]\n"
    read, problems = read_yaml(text, "f.yaml")
    assert [(one.place.line, one.place.column) for one in problems] == [
        (1, 4),
        (2, 4),
        (3, 8),
        (3, 15),
        (4, 4),
        (5, 8),
    ]
    assert read == {
        "a": "{{ x }}",
        "b": "*bold*",
        "c": {"d": "@x", "e": "f: g"},
        "h": "i: j",
        "k": ["l", "?"],
    }
    assert read.word("k").place == Place("f.yaml", 5, 1)


def test_columns_behind_a_mended_text_are_those_of_the_file() -> None:
    read, _ = read_yaml("a: {text: @x, buttons: [y]}", "f.yaml")
    assert read["a"].word("buttons").place == Place("f.yaml", 1, 15)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_stopped(opening: str) -> None:
    _, problems = read_yaml(opening * 40_000, "f.yaml")
    assert problems[0].message == f"this file is more than {DEEPEST} levels deep: nobody can read that"


def test_aliases_share_a_value() -> None:
    read, problems = read_yaml("a: &both {b: c}\nd: *both\n", "f.yaml")
    assert problems == []
    assert read == {"a": {"b": "c"}, "d": {"b": "c"}}


def test_aliases_are_bounded() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    _, problems = read_yaml("\n".join(rows), "f.yaml")
    assert problems[0].message == "this file has too many aliases: nobody can read that"
    assert MOST_ALIASED < 10**8


@given(st.binary(max_size=200))
def test_random_bytes_give_findings(raw: bytes) -> None:
    value, problems = read_yaml(raw, "f.yaml")
    assert value is not None or problems


@given(st.text(alphabet=st.sampled_from("ab:-?*&!|>%@`'\"{}[],# \n\t~<=.1é😀\x85\u2028\r"), max_size=60))
@settings(max_examples=400)
def test_random_text_gives_findings(text: str) -> None:
    value, problems = read_yaml(text, "f.yaml")
    assert value is not None or problems
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in problems:
        assert 1 <= problem.place.line <= len(lines)
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
        assert problem.length >= 1


FLOW = """
flow: customer
states:
  initial: {ignore: [menu, "?"], otherwise: {reply: [welcome, menu]}}
  asking:
    ask: "who?"
    input: {save: name, validate: [{length: {min: 2}, else: 'short'}]}
messages:
  welcome: |
    Hi {{ name }}
  menu: &m {text: "a: b"}
  other: *m
"""


@given(
    st.lists(
        st.tuples(st.integers(0, len(FLOW)), st.integers(0, 3), st.sampled_from(" \n\t:{}[]\"'-?*&!,#|>x")),
        max_size=4,
    )
)
@settings(max_examples=400)
def test_mutated_flows_give_findings(changes: list[tuple[int, int, str]]) -> None:
    text = FLOW
    for at, dropped, sign in changes:
        text = text[:at] + sign + text[at + dropped :]
    value, problems = read_yaml(text, "f.yaml")
    assert value is not None or problems
