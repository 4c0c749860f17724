"""The table of the channels: every provider by its word, each in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.channels import cloud_api, dialog360, meta, twilio
from adapters.channels.channel import Channel
from adapters.channels.dialog360 import Dialog360Channel
from adapters.channels.meta import MetaChannel
from adapters.channels.simulator import SimulatorChannel
from adapters.channels.twilio import TwilioChannel
from adapters.settings import DIALOG360_NAMES, META_NAMES, TWILIO_NAMES, Settings
from engine.limits import Limits


class Provider(NamedTuple):
    """What the rest has to know of a provider.

    `make` gives its channel, None where the settings lack what it needs. `webhook` is the path that it posts
    to, with `<channel>` where the path names the number; empty where nobody posts. `settings` are the names
    without which it is off, `secret` the one of them that its requests are known by. `limits` are what it
    can show, as long as no setting adds to that.
    """

    make: Callable[[Settings], Channel | None]
    webhook: str = ""
    settings: tuple[str, ...] = ()
    secret: str = ""
    limits: Limits = cloud_api.LIMITS


def _meta(settings: Settings) -> Channel | None:
    if settings.meta is None:
        return None
    return MetaChannel(settings.meta, settings.public_url, settings.send_timeout)


def _dialog360(settings: Settings) -> Channel | None:
    if settings.dialog360 is None:
        return None
    return Dialog360Channel(settings.dialog360, settings.public_url, settings.send_timeout)


def _twilio(settings: Settings) -> Channel | None:
    if settings.twilio is None:
        return None
    return TwilioChannel(settings.twilio, settings.public_url, settings.send_timeout)


CHANNELS: Mapping[str, Provider] = {
    "meta": Provider(_meta, meta.WEBHOOK, META_NAMES, "META_APP_SECRET"),
    "twilio": Provider(_twilio, twilio.WEBHOOK, TWILIO_NAMES, "TWILIO_AUTH_TOKEN", twilio.LIMITS),
    "dialog360": Provider(_dialog360, dialog360.WEBHOOK, DIALOG360_NAMES, "D360_WEBHOOK_SECRET"),
    "simulator": Provider(lambda settings: SimulatorChannel()),
}
"""Every provider by its word."""
