"""Reads the place that a customer sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.declarations import Type, Unreadable

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> dict[str, Any]:
    """`{latitude, longitude, address}`, in degrees."""
    message = draft.message
    if message is None or message.latitude is None or message.longitude is None:
        raise Unreadable("not a place")
    return {"latitude": message.latitude, "longitude": message.longitude, "address": message.address}


TYPE: Type = Type(
    "location",
    "a place that is sent: latitude, longitude, address",
    read,
    kinds=("location",),
    holds=dict,
)
