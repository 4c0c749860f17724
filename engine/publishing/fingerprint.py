"""Takes fingerprints of flows and states from what they mean: texts, comments and places change none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from engine.expressions import Expression, Text, Value
from engine.flow import Flow, Message, State
from engine.patterns import Pattern

FOR_PEOPLE = frozenset({"place", "title", "about"})
"""Fields that say how something looks, or where it stands."""

NAMING = frozenset({"reply", "ask"})
"""Fields that name messages: what those offer counts, and neither their names nor their words."""

NAME = re.compile(r"\w+")


def flow_fingerprint(flow: Flow) -> str:
    """What two flows have in common in which every state, and all that stands above them, means the same."""
    above = {
        "name": flow.name,
        "start": flow.start,
        "timeout": meaning(flow.timeout),
        "settings": meaning(flow.settings),
        "slots": _types(flow, flow.slots),
        "commands": meaning(flow.commands, flow),
        "events": meaning(flow.events, flow),
        "otherwise": meaning(flow.otherwise, flow),
        "fails": meaning(flow.fails, flow),
        "moved": meaning(flow.moved),
        "states": {str(name): state_fingerprint(flow, state) for name, state in flow.states.items()},
    }
    return _hash(above)


def state_fingerprint(flow: Flow, state: State) -> str:
    """What two states have in common that mean the same: their rules, the slots these use, what is offered.

    What stands above all states is no part of it.
    """
    meant = meaning(state, flow)
    words = set(_words(meant))
    return _hash([meant, _types(flow, (name for name in flow.slots if name in words))])


def _words(meant: Any) -> Iterator[str]:
    """Every word that stands in a part, its keys left out."""
    if isinstance(meant, str):
        yield from NAME.findall(meant)
    elif isinstance(meant, (dict, list)):
        for one in meant.values() if isinstance(meant, dict) else meant:
            yield from _words(one)


def meaning(value: Any, flow: Flow | None = None) -> Any:
    """A part of a flow as plain JSON, without what is only for people and what says nothing."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (Text, Value, Expression, Pattern)):
        return meaning(value.source)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _of_fields(value, flow)
    if isinstance(value, Mapping):
        return {str(key): meaning(one, flow) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, (list, tuple)):
        return [meaning(one, flow) for one in value]
    return str(value)


def _of_fields(value: Any, flow: Flow | None) -> dict[str, Any]:
    defaults = value._field_defaults
    found = {}
    for field, one in zip(value._fields, value, strict=True):
        if field in FOR_PEOPLE or (field in defaults and one == defaults[field]):
            continue
        if field in NAMING and flow is not None:
            found[field] = [_offered(flow.messages.get(name)) for name in one]
        else:
            found[field] = meaning(one, flow)
    return found


def _offered(by_language: Mapping[str, Message] | None) -> Any:
    """What a message offers beside its words."""
    message = next(iter(by_language.values()), None) if by_language else None
    if message is None:
        return {}
    offered = {"buttons": message.buttons, "rows": message.rows, "products": message.products}
    return {name: meaning(one) for name, one in offered.items() if one} | (
        {"ask_location": True} if message.ask_location else {}
    )


def _types(flow: Flow, names: Iterable[str]) -> dict[str, str]:
    slots = ((str(name), flow.slots[name]) for name in names)
    return {name: f"list of {slot.type}" if slot.is_list else str(slot.type) for name, slot in slots}


def _hash(meant: Any) -> str:
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()
