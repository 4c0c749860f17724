"""What the tests of the jobs share: a clock that is moved by hand, a shop on it, messages and their fate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from live_server import NUMBER, SENDER, rows_of
from meta_double import body, text

from adapters.channels import cloud_api
from adapters.web import Site

NOON = datetime(2025, 10, 18, 12, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def wait(self, **duration: float) -> None:
        self.at += timedelta(**duration)


def accept(site: Site, *said: str, sender: str = SENDER) -> int:
    """Takes these texts in; the conversation."""
    stamp = site.now().timestamp()
    texts = (text(each, f"wamid.{sender}.{stamp}.{each}", sender, str(int(stamp))) for each in said)
    updates = cloud_api.parse(body(*texts, number=NUMBER))
    site.storage.accept("meta", updates, site.now(), "the request's")
    return site.storage.start_conversation("corner_shop", ("meta", NUMBER), sender, site.now())


def look_at(site: Site, conversation: int) -> None:
    """Does everything there is to do for the conversation now."""
    site.jobs.take_turns(conversation)
    site.jobs.deliver(conversation)


def found(site: Site) -> list[int]:
    """The conversations that a look for work finds."""
    work = site.jobs.tick()
    return [*work.turns, *work.deliveries]


def replies(site: Site) -> list[str]:
    """The texts of our replies, in their order."""
    return [row["body"] for row in outgoing(site)]


def outgoing(site: Site) -> list[dict[str, Any]]:
    """The rows of our replies, in their order."""
    return [row for row in rows_of(site, "messages") if row["direction"] == "out"]


def channel_of(site: Site, provider: str = "meta") -> dict[str, Any]:
    """The row of the provider's number."""
    (row,) = (row for row in rows_of(site, "channels") if row["provider"] == provider)
    return row
