"""Takes turns: a transaction holds the conversation meanwhile, and keeps all that comes of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType

from adapters.storage.batches import BEGINS_WITH, Batch, Batching
from adapters.storage.database import Database, StorageError, Undo, stored
from adapters.storage.people import Directory
from adapters.storage.shop import Shelves
from adapters.storage.working_turn import Outcome, Row, WorkingTurn, keep_outcomes

# A message that was put off keeps back what came after it: later messages, and timers that fell due later.
WAITING = """
    SELECT conversation_id, business FROM
    (SELECT messages.conversation_id, messages.business, messages.created_at AS since
     FROM (SELECT conversation_id, MIN(id) AS id FROM messages WHERE status = 'received'
           GROUP BY conversation_id) AS oldest
     JOIN messages ON messages.id = oldest.id
     WHERE messages.try_after IS NULL OR messages.try_after <= ?
     UNION ALL
     SELECT conversations.id, conversations.business, conversations.due_at FROM conversations
     WHERE conversations.due_at <= ? AND NOT EXISTS
     (SELECT 1 FROM messages WHERE messages.status = 'received'
      AND messages.conversation_id = conversations.id AND messages.created_at <= conversations.due_at)
    ) AS found
    GROUP BY conversation_id, business ORDER BY MIN(since), conversation_id LIMIT ? OFFSET ?"""
# One statement locks the conversation and reads all that a turn begins with.
ONE = "WHERE conversations.id = ?"
# The advisory lock tells another turn, which will see all that was committed by now, from somebody who merely
# holds the row for a moment.
ONE_OF_MINE = f"""{ONE} AND pg_try_advisory_xact_lock(conversations.id)
    FOR NO KEY UPDATE OF conversations"""
HOLD = {
    "sqlite": f"{BEGINS_WITH['sqlite']} {ONE}",
    "postgresql": f"{BEGINS_WITH['postgresql']} {ONE_OF_MINE}",
}
EXISTS = "SELECT 1 FROM conversations WHERE id = ?"


class UnknownConversation(StorageError):
    """There is no conversation with this id."""


class Held(StorageError):
    """Another worker holds the conversation: it sees everything that was committed before this was raised."""


class Turns:
    """Finds the conversations that have something to do, and takes their turns."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self.database = database
        self.directory = directory

    def waiting(self, now: datetime, limit: int) -> list[int]:
        """The conversations with a message to take up now or a timer that is due, longest waiting first."""
        moment = stored(now)
        return self.directory.served(WAITING, (moment, moment), limit)

    def turn(self, conversation: int, now: datetime) -> AbstractContextManager[WorkingTurn]:
        """One transaction that holds the conversation."""
        return _Holding(self, conversation, now)

    def batch(self, conversations: Sequence[int], now: datetime) -> AbstractContextManager[Batch]:
        """One transaction that holds those of the conversations that nobody else holds."""
        return Batching(self.database, self.directory, conversations, now)


class _Holding:
    """The transaction of one turn. Every message has one: a generator would cost each a microsecond."""

    __slots__ = ("_conversation", "_now", "_turns", "_undone")

    def __init__(self, turns: Turns, conversation: int, now: datetime) -> None:
        self._turns = turns
        self._conversation = conversation
        self._now = now
        self._undone = turns.database.undone()

    def __enter__(self) -> WorkingTurn:
        turns = self._turns
        undo = self._undone.__enter__()
        try:
            return self._begun(turns.database, turns.directory, undo)
        except BaseException as error:
            self._undone.__exit__(type(error), error, error.__traceback__)
            raise

    def _begun(self, database: Database, directory: Directory, undo: Undo) -> WorkingTurn:
        def keep(outcome: Outcome) -> None:
            keep_outcomes(database, [outcome])
            undo.keep()

        row = _held(database, self._conversation)
        shelves = Shelves(database, directory.kept_products)
        return WorkingTurn(database, directory, self._conversation, row, self._now, keep, shelves)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._undone.__exit__(kind, error, trace)


def _held(database: Database, conversation: int) -> Row:
    """Locks the conversation and reads what a turn begins with. Raises Held, UnknownConversation."""
    row = database.row(HOLD[database.kind], conversation)
    if row is not None and row[1] != row[2]:
        row = database.row(HOLD[database.kind], conversation)
    if row is not None:
        return Row(*row[1:])
    if database.row(EXISTS, conversation) is None:
        raise UnknownConversation(f"there is no conversation {conversation}")
    raise Held(f"another worker holds conversation {conversation}")
