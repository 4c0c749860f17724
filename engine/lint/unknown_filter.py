"""Finds filters and tests that the language does not have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.expressions import FILTERS, TESTS
from engine.lint.checked import Checked, Rule
from engine.nearest import renamed, unknown
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for text in checked.texts_of(survey):
            for read in text.reads:
                known = {"filter": FILTERS, "test": TESTS}.get(read.kind)
                name = read.path[0]
                if known is not None and name not in known:
                    allowed = sorted(one for one in known if one[0].isalpha())
                    said, place = unknown(read.kind, name, allowed), checked.place_of(text, read)
                    edits = renamed(name, allowed, place)
                    yield Problem(place, RULE.name, said, len(name), edits=edits)


RULE = Rule(
    name="unknown_filter",
    about="A text or an expression uses a filter or a test that does not exist.",
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
  hello: "That makes {{ cart.total | mony }}."
  #                                  ^^^^
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
  hello: "That makes {{ cart.total | money }}."
""",
    },
    check=check,
    ignorable=False,
)
