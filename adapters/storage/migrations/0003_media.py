"""Makes the table of the files that customers sent."""

from __future__ import annotations

from typing import Any

from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

# A frozen copy of the table of that day, and of what it refers to.


class Business(Model):
    id = TextField(primary_key=True)

    class Meta:
        table_name = "businesses"


class Message(Model):
    id = AutoField()

    class Meta:
        table_name = "messages"


class Media(Model):
    message = ForeignKeyField(Message, primary_key=True)
    business = ForeignKeyField(Business, column_name="business", index=False)
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


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx((Business, Message, Media)):
        db.create_tables((Media,))


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx((Business, Message, Media)):
        db.drop_tables((Media,))
