"""Finds answers to failures that cannot happen there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.actions import ACTIONS
from engine.flow import Answer, Flow, Step
from engine.lint.checked import Checked, Rule, problem_at, unknown_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for site in survey.sites:
            rule = site.rule
            entered = [rule.goto, *(branch.goto for branch in rule.branches)]
            passed = codes_of(step for name in entered for step in steps_on_entering(flow, name))
            together = (
                codes_of((*rule.do, *(step for branch in rule.branches for step in branch.do))) | passed
            )
            yield from misfits(checked, rule.fails, together)
            for branch in rule.branches:
                yield from misfits(checked, branch.fails, together)
        for state in flow.states.values():
            here = codes_of(steps_on_entering(flow, state.name))
            for branch in state.branches:
                yield from misfits(checked, branch.fails, here)
        yield from misfits(
            checked, flow.fails, frozenset(code for action in ACTIONS.values() for code in action.fails)
        )


def misfits(checked: Checked, fails: Mapping[str, Answer], codes: frozenset[str]) -> Iterator[Problem]:
    for code, answer in fails.items():
        if code not in codes and code not in checked.mentioned:
            if codes:
                yield unknown_at(RULE.name, "failure", code, sorted(codes), answer.place)
            else:
                message = f"no action here can fail, so '{code}' is never answered"
                yield problem_at(RULE.name, code, message, answer.place)


def codes_of(steps: Iterable[Step]) -> frozenset[str]:
    return frozenset(code for step in steps for code in ACTIONS[step.action].fails)


def steps_on_entering(flow: Flow, name: str | None) -> Iterator[Step]:
    """The actions of all branches that a turn may take while it passes through states from this one on."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at is None or at in seen or at not in flow.states:
            continue
        seen.add(at)
        for branch in flow.states[at].branches:
            yield from branch.do
            waiting.append(branch.goto)


RULE = Rule(
    name="unknown_failure",
    about="A `fails` names a failure code with which none of the actions before it can fail.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails: {no_such_item: hello, unavailable: hello}
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        do: add_to_cart
        fails: {out_of_stok: sold_out}
        #       ^^^^^^^^^^^
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  sold_out: That is sold out.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails: {no_such_item: hello, unavailable: hello}
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        do: add_to_cart
        fails: {out_of_stock: sold_out}
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  sold_out: That is sold out.
""",
    },
    check=check,
)
