"""Says what a provider can show, by its word in the table of the channels."""

from __future__ import annotations

from collections.abc import Mapping

from engine.limits import Limits

WHATSAPP = Limits()
"""What WhatsApp shows without a catalogue."""

TWILIO = Limits(
    text=1600,
    body=1600,
    caption=1600,
    header=0,
    footer=0,
    buttons=0,
    rows=0,
    location_request=False,
    captions=frozenset({"image", "video"}),
    headers=frozenset(),
)
"""What Twilio's API shows without templates made beforehand: text, files, and no button."""

PROVIDERS: Mapping[str, Limits] = {"meta": WHATSAPP, "twilio": TWILIO, "dialog360": WHATSAPP}
"""What each provider can show, for those who have nothing to send: no channel is loaded for it."""

TALKED_THROUGH: Mapping[str, Limits] = {**PROVIDERS, "simulator": WHATSAPP}
"""The same for whatever a conversation can be held through."""


class UnknownProvider(Exception):
    """A provider is named that the table does not have; the text says which there are."""


def limits_of(provider: str) -> Limits:
    """The provider's limits; those of WhatsApp where none is named."""
    if not provider:
        return Limits()
    if provider not in TALKED_THROUGH:
        raise UnknownProvider(f"there is no provider {provider!r}; there are {', '.join(TALKED_THROUGH)}")
    return TALKED_THROUGH[provider]
