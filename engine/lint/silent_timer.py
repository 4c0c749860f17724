"""Finds timers that go off and tell nobody."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.walk import Way, ways_of
from engine.lint.checked import Checked, Rule
from engine.source import Problem

TELLING = frozenset({"tell", "hand_over"})
"""Actions that say something to somebody else than the customer."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            if site.kind != "after" or not checked.is_whole(site.rule.place):
                continue
            ways = [way for way in ways_of(site) if not way.failing]
            # One way may be silent, where there is nothing to say; all of them may not.
            if not any(map(_tells, ways)):
                said = "nobody hears of this timer: add a reply or a goto"
                yield Problem(site.rule.place, RULE.name, said)


def _tells(way: Way) -> bool:
    if way.says or way.goto or way.ask_again:
        return True
    return any(step.action in TELLING for step in way.steps)


RULE = Rule(
    name="silent_timer",
    about="A rule of `after` says nothing and goes nowhere, so that nobody hears of it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordering}
  ordering:
    commands:
      done: {words: [done], goto: ordered}
    after: [{wait: 1 hour, do: clear_cart}]
            ^
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
    otherwise: {reply: hello, goto: ordering}
  ordering:
    commands:
      done: {words: [done], goto: ordered}
    after: [{wait: 1 hour, do: clear_cart, reply: cleared}]
  ordered: {final: true}
messages:
  hello: Hello!
  cleared: Your cart was emptied, since you were away.
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
