"""Finds states that no turn can leave."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.walk import ends_of, leaving
from engine.flow import Flow, State
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        # Where there is one state alone, there is nowhere to go, and nobody is locked in.
        if len(flow.states) < 2:
            continue
        for name, state in flow.states.items():
            if state.final or state.human or not checked.is_whole(state.place):
                continue
            if leads_nowhere(flow, state) and name in ends_of(flow, name):
                yield problem_at(
                    RULE.name,
                    name,
                    f"nothing leads out of the state '{name}': give it a goto, or make it `final: true`",
                )._replace(conversation=checked.conversation_in(survey, (name,)))


def leads_nowhere(flow: Flow, state: State) -> bool:
    """Whether no turn that begins in the state, or enters it, ends in another one."""
    return all(way.goto is None or way.goto == state.name for way in leaving(flow, state))


RULE = Rule(
    name="dead_end",
    about="Nothing leads out of a state that is neither `final` nor `human`.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordering}
  ordering:
  ^^^^^^^^
    otherwise: hello
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  stop: {words: [stop], reply: hello, goto: initial}
states:
  initial:
    ignore: [stop]
    otherwise: {reply: hello, goto: ordering}
  ordering:
    otherwise: hello
messages:
  hello: Hello!
""",
    },
    check=check,
)
