"""Speaks with 360dialog, which passes on Meta's Cloud API: a secret in a header in, a key in a header out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

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
from adapters.channels.graph import Graph, KeyHeader, body_of, health_check, is_same
from adapters.settings import Dialog360Settings
from engine.message import Media, Outbound

WEBHOOK = "/webhooks/360dialog/<channel>"

FILE_HOST = "lookaside.fbsbx.com"
"""Where Meta keeps files; 360dialog hands them out itself, under the same path."""


class Dialog360Channel:
    """One number at 360dialog. Its address is the word of its business, which ends the webhook's path."""

    limits = cloud_api.LIMITS
    window: timedelta | None = WINDOW
    number = ""
    accepted = Answer("{}", "application/json")

    def __init__(self, settings: Dialog360Settings, public_url: str = "", seconds: float = 10.0) -> None:
        self.settings = settings
        self.business = settings.business
        self._public_url = public_url
        auth = KeyHeader("D360-API-KEY", settings.api_key)
        self._graph = Graph("360dialog", settings.api_url, auth, settings.api_key, seconds)

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """None: 360dialog asks nothing beforehand."""
        return None

    def verify(self, posted: Posted) -> bool:
        """Whether the `Authorization` header that was set with the webhook came along."""
        return _is_bearer(posted.headers.get("Authorization", ""), self.settings.webhook_secret)

    def parse(self, posted: Posted) -> list[Update]:
        """Every update of the body, for the number that the path names. Raises Malformed."""
        return cloud_api.parse(body_of(posted), posted.channel)

    def send(self, sender: str, recipient: str, outbound: Outbound, reference: str = "") -> str:
        """Posts one message from the number of the key; the id that statuses will name. Raises SendFailed."""
        return self._graph.send(f"{self.settings.api_url}/messages", recipient, outbound, "", reference)

    def acknowledge(self, sender: str, message_id: str) -> None:
        """Marks the message as read, and shows that an answer is being written. Raises SendFailed."""
        self._graph.acknowledge(f"{self.settings.api_url}/messages", message_id)

    def fetch(self, media: Media) -> Fetched:
        """Opens a file that a customer sent: it is kept for seven days. Raises SendFailed."""
        link, mime_type = self._graph.locate(self.settings.api_url, media)
        return self._graph.open(self._own(link), mime_type)

    def upload(self, sender: str, path: Path, mime_type: str) -> Media:
        """Hands a file to 360dialog. Raises SendFailed."""
        return self._graph.upload(f"{self.settings.api_url}/media", path, mime_type)

    def check(self) -> list[Check]:
        """Asks for the webhook that is set, which shows the key to be right, and for the number's health."""
        try:
            found = self._graph.get(f"{self.settings.api_url}/v1/configs/webhook")
        except SendFailed as failure:
            what = (
                "copy D360_API_KEY anew from 360dialog's hub"
                if failure.remedy is Remedy.ACCOUNT
                else "look whether this machine reaches D360_API_URL"
            )
            return [Check("360dialog's key", False, f"{failure.text}; {what}")]
        return [
            Check("360dialog's key", True, "is taken"),
            *self._webhook_checks(found),
            self._health_check(),
        ]

    def _webhook_checks(self, found: Mapping[str, object]) -> Iterator[Check]:
        ours = f"{self._public_url or 'PUBLIC_URL'}{WEBHOOK}".replace("<channel>", self.business or "WORD")
        theirs, headers = found.get("url"), found.get("headers")
        how = (
            f'POST /v1/configs/webhook {{"url": "{ours}", "headers": {{"Authorization": "Bearer …"}}}} with '
            "D360_WEBHOOK_SECRET in place of the dots"
        )
        is_ours = theirs == ours or (not self.business and _same_but_for_the_word(theirs, ours))
        if not is_ours:
            what = f"it is {theirs}" if theirs else "none is set"
            yield Check("360dialog's webhook", False, f"{what}: {how}")
            return
        yield Check("360dialog's webhook", True, str(theirs))
        if isinstance(headers, dict):
            given = next((text for name, text in headers.items() if str(name).lower() == "authorization"), "")
            is_well = is_same(str(given), f"Bearer {self.settings.webhook_secret}")
            text = "comes along" if is_well else f"it does not come along as Authorization: {how}"
            yield Check("360dialog's secret", is_well, text)

    def _health_check(self) -> Check:
        try:
            health = self._graph.get(f"{self.settings.api_url}/health_status").get("health_status")
        except SendFailed as failure:
            text = f"360dialog does not say whether we may send: {failure.text}"
            return Check("360dialog's account", False, text)
        return health_check("360dialog's account", health if isinstance(health, dict) else {})

    def _own(self, link: str) -> str:
        """The address at 360dialog's host of a file that Meta keeps."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return link
        if parts.hostname != FILE_HOST:
            return link
        return f"{self.settings.api_url}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _is_bearer(given: str, secret: str) -> bool:
    scheme, _, theirs = given.partition(" ")
    # A WSGI server hands bytes over as Latin-1.
    is_known = is_same(
        theirs.strip().encode("latin-1", "replace").decode("utf-8", "surrogateescape"), secret.strip()
    )
    return scheme.lower() == "bearer" and is_known


def _same_but_for_the_word(theirs: object, ours: str) -> bool:
    """Where the settings name no business, the last part of the path may be any word."""
    return isinstance(theirs, str) and theirs.rpartition("/")[0] == ours.rpartition("/")[0]
