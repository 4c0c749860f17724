"""The storage as the rest of the product sees it: one object, opened by an address, used by every thread."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from adapters.storage.address import open_database
from adapters.storage.backlog import Backlog, Counts
from adapters.storage.batches import Batch
from adapters.storage.catalog import seed_business
from adapters.storage.channel_states import Alarm, ChannelState, ChannelStates, ChannelWord, Stop
from adapters.storage.database import Database, StorageError, utc_now
from adapters.storage.failures import BrokenTimer, Failures
from adapters.storage.identities import identity
from adapters.storage.inbox import Accepted, Inbox
from adapters.storage.media import MediaRows
from adapters.storage.outbox import Failed, Outbox, PutAside, Queued, Rate, Wait
from adapters.storage.people import ChannelAddress, Directory
from adapters.storage.reports import Reports, Row
from adapters.storage.tables import Channel
from adapters.storage.turns import Turns
from adapters.storage.unclaimed import Unclaimed
from adapters.storage.versions import VersionRows
from adapters.storage.working_turn import WorkingTurn
from engine.message import Inbound, Outbound, Receipt, Unread
from engine.pack import Pack
from engine.turn import Trace

MIGRATIONS = Path(__file__).parent / "migrations"

MANY = 1000
"""How many conversations one look finds at most."""

TRIES = 3
"""How often a message is taken up whose turn breaks."""


class NotReady(StorageError):
    """The storage cannot be used yet; the text says why, and what to do."""


class UnknownBusiness(StorageError):
    """A business is named that no pack was seeded for."""


def open_storage(url: str) -> Storage:
    """The storage at an address as `open_database` takes it; DatabaseURLError for any other."""
    return Storage(open_database(url))


class Storage:
    """All that is kept. Moments are aware datetimes; a conversation and a message are named by their row ids.

    `packs` holds what `seed` was given, by the id of the business: only these businesses are served here.
    `media` are the files of their customers, `versions` what was published of every business.
    `is_closed` tells whoever looks at it now and then that nothing more is to be asked.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.packs: dict[str, Pack] = {}
        self.is_closed = False
        self.media = MediaRows(database, self.packs)
        self.versions = VersionRows(database)
        self._directory = Directory(database, self.packs)
        self._inbox = Inbox(database, self._directory)
        self._unclaimed = Unclaimed(database, self._inbox, self.packs)
        self._outbox = Outbox(database, self._directory)
        self._turns = Turns(database, self._directory)
        self._failures = Failures(database)
        self._channels = ChannelStates(database)
        self._counts = Counts(database)

    def migrate(self) -> list[str]:
        """Brings the tables up to date; the names of the migrations that were applied."""
        with self.database.migrating():
            applied: list[str] = []
            while pending := self.pending():
                try:
                    applied += self._runner().up(pending[0])
                except (peewee.IntegrityError, peewee.OperationalError):
                    # Another process may have brought it to its end while this one waited to begin it.
                    if self.pending() == pending:
                        raise
            return applied

    def pending(self) -> list[str]:
        """The migrations that the tables lack."""
        with self.database.connected():
            return [migration.name for migration in self._runner().status() if not migration.applied]

    def disconnect(self) -> None:
        """Closes the connections that nobody uses now, such as before a fork; new ones are opened at need."""
        self.database.disconnect()

    def close(self) -> None:
        """Closes the connections of every thread."""
        self.is_closed = True
        self.database.close()

    def is_ready(self) -> None:
        """Raises StorageError where the database takes no change, lacks a migration or knows no business."""
        try:
            pending = self.pending()
            self.database.check_writable()  # what can only be read takes no message
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
        self.serve(pack)

    def serve(self, pack: Pack) -> None:
        """Serves the business from now on, by this pack; what is kept of it is left as it is."""
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
        self,
        provider: str,
        updates: Sequence[Inbound | Receipt | Unread],
        now: datetime,
        correlation: str = "",
    ) -> Accepted:
        """Keeps everything of one POST in one transaction.

        A message counts once, however often it comes. Messages for a number that nobody here serves, and what
        was not understood, are kept as they came. A receipt moves its message forwards only, and waits where
        its message is not known yet. `correlation` names the request, in what follows from it too.
        """
        return self._inbox.accept(provider, updates, now, correlation)

    def waiting(self, now: datetime, limit: int = MANY) -> list[int]:
        """The conversations with a message to take up now or a timer that is due, longest waiting first."""
        return self._turns.waiting(now, limit)

    def turn(self, conversation_id: int, now: datetime | None = None) -> AbstractContextManager[WorkingTurn]:
        """One transaction that holds the conversation: all is kept, or nothing when an exception leaves it.

        Without a `commit` nothing is kept either. Raises Held where another worker takes a turn of it, and
        UnknownConversation. `now` tells which messages are put off.
        """
        return self._turns.turn(conversation_id, now or utc_now())

    def batch(self, conversation_ids: Sequence[int], now: datetime) -> AbstractContextManager[Batch]:
        """One transaction that holds several conversations, each for one turn; kept as a whole or not at all.

        It waits for nobody: what somebody else holds is in `apart`.
        """
        return self._turns.batch(conversation_ids, now)

    def record_failure(
        self,
        conversation_id: int,
        message_id: int | None,
        traceback_text: str,
        trace: Trace,
        apology: Outbound | None,
        now: datetime,
        tries: int = TRIES,
        timer: BrokenTimer | None = None,
    ) -> bool:
        """Keeps why the turn of a message (or, without one, of a timer) broke; true where it is put aside.

        A message that broke fewer than `tries` times waits 1, 4, 16 … seconds and is tried again; then it is
        put aside, and the apology is queued, once for a message. A `timer` becomes a message in its
        conversation, of the kind `timer`, and is from then on tried as one.
        """
        return self._failures.record(
            conversation_id, message_id, traceback_text, trace, apology, now, tries, timer
        )

    def take_up_unclaimed(self, now: datetime) -> int:
        """Keeps as a message what came for a number that no business had, and one has now; how many."""
        return self._unclaimed.take_up(now)

    def failed(self, limit: int = 100) -> list[Row]:
        """The messages that were put aside, in either direction, the newest first: see Reports.failed."""
        return self.reports().failed(limit)

    def take_up_again(self, message_id: int) -> bool:
        """Lets a message that was put aside be tried anew; false where it is not one."""
        return self._failures.take_up_again(message_id)

    # What goes out

    def outgoing(self, now: datetime | None = None, limit: int = MANY) -> list[int]:
        """The conversations whose first reply may be sent now, longest waiting first."""
        return self._outbox.outgoing(now or utc_now(), limit)

    def due(self, conversation_id: int, now: datetime) -> int | None:
        """The first reply that is not settled, where it waits for nothing but for somebody who sends it."""
        return self._outbox.due(conversation_id, now)

    def claim(
        self,
        conversation_id: int,
        now: datetime,
        rate: Rate | None = None,
        window: timedelta | None = None,
    ) -> Queued | Wait | PutAside | None:
        """Takes the first reply that is not settled; nobody else gets it, nor any reply behind it.

        None where there is nothing to send or somebody is sending. PutAside where it may not be tried, such
        as outside the window, counted from the customer's last message: ask again for the next one. Wait
        where the reply, the number or the customer must rest first; a number that is stopped lets one message
        a minute through.
        """
        return self._outbox.claim(conversation_id, now, rate, window)

    def mark_sent(self, message_id: int, provider_id: str, now: datetime) -> list[Alarm]:
        """The provider took the reply and calls it by this id; receipts that came before count now.

        A number that was not open is so again, unless statuses closed it. The numbers whose account must be
        mended, as those receipts told.
        """
        return self._outbox.mark_sent(message_id, provider_id, now)

    def mark_failed(
        self, message_id: int, code: str, text: str, now: datetime, status: Failed = "failed"
    ) -> None:
        """The reply will not be sent; `code` and `text` as the provider gave them."""
        self._outbox.mark_failed(message_id, status, code, text, now)

    def send_again(self, message_id: int, code: str, text: str, after: datetime) -> None:
        """The reply goes back into the queue, ahead of what is newer, not to be tried before `after`.

        A receipt that names it by its reference meanwhile says that it was sent after all.
        """
        self._outbox.send_again(message_id, code, text, after)

    def put_off(self, message_id: int, code: str, text: str, after: datetime) -> None:
        """The same of a reply that was surely not sent: that does not count as a try of it."""
        self._outbox.put_off(message_id, code, text, after)

    def give_back(self, message_id: int) -> None:
        """The reply goes back into the queue as if nobody had tried to send it."""
        self._outbox.give_back(message_id)

    def release_sending(self, before: datetime) -> int:
        """Puts back into the queue what a worker began to send before that moment and never ended."""
        return self._outbox.release_sending(before)

    def apply_waiting_receipts(self, since: datetime, now: datetime) -> list[Alarm]:
        """Moves what receipts speak of that came since then and waited while nobody looked.

        The numbers whose account must be mended, as they told.
        """
        return self._outbox.receipts.apply_lately_pending(since, now)

    def queue_text(
        self,
        business: str,
        channel: tuple[str, str],
        phone: str,
        text: str,
        now: datetime,
        correlation: str = "",
    ) -> int:
        """Queues a text from a channel (provider, address) to a phone number or user id; the message's id."""
        return self.queue(business, channel, phone, Outbound(text), now, correlation)

    def queue(
        self,
        business: str,
        channel: tuple[str, str],
        phone: str,
        outbound: Outbound,
        now: datetime,
        correlation: str = "",
    ) -> int:
        """Queues a message as `queue_text` does a text."""
        return self._outbox.queue(business, ChannelAddress(*channel), phone, outbound, now, correlation)

    # The numbers, and how much there is to do

    def stop_channel(
        self,
        provider: str,
        number: str,
        state: ChannelWord,
        code: str,
        text: str,
        now: datetime,
        try_at: datetime,
    ) -> bool:
        """Lets a number send nothing before `try_at`, then one message; true where that state is new.

        `waiting` for one that rests, `stopped` for one whose account a person must mend; the first never
        takes the place of the second.
        """
        return self._channels.stop(provider, number, Stop(state, code, text, try_at), now)

    def channels(self) -> list[ChannelState]:
        """Every number, and whether it sends."""
        return self._channels.all()

    def backlog(self, now: datetime) -> Backlog:
        """How much there is to do, and since when."""
        return self._counts.backlog(now)

    def address_of(self, conversation_id: int) -> ChannelAddress | None:
        """The number that the conversation is held on; None for one that there is not."""
        return self._directory.address_of(conversation_id)

    def start_conversation(self, business: str, channel: tuple[str, str], sender: str, now: datetime) -> int:
        """The conversation of this customer on this channel, made if there is none."""
        with self.database.writing():
            return self._directory.conversation(business, ChannelAddress(*channel), sender, now).conversation

    def reports(self, business: str | None = None) -> Reports:
        """Reads for people: of one business, or of all."""
        return Reports(self.database, business)

    def _runner(self) -> Runner:
        return Runner(self.database.peewee, str(MIGRATIONS))
