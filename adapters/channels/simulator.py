"""Stands in for a provider: whoever has the API token speaks, and what goes out is sent to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from adapters.channels import cloud_api
from adapters.channels.channel import Answer, Check, Fetched, Malformed, Posted, SendFailed, Update
from adapters.json_bodies import NotJSON, json_object
from engine.message import Inbound, Media, Outbound


class SimulatorChannel:
    """A channel with WhatsApp's limits that needs no account; every business has its own number there."""

    limits = cloud_api.LIMITS
    window: timedelta | None = None
    number = ""
    business = ""
    accepted = Answer("{}", "application/json")

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Nothing: nobody outside sends to it."""
        return None

    def verify(self, posted: Posted) -> bool:
        """Never: nobody outside sends to it."""
        return False

    def parse(self, posted: Posted) -> list[Update]:
        """The one message of `{"from", "text"}` or `{"from", "press"}`, to the number `posted.channel`."""
        try:
            said = json_object(posted.body)
        except NotJSON as error:
            raise Malformed(str(error)) from error
        press = said.get("press")
        return [
            Inbound(
                kind="text" if press is None else "press",
                text=said.get("text", ""),
                press=press,
                id=f"simulated.{uuid4().hex}",
                sender=said["from"],
                channel=posted.channel,
                raw=said,
            )
        ]

    def send(self, sender: str, recipient: str, outbound: Outbound, reference: str = "") -> str:
        """Takes the message, as a provider would."""
        return f"simulated.{uuid4().hex}"

    def acknowledge(self, sender: str, message_id: str) -> None:
        """Shows nothing: nobody looks."""

    def fetch(self, media: Media) -> Fetched:
        """Refused: nobody sends files here."""
        raise SendFailed("unsupported", "the simulator has no files")

    def upload(self, sender: str, path: Path, mime_type: str) -> Media:
        """Refused: what is sent here goes nowhere."""
        raise SendFailed("unsupported", "the simulator takes no files")

    def check(self) -> list[Check]:
        """Nothing: there is no account to ask."""
        return []
