"""What the web addresses reach: settings, storage, channels, packs and the worker, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.channels.channel import Channel
from adapters.settings import Settings
from adapters.storage import Storage
from adapters.tasks.queue import Worker
from engine.pack import Pack


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that one process serves. `packs` by business, the first being the default one.

    `now` gives the moment, aware, in UTC.
    """

    settings: Settings
    storage: Storage
    channels: Mapping[str, Channel]
    packs: Mapping[str, Pack]
    worker: Worker
    now: Callable[[], datetime]
