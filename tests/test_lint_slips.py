"""flow-lint finds texts that a `#` cuts, and words that a comma joins, and nothing where that is meant."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_flow

FLOW = """\
flow: shop
languages: [en, de]
start: initial
otherwise: hello
commands:
  ask: {words: WORDS, reply: hello}
  go:
    words: [go]
    title: TITLE
    reply: choose
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
messages:
  choose: {text: Choose, buttons: [go]}
  hello: HELLO
"""
GERMAN = "words: {ask: GERMAN}\nmessages: {hello: Hallo, choose: {text: Bitte}}\n"

# What stands in place of what; what the finding spans, or None.
CUT = {
    "a number": ("HELLO", "Order #5 is ready", "#5 is ready"),
    "a value": ("HELLO", "Order # {{ 5 }} is ready", "# {{ 5 }} is ready"),
    "a number on a second line": ("HELLO", "Hello\n    order #5 is ready", "#5 is ready"),
    "a title": ("TITLE", "Go  #1", "#1"),
    "quotes": ("HELLO", '"Order 5" #5 is ready', None),
    "single quotes": ("HELLO", "'It''s' #5 is ready", None),
    "no space": ("HELLO", "Order#5 is ready", None),
    "a comment": ("HELLO", "Order # 5 is ready", None),
    "a comment behind a name": ("reply: choose", "reply: choose #1 of many", None),
    "a long text": ("HELLO", "|\n    Order #5 is ready", None),
    "a comment below": ("HELLO", "Hello\n  #5 is a number", None),
}

JOINED = {
    "a comma of Arabic": ("WORDS", "[stop، end]", "stop، end"),
    "a wide comma": ("WORDS", "[stop， end]", "stop， end"),
    "another language": ("GERMAN", "[halt، ende]", "halt، ende"),
    "a comma in quotes": ("WORDS", '["yes, please", "نعم، شكرا"]', None),
    "a lone word in quotes": ("WORDS", '"yes, please"', None),
    "a comma at the end": ("WORDS", "[stop،]", None),
}


def spanned(rule: str, right: str, wrong: str) -> list[str]:
    filled = {"WORDS": "[stop]", "TITLE": "Go", "HELLO": "Hello!", "GERMAN": "[halt]", right: wrong}
    files = {"shop.yaml": FLOW, "shop.de.yaml": GERMAN}
    for name, text in filled.items():
        files = {file: there.replace(name, text) for file, there in files.items()}
    found = [one for one in lint(read_flow(files, "shop.yaml", {})) if one.rule == rule]
    lines = {file: there.split("\n") for file, there in files.items()}
    return [
        lines[place.file][place.line - 1][place.column - 1 :][:length]
        for place, length in ((one.place, one.length) for one in found)
    ]


@pytest.mark.parametrize("what", CUT)
def test_a_text_that_is_cut(what: str) -> None:
    right, wrong, text = CUT[what]
    assert spanned("cut_text", right, wrong) == ([] if text is None else [text])


@pytest.mark.parametrize("what", JOINED)
def test_words_that_are_joined(what: str) -> None:
    right, wrong, text = JOINED[what]
    assert spanned("joined_words", right, wrong) == ([] if text is None else [text])


def test_words_that_are_joined_without_a_list() -> None:
    flow = FLOW.replace("{words: WORDS, reply: hello}", "\n    words: stop, end\n    reply: hello")
    flow = flow.replace("TITLE", "Go").replace("HELLO", "Hello!")
    problems = lint(read_flow({"shop.yaml": flow}, "shop.yaml", {}))
    (found,) = [one for one in problems if one.rule == "joined_words"]
    assert found.message.startswith("this is one word; did you mean several? [stop, end];")
    for meant in ("words:\n      - stop, end\n      - end", 'words: "stop, end"'):
        problems = lint(read_flow({"shop.yaml": flow.replace("words: stop, end", meant)}, "shop.yaml", {}))
        assert "joined_words" not in [one.rule for one in problems]
