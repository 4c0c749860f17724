"""Counts and times what happens, and tells it in Prometheus's words, for one process or several together."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from adapters import log
from adapters.settings import SettingsError

if TYPE_CHECKING:
    from adapters.storage import Storage

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment's name for the folder in which the processes of one machine keep their numbers together."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of what a turn and a delivery are sorted into."""

CHANNEL_STATES = ("open", "waiting", "stopped")

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


class Metrics:
    """The numbers of this process; with PROMETHEUS_MULTIPROC_DIR set, those of all that share the folder.

    Threads share it. Nothing that a customer wrote becomes a label. Raises SettingsError where the folder
    cannot be written.
    """

    def __init__(self) -> None:
        self._folder = _folder_here()
        self._registry = registry = CollectorRegistry()
        self._messages = Counter(
            "shoptalk_messages_in",
            "Messages of customers that came in",
            ("provider", "kind"),
            registry=registry,
        )
        self._unclaimed = Counter(
            "shoptalk_messages_unclaimed",
            "Messages for a number that no business has",
            ("provider",),
            registry=registry,
        )
        self._receipts = Counter(
            "shoptalk_receipts",
            "What providers said of messages of ours",
            ("provider", "status"),
            registry=registry,
        )
        self._webhooks = Counter(
            "shoptalk_webhooks", "Requests to the webhooks", ("provider", "status_code"), registry=registry
        )
        self._turns = Counter(
            "shoptalk_turns",
            "Turns: handled, to be tried again, or failed",
            ("business", "outcome"),
            registry=registry,
        )
        self._turn_seconds = Histogram(
            "shoptalk_turn_duration_seconds",
            "How long a turn takes",
            ("outcome",),
            buckets=SECONDS,
            registry=registry,
        )
        self._deliveries = Counter(
            "shoptalk_deliveries",
            "Replies by what became of a try to send them",
            ("provider", "outcome"),
            registry=registry,
        )
        self._delivery_seconds = Histogram(
            "shoptalk_delivery_duration_seconds",
            "How long a provider takes to take a reply",
            ("provider",),
            buckets=SECONDS,
            registry=registry,
        )
        self._provider_errors = Counter(
            "shoptalk_provider_errors",
            "Errors of providers by their code",
            ("provider", "code"),
            registry=registry,
        )
        self._ticked = Gauge(
            "shoptalk_worker_ticked_timestamp_seconds",
            "When a worker last looked for work",
            (),
            registry=registry,
            multiprocess_mode="max",
        )
        self._of_turns: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._watched: CollectorRegistry | None = None
        if not self._folder:
            ProcessCollector(namespace="shoptalk", registry=registry)

    def message_in(self, provider: str, kind: str) -> None:
        """A message of a customer was kept."""
        self._messages.labels(provider, _word(kind)).inc()

    def messages_unclaimed(self, provider: str, count: int = 1) -> None:
        """So many messages came for a number that no business has; told of none, the first is a change."""
        self._unclaimed.labels(provider).inc(count)

    def receipt(self, provider: str, status: str) -> None:
        """A provider said what became of a message of ours."""
        self._receipts.labels(provider, _word(status)).inc()

    def webhook(self, provider: str, status_code: int) -> None:
        """A request to a webhook was answered."""
        self._webhooks.labels(provider, status_code).inc()

    def turn(self, business: str, outcome: str, seconds: float) -> None:
        """A turn ended: `handled`, `again` where it broke and will be tried again, or `failed`."""
        known = self._of_turns.get((business, outcome))
        if known is None:
            known = self._turns.labels(business, outcome), self._turn_seconds.labels(outcome)
            self._of_turns[business, outcome] = known
        counter, histogram = known
        counter.inc()
        histogram.observe(seconds)

    def sent(self, provider: str, outcome: str, seconds: float) -> None:
        """A reply was given to a provider: `sent`, `failed`, `again`, `unknown` or `needs_template`."""
        self._deliveries.labels(provider, outcome).inc()
        self._delivery_seconds.labels(provider).observe(seconds)

    def put_aside(self, provider: str, outcome: str) -> None:
        """A reply was not even given to a provider: `failed` or `needs_template`."""
        self._deliveries.labels(provider, outcome).inc()

    def provider_error(self, provider: str, code: str) -> None:
        """A provider refused something, at once or by a receipt."""
        self._provider_errors.labels(provider, _word(code)).inc()

    def ticked(self, moment: datetime) -> None:
        """A worker looked for work that nobody was told about."""
        self._ticked.set(moment.timestamp())

    def watch(
        self,
        storage: Storage,
        now: Callable[[], datetime],
        send_rate: float = 0.0,
        numbers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """From now on `render` also tells what stands in the database at that moment.

        `send_rate` is how many messages a second one number may send; nothing is told of it where it is 0.
        The `numbers` (provider, address) count as heard now as long as no customer has said anything there.
        """
        self._watched = CollectorRegistry()
        self._watched.register(_Stored(storage, now, send_rate, dict.fromkeys(numbers, now())))

    def render(self) -> tuple[bytes, str]:
        """Everything in Prometheus's text format, and its content type."""
        registry = self._registry
        if self._folder:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, self._folder)
        text = written(registry)
        if self._watched is not None:
            text += written(self._watched)
        return text, CONTENT_TYPE_LATEST


