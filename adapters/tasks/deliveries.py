"""Sends the queued replies of a conversation in their order, and does what each failure wants done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Literal, TypeVar

from adapters import log
from adapters.channels.channel import Channel, Remedy, SendFailed
from adapters.metrics import Metrics
from adapters.settings import Settings
from adapters.storage import DatabaseBusy, PutAside, Queued, Rate, Storage, Wait
from adapters.tasks.lanes import Address, Lanes, Threads
from adapters.tasks.later import LONGEST_SECONDS
from adapters.tasks.not_set_up import NotSetUp
from adapters.tasks.queue import Dispatch

Kept = TypeVar("Kept")

TRIES = 5
"""How often a reply is tried at most whose outcome is not known: each try may bring it to its customer.

A try whose worker was killed meanwhile counts as one of these.
"""

LONGEST_WAIT = 300.0
"""How long a reply waits at most that was surely not sent: 1, 4, 16, 64, 256 seconds, then always so long."""

PATIENCE = timedelta(hours=24)
"""How long such a reply is tried: by then the window of what it answers has closed."""

UNREACHED = "connection"
"""The code of a failure that may pass where the provider was never reached."""

SILENCE = frozenset({UNREACHED, "timeout"})
"""The codes of failures in which the provider did not answer."""

CHANNEL_SECONDS = 60.0
"""How long a number rests where its provider does not say for how long, and between two probes."""

KEEP_SECONDS = 20.0
"""How long a worker that has sent something tries to write that down, while the database is away."""


class Deliveries:
    """Deliveries of one process. Its `threads` are shared so that no number keeps another waiting."""

    def __init__(
        self,
        storage: Storage,
        channels: Mapping[str, Channel],
        settings: Settings,
        now: Callable[[], datetime],
        metrics: Metrics,
        dispatch: Dispatch,
        stopping: Event,
        threads: Threads,
    ) -> None:
        self.storage = storage
        self.channels = channels
        self.now = now
        self.metrics = metrics
        self.dispatch = dispatch
        self.lanes = Lanes(threads, now)
        self.unknown_wait = timedelta(seconds=3 * settings.send_timeout)
        self._rate = Rate(per_number=settings.send_rate)
        self._read_marks = settings.read_marks
        self._stopping = stopping
        self._not_set_up = NotSetUp(storage, self.lanes, now)

    def deliver(self, conversation: int) -> None:
        """Sends everything that may be sent now; what waits for another reply of this number is parked."""
        address = self.storage.address_of(conversation)
        if address is None or not self.lanes.enter(address, conversation):
            return
        try:
            self._deliver(conversation, address)
        finally:
            self.dispatch.deliver(*self.lanes.leave(address))

    def _deliver(self, conversation: int, address: Address) -> None:
        channel = self.channels.get(address[0])
        if channel is None and self._not_set_up.leaves(conversation, address):
            return
        window = channel.window if channel else None
        rate = self._rate if window else None
        while not self._stopping.is_set():
            claimed = self.storage.claim(conversation, self.now(), rate, window)
            if claimed is None:
                return
            if isinstance(claimed, Wait):
                self._wait(conversation, address, claimed)
                return
            if isinstance(claimed, PutAside):
                self._tell(claimed)
            elif claimed.attempts >= TRIES:
                self._give_up(claimed)
            elif not self._send(channel, claimed, address):
                return

    def _tell(self, aside: PutAside) -> None:
        """Tells people of a reply that was not even tried."""
        log.event(
            "message_put_aside",
            status=aside.status,
            code=aside.code,
            text=aside.text,
            business=aside.business,
            **_ids(aside),
        )
        self.metrics.put_aside(aside.provider, aside.status)

    def _give_up(self, queued: Queued) -> None:
        """Puts aside a reply whose last worker was gone before it could say what became of it."""
        aside = PutAside(
            queued.id,
            queued.provider,
            queued.conversation,
            queued.business,
            queued.correlation,
            "failed",
            "unfinished",
            f"tried {queued.attempts} times, and the last worker ended meanwhile; it may have been sent",
        )
        now = self.now()
        self._keep(lambda: self.storage.mark_failed(aside.id, aside.code, aside.text, now))
        self._tell(aside)

    def _wait(self, conversation: int, address: Address, wait: Wait) -> None:
        seconds = (wait.until - self.now()).total_seconds()
        if wait.of_number and seconds <= LONGEST_SECONDS:
            self.lanes.hold(address, conversation, wait.until)
            self.dispatch.later.put(
                address, seconds, lambda: self.dispatch.deliver(*self.lanes.free(address))
            )
        else:
            self._look_again(conversation, seconds)

    def _look_again(self, conversation: int, seconds: float) -> None:
        """Has the conversation looked at when its reply may be sent, unless `tick` finds it as soon."""
        if seconds <= LONGEST_SECONDS:
            self.dispatch.later.put(
                ("conversation", conversation), seconds, lambda: self.dispatch.deliver(conversation)
            )

    def _send(self, channel: Channel | None, queued: Queued, address: Address) -> bool:
        """Sends one reply; false where nothing more of this conversation may be sent now."""
        began = time.perf_counter()
        try:
            if channel is None:
                raise SendFailed(
                    "not_set_up", f"{queued.provider} is not set up in this process", Remedy.ACCOUNT
                )
            self._acknowledge(channel, queued)
            provider_id = channel.send(queued.channel, queued.recipient, queued.outbound, queued.reference)
        except SendFailed as failure:
            self.lanes.heard(address, failure.code not in SILENCE)
            outcome = self._not_sent(queued, failure)
            log.problem("message_not_sent", code=failure.code, text=failure.text, **_ids(queued))
            self.metrics.provider_error(queued.provider, failure.code)
        except Exception as error:
            # Unsaid, it would stand in the way of everything that is to be said after it.
            text = f"{type(error).__name__}: {error}"
            self._keep(lambda: self.storage.mark_failed(queued.id, "broken", text, self.now()))
            log.problem("message_not_sent", error, code="broken", **_ids(queued))
            outcome = "failed"
        else:
            self.lanes.heard(address, True)
            alarms = self._keep(lambda: self.storage.mark_sent(queued.id, provider_id, self.now()))
            behind = {} if queued.behind is None else {"behind": queued.behind}
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            log.event("message_sent", id=provider_id, milliseconds=milliseconds, **behind, **_ids(queued))
            for alarm in alarms:
                log.problem("channel_stopped", **alarm._asdict(), correlation=queued.correlation)
            outcome = "sent"
        self.metrics.sent(queued.provider, outcome, time.perf_counter() - began)
        return outcome in ("sent", "failed", "needs_template")

    def _acknowledge(self, channel: Channel, queued: Queued) -> None:
        """Shows the customer that the message was read; the answer does not depend on it."""
        if not self._read_marks or not queued.in_reply_to:
            return
        try:
            channel.acknowledge(queued.channel, queued.in_reply_to)
        except SendFailed as failure:
            log.event("read_mark_not_sent", code=failure.code, text=failure.text, **_ids(queued))

    def _not_sent(self, queued: Queued, failure: SendFailed) -> str:
        """Writes down what is to become of the reply; what the metrics call that."""
        is_unreached, is_patient = failure.code == UNREACHED, self.now() - queued.queued_at < PATIENCE
        match failure.remedy:
            case Remedy.AGAIN if is_unreached and queued.delays >= TRIES - 1:
                # A line that is down for hours is nothing that a reply can help: none is given up for it.
                self._stop_channel(queued, failure, "waiting", CHANNEL_SECONDS)
                return "again"
            case Remedy.AGAIN if is_unreached or is_patient or queued.delays < TRIES - 1:
                seconds = failure.wait or min(4.0 ** min(queued.delays, TRIES), LONGEST_WAIT)
                self._again(queued, failure, seconds, self.storage.put_off)
                return "again"
            case Remedy.UNKNOWN if queued.attempts < TRIES - 1:
                self._again(queued, failure, self.unknown_wait.total_seconds(), self.storage.send_again)
                return "unknown"
            case Remedy.CHANNEL_LATER:
                self._stop_channel(queued, failure, "waiting", failure.wait or CHANNEL_SECONDS)
                return "again"
            case Remedy.ACCOUNT:
                self._stop_channel(queued, failure, "stopped", CHANNEL_SECONDS)
                return "again"
        status: Literal["failed", "needs_template"] = (
            "needs_template" if failure.remedy is Remedy.TEMPLATE else "failed"
        )
        now = self.now()
        self._keep(lambda: self.storage.mark_failed(queued.id, failure.code, failure.text, now, status))
        return status

    def _again(
        self,
        queued: Queued,
        failure: SendFailed,
        seconds: float,
        write: Callable[[int, str, str, datetime], None],
    ) -> None:
        after = self.now() + timedelta(seconds=seconds)
        self._keep(lambda: write(queued.id, failure.code, failure.text, after))
        self._look_again(queued.conversation, seconds)

    def _stop_channel(
        self, queued: Queued, failure: SendFailed, state: Literal["waiting", "stopped"], seconds: float
    ) -> None:
        now = self.now()
        try_at = now + timedelta(seconds=seconds)
        is_new = self._keep(
            lambda: self.storage.stop_channel(
                queued.provider, queued.channel, state, failure.code, failure.text, now, try_at
            )
        )
        self._keep(lambda: self.storage.give_back(queued.id))
        if is_new:
            log.problem(
                f"channel_{state}",
                provider=queued.provider,
                number=queued.channel,
                business=queued.business,
                code=failure.code,
                text=failure.text,
            )

    def _keep(self, write: Callable[[], Kept]) -> Kept:
        """Writes down what became of a reply: forgotten, it would be sent once more."""
        until = time.monotonic() + KEEP_SECONDS
        pause = 0.05
        while True:
            try:
                return write()
            except DatabaseBusy:
                if time.monotonic() > until or self._stopping.is_set():
                    raise
            time.sleep(pause)
            pause = min(1.0, 2 * pause)


def _ids(queued: Queued | PutAside) -> dict[str, object]:
    return {
        "conversation": queued.conversation,
        "message": queued.id,
        "provider": queued.provider,
        "correlation": queued.correlation,
    }
