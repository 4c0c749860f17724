"""Gives messages tries and correlations, channels a state, and customers the moment they were last heard."""

from __future__ import annotations

from typing import Any

from peewee import SqliteDatabase

UP = (
    "ALTER TABLE conversations ADD COLUMN heard_at {moment}",
    "ALTER TABLE conversations ADD COLUMN ready_at {moment}",
    "ALTER TABLE channels ADD COLUMN ready_at {moment}",
    "ALTER TABLE channels ADD COLUMN state TEXT NOT NULL DEFAULT 'open'",
    "ALTER TABLE channels ADD COLUMN code TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE channels ADD COLUMN text TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE channels ADD COLUMN state_at {moment}",
    "ALTER TABLE channels ADD COLUMN try_at {moment}",
    "ALTER TABLE messages RENAME COLUMN send_after TO try_after",
    "ALTER TABLE messages ADD COLUMN correlation TEXT NOT NULL DEFAULT ''",
    # What somebody said before this day opens their window as well.
    """UPDATE conversations SET heard_at =
    (SELECT MAX(COALESCE(messages.sent_at, messages.created_at)) FROM messages
     WHERE messages.conversation_id = conversations.id AND messages.direction = 'in')""",
    # One index finds a conversation's messages and their order.
    "CREATE INDEX message_conversation_id_id ON messages (conversation_id, id)",
    "DROP INDEX message_conversation_id",
    "CREATE INDEX messages_put_aside ON messages (id) WHERE status IN ('failed', 'needs_template')",
    """CREATE INDEX updates_waiting ON updates (kind, received_at)
    WHERE kind = 'receipt' AND applied_at IS NULL""",
)

DOWN = (
    "DROP INDEX updates_waiting",
    "DROP INDEX messages_put_aside",
    "CREATE INDEX message_conversation_id ON messages (conversation_id)",
    "DROP INDEX message_conversation_id_id",
    "ALTER TABLE messages DROP COLUMN correlation",
    "ALTER TABLE messages RENAME COLUMN try_after TO send_after",
    "UPDATE messages SET status = 'failed' WHERE status = 'needs_template'",
    "ALTER TABLE channels DROP COLUMN try_at",
    "ALTER TABLE channels DROP COLUMN state_at",
    "ALTER TABLE channels DROP COLUMN text",
    "ALTER TABLE channels DROP COLUMN code",
    "ALTER TABLE channels DROP COLUMN state",
    "ALTER TABLE channels DROP COLUMN ready_at",
    "ALTER TABLE conversations DROP COLUMN ready_at",
    "ALTER TABLE conversations DROP COLUMN heard_at",
)


def up(migrator: Any, db: Any) -> None:
    _run(db, UP)


def down(migrator: Any, db: Any) -> None:
    _run(db, DOWN)


def _run(db: Any, statements: tuple[str, ...]) -> None:
    # Plain statements: they change the tables where they stand, where a migrator would copy all of SQLite's.
    moment = "DATETIME" if isinstance(db, SqliteDatabase) else "TIMESTAMP"
    for statement in statements:
        db.execute_sql(statement.format(moment=moment))
