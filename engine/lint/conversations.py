"""Finds the states and slots that conversation files name, for the rules that look them up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.flow import Flow
from engine.lint.checked import CUSTOMER, Checked
from engine.source import Mapped, Word


class Named(NamedTuple):
    """The `start_at` of a conversation with this flow: its state, the slots that it fills, and with what."""

    flow: Flow
    state: Word
    slots: tuple[Word, ...]
    values: tuple[Any, ...] = ()


def beginnings(checked: Checked) -> Iterator[Named]:
    """Every `start_at` of a pack's conversations whose flow is known."""
    flows = checked.pack.flows if checked.pack is not None else {}
    for file, document in checked.documents.items():
        if not file.startswith("conversations/") or not isinstance(document, Mapped):
            continue
        flow = flows.get(document.get("role", CUSTOMER))
        written = document.get("start_at")
        state = written.get("state") if isinstance(written, Mapped) else written
        if flow is None or not isinstance(state, Word):
            continue
        slots = written.get("slots") if isinstance(written, Mapped) else None
        filled = slots if isinstance(slots, Mapped) else Mapped()
        yield Named(flow, state, tuple(filled.word(slot) for slot in filled), tuple(filled.values()))
