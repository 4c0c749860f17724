"""Lets a number remember that a status spoke of it, and a reply how often in a row it was put off."""

from __future__ import annotations

from typing import Any

from peewee import SqliteDatabase


def up(migrator: Any, db: Any) -> None:
    moment = "DATETIME" if isinstance(db, SqliteDatabase) else "TIMESTAMP"
    db.execute_sql(f"ALTER TABLE channels ADD COLUMN told_at {moment}")
    # Processes that know nothing of it go on making rows.
    db.execute_sql("ALTER TABLE messages ADD COLUMN delays INTEGER NOT NULL DEFAULT 0")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("ALTER TABLE messages DROP COLUMN delays")
    db.execute_sql("ALTER TABLE channels DROP COLUMN told_at")
