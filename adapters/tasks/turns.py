"""Takes a conversation's turns: every message that waits and every timer that is due, in their order."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters import log
from adapters.channels.channel import Channel
from adapters.metrics import Metrics
from adapters.published import Published
from adapters.storage import BrokenTimer, DatabaseBusy, Held, Storage, WaitingMessage, WorkingTurn
from engine import conversation as talk
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.publishing.versions import Version, taking
from engine.turn import Trace, Turn

HELD_SECONDS = 10.0
"""How long an event waits for a turn of the same conversation to end."""

HELD_PAUSE = 0.01
"""How often it looks whether it has."""


LONGEST_BATCH = 0.01
"""Seconds after which a transaction takes no further turn: whoever wants to write waits so long."""


class Left(NamedTuple):
    """Conversations in which there is more to do: some may be taken together again, others each `apart`."""

    again: tuple[int, ...]
    apart: tuple[int, ...]


class _Attempt:
    """A turn, and how far it came. `message` is what it answers, `due` when a timer fires or has fired."""

    __slots__ = (
        "before",
        "began",
        "due",
        "due_at",
        "message",
        "replies",
        "state",
        "told",
        "trace",
        "working",
    )

    def __init__(self, working: WorkingTurn, began: float) -> None:
        self.working = working
        self.began = began
        self.trace: Trace = []
        self.message: WaitingMessage | None = None
        self.due: datetime | None = None
        self.due_at: datetime | None = None
        self.before = self.state = ""
        self.replies = 0
        self.told: tuple[int, ...] = ()

    def has_news_for(self) -> tuple[int, ...]:
        """The conversations in which something is to be sent."""
        return (self.working.id, *self.told) if self.replies else self.told

    def is_followed(self, now: datetime) -> bool:
        """Whether the conversation may have a further turn to take.

        To look again costs a transaction: only where something was seen, or a timer may have fallen due.
        """
        is_due = self.due_at is not None and self.due_at <= now
        return self.message is None or self.working.more_wait or is_due


class TakingTurns:
    """Turns, each in a transaction of its own. `deliver` is told the conversations with something to say.

    A turn that breaks leaves nothing but a record with its traceback; when it broke for the last time, the
    customer is told so once. Whoever said nothing is told nothing: a timer's turn that breaks waits as a
    message, and is tried as often.
    """

    def __init__(
        self,
        storage: Storage,
        published: Published,
        channels: Mapping[str, Channel],
        now: Callable[[], datetime],
        metrics: Metrics,
        deliver: Callable[..., None],
    ) -> None:
        self.storage = storage
        self.published = published
        self.channels = channels
        self.now = now
        self.metrics = metrics
        self.deliver = deliver

    def take_one(self, conversation: int) -> bool:
        """Takes one turn; false where there is no more to take now. Raises Held."""
        began = time.perf_counter()
        attempt: _Attempt | None = None
        try:
            with self.storage.turn(conversation, self.now()) as working:
                attempt = _Attempt(working, began)
                if not self._take(attempt):
                    return False
        except (DatabaseBusy, Held):
            # Nothing is wrong with the message: it waits until the database has time for it.
            raise
        except Exception as error:
            if attempt is None:
                raise
            self._record_failure(attempt, error)
            return True
        self._done(attempt)
        return attempt.is_followed(self.now())

    def take_together(self, conversations: Sequence[int]) -> Left:
        """Takes one turn of each in one transaction, or of none; what is left to be done.

        Where anything goes wrong nothing is kept, and each is to be taken alone: what breaks, breaks alone.
        """
        taken: list[_Attempt] = []
        try:
            with self.storage.batch(conversations, self.now()) as batch:
                until = time.perf_counter() + LONGEST_BATCH
                for working in batch:
                    attempt = _Attempt(working, time.perf_counter())
                    if self._take(attempt):
                        taken.append(attempt)
                    batch.is_full = batch.is_full or time.perf_counter() > until
        except Exception as error:
            log.event(
                "turns_undone", error=f"{type(error).__name__}: {error}", conversations=len(conversations)
            )
            return Left((), tuple(conversations))
        self._note(taken)
        told = [conversation for attempt in taken for conversation in attempt.has_news_for()]
        if told:
            self.deliver(*told)
        now = self.now()
        again = [attempt.working.id for attempt in taken if attempt.is_followed(now)]
        return Left((*batch.later, *again), tuple(batch.apart))

    def _take(self, attempt: _Attempt) -> bool:
        """Takes the turn within its transaction; false where there is none to take now."""
        working = attempt.working
        due = attempt.due = working.due
        message = attempt.message = working.next_message()
        moment = message.received_at if message else self.now()
        if due is not None and due <= moment:
            # What fell due before the customer spoke comes before the answer. A stored moment is cut
            # to microseconds, and one that came out early would find no timer that is due.
            message = attempt.message = None
            moment = max(moment, due + timedelta(milliseconds=1))
        elif message is None or working.holds_back:
            return False
        elif message.timer is not None:
            moment = self.now()
        attempt.before = working.conversation.state
        version, turn = self._turn(working, message, moment, attempt.trace)
        attempt.replies = len(turn.replies)
        attempt.state = turn.conversation.state
        attempt.due_at = version.interpreter.due_at(turn.conversation)
        duration = time.perf_counter() - attempt.began
        attempt.told = working.commit(message.id if message else None, turn, attempt.due_at, duration, moment)
        return True

    def raise_event(self, conversation: int, event: str) -> bool:
        """Takes the turn of an event; false where it changes nothing there.

        Waits for a turn that is under way. Raises Held where that does not end, and whatever breaks the turn:
        then nothing is kept of it.
        """
        until = time.monotonic() + HELD_SECONDS
        while True:
            try:
                return self._raise_event(conversation, event)
            except Held:
                if time.monotonic() > until:
                    raise
                time.sleep(HELD_PAUSE)

    def _raise_event(self, conversation: int, event: str) -> bool:
        began = time.perf_counter()
        moment = self.now()
        with self.storage.turn(conversation, moment) as working:
            attempt = _Attempt(working, began)
            before = attempt.before = working.conversation.state
            version = self._version(working)
            interpreter = version.interpreter
            limits = self._limits(working)
            turn = interpreter.happen(working.conversation, event, working.shop, moment, limits)
            if not turn.trace[0]["rule"] and turn.conversation.state == before:
                return False
            self._is_on(working, version)
            due_at = interpreter.due_at(turn.conversation)
            attempt.replies, attempt.state = len(turn.replies), turn.conversation.state
            attempt.told = working.commit(None, turn, due_at, time.perf_counter() - began, moment)
        self._done(attempt)
        return True

    def _turn(
        self, working: WorkingTurn, message: WaitingMessage | None, moment: datetime, trace: Trace
    ) -> tuple[Version, Turn]:
        """The turn, and the version that took it: a message may move the conversation to the newest."""
        conversation, shop, limits = working.conversation, working.shop, self._limits(working)
        version = self._version(working)
        timer = message.timer if message else None
        if message is None or timer is not None:
            self._is_on(working, version)
            return version, version.interpreter.wake(conversation, shop, moment, limits, trace, timer)
        inbound = message.inbound
        newest = self.published.newest(working.business, working.role)
        if version is not newest:
            version, conversation, inbound = taking(
                conversation, inbound, version, newest, shop, moment, limits, trace
            )
        self._is_on(working, version)
        return version, version.interpreter.hear(conversation, inbound, shop, moment, limits, trace)

    def _version(self, working: WorkingTurn) -> Version:
        """The version that the conversation is on."""
        state = working.conversation.state
        return self.published.holding(working.business, working.role, working.version, state)

    def _is_on(self, working: WorkingTurn, version: Version) -> None:
        working.version = version.number or None
        working.flow = version.flow.name

    def _done(self, attempt: _Attempt) -> None:
        """Tells everybody of a turn that was kept."""
        told = attempt.has_news_for()
        if told:
            self.deliver(*told)
        self._note((attempt,))

    def _note(self, kept: Sequence[_Attempt]) -> None:
        """Writes turns that were kept down for people."""
        log.events("turn", [self._noted(attempt) for attempt in kept])

    def _noted(self, attempt: _Attempt) -> dict[str, object]:
        working, message = attempt.working, attempt.message
        seconds = time.perf_counter() - attempt.began
        self.metrics.turn(working.business, "handled", seconds)
        return {
            "business": working.business,
            "conversation": working.id,
            "message": message.id if message else None,
            "correlation": message.correlation if message else "",
            "before": attempt.before,
            "state": attempt.state,
            "replies": attempt.replies,
            "milliseconds": round(seconds * 1000, 1),
        }

    def _record_failure(self, attempt: _Attempt, error: Exception) -> None:
        working, message, due = attempt.working, attempt.message, attempt.due
        number = message.id if message else None
        correlation = message.correlation if message else ""
        log.problem("turn_failed", error, conversation=working.id, message=number, correlation=correlation)
        now = self.now()
        interpreter = self._version(working).interpreter
        apology = timer = None
        if message is None and due is not None:
            timer = _broken_timer(interpreter, working.data, due)
        elif message is not None and message.timer is None:
            apology = interpreter.apology(working.conversation, working.shop, now)
        words = "".join(traceback.format_exception(error))
        trace = [*attempt.trace, {"step": "broken", "error": f"{type(error).__name__}: {error}"}]
        is_final = self.storage.record_failure(working.id, number, words, trace, apology, now, timer=timer)
        seconds = time.perf_counter() - attempt.began
        self.metrics.turn(working.business, "failed" if is_final else "again", seconds)
        self.deliver(working.id)

    def _limits(self, working: WorkingTurn) -> Limits:
        channel = self.channels.get(working.channel.provider)
        return channel.limits if channel else Limits()


def _broken_timer(interpreter: Interpreter, data: str, due: datetime) -> BrokenTimer | None:
    """The timer that was due in the conversation of this data; None where it has none any more."""
    apart = interpreter.set_apart(talk.load(data))
    return BrokenTimer(apart, due, data, interpreter.due_at(apart.conversation)) if apart else None
