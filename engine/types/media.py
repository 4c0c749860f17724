"""Reads the picture, sound, film or file that a customer sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Type, Unreadable
from engine.limits import MEDIA_KINDS

if TYPE_CHECKING:
    from engine.draft import Draft


def read(text: str, draft: Draft) -> dict[str, str]:
    """`{id, link, mime_type, filename}`, as the channel gave them."""
    media = draft.message.media if draft.message else None
    if media is None:
        raise Unreadable("no picture, sound, film or file")
    return {"id": media.id, "link": media.link, "mime_type": media.mime_type, "filename": media.filename}


TYPE: Type = Type(
    "media",
    "a picture, sound, film or file that is sent",
    read,
    kinds=tuple(sorted(MEDIA_KINDS)),
    holds=dict,
)
