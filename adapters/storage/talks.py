"""Begins talks, and has one of two go on where both turn out to be the same customer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from adapters.storage.database import Statement, StorageError, loaded, stored
from engine.conversation import Conversation, dump, load
from engine.flow import Flow
from engine.pack import Pack

TOUCH = "UPDATE conversations SET touched = touched + 1 WHERE id = ?"
BEGIN_ANEW = """
    UPDATE conversations
    SET flow = ?, state = ?, data = ?, version = NULL, due_at = NULL, updated_at = ?, touched = touched + 1
    WHERE customer_id = ? AND flow <> ?"""
TALKS = """
    SELECT id, channel_id, state, data, version, due_at, heard_at, flow
    FROM conversations WHERE customer_id = ? AND flow <> '' ORDER BY id"""
GO_ON = """
    UPDATE conversations
    SET flow = ?, state = ?, data = ?, version = ?, due_at = ?, heard_at = ?, updated_at = ? WHERE id = ?"""
# Whoever found this conversation before, and waited for its lock, sees by its flow that nothing goes on here.
LEAVE_TALK = "UPDATE conversations SET flow = '', version = NULL, due_at = NULL WHERE id = ?"
GIVE_OPEN_MESSAGES = """
    UPDATE messages SET conversation_id = ?
    WHERE conversation_id = ? AND status IN ('received', 'queued', 'sending')"""

NEVER = datetime.min.replace(tzinfo=UTC)


class Talk(NamedTuple):
    """What goes on in a conversation."""

    id: int
    channel: int
    state: str
    data: str
    version: int | None
    due_at: datetime | str | None
    heard_at: datetime | str | None
    flow: str


def flow_of(packs: Mapping[str, Pack], business: str, role: str) -> Flow:
    """The flow that this role talks to; a role that has none talks to the customers' one."""
    flows = packs[business].flows
    flow = flows.get(role) or flows.get("customer")
    if flow is None:
        raise StorageError(f"the business {business!r} has no flow for {role!r}: name one in business.yaml")
    return flow


def begun(flow: Flow) -> tuple[str, str, str]:
    """A talk of this flow at its beginning: the columns `flow`, `state` and `data`."""
    conversation = Conversation(flow.start)
    return flow.name, conversation.state, dump(conversation).decode()


def going_on(own: Talk, other: Talk, now: datetime) -> Sequence[Statement]:
    """Has the talk that was heard last go on in our own conversation, with the cart of either.

    One of which no message was taken up yet has nothing that could go on.
    """
    before, last = sorted((other, own), key=_heard_last)
    moments = [loaded(one.heard_at) for one in (own, other) if one.heard_at is not None]
    heard_at = stored(max(moments)) if moments else None
    conversation = load(last.data)
    if not conversation.cart:
        conversation.cart = load(before.data).cart
    data = dump(conversation).decode()
    goes_on = (last.flow, last.state, data, last.version, last.due_at, heard_at, stored(now), own.id)
    return (
        (GO_ON, goes_on),
        (LEAVE_TALK, (other.id,)),
        (GIVE_OPEN_MESSAGES, (own.id, other.id)),
    )


def _heard_last(talk: Talk) -> tuple[bool, datetime]:
    heard_at = NEVER if talk.heard_at is None else loaded(talk.heard_at)
    return load(talk.data).heard_at > 0, heard_at
