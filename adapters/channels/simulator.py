"""Stands in for a provider: whoever has the API token speaks, and what goes out is sent to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from adapters.channels import cloud_api
from adapters.channels.channel import Update
from engine.message import Inbound, Outbound


class SimulatorChannel:
    """A channel with WhatsApp's limits that needs no account."""

    limits = cloud_api.LIMITS

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Nothing: nobody outside sends to it."""
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Never: nobody outside sends to it."""
        return False

    def parse(self, body: Mapping[str, Any]) -> list[Update]:
        """The one message of `{"channel", "from", "text"}` or `{"channel", "from", "press"}`."""
        press = body.get("press")
        return [
            Inbound(
                kind="text" if press is None else "press",
                text=body.get("text", ""),
                press=press,
                id=f"simulated.{uuid4().hex}",
                sender=body["from"],
                channel=body["channel"],
                raw=body,
            )
        ]

    def send(self, sender: str, recipient: str, outbound: Outbound) -> str:
        """Takes the message, as a provider would."""
        return f"simulated.{uuid4().hex}"
