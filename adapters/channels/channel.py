"""What every provider's channel offers: its limits, reading what comes in, and sending what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.limits import Limits
from engine.message import Inbound, Outbound, Receipt, Unread

Update = Inbound | Receipt | Unread


class SendFailed(Exception):
    """A provider did not take a message.

    `code` is the provider's own (or `timeout`, `connection`, `http_…`), `text` its words. `may_pass` is true
    where the same request may succeed later; one whose connection broke may have arrived all the same.
    """

    def __init__(self, code: str, text: str, may_pass: bool = False) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.may_pass = may_pass


class Channel(Protocol):
    """One provider, with the credentials of one business."""

    limits: Limits

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to a provider that asks whether the webhook is ours; None where it may not know."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the provider itself sent these bytes."""

    def parse(self, body: Mapping[str, Any]) -> list[Update]:
        """Every update of a webhook's body, in its order. Never raises: what is not understood is Unread."""

    def send(self, sender: str, recipient: str, outbound: Outbound) -> str:
        """Sends one message from our address to the customer's; the provider's id for it, or SendFailed."""
