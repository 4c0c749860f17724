"""The jobs on a conversation: take its turns, deliver its replies, and find those that nobody told about."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from adapters import log
from adapters.channels.channel import Channel, SendFailed
from adapters.storage import Queued, Storage, WaitingMessage, WorkingTurn
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.turn import Trace, Turn

Interpreters = Mapping[tuple[str, str], Interpreter]
"""(business, role): the interpreter of the flow that this role talks to."""

TRIES = 5
"""How often a reply is sent whose failure may pass: again after 1, 4, 16 and 64 seconds."""

ABANDONED = timedelta(minutes=2)
"""The time after which nobody is sending a reply any more: far longer than the time-outs of a channel."""


class Jobs:
    """What a worker does, on the storage, for every conversation of the businesses that are served.

    `now` gives the moment, aware, in UTC; `is_stopping` is asked before each step whether to leave the rest.
    """

    def __init__(
        self,
        storage: Storage,
        interpreters: Interpreters,
        channels: Mapping[str, Channel],
        now: Callable[[], datetime],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.storage = storage
        self.interpreters = interpreters
        self.channels = channels
        self.now = now
        self.is_stopping = is_stopping
        self._swept_at: datetime | None = None

    def look_at(self, conversation: int) -> None:
        """Does everything there is to do for the conversation now."""
        self.take_turn(conversation)
        self.deliver(conversation)

    def take_turn(self, conversation: int) -> None:
        """Takes up every message that waits and every timer that is due, each in a transaction of its own.

        A turn that breaks leaves nothing but a record with its traceback, and one apology to the customer.
        """
        while not self.is_stopping() and self._take_one(conversation):
            pass

    def deliver(self, conversation: int) -> None:
        """Sends the queued replies in their order, each as soon as the one before was answered."""
        while not self.is_stopping():
            queued = self.storage.next_queued(conversation, self.now())
            if queued is None or not self.storage.mark_sending(queued.id, self.now()):
                return
            self._send(queued)

    def tick(self) -> list[int]:
        """The conversations with a message that waits, a timer that is due or a reply that is to be sent."""
        now = self.now()
        if self._swept_at is None or now - self._swept_at > ABANDONED / 2:
            self._swept_at = now
            self.storage.release_sending(now - ABANDONED)
        return [*self.storage.waiting(now), *self.storage.outgoing(now)]

    def _take_one(self, conversation: int) -> bool:
        """Takes one turn; false where there is none to take."""
        began = time.perf_counter()
        working: WorkingTurn | None = None
        message: WaitingMessage | None = None
        trace: Trace = []
        try:
            with self.storage.turn(conversation) as working:
                message = working.next_message()
                moment = message.received_at if message else self.now()
                if working.due is not None and working.due <= moment:
                    # What fell due before the customer spoke comes before the answer. A stored moment is cut
                    # to microseconds, and one that came out early would find no timer that is due.
                    message = None
                    moment = max(moment, working.due + timedelta(milliseconds=1))
                elif message is None:
                    return False
                before = working.conversation.state
                interpreter = self._interpreter(working)
                turn = self._turn(interpreter, working, message, moment, trace)
                due_at = interpreter.due_at(turn.conversation)
                working.commit(
                    message.id if message else None, turn, due_at, time.perf_counter() - began, moment
                )
        except Exception as error:
            if working is None:
                raise
            self._record_failure(working, message, error, trace)
            return True
        log.event(
            "turn",
            business=working.business,
            conversation=conversation,
            message=message.id if message else None,
            before=before,
            state=turn.conversation.state,
            replies=len(turn.replies),
            milliseconds=_milliseconds(began),
        )
        return True

    def _turn(
        self,
        interpreter: Interpreter,
        working: WorkingTurn,
        message: WaitingMessage | None,
        moment: datetime,
        trace: Trace,
    ) -> Turn:
        conversation, shop, limits = working.conversation, working.shop, self._limits(working)
        if message is None:
            return interpreter.wake(conversation, shop, moment, limits, trace)
        return interpreter.hear(conversation, message.inbound, shop, moment, limits, trace)

    def _record_failure(
        self, working: WorkingTurn, message: WaitingMessage | None, error: Exception, trace: Trace
    ) -> None:
        number = message.id if message else None
        log.problem("turn_failed", error, conversation=working.id, message=number)
        now = self.now()
        apology = self._interpreter(working).apology(working.conversation, working.shop, now)
        words = "".join(traceback.format_exception(error))
        trace = [*trace, {"step": "broken", "error": f"{type(error).__name__}: {error}"}]
        self.storage.record_failure(working.id, number, words, trace, apology, now)

    def _interpreter(self, working: WorkingTurn) -> Interpreter:
        """The one of the customer's role; a role without a flow talks to the customers' one."""
        own = self.interpreters.get((working.business, working.role))
        return own or self.interpreters[working.business, "customer"]

    def _limits(self, working: WorkingTurn) -> Limits:
        channel = self.channels.get(working.channel.provider)
        return channel.limits if channel else Limits()

    def _send(self, queued: Queued) -> None:
        began = time.perf_counter()
        ids = {"conversation": queued.conversation, "message": queued.id, "provider": queued.provider}
        channel = self.channels.get(queued.provider)
        try:
            if channel is None:
                raise SendFailed("not_set_up", f"the channel {queued.provider!r} is not set up here")
            provider_id = channel.send(queued.channel, queued.recipient, queued.outbound)
        except SendFailed as failure:
            self._not_sent(queued, failure)
            log.problem("message_not_sent", code=failure.code, text=failure.text, **ids)
        except Exception as error:
            # Unsaid, it would stand in the way of everything that is to be said after it.
            self.storage.mark_failed(queued.id, "broken", f"{type(error).__name__}: {error}", self.now())
            log.problem("message_not_sent", error, code="broken", **ids)
        else:
            self.storage.mark_sent(queued.id, provider_id, self.now())
            log.event("message_sent", id=provider_id, milliseconds=_milliseconds(began), **ids)

    def _not_sent(self, queued: Queued, failure: SendFailed) -> None:
        now = self.now()
        if failure.may_pass and queued.attempts + 1 < TRIES:
            after = now + timedelta(seconds=4**queued.attempts)
            self.storage.send_again(queued.id, failure.code, failure.text, after)
        else:
            self.storage.mark_failed(queued.id, failure.code, failure.text, now)


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
