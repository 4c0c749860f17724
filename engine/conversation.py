"""What a conversation remembers from one turn to the next, as plain values that JSON can hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Conversation:
    """One customer's talk. Times are seconds since 1970 (UTC), 0 for never.

    `visit` counts the entering of states and never starts over, so that a button knows whether its time has
    passed. `offered` are the rows last offered: [number or 0, title, press id, second line]; `offer` names
    the message that showed them. `taken` are the last presses that were acted on. `cart` holds
    lines as [product code, quantity, price when added, note]. `fired` are the timers that fired in this silence.
    The interpreter changes a copy, never the value it was given.
    """

    state: str
    visit: int = 0
    slots: dict[str, Any] = field(default_factory=dict)
    cart: list[list[Any]] = field(default_factory=list)
    language: str = ""
    offer: list[Any] = field(default_factory=list)
    offered: list[list[Any]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    tries: int = 0
    heard_at: float = 0.0
    entered_at: float = 0.0
    fired: list[int] = field(default_factory=list)
    came_from: str = ""
    note: str = ""

    def copy(self) -> Conversation:
        """The same talk, to be changed without changing this one. Inner values are replaced, never changed."""
        return Conversation(
            self.state,
            self.visit,
            self.slots.copy(),
            self.cart,
            self.language,
            self.offer,
            self.offered,
            self.taken,
            self.tries,
            self.heard_at,
            self.entered_at,
            self.fired,
            self.came_from,
            self.note,
        )


def dump(conversation: Conversation) -> bytes:
    """The conversation as JSON."""
    return orjson.dumps(conversation)


def load(raw: bytes | str) -> Conversation:
    """The conversation that `dump` wrote. A key that an older version did not know takes its default."""
    return Conversation(**orjson.loads(raw))
