"""What a conversation remembers from one turn to the next, as plain values that JSON can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec


class Conversation(msgspec.Struct):
    """One customer's talk. Times are seconds since 1970 (UTC), 0 for never.

    `visit` counts the entering of states and never starts over, so that a button knows whether its time has
    passed. `offered` are the rows last offered: [number, title, press id, second line], the number 0 for none
    and -1 for a row of an earlier message of that turn; `offer` names the message that showed them. `taken`
    are the last presses that were acted on. `cart` holds lines as [product code, quantity, price when added,
    note]. `fired` are the timers of the state that fired in this silence, `rung` those that led on,
    as [state, place]. The interpreter changes a copy, never the value it was given.
    """

    state: str
    visit: int = 0
    slots: dict[str, Any] = msgspec.field(default_factory=dict)
    cart: list[list[Any]] = msgspec.field(default_factory=list)
    language: str = ""
    offer: list[Any] = msgspec.field(default_factory=list)
    offered: list[list[Any]] = msgspec.field(default_factory=list)
    taken: list[str] = msgspec.field(default_factory=list)
    tries: int = 0
    heard_at: float = 0.0
    entered_at: float = 0.0
    fired: list[int] = msgspec.field(default_factory=list)
    rung: list[tuple[str, int]] = msgspec.field(default_factory=list)
    came_from: str = ""
    note: str = ""

    copy: ClassVar[Callable[[Conversation], Conversation]] = msgspec.Struct.__copy__  # type: ignore[attr-defined]
    """The same talk, to be changed without changing this one; its inner values are only ever replaced."""


def _plain(value: object) -> str:
    """A word out of a file is a text like any other; nothing else that JSON cannot hold belongs here."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a conversation cannot hold {value!r}")


dump: Callable[[Conversation], bytes] = msgspec.json.Encoder(enc_hook=_plain).encode
"""The conversation as JSON."""

load: Callable[[bytes | str], Conversation] = msgspec.json.Decoder(Conversation).decode
"""The conversation that `dump` wrote; what is missing takes its default, what nobody knows is left out.

Raises msgspec.DecodeError for anything else.
"""
