"""Finds `goto`, `start`, `moved` and `start_at` naming states that the flow does not have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.lint.conversations import beginnings
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        named = [flow.start, *(way.goto for way in survey.ways), *flow.moved.values()]
        named += [site.rule.goto for site in survey.sites]
        for state in named:
            if state and state not in flow.states:
                yield unknown_at(RULE.name, "state", state, flow.states, flow.place)
    for begun in beginnings(checked):
        if begun.state not in begun.flow.states:
            yield unknown_at(RULE.name, "state", begun.state, begun.flow.states)


RULE = Rule(
    name="unknown_state",
    about="A `goto`, `start`, `moved` or a conversation's `start_at` names a state that the flow does not"
    " have.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: orderd}
    #                               ^^^^^^
  ordered: {final: true}
messages:
  hello: Hello!
"""
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
  hello: Hello!
"""
    },
    check=check,
    ignorable=False,
)
