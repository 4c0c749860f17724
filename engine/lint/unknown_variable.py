"""Finds names that stand for nothing where they are read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, place_of
from engine.nearest import unknown
from engine.source import Problem

def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for written in checked.texts_of(survey):
            for read in written.source.reads():
                if read.name not in survey.known and read.name not in written.names | checked.mentioned:
                    allowed = sorted(survey.known | written.names)
                    place = place_of(written.source, read)
                    yield Problem(place, RULE.name, unknown("name", read.name, allowed), len(read.name))


RULE = Rule(
    name="unknown_variable",
    about="A text or an expression reads a name that nothing gives there: no slot, no hole, no action, no reserved name.",
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
