"""What a conversation file holds, read: who talks, when and where it begins, what is said and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from engine.flow import NOTHING

START = datetime(2025, 10, 18, 11, 0)
"""When a conversation begins, on the business's clock, unless its file says `at`."""


class Beginning(NamedTuple):
    """The state in which a conversation begins; its slots, as they would be typed; its cart, code: pieces."""

    state: str
    slots: Mapping[str, Any] = NOTHING
    cart: Mapping[str, int] = NOTHING


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation file, read: who talks, from when on (on the business's clock), what is said and done.

    `provider` is the word of the one that is talked through; empty for WhatsApp's own. Without `start_at`
    nobody has spoken yet.
    """

    title: str
    says: tuple[Any, ...]
    role: str = "customer"
    language: str = ""
    customer: Mapping[str, str] = field(default_factory=dict)
    at: datetime = START
    provider: str = ""
    start_at: Beginning | None = None


def script_of(document: Mapping[str, Any]) -> Script:
    """The script in the document of a conversation file that has passed its schema."""
    return Script(
        title=str(document["conversation"]),
        says=tuple(document["says"]),
        role=str(document.get("role", "customer")),
        language=str(document.get("language", "")),
        customer={key: str(value) for key, value in document.get("customer", {}).items()},
        at=datetime.fromisoformat(document["at"]) if "at" in document else START,
        provider=str(document.get("provider", "")),
        start_at=_beginning(document["start_at"]) if "start_at" in document else None,
    )


def _beginning(written: Any) -> Beginning:
    if isinstance(written, str):
        return Beginning(str(written))
    slots = {str(slot): value for slot, value in written.get("slots", {}).items()}
    cart = {str(code): int(quantity) for code, quantity in written.get("cart", {}).items()}
    return Beginning(str(written["state"]), slots, cart)
