"""What the web addresses reach: settings, storage, channels, packs, jobs and workers, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.channels.channel import Channel
from adapters.metrics import Metrics
from adapters.settings import Settings
from adapters.storage import Storage
from adapters.tasks.jobs import Jobs
from adapters.tasks.queue import Dispatch
from adapters.tasks.workers import Workers
from adapters.watch import PackWatch
from engine.pack import Pack


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that one process serves. `packs` by business, the first being the default one.

    `dispatch` tells workers what to do, here or elsewhere; `workers` are those of this process, None where it
    has none; `watch` takes up packs that change. `now` gives the moment, aware, in UTC.
    """

    settings: Settings
    storage: Storage
    channels: Mapping[str, Channel]
    packs: Mapping[str, Pack]
    jobs: Jobs
    dispatch: Dispatch
    workers: Workers | None
    watch: PackWatch
    metrics: Metrics
    now: Callable[[], datetime]
