"""Speaks with Meta's WhatsApp Cloud API: signatures and verification in, the Graph API out."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.channels import cloud_api
from adapters.channels.channel import (
    WINDOW,
    Answer,
    Check,
    Fetched,
    Posted,
    Remedy,
    SendFailed,
    Update,
)
from adapters.channels.graph import Graph, KeyHeader, account_of, as_bytes, body_of, health_check, is_same
from adapters.settings import MetaSettings
from engine.message import Media, Outbound

WEBHOOK = "/webhooks/meta"

FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".facebook.com", ".whatsapp.net", ".whatsapp.com")
"""How the names of Meta's hosts end where files lie."""


class MetaChannel:
    """One phone number at Meta. `public_url` is where Meta reaches us, without a slash at its end."""

    window: timedelta | None = WINDOW
    accepted = Answer("{}", "application/json")

    def __init__(self, settings: MetaSettings, public_url: str = "", seconds: float = 10.0) -> None:
        self.settings = settings
        self.number = settings.phone_number_id
        self.business = settings.business
        self.limits = cloud_api.LIMITS._replace(
            products=cloud_api.CATALOGUE_PLACES if settings.catalog_id else 0
        )
        self._public_url = public_url
        self._root = f"{settings.graph_url}/{settings.api_version}"
        token = settings.access_token
        auth = KeyHeader("Authorization", f"Bearer {token}")
        self._graph = Graph("Meta", settings.graph_url, auth, token, seconds, FILE_HOSTS)

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The raw challenge, for whoever knows the verify token."""
        token = query.get("hub.verify_token", "")
        if query.get("hub.mode") == "subscribe" and is_same(token, self.settings.verify_token):
            return query.get("hub.challenge", "")
        return None

    def verify(self, posted: Posted) -> bool:
        """Whether `X-Hub-Signature-256` is the HMAC-SHA256 of exactly these bytes, under the app's secret."""
        given = posted.headers.get("X-Hub-Signature-256", "")
        return is_same(given, signature(self.settings.app_secret, posted.body))

    def parse(self, posted: Posted) -> list[Update]:
        """Every update of the body; see `cloud_api.parse`. Raises Malformed for what is no JSON object."""
        return cloud_api.parse(body_of(posted))

    def send(self, sender: str, recipient: str, outbound: Outbound, reference: str = "") -> str:
        """Posts one message from the phone number id; the id that statuses will name. Raises SendFailed."""
        url = f"{self._root}/{sender}/messages"
        return self._graph.send(url, recipient, outbound, self.settings.catalog_id, reference)

    def acknowledge(self, sender: str, message_id: str) -> None:
        """Marks the message as read, and shows that an answer is being written. Raises SendFailed."""
        self._graph.acknowledge(f"{self._root}/{sender}/messages", message_id)

    def fetch(self, media: Media) -> Fetched:
        """Opens a file that a customer sent: Meta keeps it for seven days. Raises SendFailed."""
        return self._graph.open(*self._graph.locate(self._root, media))

    def upload(self, sender: str, path: Path, mime_type: str) -> Media:
        """Hands a file to Meta, which keeps it for thirty days. Raises SendFailed."""
        return self._graph.upload(f"{self._root}/{sender}/media", path, mime_type)

    def check(self) -> list[Check]:
        """Asks for the number, for its webhook, and whether its account may send and posts to our app."""
        number = f"{self._root}/{self.number}"
        try:
            found = self._graph.get(number, fields="display_phone_number,verified_name,quality_rating")
        except SendFailed as failure:
            return [Check("Meta's number", False, f"{failure.text}; {_remedy(failure)}")]
        shown = found.get("display_phone_number") or self.number
        name = f" ({found['verified_name']})" if found.get("verified_name") else ""
        text = f"{shown}{name}, quality {found.get('quality_rating') or 'unknown'}"
        return [
            Check("Meta's number", True, text),
            *self._health_checks(number),
            *self._webhook_checks(number),
        ]

    def _health_checks(self, number: str) -> Iterator[Check]:
        try:
            health = self._graph.get(number, fields="health_status").get("health_status")
        except SendFailed as failure:
            yield Check("Meta's account", False, f"Meta does not say whether we may send: {failure.text}")
            return
        health = health if isinstance(health, dict) else {}
        yield health_check("Meta's account", health)
        account = account_of(health)
        if not account:
            return
        try:
            apps = self._graph.get(f"{self._root}/{account}/subscribed_apps").get("data")
        except SendFailed as failure:
            # To send and to receive, a token need not be allowed to manage the account.
            yield Check("Meta's subscription", True, f"not asked for: {failure.text}")
            return
        if isinstance(apps, list) and apps:
            yield Check("Meta's subscription", True, f"account {account} posts to {len(apps)} app(s)")
        else:
            text = f"account {account} posts to no app: POST /{account}/subscribed_apps with the same token"
            yield Check("Meta's subscription", False, text)

    def _webhook_checks(self, number: str) -> Iterator[Check]:
        ours = f"{self._public_url or 'PUBLIC_URL'}{WEBHOOK}"
        hint = f"in the app's dashboard, WhatsApp → Configuration, the callback address has to be {ours}"
        try:
            found = self._graph.get(number, fields="webhook_configuration").get("webhook_configuration")
        except SendFailed as failure:
            yield Check("Meta's webhook", False, f"Meta does not say ({failure.text}): {hint}")
            return
        found = found if isinstance(found, dict) else {}
        theirs = _first(found, "phone_number", "whatsapp_business_account", "application")
        if theirs == ours:
            yield Check("Meta's webhook", True, ours)
        else:
            yield Check("Meta's webhook", False, f"{f'it is {theirs}' if theirs else 'none is set'}: {hint}")


def signature(secret: str, body: bytes) -> str:
    """What `X-Hub-Signature-256` says of these bytes."""
    return f"sha256={hmac.digest(as_bytes(secret), body, 'sha256').hex()}"


def _first(found: Mapping[str, Any], *names: str) -> str:
    """The address that counts: what is set nearest to the number."""
    return next((text for name in names if isinstance(text := found.get(name), str) and text), "")


def _remedy(failure: SendFailed) -> str:
    if failure.code in ("100", "33", "http_404"):
        return "correct WHATSAPP_PHONE_NUMBER_ID: the number's id stands in Meta's WhatsApp Manager"
    if failure.remedy is Remedy.ACCOUNT:
        return "make a new WHATSAPP_ACCESS_TOKEN for a system user who may use this number"
    return "look whether this machine reaches META_GRAPH_URL"
