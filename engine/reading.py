"""Reads what a customer gave as the types that the flow declares, before any validator looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.declarations import Unreadable
from engine.draft import Draft
from engine.expressions import MISSING, Expression
from engine.flow import Rule, Slot
from engine.jinja.running import printed
from engine.recognizer import Meaning
from engine.types import TYPES

Problem = dict[str, Any]
"""What could not be read: its `name`, `type` and `text`."""


def read_named(draft: Draft, meaning: Meaning) -> Problem | None:
    """Reads the holes into `draft.given`; the first that cannot be read is returned."""
    for name, text in meaning.holes.items():
        kind = meaning.types[name]
        try:
            draft.given[name] = TYPES[kind].read(text, draft)
        except Unreadable:
            return {"name": name, "type": kind, "text": text}
    return None


def read_input(
    draft: Draft, rule: Rule, meaning: Meaning
) -> tuple[Any, list[tuple[str, Any]], Problem | None]:
    """The input that validators look at, what is to be saved, and what could not be read.

    The new values stand under their slots' names in `draft.given` from here on, until they are saved or
    `put_aside`: in place of a list's, the list as it would be.
    """
    text = draft.message.text if draft.message is not None else ""
    value: Any = text
    if meaning.pick is not None:
        value = text = meaning.pick
    elif len(meaning.holes) == 1:
        value = next(draft.given[name] for name in meaning.holes)
    saves: list[tuple[str, Any]] = []
    for slot, written in rule.save:
        declared = draft.flow.slots[slot]
        new: Any
        if written is not None:
            new = written.evaluate(draft)
        elif slot in meaning.holes or slot in meaning.values:
            new = draft.given[slot]
        elif meaning.holes:
            new = value
        else:
            new = text
        try:
            new = read_value(declared, new, draft, is_written=written is not None)
        except Unreadable:
            return value, saves, {"name": str(slot), "type": declared.type, "text": plain(new)}
        saves.append((str(slot), new))
        draft.given[str(slot)] = _grown(draft, str(slot), declared, new) if declared.is_list else new
        if written is None:
            value = new
    return value, saves, None


def _grown(draft: Draft, name: str, slot: Slot, new: Any) -> list[Any]:
    """The list with what is to be added to it."""
    added = new if isinstance(new, list) else [new]
    return [*(draft.kept(name, slot) or ()), *[one for one in added if one is not None]]


def put_aside(draft: Draft, rule: Rule) -> dict[str, Any]:
    """Takes back the new values of the rule's slots, which were not taken; these are what it gives."""
    given = draft.given
    return {str(slot): given.pop(slot) for slot, _ in rule.save if slot in given}


def read_value(slot: Slot, new: Any, draft: Draft, is_written: bool) -> Any:
    """The value as the slot's type; None where a flow writes an empty one, which empties the slot.

    Raises Unreadable.
    """
    if slot.is_list and isinstance(new, (list, tuple)):
        return [read_value(slot, one, draft, is_written) for one in new]
    if is_written and (new is None or new == ""):
        return None
    kind = TYPES[slot.type]
    if isinstance(new, str):
        return kind.read(new, draft)
    if type(new) is kind.holds:
        return new
    if isinstance(new, (int, float, Decimal)) and not isinstance(new, bool):
        exact = Decimal(str(new))
        whole = exact.is_finite() and exact == int(exact)
        return kind.read(str(int(exact)) if whole else f"{exact:f}", draft)
    if slot.type in ("text", "word"):
        return kind.read(printed(new), draft)
    if slot.type == "date" and isinstance(new, datetime):
        return new.date()
    raise Unreadable(f"a {type(new).__name__.lower()} is no {slot.type}")


def plain(value: Any) -> Any:
    """The value as a trace keeps it: JSON of one level, whatever it was."""
    if isinstance(value, str):
        return value[:200]
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (Decimal, date, datetime, time)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value[:20]]
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    for name in ("number", "code", "name"):
        known = getattr(value, name, None)
        if known is not None:
            return plain(known)
    return type(value).__name__


def seen_by(expression: Expression, draft: Draft) -> dict[str, Any]:
    """What the expression read, by the names as they stand in it: slots, holes, and what lists offer."""
    seen: dict[str, Any] = {}
    for read in expression.reads():
        if read.kind == "name":
            value = draft.resolve(read.path[0])
            for attribute in read.path[1:]:
                value = (
                    value.get(attribute) if isinstance(value, Mapping) else getattr(value, attribute, None)
                )
            seen[".".join(read.path)] = None if value is MISSING else plain(value)
    return seen
