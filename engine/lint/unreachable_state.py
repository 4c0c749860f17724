"""Finds states into which no turn can come."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.walk import leaving
from engine.flow import Flow
from engine.lint.checked import Checked, Rule, problem_at
from engine.nearest import meant
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    reached_somewhere = {
        survey.flow.states[name].place for survey in checked.surveys for name in reached(survey.flow)
    }
    for survey in checked.surveys:
        flow = survey.flow
        for name, state in flow.states.items():
            if state.place in reached_somewhere or name in checked.mentioned:
                continue
            yield problem_at(
                RULE.name, name, f"nothing leads to the state '{name}': no goto that is reached names it"
            )


def reached(flow: Flow) -> frozenset[str]:
    """The states that a conversation can be in; to those that `moved` names older ones are moved."""
    found: set[str] = set()
    named: set[str] = {flow.start, *flow.moved.values()}
    waiting = list(named)
    while waiting:
        # What a wrong name stands for is looked for once, however many states lead there.
        name = meant(waiting.pop(), flow.states)
        if name is None or name in found:
            continue
        found.add(name)
        gotos = {way.goto for way in leaving(flow, flow.states[name]) if way.goto is not None} - named
        named |= gotos
        waiting.extend(gotos)
    return frozenset(found)


RULE = Rule(
    name="unreachable_state",
    about="No `goto` leads into a state, neither of rules and answers nor of events and timers.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  forgotten:
  ^^^^^^^^^
    otherwise: {reply: hello, goto: ordered}
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
    otherwise: {reply: hello, goto: waiting}
  waiting:
    input: {reply: hello, goto: initial}
    after: [{wait: 1 day, reply: hello, goto: ordered}]
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=check,
)
