"""The tables: what is kept of businesses, their customers, what was said, and what was ordered."""

from __future__ import annotations

import peewee
from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DateField,
    DateTimeField,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

# TextField, never CharField, and DoubleField, never FloatField: PostgreSQL refuses what is longer than a
# VARCHAR and keeps six digits of a REAL, SQLite takes both whole.
# The models are bound to no database: several storages live in one process, and each runs the queries itself.
# A reference to a business is its own word, so that a query by hand reads `business = 'cookie_barrel'`.


class Business(peewee.Model):
    """Who sells; `id` is the word of its pack."""

    id = TextField(primary_key=True)
    name = TextField()
    currency = TextField()
    timezone = TextField()

    class Meta:
        table_name = "businesses"


def _of_business(index: bool = True) -> ForeignKeyField:
    return ForeignKeyField(Business, column_name="business", index=index)


class Channel(peewee.Model):
    """A number of a business, named as its provider names it.

    `state` is `open`, `waiting` (nothing goes out before `try_at`) or `stopped` (a person must mend the
    account; one message is let through at `try_at`), since `state_at`, for the reason in `code` and `text`.
    `told_at` is when a status last gave such a reason; null where only the answers to what was sent did.
    `ready_at` is how far the number's rate is used up: see `rates.py`.
    """

    id = AutoField()
    business = _of_business()
    provider = TextField()
    address = TextField()
    ready_at = DateTimeField(null=True)
    state = TextField(default="open")
    code = TextField(default="")
    text = TextField(default="")
    state_at = DateTimeField(null=True)
    try_at = DateTimeField(null=True)
    told_at = DateTimeField(null=True)

    class Meta:
        table_name = "channels"
        indexes = ((("provider", "address"), True),)


class Customer(peewee.Model):
    """Who talks to a business: known by a phone number (digits), by the provider's id for them, or by both.

    `name`, `address`, `email` and `language` are what the customer had kept; `profile_name` comes from the
    provider.
    """

    id = AutoField()
    business = _of_business(index=False)
    phone = TextField(null=True)
    user_id = TextField(null=True)
    name = TextField(default="")
    address = TextField(default="")
    email = TextField(default="")
    language = TextField(default="")
    role = TextField(default="customer")
    profile_name = TextField(default="")
    created_at = DateTimeField()

    class Meta:
        table_name = "customers"
        indexes = ((("business", "phone"), True),)


# Nothing else begins with the business: a PostgreSQL that has counted no rows yet would as soon go by that.
Customer.add_index(
    Customer.index(
        Customer.business,
        Customer.user_id,
        unique=True,
        name="customers_by_user_id",
        where=SQL("user_id IS NOT NULL"),
        safe=True,
    )
)


class FlowVersion(peewee.Model):
    """One content of a business's pack that was published; the newest has the highest `publication`.

    `number` counts the business's versions. What is published again keeps its number and its `created_at`,
    and takes a new `publication` and `published_at`. `content` holds the files, compressed.
    """

    id = AutoField()
    business = _of_business(index=False)
    number = IntegerField()
    hash = TextField()
    publication = IntegerField()
    published_at = DateTimeField()
    published_by = TextField(default="")
    created_at = DateTimeField()
    content = TextField()

    class Meta:
        table_name = "flow_versions"
        indexes = (
            (("business", "number"), True),
            (("business", "hash"), True),
            (("business", "publication"), True),
        )


class Conversation(peewee.Model):
    """One customer's talk on one channel. `data` is the engine's conversation as JSON.

    `version` is the number of the version that it is on; without one it is on the newest. `flow` is empty
    where the talk goes on in another conversation, because two customers turned out to be one.
    `touched` counts the transactions that changed what there is to do; `due_at` is when the next timer fires.
    `heard_at` is when the customer last said something, `ready_at` how far their rate is used up.
    """

    id = AutoField()
    business = _of_business()
    customer = ForeignKeyField(Customer, index=False)
    channel = ForeignKeyField(Channel, index=False)
    flow = TextField()
    state = TextField()
    data = TextField()
    due_at = DateTimeField(null=True, index=True)
    touched = BigIntegerField(default=0)
    heard_at = DateTimeField(null=True)
    ready_at = DateTimeField(null=True)
    created_at = DateTimeField()
    updated_at = DateTimeField()
    version = IntegerField(null=True)

    class Meta:
        table_name = "conversations"
        indexes = ((("customer", "channel"), True),)


