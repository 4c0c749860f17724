"""Finds messages of which nothing comes."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.conditions import cases_among
from engine.analysis.speaking import ALWAYS, speaks
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for message in survey.messages:
            condition = speaks(message)
            if condition is ALWAYS or message.text is None:
                continue
            cases = cases_among([condition])
            if cases is not None and not cases.holds[0]:
                said = f"nothing comes of '{message.name}': the customer hears nothing"
                yield Problem(
                    message.text.place, RULE.name, said, max(1, len(message.text.source.split("\n")[0]))
                )


RULE = Rule(
    name="empty_text",
    about="A message has a text without any words, so that nothing is sent.",
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
  hello: " "
          ^
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
    profile="pilot",
)
