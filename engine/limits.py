"""The kinds of message there are, and what a channel has places for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Kind = Literal[
    "text",
    "press",
    "image",
    "audio",
    "video",
    "document",
    "location",
    "contacts",
    "order",
    "reaction",
    "edit",
    "revoke",
    "system",
    "unsupported",
]

SILENT_KINDS: frozenset[str] = frozenset({"reaction", "edit", "revoke", "system"})
"""Kinds that are recorded and start no turn."""

MEDIA_KINDS: frozenset[str] = frozenset({"image", "audio", "video", "document"})


class Limits(NamedTuple):
    """What a channel can show, in characters and places; 0 places mean that it cannot at all.

    `media` are the kinds it sends, `captions` those of them that carry a text, `headers` the media kinds that
    may stand above buttons.
    """

    text: int = 4096
    body: int = 1024
    caption: int = 1024
    header: int = 60
    footer: int = 60
    buttons: int = 3
    button_title: int = 20
    rows: int = 10
    row_title: int = 24
    row_about: int = 72
    list_button: int = 20
    press_id: int = 200
    products: int = 0
    location_request: bool = True
    media: frozenset[str] = MEDIA_KINDS
    captions: frozenset[str] = frozenset({"image", "video", "document"})
    headers: frozenset[str] = frozenset({"image", "video", "document"})


PLAIN = Limits(buttons=0, rows=0, header=0, footer=0, location_request=False)
"""A channel of text alone."""

NO_PROVIDERS: Mapping[str, Limits] = MappingProxyType({})
