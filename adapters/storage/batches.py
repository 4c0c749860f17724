"""Holds several conversations in one transaction, so that their turns cost one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType

from adapters.storage.database import Database
from adapters.storage.people import Directory
from adapters.storage.shop import Shelves
from adapters.storage.working_turn import Outcome, Row, WorkingTurn, keep_outcomes

# On PostgreSQL what is joined was read before the lock was had: `touched`, read both ways, tells whether
# anybody changed it meanwhile. `id + 0` keeps it from looking for the least id among all messages, in their
# order.
FIRST = """
    SELECT conversations.id, conversations.touched, {touched_before},
           conversations.business, conversations.state, conversations.data, conversations.due_at,
           channels.id, channels.provider, channels.address,
           customers.id, customers.phone, customers.user_id, customers.name, customers.address,
           customers.email, customers.language, customers.role,
           oldest.id, oldest.payload, oldest.created_at, oldest.try_after, oldest.attempts,
           oldest.correlation, EXISTS
           (SELECT 1 FROM messages behind WHERE behind.status = 'received'
            AND behind.conversation_id = conversations.id AND behind.id > oldest.id),
           conversations.version
    FROM conversations
    JOIN channels ON channels.id = conversations.channel_id
    JOIN customers ON customers.id = conversations.customer_id
    LEFT JOIN messages oldest ON oldest.id =
    (SELECT MIN(waiting.id + 0) FROM messages waiting WHERE waiting.status = 'received'
     AND waiting.conversation_id = conversations.id)"""
SEEN = "(SELECT seen.touched FROM conversations seen WHERE seen.id = conversations.id)"
BEGINS_WITH = {
    "sqlite": FIRST.format(touched_before="conversations.touched"),
    "postgresql": FIRST.format(touched_before=SEEN),
}
# PostgreSQL: nobody is waited for who holds one of them, be it for a moment: that one is left to a
# transaction of its own. The advisory locks are tried in a query of their own, once for each that was asked
# for, lest they are tried for others too.
MINE = """
    WITH mine AS MATERIALIZED
    (SELECT id FROM unnest(CAST(? AS bigint[])) AS id WHERE pg_try_advisory_xact_lock(id))"""
SEVERAL = "WHERE conversations.id IN (SELECT value FROM json_each(?))"
SEVERAL_OF_MINE = """
    WHERE conversations.id IN (SELECT id FROM mine)
    FOR NO KEY UPDATE OF conversations SKIP LOCKED"""
HOLD_SEVERAL = {
    "sqlite": f"{BEGINS_WITH['sqlite']} {SEVERAL}",
    "postgresql": f"{MINE} {BEGINS_WITH['postgresql']} {SEVERAL_OF_MINE}",
}


class Batch:
    """Conversations while one transaction holds them all.

    Iterated, it gives each in the order in which it was asked for, ready for its turn; what they commit is
    written at the end of the transaction, together. `apart` are those that want a transaction of their own:
    somebody holds them, or they are not served here. `later` are those to be asked for again. `is_full` says
    that the transaction should take no further turn.
    """

    def __init__(
        self, database: Database, directory: Directory, conversations: Sequence[int], now: datetime
    ) -> None:
        self._database = database
        self._directory = directory
        self._now = now
        self._shelves = Shelves(database, directory.kept_products)
        self._outcomes: list[Outcome] = []
        # Two transactions that each hold a row which the other wants would wait for ever. Where there are
        # several writers, one that has the shelves of a business goes on with that business alone, and none
        # goes on once it has told somebody else something.
        self._is_alone = database.kind == "sqlite"
        self.is_full = False
        numbers = ",".join(map(str, conversations))
        asked = f"[{numbers}]" if self._is_alone else f"{{{numbers}}}"
        rows = database.rows(HOLD_SEVERAL[database.kind], asked)
        found = {row[0]: Row(*row[1:]) for row in rows if row[1] == row[2] and row[3] in directory.packs}
        self._held: list[tuple[int, Row]] = []
        self.apart: list[int] = []
        self.later: list[int] = []
        customers: set[int] = set()
        for conversation in dict.fromkeys(conversations):
            row = found.get(conversation)
            if row is None:
                self.apart.append(conversation)
            elif row.customer in customers:
                # The other talk of the same person may change what was read here of them.
                self.later.append(conversation)
            else:
                customers.add(row.customer)
                self._held.append((conversation, row))

    def __iter__(self) -> Iterator[WorkingTurn]:
        for place, (conversation, row) in enumerate(self._held):
            if self._stands_back(row.business):
                self.later.append(conversation)
                continue
            working = WorkingTurn(
                self._database,
                self._directory,
                conversation,
                row,
                self._now,
                self._outcomes.append,
                self._shelves,
            )
            yield working
            if not self._is_alone and working.has_told:
                self.is_full = True
            if self.is_full:
                self.later = [*(one for one, _ in self._held[place + 1 :]), *self.later]
                return

    def _stands_back(self, business: str) -> bool:
        taken = self._shelves.taken
        return bool(taken) and not self._is_alone and business not in taken

    def write(self) -> bool:
        """Writes what the turns came to; false where there is nothing."""
        if self._outcomes:
            keep_outcomes(self._database, self._outcomes)
        return bool(self._outcomes)


class Batching:
    """The transaction of a batch."""

    def __init__(
        self, database: Database, directory: Directory, conversations: Sequence[int], now: datetime
    ) -> None:
        self._database = database
        self._directory = directory
        self._conversations = conversations
        self._now = now
        self._undone = database.undone()

    def __enter__(self) -> Batch:
        self._undo = self._undone.__enter__()
        try:
            self._batch = Batch(self._database, self._directory, self._conversations, self._now)
        except BaseException as error:
            self._undone.__exit__(type(error), error, error.__traceback__)
            raise
        return self._batch

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is None:
            try:
                if self._batch.write():
                    self._undo.keep()
            except BaseException as fault:
                self._undone.__exit__(type(fault), fault, fault.__traceback__)
                raise
        return self._undone.__exit__(kind, error, trace)
