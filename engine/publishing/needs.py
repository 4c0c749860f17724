"""Says which slots a state relies on: they are always filled when it is reached, and read from there on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.actions import ACTIONS
from engine.analysis.walk import leaving
from engine.expressions import Expression, Text, Value
from engine.flow import Flow, Message, Rule, State, Step

Slots = frozenset[str]

NOTHING: Slots = frozenset()


def needs(flow: Flow) -> Mapping[str, Slots]:
    """State: the slots without which a conversation that stands there would say or do something half empty.

    These are filled on every way on which this flow reaches the state, and read, where an empty value is not
    provided for, there or behind it before they are filled anew.
    """
    steps = {str(name): tuple(_steps(flow, state)) for name, state in flow.states.items()}
    filled, read = _filled(flow, steps), _read(flow, steps)
    return {name: filled[name] & read[name] for name in steps}


class _Step(NamedTuple):
    """One way out of a state, or back into it: what it reads, then fills, then empties."""

    to: str
    reads: Slots
    fills: Slots
    empties: Slots


def _steps(flow: Flow, state: State) -> Iterator[_Step]:
    here = str(state.name)
    for way in leaving(flow, state):
        rule = way.site.rule if way.site is not None else None
        fills = frozenset(map(str, (slot for slot, _ in rule.save))) if rule and not way.failing else NOTHING
        empties = NOTHING if way.failing else _emptied(flow, way.steps)
        after = _said(flow, way.says) | _of_steps(flow, way.steps)
        reads = after - fills
        if rule is not None:
            reads |= _of_rule(flow, rule, fills)
        yield _Step(str(way.goto) if way.goto in flow.states else here, reads, fills, empties)
    if state.human and "handed_back" not in state.events and "handed_back" not in flow.events:
        for back in _leading_to(flow, here):
            yield _Step(back, NOTHING, NOTHING, NOTHING)


def _leading_to(flow: Flow, name: str) -> Iterator[str]:
    """The states that a person may hand the talk back to."""
    for state in flow.states.values():
        if not state.human and not state.final and any(way.goto == name for way in leaving(flow, state)):
            yield str(state.name)


def _filled(flow: Flow, steps: Mapping[str, tuple[_Step, ...]]) -> dict[str, Slots]:
    """State: what is filled on every way there; nothing for a state that no way leads to."""
    everything = frozenset(map(str, flow.slots))
    filled: dict[str, Slots | None] = dict.fromkeys(steps)
    waiting = [str(flow.start)] if flow.start in steps else []
    for name in waiting:
        filled[name] = NOTHING
    while waiting:
        name = waiting.pop()
        before = filled[name] or NOTHING
        for step in steps[name]:
            after = ((before | step.fills) - step.empties) & everything
            known = filled[step.to]
            now = after if known is None else known & after
            if now != known:
                filled[step.to] = now
                waiting.append(step.to)
    return {name: known or NOTHING for name, known in filled.items()}


def _read(flow: Flow, steps: Mapping[str, tuple[_Step, ...]]) -> dict[str, Slots]:
    """State: what is read there or behind it, of what it was reached with."""
    asked = {str(name): _of_asking(flow, state) for name, state in flow.states.items()}
    read = dict(asked)
    into: dict[str, list[str]] = {name: [] for name in steps}
    for name, ways in steps.items():
        for step in ways:
            into[step.to].append(name)
    waiting = list(steps)
    while waiting:
        name = waiting.pop()
        now = asked[name]
        for step in steps[name]:
            now |= step.reads | (read[step.to] - step.fills - step.empties)
        if now != read[name]:
            read[name] = now
            waiting += into[name]
    return read


# What is read


def _of_asking(flow: Flow, state: State) -> Slots:
    found = _said(flow, state.ask)
    for branch in state.branches:
        found |= _slots_in(flow, (branch.when,))
    if state.choices is not None:
        choices = state.choices
        found |= _slots_in(
            flow, (choices.source, choices.value, *choices.title.values(), *choices.about.values())
        )
    return found


def _of_rule(flow: Flow, rule: Rule, fills: Slots) -> Slots:
    early = _slots_in(flow, (rule.when, *rule.title.values(), *rule.about.values()))
    late = _slots_in(
        flow,
        (
            *(value for _, value in rule.save),
            *(value for check in rule.validate for value in check.parameters.values()),
            *(branch.when for branch in rule.branches),
        ),
    )
    return early | (late - fills)


def _of_steps(flow: Flow, steps: Iterable[Step]) -> Slots:
    found = NOTHING
    for step in steps:
        found |= _slots_in(flow, step.parameters.values())
        found |= {name for name in ACTIONS[step.action].filled(step.parameters) if name in flow.slots}
    return found


def _said(flow: Flow, messages: Iterable[str]) -> Slots:
    found = NOTHING
    for name in messages:
        by_language = flow.messages.get(name, {})
        for message in {id(one): one for one in by_language.values()}.values():
            found |= _slots_in(flow, _texts_of(message))
    return found


def _texts_of(message: Message) -> Iterator[Text | Value | None]:
    yield from (message.text, message.list_button, message.header, message.footer, message.products)
    if message.media is not None:
        yield message.media[1]
    for button in (*message.buttons, *message.rows):
        yield from button.values.values()


def _slots_in(flow: Flow, sources: Iterable[Text | Value | Expression | None]) -> Slots:
    return frozenset(
        read.path[0]
        for source in sources
        if source is not None
        for read in source.reads()
        if not read.guarded and read.kind in ("name", "call") and read.path[0] in flow.slots
    )


def _emptied(flow: Flow, steps: Iterable[Step]) -> Slots:
    found = NOTHING
    for step in steps:
        if step.action == "reset":
            found |= frozenset(map(str, flow.slots))
        elif step.action == "clear_slot":
            slot = step.parameters.get("slot")
            constant = getattr(slot, "constant", None)
            found |= frozenset((str(constant),) if constant else map(str, flow.slots))
    return found
