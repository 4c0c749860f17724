"""`POST /api/v1/messages`: sends a text to a customer."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from adapters import log
from adapters.channels import CHANNELS
from adapters.storage import ChannelState
from adapters.web import edge
from adapters.web.api.fields import address_of, text_fields
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.post("/messages")
    def send() -> ResponseReturnValue:
        fields = text_fields(("to", "text"), ("business", "channel"))
        recipient = address_of("to", fields["to"])
        number = _number(site, fields)
        longest = site.channels[number.provider].limits.text
        if len(fields["text"]) > longest:
            whom = f"{number.provider} takes at most {longest}"
            abort(400, f'"text" has {len(fields["text"])} characters: {whom}')
        channel = (number.provider, number.number)
        now, correlation = site.now(), edge.request_id()
        conversation = site.storage.start_conversation(number.business, channel, recipient, now)
        message = site.storage.queue_text(
            number.business, channel, recipient, fields["text"], now, correlation
        )
        site.dispatch.deliver(conversation)
        log.event(
            "message_queued",
            message=message,
            provider=number.provider,
            to=log.masked(recipient),
            correlation=correlation,
        )
        where = {"business": number.business, "channel": number.provider}
        return {"id": message, "to": recipient, **where, "status": "queued"}, 202


def _number(site: Site, fields: Mapping[str, str]) -> ChannelState:
    """The number to write from: the one that is meant, or the only one; ends the request otherwise."""
    business, channel = fields.get("business", ""), fields.get("channel", "")
    numbers = [number for number in site.storage.channels() if _writes(site, number)]
    found = [
        number
        for number in numbers
        if business in ("", number.business)
        and channel in ("", number.provider, number.number)
        # Nobody is written to through the simulator who was not meant to.
        and (number.provider != "simulator" or channel == "simulator")
    ]
    if len(found) == 1:
        return found[0]
    real = [number for number in numbers if number.provider != "simulator"]
    if not real and channel != "simulator":
        ways = "; or ".join(", ".join(one.settings) for one in CHANNELS.values() if one.settings)
        abort(503, f"no provider is set up here: set {ways}; and start again")
    there_are = ", ".join(f"{number.business} over {number.provider}" for number in found or real)
    if not found:
        abort(400, f'no number is meant by that "business" and "channel": there are {there_are}')
    return abort(400, f'say by "business" or "channel" which number is meant: there are {there_are}')


def _writes(site: Site, number: ChannelState) -> bool:
    """Whether this process can write from the number: an earlier setting may have left it in the database."""
    channel = site.channels.get(number.provider)
    if channel is None or number.business not in site.packs:
        return False
    return channel.number in ("", number.number)
