"""Finds refusals and unreadable input after which a customer would hear nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.conditions import are_closed
from engine.analysis.presence import NEVER_UNREADABLE
from engine.analysis.walk import Site, fallbacks, states_of
from engine.flow import Flow, State
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule
from engine.lint.silent_rule import length_of
from engine.source import Problem

READS = ("command", "choices", "input")
"""The kinds of rule that read and check what a customer says; what they refuse goes to `otherwise`."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for site in survey.sites:
            if site.kind in READS and checked.is_whole(site.rule.place):
                yield from _if_unanswered(site, flow)


def _if_unanswered(site: Site, flow: Flow) -> Iterator[Problem]:
    rule = site.rule
    if all(one.refusal is not None for one in rule.validate) and (
        rule.unreadable is not None or not (rule.save or rule.patterns)
    ):
        return
    deaf = next((state for state in states_of(site, flow) if not _is_answered(rule, state, flow)), None)
    if deaf is None:
        return
    for one in rule.validate:
        if one.refusal is None:
            said = f"in the state '{deaf.name}' nothing answers what this refuses: give it an `else`"
            yield Problem(one.place, RULE.name, said, len(one.validator))
    type_name = _unreadable_as(rule, flow) if rule.unreadable is None else ""
    if type_name:
        fitting = " and fits the pattern" if rule.patterns else ""
        said = f"what is no {type_name}{fitting} is answered by nothing: add an `else`"
        yield Problem(rule.place, RULE.name, said, length_of(site))


def _is_answered(rule: Command, state: State, flow: Flow) -> bool:
    """Whether the `otherwise` of the state, or of the flow, is there wherever the rule is."""
    return are_closed((one.when for one in fallbacks(flow, state)), given=rule.when)


def _unreadable_as(rule: Command, flow: Flow) -> str:
    """The type as which some input that means the rule cannot be read; empty where all can."""
    slots = (flow.slots.get(slot) for slot, value in rule.save if value is None)
    types = [slot.type for slot in slots if slot is not None and slot.type != "text"]
    holes = [hole for group in rule.patterns.values() for pattern in group for hole in pattern.holes]
    types += [hole.type for hole in holes if hole.type not in NEVER_UNREADABLE]
    return next(iter(types), "")


RULE = Rule(
    name="silent_refusal",
    about="Input is refused or cannot be read, and neither an `else` nor an `otherwise` says so.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
slots: {name: text}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: who
    input:
      save: name
      validate: [{length: {min: 2}}]
                  ^^^^^^
      do: save_customer
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  who: What is your name?
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
slots: {name: text}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: who
    input:
      save: name
      validate: [{length: {min: 2}, else: too_short}]
      do: save_customer
      goto: ordered
    otherwise: who
  ordered: {final: true}
messages:
  hello: Hello!
  who: What is your name?
  too_short: Please write your whole name.
""",
    },
    check=check,
)
