"""Finds refusals and unreadable input after which a customer would hear nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.walk import Site, states_of
from engine.flow import Flow, Slot, State
from engine.lint.checked import Checked, Rule
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
    deaf = next((state for state in states_of(site, flow) if not _has_otherwise(state, flow)), None)
    if deaf is None:
        return
    rule = site.rule
    for one in rule.validate:
        if one.refusal is None:
            said = f"in the state '{deaf.name}' nothing answers what this refuses: give it an `else`"
            yield Problem(one.place, RULE.name, said, len(one.validator))
    saved = next((slot for slot, value in rule.save if value is None), None)
    if (
        rule.unreadable is None
        and saved is not None
        and saved in flow.slots
        and _may_be_unreadable(flow.slots[saved])
    ):
        said = f"what is no {flow.slots[saved].type} is answered by nothing: add an `else`"
        yield Problem(rule.place, RULE.name, said, len(site.kind))


def _has_otherwise(state: State, flow: Flow) -> bool:
    return state.otherwise is not None or flow.otherwise is not None


def _may_be_unreadable(slot: Slot) -> bool:
    return slot.type != "text"


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
