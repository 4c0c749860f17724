"""Finds what conversation files name, for the rules that look it up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.flow import Flow
from engine.lint.checked import CUSTOMER, Checked
from engine.source import Listed, Mapped, Word


class Named:
    """The `start_at` of a conversation with this flow: its state, the slots that it fills, and with what."""

    __slots__ = ("flow", "state", "slots", "values")

    def __init__(
        self, flow: Flow, state: Word, slots: tuple[Word, ...], values: tuple[Any, ...] = ()
    ) -> None:
        self.flow: Final = flow
        self.state: Final = state
        self.slots: Final = slots
        self.values: Final = values


class Conversation:
    """A conversation file that could be read as one; the flow is None where its role has none."""

    __slots__ = ("document", "role", "flow")

    def __init__(self, document: Mapped, role: str, flow: Flow | None) -> None:
        self.document: Final = document
        self.role: Final = role
        self.flow: Final = flow


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
    for conversation in conversations(checked):
        written, flow = conversation.document.get("start_at"), conversation.flow
        state = written.get("state") if isinstance(written, Mapped) else written
        if flow is None or not isinstance(state, Word):
            continue
        slots = written.get("slots") if isinstance(written, Mapped) else None
        filled = slots if isinstance(slots, Mapped) else Mapped()
        yield Named(flow, state, tuple(filled.word(slot) for slot in filled), tuple(filled.values()))
