"""Finds values that a slot or an action can never take."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from engine.actions import ACTIONS
from engine.analysis.kinds import NUMBER, UNKNOWN, Kind, Names
from engine.analysis.survey import Survey
from engine.analysis.walk import Site
from engine.declarations import Unreadable
from engine.draft import RESERVED
from engine.expressions import Value
from engine.flow import Slot, Step
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.conversations import beginnings
from engine.lint.type_mismatch import named
from engine.source import Problem
from engine.types import TYPES

if TYPE_CHECKING:
    from engine.draft import Draft

READ_ALONE = frozenset(("number", "decimal", "email", "word"))
"""The types whose reading takes nothing but the text."""

CAPTIONED = ("image", "video", "document")
"""The kinds of messages that may bring words along."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            if checked.is_whole(site.rule.place):
                yield from _saved(survey, site)
        yield from _given(checked, survey)
    for begun in beginnings(checked):
        for word, value in zip(begun.slots, begun.values, strict=True):
            slot = begun.flow.slots.get(word)
            if slot is not None and not can_hold(slot, value):
                yield problem_at(RULE.name, word, f"{value!s:.40} cannot be read as {slot.type} for '{word}'")


def _saved(survey: Survey, site: Site) -> Iterator[Problem]:
    for name, value in site.rule.save:
        slot = survey.flow.slots.get(name)
        if slot is None or slot.type not in TYPES:
            continue
        if value is not None and value.is_constant and not can_hold(slot, value.constant):
            said = f"{value.constant!s:.40} cannot be read as {slot.type} for '{name}'"
            length = len(value.source) if isinstance(value.source, str) else 1
            yield Problem(value.place, RULE.name, said, max(1, length))
        if value is None and site.kind == "input":
            kinds = (*TYPES[slot.type].kinds, *(CAPTIONED if slot.type == "text" else ()))
            if not set(site.rule.accepts) & set(kinds):
                said = f"this accepts {' and '.join(site.rule.accepts)}, of which '{name}' cannot be read:"
                said += f" the type {slot.type} is read from {' or '.join(TYPES[slot.type].kinds)}"
                yield Problem(site.rule.place, RULE.name, said, len(site.kind))


def can_hold(slot: Slot, value: Any) -> bool:
    """Whether the slot can be filled with what is written down; true where that depends on more."""
    if isinstance(value, (list, tuple)):
        return not slot.is_list or all(can_hold(slot, one) for one in value)
    if slot.type not in READ_ALONE or value in (None, "") or isinstance(value, bool):
        return True
    if isinstance(value, (float, Decimal)) and value == int(value):
        value = int(value)
    try:
        TYPES[slot.type].read(str(value), cast("Draft", None))
    except Unreadable:
        return False
    return True


def _given(checked: Checked, survey: Survey) -> Iterator[Problem]:
    """What actions are told how many, which is a number or nothing they can take."""
    names: Names | None = None
    for step in survey.steps:
        for parameter in _of_numbers(step):
            value = step.parameters.get(parameter)
            if isinstance(value, Value) and value.is_constant:
                continue
            names = names or Names(survey)
            kind: Kind
            if value is not None:
                kind = names.of_source(value)
            else:
                kind = UNKNOWN if parameter in RESERVED else names.kinds.get(parameter, UNKNOWN)
            if kind not in (UNKNOWN, NUMBER) and checked.is_whole(step.place):
                said = f"`{step.action}` takes a number for its `{parameter}`, and this is {named(kind)}"
                if value is None:
                    yield Problem(step.place, RULE.name, said, len(step.action))
                else:
                    yield Problem(value.place, RULE.name, said, max(1, len(str(value.source))))


def _of_numbers(step: Step) -> Iterator[str]:
    for name, parameter in ACTIONS[step.action].parameters.items():
        if parameter.schema.get("type") == "integer" and (parameter.filled or name in step.parameters):
            yield name


RULE = Rule(
    name="unfit_value",
    about="A slot is filled, or an action is told how many, with something that it can never take.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {many: number}
states:
  initial:
    commands:
      dozen:
        words: [dozen]
        save: {many: twelve}
                     ^^^^^^
        reply: how_many
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  how_many: "{{ many }} it is."
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {many: number}
states:
  initial:
    commands:
      dozen:
        words: [dozen]
        save: {many: 12}
        reply: how_many
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  how_many: "{{ many }} it is."
""",
    },
    check=check,
)