class Message(peewee.Model):
    """What was said, in either direction (`in`, `out`); its order within a conversation is that of `id`.

    `status` is `received → handled | failed` or `queued → sending → sent → delivered → read | failed |
    needs_template`. `sent_at` is when the sender's side sent it; `attempts` counts how often it was tried and
    may have been sent, `delays` how often it was put off, and `try_after` is when it may be tried again.
    `correlation` names the request that a message came in with, and all that follows from it. What is `in`
    and of the kind `timer` nobody said: it is a timer whose turn broke, and waits as a message does.
    """

    id = AutoField()
    business = _of_business(index=False)
    conversation = ForeignKeyField(Conversation, index=False)
    channel = ForeignKeyField(Channel, index=False)
    direction = TextField()
    provider_id = TextField(null=True)
    kind = TextField()
    body = TextField(default="")
    payload = TextField()
    status = TextField()
    status_at = DateTimeField()
    error = TextField(default="")
    error_code = TextField(default="")
    in_reply_to = ForeignKeyField("self", null=True, index=False)
    attempts = IntegerField(default=0)
    try_after = DateTimeField(null=True)
    correlation = TextField(default="")
    created_at = DateTimeField()
    sent_at = DateTimeField(null=True)
    delays = IntegerField(default=0)

    class Meta:
        table_name = "messages"
        indexes = ((("conversation", "id"), False),)


# A bound parameter never meets a partial index: the statements that want these write the statuses out. The
# status stands in them as well, or SQLite would sooner go through all that a conversation ever held.
Message.add_index(
    Message.index(
        Message.status,
        Message.conversation,
        Message.id,
        name="messages_received",
        where=SQL("status = 'received'"),
        safe=True,
    )
)
Message.add_index(
    Message.index(
        Message.status,
        Message.conversation,
        Message.id,
        name="messages_queued",
        where=SQL("status IN ('queued', 'sending')"),
        safe=True,
    )
)
Message.add_index(
    Message.index(
        Message.channel,
        Message.provider_id,
        unique=True,
        name="messages_of_provider",
        where=SQL("provider_id IS NOT NULL"),
        safe=True,
    )
)
Message.add_index(
    Message.index(
        Message.in_reply_to,
        name="messages_answering",
        where=SQL("in_reply_to_id IS NOT NULL"),
        safe=True,
    )
)
Message.add_index(
    Message.index(
        Message.id,
        name="messages_put_aside",
        where=SQL("status IN ('failed', 'needs_template')"),
        safe=True,
    )
)


class Turn(peewee.Model):
    """What a message (or, without one, a timer) came to. `duration` is in seconds, `error` a traceback.

    `version` is that of the flow which took it, null where that was not written down.
    """

    id = AutoField()
    business = _of_business(index=False)
    conversation = ForeignKeyField(Conversation)
    message = ForeignKeyField(Message, null=True)
    started_at = DateTimeField()
    duration = DoubleField(default=0.0)
    state_before = TextField()
    state_after = TextField()
    trace = TextField()
    error = TextField(default="")
    version = IntegerField(null=True)

    class Meta:
        table_name = "turns"


class Product(peewee.Model):
    """Something for sale; `price` in the currency's smallest unit, `stock` null where it is not counted."""

    id = AutoField()
    business = _of_business(index=False)
    number = IntegerField()
    code = TextField()
    name = TextField()
    price = BigIntegerField()
    stock = BigIntegerField(null=True)
    category = TextField(default="")
    on_sale = BooleanField(default=True)

    class Meta:
        table_name = "products"
        indexes = ((("business", "code"), True),)


