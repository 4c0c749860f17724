"""Leaves one way to find a customer, and one to find their conversation on a channel."""

from __future__ import annotations

from typing import Any

# A PostgreSQL that has not counted the rows of a table yet thinks an index that begins with the business, or
# the channel, as good as the one that finds a single row: it then goes through everybody's for each message.
UP = (
    "DROP INDEX customer_business",
    "DROP INDEX customer_business_user_id",
    """CREATE UNIQUE INDEX customers_by_user_id ON customers (business, user_id)
    WHERE user_id IS NOT NULL""",
    "DROP INDEX conversation_customer_id",
    "DROP INDEX conversation_channel_id",
)

DOWN = (
    "CREATE INDEX conversation_channel_id ON conversations (channel_id)",
    "CREATE INDEX conversation_customer_id ON conversations (customer_id)",
    "DROP INDEX customers_by_user_id",
    "CREATE UNIQUE INDEX customer_business_user_id ON customers (business, user_id)",
    "CREATE INDEX customer_business ON customers (business)",
)


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for statement in DOWN:
        db.execute_sql(statement)