class _Stored:
    """What the database knows, read when it is asked for. A database that is away is told as such."""

    def __init__(
        self,
        storage: Storage,
        now: Callable[[], datetime],
        send_rate: float,
        began: Mapping[tuple[str, str], datetime],
    ) -> None:
        self._storage = storage
        self._now = now
        self._send_rate = send_rate
        self._began = began

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now = self._now()
        try:
            backlog = self._storage.backlog(now)
            channels = self._storage.channels()
        except Exception as error:
            # A scrape that fails as a whole would hide what the process itself still counts.
            log.problem("metrics_without_database", error)
            yield _gauge("shoptalk_database_up", "Whether the database answers", 0)
            return
        yield _gauge("shoptalk_database_up", "Whether the database answers", 1)
        yield _gauge("shoptalk_messages_waiting", "Messages that wait for their turn", backlog.waiting)
        yield _gauge(
            "shoptalk_oldest_waiting_seconds",
            "How long the oldest of them has waited",
            backlog.oldest_waiting_seconds,
        )
        yield _gauge("shoptalk_replies_queued", "Replies that wait to be sent", backlog.queued)
        yield _gauge(
            "shoptalk_oldest_queued_seconds",
            "How long the oldest of them has waited",
            backlog.oldest_queued_seconds,
        )
        yield _gauge("shoptalk_messages_put_aside", "Messages that `shoptalk failed` lists", backlog.failed)
        sessions = GaugeMetricFamily(
            "shoptalk_sessions",
            "Conversations by their state, counted once a minute",
            labels=("business", "flow", "state"),
        )
        for names, count in backlog.by_state.items():
            sessions.add_metric(names, count)
        yield sessions
        heard = GaugeMetricFamily(
            "shoptalk_channel_heard_timestamp_seconds",
            "When a customer last said something on a number",
            labels=("provider", "number"),
        )
        for address, moment in {**self._began, **backlog.last_heard_at}.items():
            heard.add_metric(address, moment.timestamp())
        yield heard
        states = GaugeMetricFamily(
            "shoptalk_channel_state",
            "1 for the state that a number is in",
            labels=("provider", "number", "business", "state"),
        )
        for channel in channels:
            for state in CHANNEL_STATES:
                number = (channel.provider, channel.number, channel.business)
                states.add_metric((*number, state), float(channel.state == state))
        yield states
        if self._send_rate:
            yield _gauge(
                "shoptalk_send_limit_messages_per_second",
                "How many messages a second one number sends at most",
                self._send_rate,
            )


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value)


def _word(text: str) -> str:
    """What a provider says, where it is a word: its texts would make a new label each."""
    return text if _WORD.fullmatch(text) else "other"


def _folder_here() -> str:
    """The folder that the processes share, made if need be; empty where this one counts alone."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return ""
    try:
        if not folder.strip():
            raise FileNotFoundError("it names no folder")
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError("it cannot be written")
    except OSError as error:
        raise SettingsError(
            [f"{FOLDER}={folder}: {error}; name a folder of this machine, or leave it out"]
        ) from error
    return folder
