"""Finds texts that are written in capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.expressions import Text
from engine.lint.checked import Checked, Rule
from engine.source import Problem

FEWEST_WORDS = 3
"""One or two words in capitals may be a heading, or a name."""

FEWEST_LETTERS = 12

SHARE = 0.7
"""Of the letters that could be small, so many in capitals are loud."""

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for message in survey.messages:
            for text in (message.text, message.header, message.footer):
                if text is not None:
                    yield from _shouted(text)


def _shouted(text: Text) -> Iterator[Problem]:
    source = text.source
    if source.upper() == source.lower():
        return  # A script without capitals.
    # Tags give way to spaces, so that what is left stands in its old place.
    blank = _TAGS.sub(lambda tag: re.sub(r"[^\n]", " ", tag[0]), source)
    for number, line in enumerate(blank.split("\n")):
        if is_shouted(line):
            said = "this is written in capitals, which reads as shouting"
            start = len(line) - len(line.lstrip())
            yield Problem(text.place.within(number, start + 1), RULE.name, said, max(1, len(line.strip())))
            return


def is_shouted(line: str) -> bool:
    """Whether most letters of a line are capitals. Letters of scripts that know none do not count."""
    words = [word for word in _WORD.findall(line) if word.upper() != word.lower()]
    letters = [letter for word in words for letter in word if letter.upper() != letter.lower()]
    loud = sum(letter.isupper() for letter in letters)
    return len(words) >= FEWEST_WORDS and len(letters) >= FEWEST_LETTERS and loud >= SHARE * len(letters)


RULE = Rule(
    name="shouting",
    about="A line of a text is written in capitals.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: WELCOME TO OUR SHOP!
         ^^^^^^^^^^^^^^^^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Welcome to our shop! We take VISA and cash.
""",
    },
    check=check,
    severity="warning",
    profile="asked",
)
