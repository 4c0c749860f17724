"""Finds what conversation files name, for the rules that look it up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.flow import Flow
from engine.lint.checked import CUSTOMER, Checked
from engine.source import Listed, Mapped, Word


class Named(NamedTuple):
    """The `start_at` of a conversation with this flow: its state, the slots that it fills, and with what."""

    flow: Flow
    state: Word
    slots: tuple[Word, ...]
    values: tuple[Any, ...] = ()


class Conversation(NamedTuple):
    """A conversation file that could be read as one; the flow is None where its role has none."""

    document: Mapped
    role: str
    flow: Flow | None


def conversations(checked: Checked) -> Iterator[Conversation]:
    """Every conversation of a pack."""
    flows = checked.pack.flows if checked.pack is not None else {}
    for file, document in checked.documents.items():
        if file.startswith("conversations/") and isinstance(document, Mapped):
            role = document.get("role", CUSTOMER)
            if isinstance(role, str):
                yield Conversation(document, role, flows.get(role))


def events(conversation: Conversation) -> Iterator[Word]:
    """The events that happen in a conversation."""
    says = conversation.document.get("says")
    for said in says if isinstance(says, Listed) else ():
        event = said.get("event") if isinstance(said, Mapped) else None
        if isinstance(event, Word):
            yield event


def beginnings(checked: Checked) -> Iterator[Named]:
    """Every `start_at` of a pack's conversations whose flow is known."""
    for document, _, flow in conversations(checked):
        written = document.get("start_at")
        state = written.get("state") if isinstance(written, Mapped) else written
        if flow is None or not isinstance(state, Word):
            continue
        slots = written.get("slots") if isinstance(written, Mapped) else None
        filled = slots if isinstance(slots, Mapped) else Mapped()
        yield Named(flow, state, tuple(filled.word(slot) for slot in filled), tuple(filled.values()))
