"""Makes the first tables."""

from __future__ import annotations

from typing import Any

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
    Model,
    TextField,
)

# A frozen copy of the tables of that day: later migrations build on it, so that it never follows `tables.py`.


class Business(Model):
    id = TextField(primary_key=True)
    name = TextField()
    currency = TextField()
    timezone = TextField()

    class Meta:
        table_name = "businesses"


class Channel(Model):
    business = ForeignKeyField(Business, column_name="business")
    provider = TextField()
    address = TextField()

    class Meta:
        table_name = "channels"
        indexes = ((("provider", "address"), True),)


class Customer(Model):
    business = ForeignKeyField(Business, column_name="business")
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
        indexes = ((("business", "phone"), True), (("business", "user_id"), True))


class Conversation(Model):
    business = ForeignKeyField(Business, column_name="business")
    customer = ForeignKeyField(Customer)
    channel = ForeignKeyField(Channel)
    flow = TextField()
    state = TextField()
    data = TextField()
    due_at = DateTimeField(index=True, null=True)
    touched = BigIntegerField(default=0)
    created_at = DateTimeField()
    updated_at = DateTimeField()

    class Meta:
        table_name = "conversations"
        indexes = ((("customer", "channel"), True),)


class Message(Model):
    id = AutoField()
    business = ForeignKeyField(Business, column_name="business")
    conversation = ForeignKeyField(Conversation)
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
    in_reply_to = ForeignKeyField("self", null=True)
    attempts = IntegerField(default=0)
    send_after = DateTimeField(null=True)
    created_at = DateTimeField()
    sent_at = DateTimeField(null=True)

    class Meta:
        table_name = "messages"
        indexes = ((("channel", "provider_id"), True),)


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


class Order(Model):
    business = ForeignKeyField(Business, column_name="business", index=False)
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


class OrderItem(Model):
    business = ForeignKeyField(Business, column_name="business", index=False)
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


class OrderNumber(Model):
    business = ForeignKeyField(Business, column_name="business", index=False)
    day = DateField()
    last = IntegerField()

    class Meta:
        table_name = "order_numbers"
        primary_key = CompositeKey("business", "day")


class Product(Model):
    business = ForeignKeyField(Business, column_name="business", index=False)
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


class TimelineEntry(Model):
    business = ForeignKeyField(Business, column_name="business", index=False)
    order = ForeignKeyField(Order)
    status = TextField()
    by = TextField()
    reason = TextField(default="")
    at = DateTimeField()

    class Meta:
        table_name = "timeline"


class Turn(Model):
    business = ForeignKeyField(Business, column_name="business")
    conversation = ForeignKeyField(Conversation)
    message = ForeignKeyField(Message, null=True)
    started_at = DateTimeField()
    duration = DoubleField(default=0.0)
    state_before = TextField()
    state_after = TextField()
    trace = TextField()
    error = TextField(default="")

    class Meta:
        table_name = "turns"


class Update(Model):
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


TABLES = (
    Business,
    Channel,
    Customer,
    Conversation,
    Message,
    Order,
    OrderItem,
    OrderNumber,
    Product,
    TimelineEntry,
    Turn,
    Update,
)


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.drop_tables(TABLES)
