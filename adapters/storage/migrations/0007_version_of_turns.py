"""Lets a turn remember the version of its flow that took it."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    # Null where nobody wrote it down: a process that knows nothing of it goes on making rows.
    db.execute_sql("ALTER TABLE turns ADD COLUMN version INTEGER")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("ALTER TABLE turns DROP COLUMN version")
