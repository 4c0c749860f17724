"""Finds moves of the workflow that lead out of a status which no order ever has."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    workflow = checked.pack.workflow if checked.pack is not None else None
    if workflow is None:
        return
    given = list(dict.fromkeys((workflow.start, *(move.to for move in workflow.moves.values()))))
    for move in workflow.moves.values():
        for status in move.source:
            if status not in given and status not in checked.mentioned:
                yield unknown_at(RULE.name, "status", status, given, move.place)


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
"""
FLOW = """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
"""

RULE = Rule(
    name="unknown_status",
    about="A move of the workflow leads out of a status that no order is ever given.",
    severity="warning",
    broken={
        "business.yaml": BUSINESS,
        "shop.yaml": FLOW,
        "workflow.yaml": """\
order:
  start: pending
  moves:
    confirm: {from: pendin, to: confirmed, by: [staff]}
                    ^^^^^^
    send: {from: [pending, confirmed], to: sent, by: [staff]}
""",
    },
    clean={
        "business.yaml": BUSINESS,
        "shop.yaml": FLOW,
        "workflow.yaml": """\
order:
  start: pending
  moves:
    confirm: {from: pending, to: confirmed, by: [staff]}
    send: {from: [pending, confirmed], to: sent, by: [staff]}
""",
    },
    check=check,
)
