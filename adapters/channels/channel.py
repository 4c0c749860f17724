"""What every provider's channel offers: its limits, reading what comes in, and sending what goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from engine.limits import Limits
from engine.message import Inbound, Media, Outbound, Receipt, Unread

Update = Inbound | Receipt | Unread

WINDOW = timedelta(hours=24)
"""How long after a customer's last message WhatsApp lets a business say what it likes."""


class Remedy(StrEnum):
    """What is to be done about a message that a provider did not take."""

    AGAIN = "again"
    """The same request may succeed later: after waits that grow, or after the failure's own `wait`."""
    UNKNOWN = "unknown"
    """No answer came: it may have been sent. Tried again only when no status named it meanwhile."""
    CHANNEL_LATER = "channel_later"
    """Nothing more from this number for `wait` seconds."""
    ACCOUNT = "account"
    """The account must be mended by a person; until then nothing is sent from this number."""
    TEMPLATE = "template"
    """Only an approved template would be taken."""
    NEVER = "never"
    """The request is wrong, or this customer cannot be reached: it will not be tried again."""


class SendFailed(Exception):
    """A provider did not take a message.

    `code` is the provider's own (or `timeout`, `connection`, `http_…`), `text` its words, `wait` in seconds.
    """

    def __init__(self, code: str, text: str, remedy: Remedy = Remedy.NEVER, wait: float = 0.0) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.remedy = remedy
        self.wait = wait


class Malformed(Exception):
    """A webhook's body is not what this provider posts; the text says what it is instead."""


class Posted(NamedTuple):
    """A webhook's request as its provider made it.

    `url` is the public address with its query, `headers` finds names in any case, `channel` is the part of
    the path that names the number, empty where the path has none.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    channel: str = ""


class Answer(NamedTuple):
    """What a provider wants to read when its POST was kept."""

    body: str
    content_type: str


class Fetched(NamedTuple):
    """A customer's file on its way: its MIME type and its bytes in pieces."""

    mime_type: str
    content: Iterable[bytes]


class Check(NamedTuple):
    """What `shoptalk doctor` found out: whether it is well, and what to do where it is not."""

    name: str
    is_well: bool
    text: str


class Channel(Protocol):
    """One number at one provider, with its credentials. Threads share it.

    `number` is our address as the provider names it; empty where it is the business's own word. `business` is
    the one that the settings give the number to, if to any. `window` is None where anything may be said at
    any time.
    """

    limits: Limits
    window: timedelta | None
    number: str
    business: str
    accepted: Answer

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to a provider that asks whether the webhook is ours; None where it may not know."""

    def verify(self, posted: Posted) -> bool:
        """Whether the provider itself sent this request."""

    def parse(self, posted: Posted) -> list[Update]:
        """Every update of a request, in its order; what is not understood is Unread. Raises Malformed."""

    def send(self, sender: str, recipient: str, outbound: Outbound, reference: str = "") -> str:
        """Sends one message from our address to the customer's; the provider's id for it, or SendFailed.

        Where the provider can be given a `reference`, its statuses bring it back.
        """

    def acknowledge(self, sender: str, message_id: str) -> None:
        """Shows the customer that the message was read and an answer is being written. Raises SendFailed."""

    def fetch(self, media: Media) -> Fetched:
        """Opens a file that a customer sent. Raises SendFailed."""

    def upload(self, sender: str, path: Path, mime_type: str) -> Media:
        """Hands a file to the provider; what a message names it by. Raises SendFailed."""

    def check(self) -> list[Check]:
        """Asks the provider whether credentials, number and webhook are right; changes nothing there."""
