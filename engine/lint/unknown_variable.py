"""Finds names that stand for nothing where they are read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import NAMED
from engine.lint.checked import Checked, Rule
from engine.nearest import renamed, unknown
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for text in checked.texts_of(survey):
            for read in text.reads:
                name = read.path[0]
                if read.kind not in NAMED or not name or name in survey.known or name in text.names:
                    continue
                if name not in checked.mentioned:
                    known = sorted(survey.known | text.names)
                    place = checked.place_of(text, read)
                    edits = renamed(name, known, place)
                    yield Problem(place, RULE.name, unknown("name", name, known), len(name), edits=edits)


RULE = Rule(
    name="unknown_variable",
    about="A text or an expression reads a name that nothing gives there: no slot, no hole, no action.",
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
  hello: "Welcome to {{ busines.name }}!"
  #                     ^^^^^^^
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
  hello: "Welcome to {{ business.name }}!"
""",
    },
    check=check,
)
