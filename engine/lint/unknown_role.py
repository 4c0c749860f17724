"""Finds roles that no flow of the pack is for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.lint.conversations import conversations
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    if checked.pack is None:
        return
    roles = checked.pack.business.flows
    for survey in checked.surveys:
        for role, place in survey.named_in_steps("role"):
            if role not in roles and role not in checked.mentioned:
                yield unknown_at(RULE.name, "role", role, roles, place)
    for one in conversations(checked):
        if one.role not in roles and one.role not in checked.mentioned:
            yield unknown_at(RULE.name, "role", one.role, roles, one.document.place)


RULE = Rule(
    name="unknown_role",
    about="A `tell` or a conversation names a role that has no flow in business.yaml.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml, staff: staff.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {do: {tell: {to: staf, message: called}}, reply: hello, goto: ordered}
    #                           ^^^^
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "staff.yaml": """\
flow: staff
start: resting
otherwise: hello
states:
  resting:
    otherwise: hello
messages:
  hello: Hello!
  called: Somebody needs you.
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml, staff: staff.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {do: {tell: {to: staff, message: called}}, reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "staff.yaml": """\
flow: staff
start: resting
otherwise: hello
states:
  resting:
    otherwise: hello
messages:
  hello: Hello!
  called: Somebody needs you.
""",
    },
    check=check,
    ignorable=False,
)
