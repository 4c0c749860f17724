"""What people type wrong in YAML is answered in words of the flow, at its place, never in the parser's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.reader import read_flow
from engine.reader.yaml_text import read_yaml

FLOW = """\
flow: shop
start: initial
otherwise: hello
commands:
  stop: {words: [stop, end], reply: hello}
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
messages:
  hello: Hello!
  long: |
    One
    two
"""

# What is typed in place of what; the line and the column of the answer, and words of it.
SLIPS = {
    "no colon behind a key": ("states:\n", "states\n", 6, 7, "a colon is missing behind 'states'"),
    "no colon behind a name": ("  initial:\n", "  initial\n", 7, 10, "a colon is missing behind 'initial'"),
    "no colon before a value": (
        "start: ini",
        "start ini",
        2,
        6,
        "a colon is missing behind 'start': sta",
    ),
    "no space behind the colon": ("start: ini", "start:ini", 2, 7, "a space is missing after the colon"),
    "no space behind a colon deeper": ("hello: Hello!", "hello:Hello!", 11, 9, "a space is missing after"),
    "no space between braces": ("reply: hello, g", "reply:hello, g", 8, 17, "a space is missing after"),
    "= for :": ("start: initial", "start = initial", 2, 6, "behind a key stands a colon: start: initial"),
    "a colon of another script": ("start: ", "start： ", 2, 6, "this colon is another sign (U+FF1A)"),
    "too deep": ("  done:", "   done:", 9, 4, "this line's indentation fits no line above"),
    "not deep enough": ("  done:", " done:", 9, 2, "this line's indentation fits no line above"),
    "not deeper than its key": ("    otherwise", "  otherwise", 7, 3, "`initial` has no value"),
    "a tab": ("    otherwise", "\totherwise", 8, 1, "a tab stands here; indent with spaces"),
    "a tab among spaces": ("    otherwise", "  \totherwise", 8, 3, "a tab stands here; indent with spaces"),
    "no-break spaces": ("    otherwise", "\u00a0\u00a0\u00a0\u00a0otherwise", 8, 1, "another sign (U+00A0)"),
    "a no-break space behind a colon": ("start: ", "start:\u00a0", 2, 7, "another sign (U+00A0)"),
    "a wide space": ("    otherwise", "\u3000\u3000otherwise", 8, 1, "another sign (U+3000)"),
    "an open quote": ("Hello!", '"Hello!', 11, 10, 'this " is never closed'),
    "an open single quote": ("Hello!", "'Hello!", 11, 10, "this ' is never closed"),
    "an open brace": ("goto: done}", "goto: done", 8, 16, "this { is never closed by a }"),
    "an open bracket": ("stop, end]", "stop, end", 5, 17, "this [ is never closed by a ]"),
    "a bracket closed by a brace": ("stop, end]", "stop, end}", 5, 17, "this [ is never closed by a ]"),
    "a brace too many": ("goto: done}", "goto: done}}", 8, 42, "this } closes nothing"),
    "a brace on a line of its own": ("messages:", "}\nmessages:", 10, 1, "this } closes nothing"),
    "a comma missing": ("hello, goto", "hello goto", 8, 24, "a comma is missing: hello, goto:"),
    "a comma in a text between braces": ("reply: hello,", "reply: hello, dear, ", 8, 31, "the comma before"),
    "an entry of a list among keys": ("  done:", "  - done:", 9, 3, "a list and keys are mixed here"),
    "keys in a list": ("  initial:\n", "  - initial:\n", 9, 3, "a list and keys are mixed here"),
    "a list for keys": ("  done: {final: true}", "  []", 9, 3, ""),
    "no space behind the dash": (
        "{words: [stop, end], reply: hello}",
        "\n    words:\n      -stop\n      -end\n    reply: hello",
        7,
        7,
        "a space is missing behind the -: - stop",
    ),
    "two equal keys": (
        "start: initial",
        "start: initial\nstart: done",
        3,
        1,
        "stands here a second time",
    ),
    "a key of two colons": ("start:", "start::", 2, 1, "no key 'start:'; did you mean 'start'?"),
    "typographic quotes": ("Hello!", "“Hello: you”", 11, 10, 'a text that holds ": " needs quotes'),
    "a colon in a text": (
        "Hello!",
        "Hello: you",
        11,
        10,
        'needs quotes: "Hello: you"',
    ),
    "a colon at its end": ("Hello!", "We sell:", 11, 10, 'a text that holds ": " needs quotes'),
    "a colon in another script": ("Hello!", "سلام: دوست", 11, 10, 'a text that holds ": " needs quotes'),
    "a colon behind an emoji": ("Hello!", "👋 Hello: you", 11, 10, 'a text that holds ": " needs quotes'),
    "@": ("Hello!", "@all hello", 11, 10, 'a text that begins with @ needs quotes: "@all hello"'),
    "*": ("Hello!", "*Hello* you", 11, 10, 'a text that begins with * needs quotes: "*Hello* you"'),
    "* alone": ("Hello!", "*Hello*", 11, 10, 'a text that begins with * needs quotes: "*Hello*"'),
    "%": ("Hello!", "%50 off", 11, 10, "a text that begins with % needs quotes"),
    "`": ("Hello!", "`code` hello", 11, 10, "a text that begins with ` needs quotes"),
    "&": ("Hello!", "&hello there", 11, 10, "a text that begins with & needs quotes"),
    "!": ("Hello!", "!Hello there", 11, 10, "a text that begins with ! needs quotes"),
    "?": ("Hello!", "? Hello", 11, 10, "a text that begins with a ? needs quotes"),
    "? in a list": ("[stop, end]", "[stop, ?]", 5, 24, "a lone ? needs quotes"),
    ">": ("Hello!", "> Hello", 11, 10, "a text that begins with > needs quotes"),
    "|": ("Hello!", "| Hello", 11, 10, "a text that begins with | needs quotes"),
    "-": ("Hello!", "- Hello", 11, 10, "a text that begins with - needs quotes"),
    "[": ("Hello!", "[Hello] you", 11, 10, "a text that begins with [ needs quotes"),
    "{": ("Hello!", "{Hello} you", 11, 10, "a text that begins with { needs quotes"),
    "{{": ("Hello!", "{{ business.name }}", 11, 10, "a text that begins with {{ needs quotes"),
    "{{ and more": ("Hello!", "{{ business.name }} hi", 11, 10, "a text that begins with {{ needs quotes"),
    "{%": ("Hello!", "{% if x %}hi{% endif %}", 11, 10, "a text that begins with {% needs quotes"),
    "an apostrophe": ("Hello!", "'Don't'", 11, 15, 'use double quotes: "Don\'t"'),
    "text behind a quote": ("Hello!", '"Hello" you', 11, 18, "the text goes on behind its closing quote"),
    "a backslash": ("Hello!", '"C:\\path"', 11, 13, "what stands behind this \\ is unknown"),
    "# before a text": ("Hello!", "#1 shop", 11, 3, 'a comment, a text needs quotes: "#1 shop"'),
    "# before a value": ("Hello!", "Order #{{ order.number }}", 11, 10, "what stands behind # is a comment"),
    "---": ("states:", "---\nstates:", 6, 1, "a file holds one document"),
    "...": ("states:", "...\nstates:", 6, 1, "`...` ends what is read"),
    "a directive": ("flow:", "%YAML 1.1\nflow:", 1, 1, "a flow begins with its first key"),
    "a line of a long text": ("    two", "  two", 14, 3, "'two' is neither a key with its colon nor"),
    "all lines of a long text": ("    One\n    two", "  One\n  two", 13, 3, "'One' is neither a key"),
    "a long text beside its sign": ("|\n    One", "| One", 12, 9, "a text that begins with | needs quotes"),
    "a second line of a text": ("Hello!", "Hello\n  you", 12, 3, "'you' is neither a key"),
    "an alias of nothing": ("Hello!", "*hello", 11, 10, "as an alias, it needs an &hello above"),
    "an alias of itself": ("states:\n", "states: &a\n  again: *a\n", 7, 10, "would never end"),
    "<<": ("start: initial", "<<: initial", 2, 1, "`<<` is no key here"),
    "a key of braces": ("start: initial", "{start}: initial", 2, 1, "a key is a text"),
    "what nobody sees": (
        "Hello!",
        "Hel\x00lo",
        11,
        13,
        "that nobody can see stands here (U+0000)",
    ),
    "no value": ("start: initial", "start:", 2, 1, "`start` has no value; it takes a text"),
    "True": ("true", "True", 9, 17, "`final` takes true or false, here stands a text"),
    "; for :": ("start: initial", "start; initial", 2, 6, "behind a key stands a colon: start: initial"),
    "-> for :": ("start: initial", "start -> initial", 2, 6, "behind a key stands a colon: start: initial"),
    "= between braces": ("goto: done", "goto=done", 8, 31, "behind a key stands a colon: goto: done"),
    "no colon between braces": ("words: [", "words [", 5, 15, "a colon is missing behind 'words': words: [s"),
    "a bracket too many": ("stop, end]", "stop, end]]", 5, 28, "this ] closes nothing"),
    "a comma missing behind a list": (
        "end], reply",
        "end] reply",
        5,
        17,
        "a comma is missing: [stop, end], r",
    ),
    "a comma too many": ("hello, goto", "hello,, goto", 8, 30, "a comma too many stands here"),
    "; behind a brace": ("goto: done}", "goto: done};", 8, 42, "take this away: ;"),
    "% before a key": ("flow:", "%flow:", 1, 1, "no line of a flow begins with %; take this sign away"),
    "holes between braces": (
        "words: [stop, end]",
        "pattern: {item:number} x {quantity:number}",
        5,
        19,
        'a pattern that holds { } needs quotes: "{item:number} x {quantity:number}"',
    ),
    "a lone hole between braces": (
        "words: [stop, end]",
        "pattern: {item}",
        5,
        20,
        "a pattern that holds { }",
    ),
    "a word at the end": ("    two\n", "    two\njunk\n", 15, 1, "'junk' is neither a key with its colon"),
}


def yaml_and_schema(text: str | bytes) -> list[tuple[int, int, str]]:
    reading = read_flow({"shop.yaml": text}, "shop.yaml", {})
    found = [one for one in reading.problems if one.rule in ("yaml", "schema")]
    return [(one.place.line, one.place.column, one.message) for one in found]


@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_is_answered_where_it_was_made(what: str) -> None:
    right, wrong, line, column, words = SLIPS[what]
    assert right in FLOW
    found = yaml_and_schema(FLOW.replace(right, wrong, 1))
    assert found, "nothing is said"
    said = [message for at, place, message in found if (at, place) == (line, column)]
    assert any(words in one for one in said), found


def test_a_file_that_is_no_utf_8() -> None:
    assert yaml_and_schema(FLOW.encode().replace(b"Hello!", b"Caf\xe9"))[0][:2] == (11, 13)
    assert "UTF-8" in yaml_and_schema(FLOW.encode("utf-16"))[0][2]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_of_other_systems_are_no_slip(newline: str) -> None:
    assert yaml_and_schema(FLOW.replace("\n", newline)) == []
    assert yaml_and_schema(FLOW.replace("\n", newline, 5)) == []


MENDED = [what for what in SLIPS if what not in ("a comma in a text between braces",)]


@pytest.mark.parametrize("what", MENDED)
def test_a_mend_leaves_nothing_to_say_at_its_place(what: str) -> None:
    right, wrong, *_ = SLIPS[what]
    text = FLOW.replace(right, wrong, 1)
    reading = read_flow({"shop.yaml": text}, "shop.yaml", {})
    mend = next((one for one in reading.problems if one.rule == "yaml" and one.edits), None)
    if mend is None:
        return
    from engine.mending import mended

    after, made = mended(text, [mend.edits])
    assert made == 1
    again = read_flow({"shop.yaml": after}, "shop.yaml", {})
    assert mend.message not in [one.message for one in again.problems]
    assert len(again.problems) < len(reading.problems)


# What is typed in place of what, that may be meant in several ways: it is told, and left to people.
UNSURE = {
    "a line that a % begins": ("flow: shop", "%flow: shop"),
    "a value beside its key's depth": (
        "    otherwise: {reply: hello, goto: done}",
        "    ask:\n  hello\n    no: x",
    ),
    "a list of two depths": (
        "{words: [stop, end], reply: hello}",
        "\n    words:\n      - stop\n     - end\n    reply: hello",
    ),
    "a comma too few": ("[stop, end], reply", "[stop, end] reply"),
    "a comma too many": ("hello, goto", "hello,, goto"),
    "keys on the line of their key": ("{words: [stop, end], reply: hello}", "words: [stop, end]"),
    "keys in round brackets": ("{words: [stop, end], reply: hello}", "(words: [stop, end])"),
    "a list on the line of its key": ("otherwise: hello", "otherwise: - hello"),
    "a list and a word": ("otherwise: hello", "otherwise: [hello] bye"),
    "an alias without its anchor": ("Hello!", "*hello"),
    "an anchor without its alias": ("Hello!", "&hello Hello!"),
    "a long text beside its sign": ("|\n    One", "| One"),
    "a text that is not folded": ("Hello!", "> Hello!"),
    "an expression in braces": (
        "{words: [stop, end], reply",
        "{words: [stop], when: {{ cart.is_empty }}, reply",
    ),
    "an expression with !": ("{words: [stop, end], reply", "{words: [stop], when: !cart.is_empty, reply"),
    "several texts in quotes": ("otherwise: hello", "otherwise: 'hello', 'bye'"),
    "a line of a text that begins with a key": ("  hello: Hello!", "  hello: Hello!\n  reply to us soon"),
    "a word and a colon": ("otherwise: hello", "otherwise: hello:"),
}


@pytest.mark.parametrize("what", UNSURE)
def test_what_needs_judgement_is_left_to_people(what: str) -> None:
    right, wrong = UNSURE[what]
    assert right in FLOW
    reading = read_flow({"shop.yaml": FLOW.replace(right, wrong, 1)}, "shop.yaml", {})
    assert reading.problems
    assert [one.edits for one in reading.problems if one.edits] == []


@pytest.mark.parametrize(
    "text", ["reply: [hello]  #1 of these", "otherwise: hello #1 of these", "hello: Hello! # {{ later }}"]
)
def test_a_comment_is_no_mistake(text: str) -> None:
    _, problems = read_yaml(text, "shop.yaml")
    assert problems == []


JARGON = re.compile(
    r"mapping values|not allowed|\bblock (?:mapping|sequence|end|collection|entry)|\bscalar|\btoken|"
    r"expected <|\banchor|flow (?:sequence|mapping|node)|did not find|could not find|while scanning|"
    r"while parsing|\bnode\b|\bindicator|simple key|\bYAMLError|\bTraceback|is not of type|"
    r"is not valid under|does not match",
    re.IGNORECASE,
)
SEEDS = [
    path.read_text("utf-8")
    for path in sorted((Path(__file__).parent.parent / "flows").glob("*/*.yaml"))
    if path.name not in ("catalog.yaml",)
]
SIGNS = "\"'{}[]:,#&*!|>%@`?- \n\t=\\\u00a0：“”<~a5"


@st.composite
def typed_wrong(draw: st.DrawFn) -> str:
    """A piece of a real file with a few characters lost, added, doubled or swapped."""
    seed = draw(st.sampled_from(SEEDS))
    lines = seed.split("\n")
    first = draw(st.integers(0, max(0, len(lines) - 30)))
    text = "\n".join(lines[first : first + 30]) if draw(st.booleans()) else "\n".join(lines[:40])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(text) - 2)))
        kind = draw(st.sampled_from(["delete", "insert", "swap", "indent", "cut"]))
        if kind == "delete":
            text = text[:at] + text[at + 1 :]
        elif kind == "insert":
            text = text[:at] + draw(st.sampled_from(SIGNS)) + text[at:]
        elif kind == "swap":
            text = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
        elif kind == "indent":
            begin = text.rfind("\n", 0, at) + 1
            text = text[:begin] + draw(st.sampled_from([" ", "  ", "\t", "- "])) + text[begin:]
        else:
            text = text[:at]
    return text


@settings(max_examples=300, deadline=None)
@given(typed_wrong())
def test_whatever_is_typed_wrong_is_told_in_plain_words(text: str) -> None:
    value, problems = read_yaml(text, "shop.yaml")
    assert value is not None or problems or not text.strip()
    lines = text.replace("\r\n", "\n").split("\n")
    for problem in problems:
        quoted = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "", problem.message)
        assert not JARGON.search(quoted), problem.message
        assert 1 <= problem.place.line <= len(lines) + 1
        assert problem.place.column >= 1
