"""Puts replies into the outbox, each behind everything that its conversation has to say already."""

from __future__ import annotations

from datetime import datetime

from adapters.storage.payloads import clean, dump, kind_of
from adapters.storage.people import Located
from engine.message import Outbound

QUEUE_REPLY = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'out', NULL, ?, ?, ?, 'queued', ?, '', '', ?, 0, NULL, ?, ?, NULL)"""


def queued_reply(
    located: Located,
    outbound: Outbound,
    moment: datetime | str,
    in_reply_to: int | None = None,
    correlation: str = "",
) -> tuple[object, ...]:
    """The parameters of QUEUE_REPLY for a reply, to the message `in_reply_to` if to any.

    `moment` is as columns hold it (`Database.moment`).
    """
    return (
        located.business,
        located.conversation,
        located.channel,
        kind_of(outbound),
        clean(outbound.text),
        dump(outbound),
        moment,
        in_reply_to,
        correlation,
        moment,
    )
