"""Finds states in which a customer who is not understood hears nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.journeys import Spot
from engine.flow import Flow, State
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        for spot in proofs.journeys.spots:
            state = proofs.flow.states[spot.state]
            if spot.waits and falls_silent(proofs.flow, state):
                said = (
                    "a customer who is not understood here hears nothing: add an `otherwise`, to the state or"
                    " to the flow"
                )
                yield problem_at(RULE.name, state.name, said, state.place)._replace(
                    conversation=proofs.conversation_to(Spot(spot.state))
                )


def falls_silent(flow: Flow, state: State) -> bool:
    """Whether the state waits for a customer, and has no rule for words that mean nothing there."""
    if state.final or state.human or state.otherwise is not None or flow.otherwise is not None:
        return False
    return state.input is None or "text" not in state.input.accepts


RULE = Rule(
    name="no_fallback",
    about="A state has neither an `input` for words nor an `otherwise`, so that who is not understood hears"
    " nothing.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
states:
  initial:
    otherwise: {reply: hello, goto: confirming}
  confirming:
  ^^^^^^^^^^
    ask: sure
    commands:
      confirm: {words: ["yes"], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  sure: Are you sure?
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
states:
  initial:
    otherwise: {reply: hello, goto: confirming}
  confirming:
    ask: sure
    commands:
      confirm: {words: ["yes"], reply: hello, goto: ordered}
    otherwise: {ask_again: true}
  ordered: {final: true}
messages:
  hello: Hello!
  sure: Are you sure?
""",
    },
    check=check,
    profile="pilot",
)
