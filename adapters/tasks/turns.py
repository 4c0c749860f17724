"""Takes a conversation's turns: every message that waits and every timer that is due, in their order."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

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
        working: WorkingTurn | None = None
        message: WaitingMessage | None = None
        due: datetime | None = None
        trace: Trace = []
        try:
            with self.storage.turn(conversation, self.now()) as working:
                due = working.due
                message = working.next_message()
                moment = message.received_at if message else self.now()
                if due is not None and due <= moment:
                    # What fell due before the customer spoke comes before the answer. A stored moment is cut
                    # to microseconds, and one that came out early would find no timer that is due.
                    message = None
                    moment = max(moment, due + timedelta(milliseconds=1))
                elif message is None or working.holds_back:
                    return False
                elif message.timer is not None:
                    moment = self.now()
                before = working.conversation.state
                version, turn = self._turn(working, message, moment, trace)
                due_at = version.interpreter.due_at(turn.conversation)
                told = working.commit(
                    message.id if message else None, turn, due_at, time.perf_counter() - began, moment
                )
        except (DatabaseBusy, Held):
            # Nothing is wrong with the message: it waits until the database has time for it.
            raise
        except Exception as error:
            if working is None:
                raise
            self._record_failure(working, message, due, error, trace, began)
            return True
        self._done(working, message, turn, before, began, told)
        # To look again costs a transaction: only where something was seen, or a timer may have fallen due.
        return message is None or working.more_wait or (due_at is not None and due_at <= self.now())

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
            before = working.conversation.state
            version = self._version(working)
            interpreter = version.interpreter
            limits = self._limits(working)
            turn = interpreter.happen(working.conversation, event, working.shop, moment, limits)
            if not turn.trace[0]["rule"] and turn.conversation.state == before:
                return False
            self._is_on(working, version)
            due_at = interpreter.due_at(turn.conversation)
            told = working.commit(None, turn, due_at, time.perf_counter() - began, moment)
        self._done(working, None, turn, before, began, told)
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

    def _done(
        self,
        working: WorkingTurn,
        message: WaitingMessage | None,
        turn: Turn,
        before: str,
        began: float,
        told: tuple[int, ...],
    ) -> None:
        """Tells everybody of a turn that was kept."""
        seconds = time.perf_counter() - began
        if turn.replies or told:
            self.deliver(*((working.id,) if turn.replies else ()), *told)
        self.metrics.turn(working.business, "handled", seconds)
        log.event(
            "turn",
            business=working.business,
            conversation=working.id,
            message=message.id if message else None,
            correlation=message.correlation if message else "",
            before=before,
            state=turn.conversation.state,
            replies=len(turn.replies),
            milliseconds=round(seconds * 1000, 1),
        )

    def _record_failure(
        self,
        working: WorkingTurn,
        message: WaitingMessage | None,
        due: datetime | None,
        error: Exception,
        trace: Trace,
        began: float,
    ) -> None:
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
        trace = [*trace, {"step": "broken", "error": f"{type(error).__name__}: {error}"}]
        is_final = self.storage.record_failure(working.id, number, words, trace, apology, now, timer=timer)
        self.metrics.turn(working.business, "failed" if is_final else "again", time.perf_counter() - began)
        self.deliver(working.id)

    def _limits(self, working: WorkingTurn) -> Limits:
        channel = self.channels.get(working.channel.provider)
        return channel.limits if channel else Limits()


def _broken_timer(interpreter: Interpreter, data: str, due: datetime) -> BrokenTimer | None:
    """The timer that was due in the conversation of this data; None where it has none any more."""
    apart = interpreter.set_apart(talk.load(data))
    return BrokenTimer(apart, due, data, interpreter.due_at(apart.conversation)) if apart else None
