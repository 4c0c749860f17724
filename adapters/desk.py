"""What a person at the desk does in customers' conversations: answers, hands back, writes to somebody."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from adapters.channels import CHANNELS
from adapters.channels.channel import Channel, SendFailed
from adapters.media_types import HEAD, TYPES, RefusedType, true_type
from adapters.metrics import Metrics
from adapters.published import Published
from adapters.settings import Settings
from adapters.storage import Held, Storage, StorageError
from adapters.storage.reports import Row
from adapters.tasks.turns import TakingTurns
from engine.message import Media, Outbound
from engine.pack import Pack


class NotDone(Exception):
    """What was asked for cannot be done; the text says why, and what to do."""


class Wish(NamedTuple):
    """Whom a person means: the customer's number or id, and where there are several, which talk."""

    phone: str
    business: str = ""
    channel: str = ""


class Talk(NamedTuple):
    """A conversation, or one that would begin: `id` and `state` are then 0 and empty."""

    business: str
    provider: str
    address: str
    id: int = 0
    state: str = ""
    is_with_a_person: bool = False
    heard_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.business} over {self.provider}"


class Desk:
    """A desk beside the servers. It only writes to the database: what it queues, a running server sends. A
    file, which that server may not have, it hands to the provider itself.

    Nothing of the packs is seeded and no number is given to anybody, for a server that runs may serve others.
    """

    def __init__(
        self,
        settings: Settings,
        packs: Mapping[str, Pack],
        storage: Storage,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.packs = packs
        self.storage = storage
        self.now = now
        self._published: dict[str, Published] = {}
        storage.packs.update(packs)

    def reply(self, wish: Wish, text: str, file: str = "") -> str:
        """Queues a text, a file or both to a customer who is with a person; a sentence on what was done.

        The file is one of here, or its public https address. Raises NotDone.
        """
        talk = self._with_a_person(wish, "`shoptalk send` writes to them all the same")
        return self._queue(wish, talk, text, file)

    def send(self, wish: Wish, text: str, file: str = "") -> str:
        """Queues a text, a file or both to anybody; a sentence on what was done. Raises NotDone."""
        talks = self._talks(wish)
        if not talks:
            if not re.fullmatch(r"[+0-9 ()./-]{5,25}|[A-Z]{2}\.[A-Za-z0-9.]{1,128}", wish.phone):
                raise NotDone(f"{wish.phone} is no number: write it with its country, as in 923001234567.")
            talks = self._numbers(wish)
        return self._queue(wish, self._only(wish, talks), text, file)

    def hand_back(self, wish: Wish) -> str:
        """Gives the talk back to the flow; a sentence on where it goes on. Raises NotDone."""
        talk = self._with_a_person(wish, "there is nothing to hand back")
        published = self._answering(talk.business)
        channel = self._channel(talk)
        # Nobody is told: a server that runs finds what is to be sent by itself.
        turns = TakingTurns(
            self.storage, published, {talk.provider: channel}, self.now, Metrics(), lambda *_: None
        )
        try:
            is_handed_back = turns.raise_event(talk.id, "handed_back")
        except Held as error:
            raise NotDone(f"{wish.phone} is being answered just now: try again.") from error
        if not is_handed_back:
            raise NotDone(f"{wish.phone} was handed back meanwhile.")
        row = self.storage.reports().conversation(talk.id)
        state = row["state"] if row else ""
        return f"Handed back: {wish.phone} goes on in {state} of {talk}."

    def take_up_unclaimed(self) -> str:
        """Takes up what came for a number before one of these businesses had it; a sentence on how much."""
        taken = self.storage.take_up_unclaimed(self.now())
        return f"{taken} {'message is' if taken == 1 else 'messages are'} taken up."

    # Which conversation is meant

    def _talks(self, wish: Wish) -> list[Talk]:
        """The conversations of this customer that the wish leaves, the last changed first."""
        found = []
        for row in self.storage.reports(wish.business or None).conversations_of(wish.phone):
            found.append(
                Talk(
                    row["business"],
                    row["provider"],
                    row["channel_address"],
                    row["id"],
                    row["state"],
                    self._is_with_a_person(row),
                    row["heard_at"],
                )
            )
        return [talk for talk in found if _is_by(talk, wish)]

    def _is_with_a_person(self, row: Row) -> bool:
        business, state = row["business"], row["state"]
        if business not in self.packs:
            return False
        version = self._answering(business).holding(business, row["role"], row["version"], state)
        found = version.flow.states.get(state)
        return found is not None and found.human

    def _answering(self, business: str) -> Published:
        """What answers the customers of a business: what was published, or the pack that lies here."""
        if business not in self._published:
            self._published[business] = Published(self.storage)
            self._published[business].read(self.packs[business])
        return self._published[business]

    def _numbers(self, wish: Wish) -> list[Talk]:
        """The numbers that a talk could begin on; nobody is written to through the simulator unasked."""
        numbers = [
            Talk(number.business, number.provider, number.number)
            for number in self.storage.channels()
            if number.business in self.packs
            and wish.business in ("", number.business)
            and (number.provider != "simulator" or wish.channel == "simulator")
        ]
        numbers = [talk for talk in numbers if _is_by(talk, wish)]
        if not numbers:
            raise NotDone(f"There is no number to write from{_choice(wish)}: see `shoptalk doctor`.")
        return numbers

    def _with_a_person(self, wish: Wish, otherwise: str) -> Talk:
        talks = self._talks(wish)
        if not talks:
            raise NotDone(f"Nobody with {wish.phone} has written here{_choice(wish)}.")
        waiting = [talk for talk in talks if talk.is_with_a_person]
        if not waiting:
            for talk in talks:
                self._check_served(talk)
            states = ", ".join(f"in {talk.state} of {talk}" for talk in talks)
            raise NotDone(f"{wish.phone} is not with a person, but {states}: {otherwise}.")
        return self._only(wish, waiting)

    def _only(self, wish: Wish, talks: Sequence[Talk]) -> Talk:
        if len(talks) > 1:
            among = ", ".join(str(talk) for talk in talks)
            raise NotDone(f"Which one for {wish.phone}: {among}? Say it with --business or --channel.")
        [talk] = talks
        self._check_served(talk)
        return talk

    def _check_served(self, talk: Talk) -> None:
        if talk.business not in self.packs:
            served = ", ".join(self.packs)
            raise NotDone(f"The pack of {talk.business} is not here, only {served}: name it with --packs.")

    # What is written

    def _queue(self, wish: Wish, talk: Talk, text: str, file: str) -> str:
        channel = self._channel(talk)
        if not text.strip() and not file:
            raise NotDone("There is nothing to send: the text is empty.")
        longest = channel.limits.caption if file else channel.limits.text
        if len(text) > longest:
            where = " beside a file" if file else ""
            most = f"{talk.provider} takes at most {longest}{where}"
            raise NotDone(f"The text has {len(text)} characters: {most}.")
        media = _handed_over(channel, talk, text, file) if file else None
        now = self.now()
        try:
            message = self.storage.queue(
                talk.business, (talk.provider, talk.address), wish.phone, Outbound(text, media=media), now
            )
        except (ValueError, StorageError) as error:
            raise NotDone(f"{wish.phone} cannot be written to: {error}.") from error
        said = f"Queued for {wish.phone}, {talk}: message {message}. A running server sends it."
        if channel.window is not None and (talk.heard_at is None or now - talk.heard_at > channel.window):
            hours = int(channel.window.total_seconds() // 3600)
            said += (
                f" They have not written for {hours} hours, so {talk.provider} wants an approved template:"
                " it will be put aside, see `shoptalk failed`."
            )
        return said

    def _channel(self, talk: Talk) -> Channel:
        provider = CHANNELS.get(talk.provider)
        channel = provider.make(self.settings) if provider else None
        if provider is None or channel is None:
            wanted = ", ".join(provider.settings) if provider else "a provider that there is"
            raise NotDone(f"The channel {talk.provider} is not set up here: set {wanted}.")
        return channel


def _handed_over(channel: Channel, talk: Talk, text: str, file: str) -> tuple[str, Media]:
    """The kind of the file, and what the provider calls it, once it has it. Raises NotDone."""
    is_address = file.startswith("https://")
    path = Path(file)
    declared = mimetypes.guess_type(file.partition("?")[0] if is_address else path.name)[0] or ""
    try:
        mime_type = declared if is_address else true_type("document", declared, _head(path))
    except RefusedType as error:
        raise NotDone(f"{file} is not sent: {error}.") from error
    except OSError as error:
        raise NotDone(f"{file} cannot be read: {error.strerror}.") from error
    known = TYPES.get(mime_type)
    if known is None or known.kind not in channel.limits.media:
        raise NotDone(f"{file} is not sent: {talk.provider} takes no {mime_type or 'file of no type'}.")
    if text and known.kind not in channel.limits.captions:
        raise NotDone(f"{talk.provider} shows no text beside {mime_type}: send one after the other.")
    if is_address:
        return known.kind, Media(link=file, mime_type=mime_type)
    try:
        return known.kind, channel.upload(talk.address, path, mime_type)
    except SendFailed as failure:
        raise NotDone(f"{file} is not sent: {failure.text}.") from failure


def _head(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(HEAD)


def _is_by(talk: Talk, wish: Wish) -> bool:
    return wish.channel in ("", talk.provider, talk.address)


def _choice(wish: Wish) -> str:
    """What the wish was narrowed by, for a sentence."""
    named = {"--business": wish.business, "--channel": wish.channel}
    words = " ".join(f"{option} {name}" for option, name in named.items() if name)
    return f" ({words})" if words else ""
