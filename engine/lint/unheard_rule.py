"""Finds rules for what a customer says where no customer is heard."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.source import Problem

HEARING = ("choices", "input", "otherwise", "then")
"""The kinds of rules that wait for a message; commands are the finding of another rule."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            state = site.state
            if state is None or site.kind not in HEARING or not (state.human or state.final):
                continue
            if checked.is_whole(site.rule.place):
                why = "a person answers" if state.human else "the conversation is over"
                said = f"never taken: in the state '{state.name}' {why}"
                yield Problem(site.rule.place, RULE.name, said, len(site.kind))


RULE = Rule(
    name="unheard_rule",
    about="A rule for what a customer says stands in a state where a person answers, or the conversation is"
    " over.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: desk}
  desk:
    human: true
    otherwise: wait
    ^^^^^^^^^
    events:
      handed_back: {reply: hello, goto: initial}
messages:
  hello: Hello!
  wait: We will be with you soon.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: desk}
  desk:
    human: true
    events:
      handed_back: {reply: hello, goto: initial}
messages:
  hello: Hello!
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
