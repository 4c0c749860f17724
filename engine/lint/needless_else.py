"""Finds an `else` that is never said, since all that comes there can be read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.actions import ACTIONS
from engine.analysis.presence import NEVER_UNREADABLE
from engine.flow import Flow, Step
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule
from engine.lint.unknown_failure import steps_on_entering
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            answer = site.rule.unreadable
            if answer is None or site.kind not in ("command", "input"):
                continue
            if checked.is_whole(site.rule.place) and _is_always_read(site.rule, survey.flow):
                said = "all that comes here can be read, so this `else` is never said"
                yield Problem(answer.place, RULE.name, said)


def _is_always_read(rule: Command, flow: Flow) -> bool:
    holes = (hole for group in rule.patterns.values() for pattern in group for hole in pattern.holes)
    if any(hole.type not in NEVER_UNREADABLE for hole in holes):
        return False
    slots = [flow.slots.get(slot) for slot, _ in rule.save]
    if any(slot is None or slot.type != "text" for slot in slots) or (slots and rule.accepts != ("text",)):
        return False
    branches = rule.branches
    steps = [*rule.do, *(step for branch in branches for step in branch.do)]
    for goto in (rule.goto, *(branch.goto for branch in branches)):
        steps.extend(steps_on_entering(flow, goto))
    return not any(map(_may_not_fit, steps))


def _may_not_fit(step: Step) -> bool:
    """Whether the action takes a number or a language: what is none is answered like what cannot be read."""
    schemas = (parameter.schema for parameter in ACTIONS[step.action].parameters.values())
    return any(schema.get("type") == "integer" or schema.get("format") == "language" for schema in schemas)


RULE = Rule(
    name="needless_else",
    about="An `else` answers what cannot be read, and there is nothing that could not.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {note: text}
states:
  initial:
    input:
      save: note
      else: unread
            ^
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
  unread: What do you mean?
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {note: text}
states:
  initial:
    input:
      save: note
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
