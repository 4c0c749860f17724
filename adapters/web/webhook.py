"""Takes what providers post: each update is in the database before it is answered with 200."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import quote

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ServiceUnavailable

from adapters import log
from adapters.channels import CHANNELS, Provider
from adapters.channels.channel import Channel, Malformed, Posted, Update
from adapters.storage import Accepted, NotServed, Outcome
from adapters.web import edge
from adapters.web.site import Site
from engine.message import Inbound, Receipt, Unread


def routes(site: Site) -> Blueprint:
    """`GET` and `POST` at the webhook of every provider in the table."""
    pages = Blueprint("webhook", __name__)
    endpoints: dict[str, str] = {}
    for name, provider in CHANNELS.items():
        if provider.webhook:
            site.metrics.messages_unclaimed(name, 0)
            for method, view in (("GET", _challenge), ("POST", _receive)):
                endpoint = f"{name}_{method.lower()}"
                endpoints[f"{pages.name}.{endpoint}"] = name
                pages.add_url_rule(provider.webhook, endpoint, view(site, name, provider), methods=[method])

    @pages.after_request
    def count(response: Response) -> Response:
        site.metrics.webhook(endpoints[request.endpoint or ""], response.status_code)
        return response

    return pages


_View = Callable[..., ResponseReturnValue]


def _challenge(site: Site, name: str, provider: Provider) -> _View:
    def challenge(channel: str = "") -> ResponseReturnValue:
        answer = _channel(site, name, provider).challenge(request.args)
        if answer is None:
            abort(403, "the verify token is not the one that is set here")
        return answer, 200, {"Content-Type": "text/plain; charset=utf-8"}

    return challenge


def _receive(site: Site, name: str, provider: Provider) -> _View:
    def receive(channel: str = "") -> ResponseReturnValue:
        ours, correlation = _channel(site, name, provider), edge.request_id()
        posted = Posted(_address(site), _headers(), edge.body(), channel)
        if not ours.verify(posted):
            log.event("webhook_refused", provider=name, bytes=len(posted.body), correlation=correlation)
            abort(401, f"this request is not signed with {provider.secret}")
        if channel and not _is_known(site, name, channel):
            abort(
                404, f"no business here has the channel {channel!r}: end the address with the business's word"
            )
        try:
            updates = ours.parse(posted)
        except Malformed as malformed:
            log.event("webhook_malformed", provider=name, reason=str(malformed), correlation=correlation)
            abort(400, str(malformed))
        try:
            accepted = site.storage.accept(name, updates, site.now(), correlation)
        except NotServed as error:
            number = {"provider": name, "number": error.address.address, "business": error.business}
            log.problem("business_not_served", None, **number, correlation=correlation)
            # A process that was started with its pack takes the repetition.
            raise ServiceUnavailable(str(error), retry_after=5) from error
        # Before anybody is told to look: a log in which the answer stands before the message helps nobody.
        for place, update in enumerate(updates):
            _note(site, name, update, place, accepted, correlation)
        site.dispatch.take_turns(*accepted.waiting)
        site.dispatch.fetch_media(*accepted.media)
        for alarm in accepted.alarms:
            log.problem("channel_stopped", None, **alarm._asdict(), correlation=correlation)
        return ours.accepted.body, 200, {"Content-Type": ours.accepted.content_type}

    return receive


def _channel(site: Site, name: str, provider: Provider) -> Channel:
    channel = site.channels.get(name)
    if channel is None:
        abort(503, f"this provider is not set up here: set {', '.join(provider.settings)}, and start again")
    return channel


def _is_known(site: Site, name: str, channel: str) -> bool:
    # A database is not asked for what no business is called: some refuse even to look for it.
    is_word = re.fullmatch(r"[a-z][a-z0-9_]{0,99}", channel, re.ASCII) is not None
    return is_word and site.storage.channel_business(name, channel) is not None


def _address(site: Site) -> str:
    """The address that the provider asked, as it knows it: some sign it."""
    base = site.settings.public_url or f"{request.scheme}://{request.host}{quote(request.script_root)}"
    query = request.query_string.decode("latin-1")
    return f"{base}{quote(request.path)}" + (f"?{query}" if query else "")


def _headers() -> Mapping[str, str]:
    # Werkzeug's find names in any case, and are a mapping in everything but name.
    return cast("Mapping[str, str]", request.headers)


def _note(site: Site, name: str, update: Update, place: int, accepted: Accepted, ours: str) -> None:
    """Writes the update down for people: a receipt under the word of the message that it speaks of."""
    match update:
        case Inbound():
            _note_message(site, name, update, accepted.outcomes.get(place), ours)
        case Receipt(message_id=message, status=status, error_code=code):
            site.metrics.receipt(name, status)
            if code:
                site.metrics.provider_error(name, code)
            log.event(
                "status_received",
                provider=name,
                id=message,
                status=status,
                code=code,
                correlation=accepted.correlations.get(message, ours),
            )
        case Unread(reason=reason, id=message):
            log.event("update_not_understood", provider=name, id=message, reason=reason, correlation=ours)


def _note_message(site: Site, name: str, message: Inbound, outcome: Outcome | None, ours: str) -> None:
    """Writes a message down; what was kept before, or is nobody's, counts as none that came in."""
    what = {
        "provider": name,
        "id": message.id,
        "kind": message.kind,
        "sender": log.masked(message.sender),
        "correlation": ours,
    }
    match outcome:
        case "new":
            site.metrics.message_in(name, message.kind)
            log.event("message_received", **what)
        case "repeated":
            log.event("message_repeated", **what)
        case "unclaimed":
            site.metrics.messages_unclaimed(name)
            log.problem("message_unclaimed", None, number=message.channel, **what)
        case None:
            log.event("update_not_understood", reason="it cannot be kept as a message", **what)
