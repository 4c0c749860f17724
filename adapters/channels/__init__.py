"""The table of the channels: every provider by its word, each in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.channels.channel import Channel
from adapters.channels.meta import MetaChannel
from adapters.channels.simulator import SimulatorChannel
from adapters.settings import Settings

CHANNELS: Mapping[str, Callable[[Settings], Channel | None]] = {
    "meta": lambda settings: MetaChannel(settings.meta) if settings.meta else None,
    "simulator": lambda settings: SimulatorChannel(),
}
"""Provider: how its channel is made from the settings; None where they lack what it needs."""
