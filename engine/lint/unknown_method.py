"""Finds calls of what cannot be called."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.shop_names import Cart, Catalog
from engine.source import Problem

CALLABLE = frozenset(
    (name, method) for name, behind in (("cart", Cart), ("catalog", Catalog)) for method in behind.methods
)
"""Everything that texts may call."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for text in checked.texts_of(survey):
            for read in text.reads:
                if (
                    read.kind != "call"
                    or read.path in CALLABLE
                    or (len(read.path) == 1 and read.path[0] not in survey.known)
                ):
                    continue
                if read.path[0] == "" and read.path[1:] in {path[1:] for path in CALLABLE}:
                    continue
                called = ".".join(filter(None, read.path))
                known = " and ".join(f"{'.'.join(path)}(…)" for path in sorted(CALLABLE))
                message = f"'{called}' cannot be called; texts may call {known}"
                place = checked.place_of(text, read, len(read.path) - 1)
                yield Problem(place, RULE.name, message, len(read.path[-1]))


RULE = Rule(
    name="unknown_method",
    about="A text or an expression calls something else than `cart.quantity(…)` or `catalog.find(…)`.",
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
  hello: "Hello, {{ business.name.upper() }}!"
  #                               ^^^^^
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
  hello: "Hello, {{ business.name | upper }}!"
""",
    },
    check=check,
)
