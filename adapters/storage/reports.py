"""Reads for people: orders, conversations, messages, and all that happened with one customer."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import orjson
import peewee
from peewee import Expression, ModelSelect, Query

from adapters.storage.database import Database, StorageError, loaded_or_none, stored
from adapters.storage.identities import identity
from adapters.storage.money import from_units
from adapters.storage.payloads import load_outbound
from adapters.storage.tables import (
    Business,
    Channel,
    Conversation,
    Customer,
    Message,
    Order,
    OrderItem,
    Product,
    TimelineEntry,
    Turn,
    Update,
)
from engine.message import Outbound

Row = dict[str, Any]
"""One thing by the names of its columns: moments aware (UTC), money exact in the main unit, JSON read."""

MOMENTS = (
    "at",
    "created_at",
    "due_at",
    "heard_at",
    "placed_at",
    "ready_at",
    "received_at",
    "sent_at",
    "started_at",
    "state_at",
    "status_at",
    "try_after",
    "try_at",
    "updated_at",
)
MANY = 100

# The statuses are written out: a bound parameter never meets a partial index.
FAILED = """
    SELECT messages.id, messages.direction, messages.status, messages.business, messages.conversation_id,
           channels.provider, COALESCE(customers.phone, customers.user_id, ''), messages.body, messages.kind,
           messages.attempts, messages.error_code, messages.error, messages.status_at
    FROM messages
    JOIN conversations ON conversations.id = messages.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    JOIN channels ON channels.id = messages.channel_id
    WHERE messages.status IN ('failed', 'needs_template') AND (? = '' OR messages.business = ?)
    ORDER BY messages.id DESC LIMIT ?"""
UNCLAIMED = """
    SELECT updates.provider, updates.address, channels.business, COUNT(*), MAX(updates.received_at)
    FROM updates
    LEFT JOIN channels ON channels.provider = updates.provider AND channels.address = updates.address
    WHERE updates.kind = 'message' AND updates.applied_at IS NULL
    GROUP BY updates.provider, updates.address, channels.business
    ORDER BY updates.provider, updates.address"""
UNCLAIMED_NAMES = ("provider", "address", "business", "messages", "received_at")
FAILED_NAMES = (
    "id",
    "direction",
    "status",
    "business",
    "conversation",
    "provider",
    "customer",
    "what",
    "kind",
    "attempts",
    "error_code",
    "error",
    "at",
)


class Reports:
    """Reads of one business, or of all where none is named."""

    def __init__(self, database: Database, business: str | None = None) -> None:
        self._database = database
        self._business = business

    def orders(
        self, source: str | None = None, status: str | None = None, limit: int = MANY, offset: int = 0
    ) -> list[Row]:
        """Orders, the newest first, each with its `items` and its `timeline`."""
        query = self._own(Order)
        if source is not None:
            query = query.where(Order.source == source)
        if status is not None:
            query = query.where(Order.status == status)
        return self._whole(query.order_by(Order.id.desc()).limit(limit).offset(offset))

    def order(self, number: str) -> Row | None:
        """The order of this number; without a business, the newest that has it."""
        found = self._whole(self._own(Order).where(Order.number == number).order_by(Order.id.desc()).limit(1))
        return found[0] if found else None

    def businesses(self) -> list[Row]:
        """Every business that was ever seeded: `id name currency timezone`."""
        query = (
            Business.select()
            if self._business is None
            else Business.select().where(Business.id == self._business)
        )
        return self._rows(query.order_by(Business.id))

    def products(self) -> list[Row]:
        """All products by business and number."""
        query = self._own(Product, Business.currency).join(Business, on=(Product.business == Business.id))
        return self._rows(query.order_by(Product.business, Product.number, Product.id))

    def customers(self, limit: int = MANY, offset: int = 0) -> list[Row]:
        """Customers, the newest first."""
        return self._rows(self._own(Customer).order_by(Customer.id.desc()).limit(limit).offset(offset))

    def conversations(self, limit: int = MANY, offset: int = 0) -> list[Row]:
        """Conversations, the last changed first, each with its customer (`phone`, `name` …) and channel."""
        query = self._conversations().order_by(Conversation.updated_at.desc(), Conversation.id.desc())
        return self._rows(query.limit(limit).offset(offset))

    def conversations_of(self, phone: str) -> list[Row]:
        """The conversations of a phone number, however written, or an id, each as in `conversations`."""
        customers = [customer["id"] for customer in self.find_customers(phone)]
        query = self._conversations().where(Conversation.customer.in_(customers))
        return self._rows(query.order_by(Conversation.updated_at.desc(), Conversation.id.desc()))

    def conversation(self, conversation: int) -> Row | None:
        """The conversation with this id."""
        found = self._rows(self._conversations().where(Conversation.id == conversation))
        return found[0] if found else None

    def sitting(self, flow: str, left_before: datetime) -> dict[str, tuple[int, int]]:
        """State: how many conversations of the flow sit in it, and in how many the customer was last heard
        before that moment."""
        heard = peewee.fn.COALESCE(Conversation.heard_at, Conversation.updated_at)
        left = peewee.fn.SUM(peewee.Case(None, [(heard < stored(left_before), 1)], 0))
        query = (
            Conversation.select(
                Conversation.state, peewee.fn.COUNT(Conversation.id).alias("here"), left.alias("left")
            )
            .where(Conversation.flow == flow)
            .group_by(Conversation.state)
        )
        if self._business is not None:
            query = query.where(Conversation.business == self._business)
        return {row["state"]: (int(row["here"]), int(row["left"])) for row in self._rows(query)}

    def messages(self, conversation: int, limit: int = MANY, after: int = 0) -> list[Row]:
        """Messages of a conversation behind the message `after`, in their order, `payload` read."""
        query = self._own(Message).where(Message.conversation == conversation, Message.id > after)
        return self._rows(query.order_by(Message.id).limit(limit))

    def message(self, message: int) -> Row | None:
        """The message with this id."""
        found = self._rows(self._own(Message).where(Message.id == message))
        return found[0] if found else None

    def replies_to(self, provider: str, provider_id: str) -> list[Outbound]:
        """What was answered to the message that its provider calls so, in its order."""
        asked = Message.alias()
        query = (
            self._own(Message)
            .join(asked, on=(Message.in_reply_to == asked.id))
            .join(Channel, on=(asked.channel == Channel.id))
            .where(Channel.provider == provider, asked.direction == "in", asked.provider_id == provider_id)
        )
        return [load_outbound(row["payload"]) for row in self._database.select(query.order_by(Message.id))]

    def fate_of(self, provider: str, provider_id: str) -> tuple[Row, Row | None]:
        """The message that its provider calls so, and the first before it that waits to be tried again."""
        query = self._own(Message).join(Channel, on=(Message.channel == Channel.id))
        called = query.where(
            Channel.provider == provider, Message.direction == "in", Message.provider_id == provider_id
        )
        (message,) = self._rows(called)
        waiting = self._own(Message).where(
            Message.conversation == message["conversation"],
            Message.status == "received",
            Message.attempts > 0,
            Message.id < message["id"],
        )
        first = self._rows(waiting.order_by(Message.id).limit(1))
        return message, first[0] if first else None

    def failed(self, limit: int = MANY) -> list[Row]:
        """The messages and timers that were put aside, in either direction, the newest first.

        `id direction status business conversation provider customer what kind attempts error_code error at`,
        where `customer` is the number or the id and `what` the text.
        """
        rows = self._database.rows(FAILED, self._business or "", self._business or "", limit)
        return [_readable(dict(zip(FAILED_NAMES, row, strict=True))) for row in rows]

    def turns(self, conversation: int, limit: int = MANY) -> list[Row]:
        """The newest turns of a conversation, the oldest of them first, `trace` read."""
        query = self._own(Turn).where(Turn.conversation == conversation)
        return self._rows(query.order_by(Turn.id.desc()).limit(limit))[::-1]

    def turn_back(self, back: int = 1, phone: str | None = None) -> Row | None:
        """The last turn (1), the one before it (2) …, of anybody or of one customer; None if there is none.

        A row of turns, with the `message` that it took up (None for a timer), its `replies`, the `customer`
        (`phone user_id name`), and the `version` that took it (None for the newest). Of a turn that does not
        know its version, it is the one that the conversation is on.
        """
        query = self._own(
            Turn, Conversation.customer.alias("customer"), Conversation.version.alias("on_now")
        ).join(Conversation)
        if phone is not None:
            customers = [customer["id"] for customer in self.find_customers(phone)]
            query = query.where(Conversation.customer.in_(customers))
        found = self._rows(query.order_by(Turn.id.desc()).offset(back - 1).limit(1))
        if not found:
            return None
        turn = found[0]
        on_now = turn.pop("on_now")
        turn["version"] = on_now if turn["version"] is None else turn["version"]
        taken_up = turn["message"]
        turn["customer"] = self._rows(self._own(Customer).where(Customer.id == turn["customer"]))[0]
        turn["message"] = self.message(taken_up) if taken_up is not None else None
        replies = self._own(Message).where(Message.in_reply_to == taken_up).order_by(Message.id)
        turn["replies"] = self._rows(replies) if taken_up is not None else []
        return turn

    def updates(self, limit: int = MANY) -> list[Row]:
        """What providers sent and no conversation took, the newest first, `raw` read.

        These stand below no business: only reports of all show them. Raises StorageError otherwise.
        """
        if self._business is not None:
            raise StorageError("what nobody took belongs to no business: ask the reports of all")
        return self._rows(Update.select().order_by(Update.id.desc()).limit(limit))

    def unclaimed(self) -> list[Row]:
        """The numbers that no business had when messages came for them, and these were not taken up yet.

        `provider address business messages received_at`: the business that has the number by now, if any, how
        many messages came, and when the last did. Raises StorageError in the reports of one business.
        """
        if self._business is not None:
            raise StorageError("what nobody took belongs to no business: ask the reports of all")
        rows = self._database.rows(UNCLAIMED)
        return [_readable(dict(zip(UNCLAIMED_NAMES, row, strict=True))) for row in rows]

    def find_customers(self, phone: str) -> list[Row]:
        """The customers known by a phone number, however it is written, or by a business-scoped id."""
        try:
            who = identity(phone)
        except ValueError:
            return []
        known = Customer.phone == who.phone if who.phone else Customer.user_id == who.user_id
        return self._rows(self._own(Customer).where(known).order_by(Customer.id))

    def customer_story(self, phone: str) -> list[Row]:
        """All that happened with a customer, in the order of time; empty for somebody nobody knows.

        Each event has `event` and `at`, and stands at the moment it began:

        - `turn`: a row of turns, with the `message` it took up (None for a timer) and its `replies`
        - `message`: a message that belongs to no turn: one that waits, started none, or was sent by hand
        - `order`: an order with `items` and `timeline`
        """
        events: list[Row] = []
        for customer in self.find_customers(phone):
            events += self._story_of(customer["id"])
        rank = {"message": 0, "turn": 1, "order": 2}
        return sorted(events, key=lambda event: (event["at"], rank[event["event"]], event["id"]))

    def _story_of(self, customer: int) -> list[Row]:
        of_customer = Conversation.customer == customer
        turns = self._rows(self._own(Turn).join(Conversation).where(of_customer).order_by(Turn.id))
        messages = self._rows(
            self._own(Message)
            .join(Conversation, on=(Message.conversation == Conversation.id))
            .where(of_customer)
            .order_by(Message.id)
        )
        orders = self._whole(self._own(Order).where(Order.customer == customer).order_by(Order.id))
        by_id = {message["id"]: message for message in messages}
        replies: defaultdict[int, list[Row]] = defaultdict(list)
        for message in messages:
            if message["in_reply_to"] is not None:
                replies[message["in_reply_to"]].append(message)
        taken_up = {turn["message"] for turn in turns if turn["message"] is not None}
        events: list[Row] = []
        for turn in turns:
            about = turn["message"]
            told = replies.pop(about, []) if about is not None else []
            events.append(
                {
                    "event": "turn",
                    "at": turn["started_at"],
                    **turn,
                    "message": by_id.get(about),
                    "replies": told,
                }
            )
        for message in messages:
            if message["id"] not in taken_up and message["in_reply_to"] not in taken_up:
                events.append({"event": "message", "at": message["created_at"], **message})
        events += [{"event": "order", "at": order["placed_at"], **order} for order in orders]
        return events

    def _conversations(self) -> ModelSelect:
        return (
            self._own(
                Conversation,
                Customer.phone,
                Customer.user_id,
                Customer.name,
                Customer.role,
                Channel.provider,
                Channel.address.alias("channel_address"),
            )
            .join(Customer, on=(Conversation.customer == Customer.id))
            .switch(Conversation)
            .join(Channel, on=(Conversation.channel == Channel.id))
        )

    def _own(self, model: type[Any], *more: Any) -> ModelSelect:
        """A query of the model's rows, of this business alone where there is one."""
        query = model.select(model, *more)
        return query if self._business is None else query.where(model.business == self._business)

    def _whole(self, orders: Query) -> list[Row]:
        found = self._rows(orders)
        by_id = {order["id"]: order for order in found}
        for order in found:
            order["items"], order["timeline"] = [], []
        mine: Expression = OrderItem.order.in_(list(by_id))
        for item in self._rows(
            OrderItem.select(OrderItem, Order.currency).join(Order).where(mine).order_by(OrderItem.number)
        ):
            by_id[item["order"]]["items"].append(item)
        for entry in self._rows(
            TimelineEntry.select().where(TimelineEntry.order.in_(list(by_id))).order_by(TimelineEntry.id)
        ):
            by_id[entry["order"]]["timeline"].append(entry)
        return found

    def _rows(self, query: Query) -> list[Row]:
        return [_readable(row) for row in self._database.select(query)]


def _readable(row: Row) -> Row:
    for name in MOMENTS:
        if name in row:
            moment: datetime | None = loaded_or_none(row[name])
            row[name] = moment
    for name in ("payload", "trace", "data", "raw"):
        if name in row:
            row[name] = orjson.loads(row[name])
    if "currency" in row:
        for name in ("price", "total"):
            if name in row:
                row[name] = from_units(row[name], row["currency"])
    return row
