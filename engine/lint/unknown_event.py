"""Finds rules for events that never happen."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow import EVENTS
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.conversations import conversations, events
from engine.nearest import meant, renamed, unknown
from engine.source import Place, Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            event = site.rule.name
            if site.kind == "event" and event not in EVENTS:
                yield _problem(event, site.rule.place)
    for conversation in conversations(checked):
        for event in events(conversation):
            if event not in EVENTS:
                yield _problem(event, event.place)


def _problem(event: str, place: Place) -> Problem:
    if meant(event, EVENTS):
        said = unknown("event", event, EVENTS)
    else:
        said = f"no event '{event}' ever happens; there are {', '.join(EVENTS)}"
    return problem_at(RULE.name, event, said, place)._replace(edits=renamed(event, EVENTS))


RULE = Rule(
    name="unknown_event",
    about="A rule waits for an event that never happens, or a conversation has one happen.",
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
    events:
      handed_bak: {reply: hello, goto: initial}
      ^^^^^^^^^^
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
