"""Finds names of messages that no message has."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, problem_at, unknown_at
from engine.nearest import unknown
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for uses in survey.said.values():
            for said in uses:
                if said.message not in flow.messages and said.message not in checked.mentioned:
                    yield unknown_at(RULE.name, "message", said.message, flow.messages)
    for to, told in checked.told:
        if to is None or told.message in checked.mentioned:
            continue
        messages = to.flow.messages
        if told.message not in messages:
            wrong = f"in the flow of '{told.role}' there is {unknown('message', told.message, messages)}"
            yield problem_at(RULE.name, told.message, wrong, told.place)


RULE = Rule(
    name="unknown_message",
    about="A `reply`, `ask`, answer or `tell` names a message that does not exist.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: helo, goto: ordered}
    #                  ^^^^
  ordered: {final: true}
messages:
  hello: Hello!
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
  hello: Hello!
""",
    },
    check=check,
    ignorable=False,
)
