"""Makes the table of the versions that were published, and lets a conversation be on one of them."""

from __future__ import annotations

from typing import Any

from peewee import AutoField, DateTimeField, ForeignKeyField, IntegerField, Model, TextField

# A frozen copy of the table of that day, and of what it refers to.


class Business(Model):
    id = TextField(primary_key=True)

    class Meta:
        table_name = "businesses"


class FlowVersion(Model):
    id = AutoField()
    business = ForeignKeyField(Business, column_name="business", index=False)
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


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx((Business, FlowVersion)):
        db.create_tables((FlowVersion,))
    # Null is the newest version: what a process writes that knows of none yet stays right.
    db.execute_sql("ALTER TABLE conversations ADD COLUMN version INTEGER")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("ALTER TABLE conversations DROP COLUMN version")
    with db.bind_ctx((Business, FlowVersion)):
        db.drop_tables((FlowVersion,))
