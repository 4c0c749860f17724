"""Finds states in which a customer who is not understood hears nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.conditions import are_closed
from engine.analysis.journeys import Spot
from engine.analysis.walk import fallbacks
from engine.flow import Flow, State
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        for spot in proofs.journeys.spots:
            state = proofs.flow.states[spot.state]
            if spot.waits and not (state.final or state.human):
                said = silence_of(proofs.flow, state)
                if said:
                    yield problem_at(RULE.name, state.name, said, state.place)._replace(
                        conversation=proofs.conversation_to(Spot(spot.state))
                    )


def silence_of(flow: Flow, state: State) -> str:
    """The words on when nothing answers what means nothing in the state; empty where something does."""
    rules = list(fallbacks(flow, state))
    if state.input is not None and "text" in state.input.accepts:
        rules.insert(0, state.input)
    if are_closed(rule.when for rule in rules):
        return ""
    if not rules:
        return (
            "a customer who is not understood here hears nothing: add an `otherwise`, to the state or"
            " to the flow"
        )
    conditions = dict.fromkeys(f"`{rule.when.source.strip()}`" for rule in rules if rule.when is not None)
    return (
        f"a customer who is not understood here hears nothing, unless {' or '.join(conditions)}: add an"
        " `otherwise` without `when`"
    )


RULE = Rule(
    name="no_fallback",
    about="A state has neither an `input` for words nor an `otherwise`, or has them on a condition, so that"
    " who is not understood hears nothing.",
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
