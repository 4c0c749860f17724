"""What is said in either direction, the same for every channel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from engine.limits import Kind

NOTHING: Mapping[str, Any] = {}
"""What a provider said where nobody kept it."""


class Media(NamedTuple):
    """A picture, sound, film or file: a provider's id or an address, its MIME type and its file name."""

    id: str = ""
    link: str = ""
    mime_type: str = ""
    filename: str = ""


class Inbound(NamedTuple):
    """One message of a customer.

    `text` is the body, a caption, or the title of what was pressed; `press` the id that the pressed button
    carried. `sender` is the number (digits) or the business-scoped id, `channel` the address it was sent to;
    `user_id` the business-scoped id wherever the provider gives one, beside a number too.
    `items` are the lines of a catalogue order: (product code, quantity). `moved_to` is, in a system message,
    the number that the customer has from now on, or the business-scoped id of who is known by that alone.
    `original` is the id of the message that a reaction, an edit or a revoke speaks of. `raw` is the
    provider's own object.
    """

    kind: Kind
    text: str = ""
    press: str | None = None
    media: Media | None = None
    latitude: float | None = None
    longitude: float | None = None
    address: str = ""
    contacts: tuple[Mapping[str, Any], ...] = ()
    items: tuple[tuple[str, int], ...] = ()
    id: str = ""
    sender: str = ""
    sender_name: str = ""
    channel: str = ""
    sent_at: datetime | None = None
    raw: Mapping[str, Any] = NOTHING
    user_id: str = ""
    moved_to: str = ""
    original: str = ""


class Receipt(NamedTuple):
    """What a provider says of a message that we sent: `sent`, `delivered`, `read` or `failed`.

    `reference` is what we gave the provider to name the message by, empty where it brings none back. `remedy`
    is what is to be done about a failure, in a word (`again`, `template`, `account` …), `wait` in seconds how
    long before it is tried again, 0 where the provider asks for no certain time.
    """

    message_id: str
    status: Literal["sent", "delivered", "read", "failed"]
    channel: str = ""
    at: datetime | None = None
    error_code: str = ""
    error: str = ""
    raw: Mapping[str, Any] = NOTHING
    reference: str = ""
    remedy: str = ""
    wait: float = 0.0


class Unread(NamedTuple):
    """What a provider sent and nobody here understands, kept as it came; `reason` says why."""

    reason: str
    channel: str = ""
    id: str = ""
    raw: Mapping[str, Any] = NOTHING


class Option(NamedTuple):
    """A button or list row as it goes out: what it says, its second line, and the id a press brings back."""

    title: str
    id: str
    about: str = ""


class Outbound(NamedTuple):
    """One message to a customer, already fit for its channel.

    Either `buttons` or `rows` (a list opened by `list_button`) or neither. `media` is (kind, Media) and
    `text` then its caption. `products` are codes shown as catalogue cards.
    """

    text: str = ""
    buttons: tuple[Option, ...] = ()
    list_button: str = ""
    rows: tuple[Option, ...] = ()
    media: tuple[str, Media] | None = None
    ask_location: bool = False
    products: tuple[str, ...] = ()
    header: str = ""
    footer: str = ""
