"""Speaks with Meta's WhatsApp Cloud API: signatures and verification in, the Graph API out."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from adapters.channels import cloud_api
from adapters.channels.channel import SendFailed, Update
from adapters.settings import MetaSettings
from engine.message import Outbound

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0

MAY_PASS = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004})
"""Error codes after which the same request may succeed."""


class MetaChannel:
    """One phone number at Meta. Threads share it: each has its own connection."""

    def __init__(
        self, settings: MetaSettings, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS
    ) -> None:
        self.settings = settings
        self.limits = replace(
            cloud_api.LIMITS, products=cloud_api.CATALOGUE_PLACES if settings.catalog_id else 0
        )
        self._timeouts = (connect, read)
        self._local = threading.local()

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The raw challenge, for whoever knows the verify token."""
        token = query.get("hub.verify_token", "")
        if query.get("hub.mode") == "subscribe" and _same(token, self.settings.verify_token):
            return query.get("hub.challenge", "")
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether `X-Hub-Signature-256` is the HMAC-SHA256 of exactly these bytes, under the app's secret."""
        return _same(headers.get("X-Hub-Signature-256", ""), signature(self.settings.app_secret, body))

    def parse(self, body: Mapping[str, Any]) -> list[Update]:
        """Every update of the body; see `cloud_api.parse`."""
        return cloud_api.parse(body)

    def send(self, sender: str, recipient: str, outbound: Outbound) -> str:
        """Posts one message from the phone number id; the id that statuses will name. Raises SendFailed."""
        try:
            body = cloud_api.payload(recipient, outbound, self.settings.catalog_id)
        except ValueError as error:
            raise SendFailed("unsendable", str(error)) from error
        try:
            answer = self._session().post(
                f"{self.settings.graph_url}/{self.settings.api_version}/{sender}/messages",
                data=orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                auth=_Bearer(self.settings.access_token),
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except requests.ConnectTimeout as error:
            raise SendFailed("connection", "no connection to Meta in time", may_pass=True) from error
        except requests.Timeout as error:
            raise SendFailed("timeout", "no answer from Meta in time; it may have been sent") from error
        except requests.ConnectionError as error:
            raise SendFailed("connection", "no connection to Meta, or it broke", may_pass=True) from error
        except requests.RequestException as error:
            raise SendFailed("request", f"{type(error).__name__} while asking Meta") from error
        return self._message_id(answer)

    def _session(self) -> requests.Session:
        """This thread's own session, since requests does not promise to share one safely."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            retry = Retry(total=None, connect=2, read=0, redirect=0, status=0, other=0, backoff_factor=0.2)
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            self._local.session = session
        return session

    def _message_id(self, answer: requests.Response) -> str:
        """The id of the message that was taken, or the error that the answer names."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        body = body if isinstance(body, dict) else {}
        error = body.get("error")
        if isinstance(error, dict) or not answer.ok:
            error = error if isinstance(error, dict) else {}
            code = error.get("code")
            number = code if isinstance(code, int) else None
            data = error.get("error_data")
            details = data.get("details") if isinstance(data, dict) else None
            words = str(details or error.get("message") or answer.reason or "")
            raise SendFailed(
                f"http_{answer.status_code}" if number is None else str(number),
                # Of a token that it cannot read, Meta repeats every letter.
                words.replace(self.settings.access_token, "[the token]")[:500],
                may_pass=number in MAY_PASS or answer.status_code == 429 or answer.status_code >= 500,
            )
        messages = body.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        identity = first.get("id") if isinstance(first, dict) else None
        if not isinstance(identity, str) or not identity:
            raise SendFailed("no_id", f"Meta answered {answer.status_code} without the id of a message")
        return identity


def signature(secret: str, body: bytes) -> str:
    """What `X-Hub-Signature-256` says of these bytes."""
    digest = hmac.new(_bytes(secret), body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


class _Bearer(AuthBase):
    """Sets the token as `auth`, for as a plain header a `.netrc` of the machine would replace it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = b"Bearer " + _bytes(self.token)  # type: ignore[assignment]
        return request


def _same(theirs: str, ours: str) -> bool:
    """Compares in a time that does not tell how much of it was right."""
    return hmac.compare_digest(_bytes(theirs), _bytes(ours))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
