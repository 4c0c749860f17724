"""The storage as the rest of the product sees it: one object, opened by an address, used by every thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from adapters.storage.catalog import seed_business
from adapters.storage.database import Database, StorageError, open_database, utc_now
from adapters.storage.messages import Inbox, Outbox, Queued
from adapters.storage.people import ChannelAddress, Directory, identity
from adapters.storage.reports import Reports
from adapters.storage.tables import Channel
from adapters.storage.turns import Turns, WorkingTurn
from engine.message import Inbound, Outbound, Receipt, Unread
from engine.pack import Pack
from engine.turn import Trace

MIGRATIONS = Path(__file__).parent / "migrations"


class NotReady(StorageError):
    """The storage cannot be used yet; the text says why, and what to do."""


class UnknownBusiness(StorageError):
    """A business is named that no pack was seeded for."""


def open_storage(url: str) -> Storage:
    """The storage at `sqlite:///PATH` or `sqlite:///:memory:`; DatabaseURLError for any other address."""
    return Storage(open_database(url))


class Storage:
    """All that is kept. Moments are aware datetimes; a conversation and a message are named by their row ids.

    `packs` holds what `seed` was given, by the id of the business: only these businesses are served here.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.packs: dict[str, Pack] = {}
        self._directory = Directory(database, self.packs)
        self._inbox = Inbox(database, self._directory)
        self._outbox = Outbox(database, self._directory)
        self._turns = Turns(database, self._directory)

    def migrate(self) -> list[str]:
        """Brings the tables up to date; the names of the migrations that were applied."""
        with self.database.migrating():
            try:
                return list(self._runner().up())
            except peewee.IntegrityError:
                # Another process brought the same migration to its end while this one waited to begin it.
                if self._pending():
                    raise
                return []

    def close(self) -> None:
        """Closes the connections of every thread."""
        self.database.close()

    def is_ready(self) -> None:
        """Raises StorageError where the database takes no change, lacks a migration or knows no business."""
        try:
            pending = self._pending()
            with self.database.writing():
                pass  # what can only be read takes no message
        except peewee.PeeweeException as error:
            raise NotReady(f"the database does not answer: {error}") from error
        if pending:
            raise NotReady(f"the database lacks {', '.join(pending)}: call migrate")
        if not self.packs:
            raise NotReady("no business is loaded: seed at least one pack")

    def seed(self, pack: Pack) -> None:
        """Keeps the business and its catalog, and serves the business from now on.

        New products are added with their stock; of known ones everything but the stock is brought up to date;
        those that the catalog lost are no longer on sale. Raises InexactAmount for a price that the currency
        has no coin for.
        """
        seed_business(self.database, pack)
        self.packs[pack.business.id] = pack

    def add_channel(self, business: str, provider: str, address: str) -> None:
        """Gives the number, as its provider names it, to the business; it then belongs to no other."""
        if business not in self.packs:
            raise UnknownBusiness(f"no business {business!r} is loaded: seed its pack first")
        insert = Channel.insert(business=business, provider=provider, address=address)
        with self.database.writing():
            self.database.change(
                insert.on_conflict(
                    conflict_target=(Channel.provider, Channel.address), preserve=(Channel.business,)
                )
            )

    def channel_business(self, provider: str, address: str) -> str | None:
        """The business that the number belongs to."""
        channel = self._directory.channel(provider, address)
        return channel.business if channel else None

    def set_role(self, business: str, phone: str, role: str, now: datetime) -> None:
        """Gives a person, known by phone number or user id, a role in the business, such as `staff`."""
        if business not in self.packs:
            raise UnknownBusiness(f"no business {business!r} is loaded: seed its pack first")
        with self.database.writing():
            person = self._directory.customer(business, identity(phone), "", now)
            self._directory.set_role(business, person, role, now)

    # What comes in

    def accept(
        self, provider: str, updates: Sequence[Inbound | Receipt | Unread], now: datetime
    ) -> list[int]:
        """Keeps everything of one POST in one transaction; the conversations that have something to do now.

        A message counts once, however often it comes. Messages for a number that nobody here serves, and what
        was not understood, are kept as they came. A receipt moves its message forwards only, and waits where
        its message is not known yet.
        """
        return self._inbox.accept(provider, updates, now)

    def waiting(self, now: datetime) -> list[int]:
        """The conversations that have a message to be taken up, or a timer that is due."""
        return self._turns.waiting(now)

    @contextmanager
    def turn(self, conversation_id: int) -> Iterator[WorkingTurn]:
        """One transaction that holds the conversation: all is kept, or nothing when an exception leaves it.

        Without a `commit` nothing is kept either. Raises UnknownConversation.
        """
        with self._turns.turn(conversation_id) as working:
            yield working

    def record_failure(
        self,
        conversation_id: int,
        message_id: int | None,
        traceback_text: str,
        trace: Trace,
        apology: Outbound | None,
        now: datetime,
    ) -> None:
        """Marks the message (or, without one, the timer) of a turn that broke, and keeps why.

        The apology is queued once for a message, however often its turn breaks.
        """
        self._turns.record_failure(conversation_id, message_id, traceback_text, trace, apology, now)

    def take_up_again(self, message_id: int) -> bool:
        """Lets a failed message be taken up once more; false where it is not a failed one."""
        return self._turns.take_up_again(message_id)

    # What goes out

    def outgoing(self, now: datetime | None = None) -> list[int]:
        """The conversations that have a reply to be sent now."""
        return self._outbox.outgoing(now or utc_now())

    def next_queued(self, conversation_id: int, now: datetime | None = None) -> Queued | None:
        """The oldest reply not sent yet; None also while that one is being sent or waits to be retried."""
        return self._outbox.next_queued(conversation_id, now or utc_now())

    def mark_sending(self, message_id: int, now: datetime | None = None) -> bool:
        """Claims the reply; false where another worker has it, or it is no longer queued."""
        return self._outbox.mark_sending(message_id, now or utc_now())

    def mark_sent(self, message_id: int, provider_id: str, now: datetime) -> None:
        """The provider took the reply and calls it by this id; receipts that came before count now."""
        self._outbox.mark_sent(message_id, provider_id, now)

    def mark_failed(self, message_id: int, code: str, text: str, now: datetime) -> None:
        """The reply will not be sent; `code` and `text` as the provider gave them."""
        self._outbox.mark_failed(message_id, code, text, now)

    def send_again(self, message_id: int, code: str, text: str, after: datetime) -> None:
        """The reply goes back into the queue, ahead of what is newer, not to be tried before `after`."""
        self._outbox.send_again(message_id, code, text, after)

    def release_sending(self, before: datetime) -> int:
        """Puts back into the queue what a worker began to send before that moment and never ended."""
        return self._outbox.release_sending(before)

    def queue_text(
        self, business: str, channel: tuple[str, str], phone: str, text: str, now: datetime
    ) -> int:
        """Queues a text from a channel (provider, address) to a phone number or user id; the message's id."""
        return self._outbox.queue_text(business, ChannelAddress(*channel), phone, text, now)

    def start_conversation(self, business: str, channel: tuple[str, str], sender: str, now: datetime) -> int:
        """The conversation of this customer on this channel, made if there is none."""
        with self.database.writing():
            return self._directory.conversation(business, ChannelAddress(*channel), sender, now).conversation

    def reports(self, business: str | None = None) -> Reports:
        """Reads for people: of one business, or of all."""
        return Reports(self.database, business)

    def _pending(self) -> list[str]:
        return [migration.name for migration in self._runner().status() if not migration.applied]

    def _runner(self) -> Runner:
        return Runner(self.database.peewee, str(MIGRATIONS))
