"""Drops the indexes that nobody reads, and leaves out of two others the rows that nobody looks for there."""

from __future__ import annotations

from typing import Any

# Every message and every turn pays for each of these.
UP = (
    "DROP INDEX message_business",
    "DROP INDEX turn_business",
    "DROP INDEX message_in_reply_to_id",
    "CREATE INDEX messages_answering ON messages (in_reply_to_id) WHERE in_reply_to_id IS NOT NULL",
    "DROP INDEX message_channel_id_provider_id",
    """CREATE UNIQUE INDEX messages_of_provider ON messages (channel_id, provider_id)
    WHERE provider_id IS NOT NULL""",
)

DOWN = (
    "DROP INDEX messages_of_provider",
    "CREATE UNIQUE INDEX message_channel_id_provider_id ON messages (channel_id, provider_id)",
    "DROP INDEX messages_answering",
    "CREATE INDEX message_in_reply_to_id ON messages (in_reply_to_id)",
    "CREATE INDEX turn_business ON turns (business)",
    "CREATE INDEX message_business ON messages (business)",
)


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for statement in DOWN:
        db.execute_sql(statement)