class Order(peewee.Model):
    """What was ordered; `total` in the currency's smallest unit, `source` is where it came from."""

    id = AutoField()
    business = _of_business(index=False)
    number = TextField()
    customer = ForeignKeyField(Customer)
    conversation = ForeignKeyField(Conversation, null=True)
    status = TextField()
    total = BigIntegerField()
    currency = TextField()
    name = TextField(default="")
    phone = TextField(default="")
    address = TextField(default="")
    latitude = DoubleField(null=True)
    longitude = DoubleField(null=True)
    instructions = TextField(default="")
    delivery = TextField(default="")
    source = TextField(default="whatsapp")
    placed_at = DateTimeField()

    class Meta:
        table_name = "orders"
        indexes = ((("business", "number"), True),)


class OrderItem(peewee.Model):
    """One line of an order: the product's code, its name and price at that moment."""

    id = AutoField()
    business = _of_business(index=False)
    order = ForeignKeyField(Order, index=False)
    number = IntegerField()
    product = TextField()
    name = TextField()
    quantity = BigIntegerField()
    price = BigIntegerField()
    note = TextField(default="")

    class Meta:
        table_name = "order_items"
        indexes = ((("order", "number"), True),)


class TimelineEntry(peewee.Model):
    """One step of an order's life: the status it took, by whom, and why."""

    id = AutoField()
    business = _of_business(index=False)
    order = ForeignKeyField(Order)
    status = TextField()
    by = TextField()
    reason = TextField(default="")
    at = DateTimeField()

    class Meta:
        table_name = "timeline"


class OrderNumber(peewee.Model):
    """The last number given on a business's day; this row makes order numbers unique and without gaps."""

    business = _of_business(index=False)
    day = DateField()
    last = IntegerField()

    class Meta:
        table_name = "order_numbers"
        primary_key = CompositeKey("business", "day")


class Update(peewee.Model):
    """What a provider sent and no conversation took: `kind` is `message`, `receipt` or `unread`.

    A receipt waits here until its message is known, a message until a business has the number that it was
    sent to; `applied_at` is then set. `raw` holds both as they were read, what is unread as it came.
    """

    id = AutoField()
    provider = TextField()
    address = TextField(default="")
    kind = TextField()
    provider_id = TextField(default="")
    raw = TextField()  # type: ignore[assignment]  # hides a method that nobody needs
    reason = TextField()
    received_at = DateTimeField()
    applied_at = DateTimeField(null=True)

    class Meta:
        table_name = "updates"
        indexes = ((("provider", "provider_id"), False),)


Update.add_index(
    Update.index(
        Update.kind,
        Update.received_at,
        name="updates_waiting",
        where=SQL("kind = 'receipt' AND applied_at IS NULL"),
        safe=True,
    )
)


class Media(peewee.Model):
    """The file of a message: `status` is `waiting → kept | refused | failed`.

    `path` is where it lies below the folder of all files, `filename` what its sender calls it; `try_after` is
    when it may be fetched again.
    """

    message = ForeignKeyField(Message, primary_key=True)
    business = _of_business(index=False)
    kind = TextField()
    mime_type = TextField(default="")
    filename = TextField(default="")
    size = BigIntegerField(default=0)
    sha256 = TextField(default="")
    path = TextField(default="")
    status = TextField()
    error = TextField(default="")
    attempts = IntegerField(default=0)
    try_after = DateTimeField(null=True)
    created_at = DateTimeField()

    class Meta:
        table_name = "media"


Media.add_index(
    Media.index(
        Media.status,
        Media.business,
        Media.message,
        name="media_waiting",
        where=SQL("status = 'waiting'"),
        safe=True,
    )
)


TABLES: tuple[type[peewee.Model], ...] = (
    Business,
    Channel,
    Customer,
    FlowVersion,
    Conversation,
    Message,
    Turn,
    Product,
    Order,
    OrderItem,
    TimelineEntry,
    OrderNumber,
    Update,
    Media,
)
"""Every table, those referred to before those that refer."""
