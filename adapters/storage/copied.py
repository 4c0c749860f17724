"""Says what a copy of the database holds, how its making is told, and why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from adapters.storage.database import StorageError

Progress = Callable[[str], None]
"""Is told how far it is, in words; often."""

COUNTS = "SELECT (SELECT COUNT(*) FROM messages), (SELECT COUNT(*) FROM orders)"


class NotCopied(StorageError):
    """No copy was made, or none was restored; the text says why, and what to do. Nothing was changed."""


class Copied(NamedTuple):
    """What a copy holds: bytes of its file, and how many messages and orders."""

    size: int
    messages: int
    orders: int
