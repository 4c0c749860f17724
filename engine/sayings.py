"""Gives examples of what a customer can say in a state, one for each rule that is in force there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.flow import Flow, Rule, State
from engine.patterns import Pattern
from engine.types import TYPES

if TYPE_CHECKING:
    from engine.shop import Product

Said = str | Mapping[str, Any]
"""An entry below `says` of a conversation file: a text, or a deed such as `{press: menu}`."""

MEANINGLESS = "qwxz qwxz"
"""What no flow is expected to understand."""

ANSWER = "just some words"


class Saying(NamedTuple):
    """Something that is said or happens in a state, and the rule that it is meant for.

    `kind` is one of `command choices input otherwise after event`.
    """

    said: Said
    kind: str
    rule: Rule


def sayings(
    flow: Flow, state: State, language: str = "", products: Sequence[Product] = ()
) -> Iterator[Saying]:
    """An example for every rule in force in the state, in the language (without one, the flow's default).

    They are examples by form alone: a `when`, a validator or another rule may still stand in the way. A rule
    that can only be pressed is pressed; `choices` are answered by the first product's number, or by 1.
    A human state hears events and timers alone, a final one nothing.
    """
    language = language or flow.languages[0]
    if state.final:
        return
    if not state.human:
        for name, rule in commands_in(flow, state).items():
            yield Saying(_command(name, rule, language, products), "command", rule)
        if state.choices is not None:
            yield Saying(str(products[0].number) if products else "1", "choices", state.choices.rule)
        if state.input is not None:
            yield Saying(_input(flow, state.input, products), "input", state.input)
        fallback = state.otherwise or flow.otherwise
        if fallback is not None:
            yield Saying(_not_understood(flow, state), "otherwise", fallback)
    for rule in state.after:
        if rule.wait is not None:
            yield Saying({"wait": spelled(int(rule.wait.total_seconds()))}, "after", rule)
    for name, rule in {**flow.events, **state.events}.items():
        yield Saying({"event": str(name)}, "event", rule)


def commands_in(flow: Flow, state: State) -> Mapping[str, Rule]:
    """The commands in force in a state: its own, then the flow's that it neither ignores nor replaces."""
    above = {name: rule for name, rule in flow.commands.items() if name not in state.ignore}
    return {**state.commands, **{name: rule for name, rule in above.items() if name not in state.commands}}


def fitting(pattern: Pattern, products: Sequence[Product] = ()) -> str:
    """A message that fits the pattern: each hole holds the example of its type."""
    text = pattern.source
    for hole in reversed(pattern.holes):
        end = text.index("}", hole.column) + 1
        text = text[: hole.column] + _example(hole.type, products) + text[end:]
    return text


def spelled(seconds: int) -> str:
    """A length of time as flows write it, in the largest unit that it fills."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def _command(name: str, rule: Rule, language: str, products: Sequence[Product]) -> Said:
    by_language = (rule.words.get(language), *rule.words.values())
    word = next((words[0] for words in by_language if words), None)
    if word is not None:
        return str(word)
    shapes = (rule.patterns.get(language), *rule.patterns.values())
    pattern = next((patterns[0] for patterns in shapes if patterns), None)
    return fitting(pattern, products) if pattern is not None else {"press": str(name)}


def _input(flow: Flow, rule: Rule, products: Sequence[Product]) -> Said:
    if "text" not in rule.accepts:
        return {"send": rule.accepts[0]}
    slot = next((flow.slots[name] for name, value in rule.save if value is None and name in flow.slots), None)
    return _example(slot.type, products) if slot is not None else ANSWER


def _example(type_name: str, products: Sequence[Product]) -> str:
    if type_name == "product":
        return str(products[0].number) if products else "1"
    declared = TYPES.get(type_name)
    return declared.example if declared is not None and declared.example else ANSWER


def _not_understood(flow: Flow, state: State) -> Said:
    accepted = state.input.accepts if state.input is not None else ()
    rules = commands_in(flow, state).values()
    patterns = (one for rule in rules for group in rule.patterns.values() for one in group)
    if "text" not in accepted and not any(one.match(MEANINGLESS) is not None for one in patterns):
        return MEANINGLESS
    kinds = ("audio", "contacts", "image", "document")
    return {"send": next((kind for kind in kinds if kind not in accepted), "video")}
