"""Finds the channel, the customer and the conversation of a message, making the last two at need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.storage.database import Database, Statement, StorageError, stored
from adapters.storage.identities import Identities, Identity, identity
from adapters.storage.shop import KeptProducts
from adapters.storage.talks import BEGIN_ANEW, begun, flow_of
from engine.pack import Pack

# Nearly every message comes from somebody known by their number: one statement finds all that it belongs to.
LOCATE = """
    SELECT channels.id, channels.business, customers.id, customers.user_id, customers.profile_name,
           conversations.id
    FROM channels
    LEFT JOIN customers ON customers.business = channels.business AND customers.{known_by} = ?
    LEFT JOIN conversations
    ON conversations.customer_id = customers.id AND conversations.channel_id = channels.id
    WHERE channels.provider = ? AND channels.address = ?"""
LOCATE_BY_PHONE = LOCATE.format(known_by="phone")
LOCATE_BY_USER_ID = LOCATE.format(known_by="user_id")
CHANNEL = "SELECT id, business FROM channels WHERE provider = ? AND address = ?"
CUSTOMER_BY_PHONE = "SELECT id, role, profile_name FROM customers WHERE business = ? AND phone = ?"
CUSTOMER_BY_USER_ID = "SELECT id, role, profile_name FROM customers WHERE business = ? AND user_id = ?"
MAKE_CUSTOMER = """
    INSERT INTO customers
    (business, phone, user_id, name, address, email, language, role, profile_name, created_at)
    VALUES (?, ?, ?, '', '', '', '', 'customer', ?, ?)
    ON CONFLICT DO NOTHING RETURNING id"""
GIVE_PROFILE_NAME = "UPDATE customers SET profile_name = ? WHERE id = ?"
CONVERSATION = "SELECT id FROM conversations WHERE customer_id = ? AND channel_id = ?"
MAKE_CONVERSATION = """
    INSERT INTO conversations
    (business, customer_id, channel_id, flow, state, data, due_at, touched, heard_at, ready_at, created_at,
     updated_at)
    VALUES (?, ?, ?, ?, ?, ?, NULL, 0, NULL, NULL, ?, ?)
    ON CONFLICT (customer_id, channel_id) DO NOTHING RETURNING id"""
SET_ROLE = "UPDATE customers SET role = ? WHERE id = ?"
ADDRESS_OF = """
    SELECT channels.provider, channels.address FROM conversations
    JOIN channels ON channels.id = conversations.channel_id WHERE conversations.id = ?"""
CUSTOMER_ROLE = "SELECT role FROM customers WHERE business = ? AND id = ?"
LAST_CONVERSATION = """
    SELECT id, channel_id FROM conversations WHERE business = ? AND customer_id = ?
    ORDER BY updated_at DESC, id DESC LIMIT 1"""


class ChannelAddress(NamedTuple):
    """A number as its provider names it: `("meta", phone_number_id)`."""

    provider: str
    address: str


class KnownChannel(NamedTuple):
    """A number that belongs to a business."""

    id: int
    business: str


class KnownCustomer(NamedTuple):
    """Somebody who talks to a business."""

    id: int
    role: str


class Located(NamedTuple):
    """Where a message belongs."""

    conversation: int
    channel: int
    business: str


class Place(NamedTuple):
    """Where a message belongs, and what else is to be written about its customer once that is held."""

    located: Located
    changes: tuple[Statement, ...] = ()


class NotServed(StorageError):
    """A number belongs to a business that this process does not serve; another one may."""

    def __init__(self, address: ChannelAddress, business: str) -> None:
        number = f"{address.provider} number {address.address!r}"
        super().__init__(f"the {number} belongs to {business!r}, which this process does not serve")
        self.address = address
        self.business = business


class News(Exception):
    """A customer is to be known by both of these before anything is kept for them."""

    def __init__(self, business: str, who: Identity) -> None:
        super().__init__(business, who)
        self.business = business
        self.who = who


class Directory:
    """Who is who, among the businesses that are served here."""

    def __init__(self, database: Database, packs: Mapping[str, Pack]) -> None:
        self.database = database
        self.packs = packs
        self.identities = Identities(database, packs)
        self.kept_products = KeptProducts()

    def served(self, statement: str, parameters: Sequence[object], limit: int) -> list[int]:
        """The conversations that a query of (conversation, business) finds, of businesses served here.

        The query ends in `LIMIT ? OFFSET ?`.
        """
        found: list[int] = []
        offset = 0
        while True:
            rows = self.database.rows(statement, *parameters, limit, offset)
            found += (conversation for conversation, business in rows if business in self.packs)
            if len(rows) < limit or len(found) >= limit:
                return found[:limit]
            offset += limit

    def channel(self, provider: str, address: str) -> KnownChannel | None:
        """The number, if it belongs to anybody."""
        row = self.database.row(CHANNEL, provider, address)
        return KnownChannel(*row) if row else None

    def address_of(self, conversation: int) -> ChannelAddress | None:
        """The number that the conversation is held on."""
        row = self.database.row(ADDRESS_OF, conversation)
        return ChannelAddress(*row) if row else None

    def place(
        self, address: ChannelAddress, who: Identity, profile_name: str, now: datetime, looks: bool = True
    ) -> Place | None:
        """Where a message of this customer belongs; None where no business has the number.

        Raises NotServed and, where it `looks` for that, News.
        """
        locate, known_by = (LOCATE_BY_PHONE, who.phone) if who.phone else (LOCATE_BY_USER_ID, who.user_id)
        row = self.database.row(locate, known_by, *address)
        if row is None:
            return None
        channel_id, business, customer_id, user_id, known_name, conversation = row
        if business not in self.packs:
            raise NotServed(address, business)
        is_other = customer_id is None or who.user_id != user_id
        if looks and is_other and who.phone and who.user_id and self.identities.is_news(business, who):
            raise News(business, who)
        if conversation is None:
            return Place(self.locate(KnownChannel(channel_id, business), who, profile_name, now))
        located = Located(conversation, channel_id, business)
        if profile_name and profile_name != known_name:
            return Place(located, ((GIVE_PROFILE_NAME, (profile_name, customer_id)),))
        return Place(located)

    def locate(self, channel: KnownChannel, who: Identity, profile_name: str, now: datetime) -> Located:
        """The conversation of this customer on this channel."""
        customer = self.customer(channel.business, who, profile_name, now)
        conversation = self._conversation(channel.business, channel.id, customer, now)
        return Located(conversation, channel.id, channel.business)

    def conversation(self, business: str, address: ChannelAddress, sender: str, now: datetime) -> Located:
        """The conversation of a phone number or user id on a number of this business."""
        channel = self.channel(*address)
        if channel is None or channel.business != business or business not in self.packs:
            raise StorageError(f"{address.provider} {address.address!r} is no number of {business!r}")
        return self.locate(channel, identity(sender), "", now)

    def conversation_of(self, business: str, customer_id: int, channel_id: int, now: datetime) -> Located:
        """The conversation that a known customer used last; without any, a new one on the given channel."""
        row = self.database.row(LAST_CONVERSATION, business, customer_id)
        if row:
            return Located(row[0], row[1], business)
        role = self.database.row(CUSTOMER_ROLE, business, customer_id)
        if role is None:
            raise StorageError(f"{business!r} has no customer {customer_id}")
        customer = KnownCustomer(customer_id, role[0])
        return Located(self._conversation(business, channel_id, customer, now), channel_id, business)

    def customer(self, business: str, who: Identity, profile_name: str, now: datetime) -> KnownCustomer:
        """The customer known by the number or, failing that, by the id; a new one where nobody is."""
        database = self.database
        row = self._customer_row(business, who)
        if row is None:
            made = database.row(MAKE_CUSTOMER, business, who.phone, who.user_id, profile_name, stored(now))
            if made:
                return KnownCustomer(made[0], "customer")
            row = self._customer_row(business, who)
            if row is None:
                raise StorageError("a customer was made and taken away at the same moment")
        customer_id, role, known_name = row
        if profile_name and known_name != profile_name:
            database.execute(GIVE_PROFILE_NAME, profile_name, customer_id)
        return KnownCustomer(customer_id, role)

    def set_role(self, business: str, customer: KnownCustomer, role: str, now: datetime) -> None:
        """Gives the role; talks that now have another flow begin anew, since their states are not its own."""
        if role == customer.role:
            return
        flow = flow_of(self.packs, business, role)
        # The conversation first, as in a turn: two that take their rows in one order never wait for each
        # other.
        self.database.execute(BEGIN_ANEW, *begun(flow), stored(now), customer.id, flow.name)
        self.database.execute(SET_ROLE, role, customer.id)

    def _customer_row(self, business: str, who: Identity) -> tuple[int, str, str] | None:
        row = None
        if who.phone:
            row = self.database.row(CUSTOMER_BY_PHONE, business, who.phone)
        if row is None and who.user_id:
            row = self.database.row(CUSTOMER_BY_USER_ID, business, who.user_id)
        return row

    def _conversation(self, business: str, channel_id: int, customer: KnownCustomer, now: datetime) -> int:
        row = self.database.row(CONVERSATION, customer.id, channel_id)
        if row is None:
            flow = flow_of(self.packs, business, customer.role)
            row = self.database.row(
                MAKE_CONVERSATION,
                business,
                customer.id,
                channel_id,
                *begun(flow),
                stored(now),
                stored(now),
            ) or self.database.row(CONVERSATION, customer.id, channel_id)
        if row is None:
            raise StorageError("a conversation was made and taken away at the same moment")
        found: int = row[0]
        return found
