"""Finds answers of a flow to failures that none of its actions raises."""

from __future__ import annotations

from collections.abc import Iterator

from engine.actions import ACTIONS
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.unknown_failure import codes_of
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    if checked.problems:
        return  # an action that cannot be read may be what fails
    declared = frozenset(code for action in ACTIONS.values() for code in action.fails)
    raised = {id(survey): codes_of(survey.steps) for survey in checked.surveys}
    # Flows that use the same file share its answers.
    used = {
        answer.place
        for survey in checked.surveys
        for code, answer in survey.flow.fails.items()
        if code in raised[id(survey)]
    }
    for survey in checked.surveys:
        for code, answer in survey.flow.fails.items():
            if code in declared and answer.place not in used:
                said = f"no action of this flow fails with '{code}', so this is never answered"
                yield problem_at(RULE.name, code, said, answer.place)


RULE = Rule(
    name="unused_failure",
    about="The `fails` of a flow answer a failure that none of its actions raises.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails:
  no_such_item: unknown
  price_changed: dearer
  ^^^^^^^^^^^^^
states:
  initial:
    commands:
      remove: {pattern: "remove {item:number}", do: remove_from_cart, reply: removed}
      done: {words: [done], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  unknown: That is not in your cart.
  removed: It is gone.
  dearer: The prices are new.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails:
  no_such_item: unknown
states:
  initial:
    commands:
      remove: {pattern: "remove {item:number}", do: remove_from_cart, reply: removed}
      done: {words: [done], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  unknown: That is not in your cart.
  removed: It is gone.
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
