"""`POST /api/v1/messages`: sends a text to a customer."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from adapters import log
from adapters.settings import META_NAMES
from adapters.web.api.fields import address_of, text_fields
from adapters.web.site import Site


def add(pages: Blueprint, site: Site) -> None:
    """Adds the route."""

    @pages.post("/messages")
    def send() -> ResponseReturnValue:
        fields = text_fields(("to", "text"))
        recipient = address_of("to", fields["to"])
        meta = site.settings.meta
        if meta is None:
            abort(503, f"WhatsApp is not set up here: set {', '.join(META_NAMES)}, and start again")
        longest = site.channels["meta"].limits.text
        if len(fields["text"]) > longest:
            abort(400, f'"text" has {len(fields["text"])} characters: WhatsApp takes at most {longest}')
        channel = ("meta", meta.phone_number_id)
        business = site.storage.channel_business(*channel)
        if business is None:
            abort(503, "the number in WHATSAPP_PHONE_NUMBER_ID belongs to no business here")
        conversation = site.storage.start_conversation(business, channel, recipient, site.now())
        message = site.storage.queue_text(business, channel, recipient, fields["text"], site.now())
        site.dispatch.deliver(conversation)
        log.event("message_queued", message=message, to=log.masked(recipient))
        return {"id": message, "to": recipient, "status": "queued"}, 202
