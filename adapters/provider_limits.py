"""Says what a provider can show, by its word in the table of the channels."""

from __future__ import annotations

from engine.limits import Limits


class UnknownProvider(Exception):
    """A provider is named that the table does not have; the text says which there are."""


def limits_of(provider: str) -> Limits:
    """The provider's limits; those of WhatsApp where none is named."""
    if not provider:
        return Limits()
    from adapters.channels import CHANNELS

    if provider not in CHANNELS:
        raise UnknownProvider(f"there is no provider {provider!r}; there are {', '.join(CHANNELS)}")
    return CHANNELS[provider].limits
