"""Asks an API of the Graph's kind, as Meta and 360dialog have it: messages, read marks, files, failures."""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from requests.auth import AuthBase

from adapters.channels import cloud_api
from adapters.channels.channel import Check, Fetched, Malformed, Posted, Remedy, SendFailed
from adapters.channels.graph_errors import remedy_of
from adapters.channels.http import Caller
from adapters.json_bodies import NotJSON, json_object
from adapters.media_types import LARGEST, MIB, TYPES, plain_type
from adapters.version import VERSION
from engine.message import Media, Outbound

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds for which a number is silent that the provider wants silent without saying for how long."""

JUMPS = 3
"""How often the address of a file may send us on to another."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


class KeyHeader(AuthBase):
    """Shows a key in a header; as `auth`, for otherwise a `.netrc` of the machine would be asked."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As bytes, for requests would write a text in Latin-1.
        request.headers[self.name] = as_bytes(self.value)  # type: ignore[assignment]
        return request


class Graph:
    """One account's way into the API; in sentences `whom` is its name. Threads share it.

    `secret` is blotted out of what the API says. Files lie, and the key is shown, at the API itself
    (`origin`) and over https at hosts whose names end as one of `file_hosts`.
    """

    def __init__(
        self,
        whom: str,
        origin: str,
        auth: AuthBase,
        secret: str,
        seconds: float,
        file_hosts: tuple[str, ...] = (),
    ) -> None:
        self.whom = whom
        self._origin = urlsplit(origin)
        self._auth = auth
        self._secret = secret
        self._file_hosts = file_hosts
        self._caller = Caller(whom, seconds)
        self._pauses = 0
        self._counting = threading.Lock()

    def send(self, url: str, recipient: str, outbound: Outbound, catalog: str, reference: str) -> str:
        """Posts one message; the id that statuses will name. Raises SendFailed."""
        try:
            body = cloud_api.payload(recipient, outbound, catalog, reference)
        except ValueError as error:
            raise SendFailed("unsendable", str(error)) from error
        messages = self.post(url, body).get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        identity = first.get("id") if isinstance(first, dict) else None
        if not isinstance(identity, str) or not identity:
            raise SendFailed("no_id", f"{self.whom} answered without the id of a message", Remedy.UNKNOWN)
        with self._counting:
            self._pauses = 0
        return identity

    def acknowledge(self, url: str, message_id: str) -> None:
        """Marks a message as read, and shows for a while that an answer is being written."""
        typing = {"typing_indicator": {"type": "text"}}
        self.post(
            url, {"messaging_product": "whatsapp", "status": "read", "message_id": message_id, **typing}
        )

    def post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that answers this one. Raises SendFailed."""
        headers = {"Content-Type": "application/json"}
        return self.answer(self._ask("POST", url, data=orjson.dumps(body), headers=headers))

    def get(self, url: str, **query: str) -> dict[str, Any]:
        """The object at an address. Raises SendFailed."""
        return self.answer(self._ask("GET", url, params=query))

    def locate(self, root: str, media: Media) -> tuple[str, str]:
        """Where the file is for the next five minutes, and its type. Raises SendFailed."""
        if not media.id:
            return media.link, media.mime_type
        if not _ID.fullmatch(media.id):
            raise SendFailed("unfetchable", "what names the file is no id")
        found = self.get(f"{root}/{media.id}")
        link, mime_type = found.get("url"), found.get("mime_type")
        if not isinstance(link, str) or not link:
            raise SendFailed("no_address", f"{self.whom} answered without the file's address", Remedy.AGAIN)
        return link, mime_type if isinstance(mime_type, str) and mime_type else media.mime_type

    def open(self, link: str, mime_type: str) -> Fetched:
        """Opens a file of the provider's. No other host is asked; if it sends us on, the key stays behind."""
        auth: AuthBase | Callable[[requests.PreparedRequest], requests.PreparedRequest] = self._auth
        for _ in range(1 + JUMPS):
            if not self._may_be_asked(link):
                raise SendFailed("unfetchable", f"the file's address is not one of {self.whom}'s")
            answer = self._ask("GET", link, auth=auth, stream=True)
            if not answer.is_redirect:
                break
            link = urljoin(link, answer.headers["Location"])
            answer.close()
            auth = _no_key
        if answer.status_code != 200:
            with answer:
                failure = self._failure(answer, next(iter(self._caller.pieces(answer)), b""))
            if failure.code == "http_404":
                # An address lives five minutes: with the next try comes a new one.
                failure = SendFailed(failure.code, failure.text, Remedy.AGAIN)
            raise failure
        return Fetched(
            plain_type(mime_type or answer.headers.get("Content-Type", "")), self._caller.pieces(answer)
        )

    def upload(self, url: str, path: Path, mime_type: str) -> Media:
        """Hands the file over; what messages name it by. Raises SendFailed."""
        mime_type = plain_type(mime_type)
        known = TYPES.get(mime_type)
        if known is None:
            raise SendFailed("unsendable", f"{mime_type or 'a file of no type'} is not sent")
        try:
            size = path.stat().st_size
            if size > LARGEST[known.kind]:
                most = LARGEST[known.kind] // MIB
                raise SendFailed("unsendable", f"the file is larger than the {most} MiB of one {known.kind}")
            with path.open("rb") as file:
                fields = {"messaging_product": "whatsapp", "type": mime_type}
                files = {"file": (f"file.{known.ending}", file, mime_type)}
                identity = self.answer(self._ask("POST", url, data=fields, files=files)).get("id")
        except OSError as error:
            raise SendFailed("unreadable", f"the file cannot be read: {error.strerror}") from error
        if not isinstance(identity, str) or not identity:
            raise SendFailed("no_id", f"{self.whom} answered without the id of the file", Remedy.AGAIN)
        return Media(id=identity, mime_type=mime_type, filename=path.name)

    def answer(self, answer: requests.Response) -> dict[str, Any]:
        """The object of a success; raises SendFailed for everything else, whatever its HTTP status says."""
        body = _object(answer.content)
        if not 200 <= answer.status_code < 300 or isinstance(body.get("error"), dict):
            raise self._failure(answer, answer.content)
        return body

    def _ask(self, method: str, url: str, **more: Any) -> requests.Response:
        # Meta's file server turns away the name that requests gives itself.
        headers = {"User-Agent": f"Shoptalk/{VERSION}", **more.pop("headers", {})}
        return self._caller.ask(method, url, headers=headers, **{"auth": self._auth, **more})

    def _may_be_asked(self, link: str) -> bool:
        try:
            parts = urlsplit(link)
            host, port = parts.hostname or "", parts.port
            ours = (self._origin.scheme, self._origin.hostname, self._origin.port)
        except ValueError:
            return False
        if (parts.scheme, host, port) == ours:
            return True
        return parts.scheme == "https" and port in (None, 443) and host.endswith(self._file_hosts)

    def _failure(self, answer: requests.Response, content: bytes) -> SendFailed:
        body, status = _object(content), answer.status_code
        error = body.get("error")
        error = error if isinstance(error, dict) else {}
        code = error.get("code")
        number = code if isinstance(code, int) and not isinstance(code, bool) else None
        data, meta = error.get("error_data"), body.get("meta")
        said = (
            data.get("details") if isinstance(data, dict) else None,
            error.get("message"),
            # 360dialog's own words, where it is not Meta that answers.
            meta.get("developer_message") if isinstance(meta, dict) else None,
            body.get("detail"),
            answer.reason,
        )
        words = next((text for text in said if isinstance(text, str) and text), "no reason given")
        remedy, wait = remedy_of(number, status)
        if remedy is Remedy.CHANNEL_LATER and not wait:
            wait = self._pause()
        return SendFailed(
            f"http_{status}" if number is None else str(number),
            # Of a token that it cannot read, Meta repeats every letter.
            words.replace(self._secret, "[the key]")[:500],
            remedy,
            wait,
        )

    def _pause(self) -> float:
        """How long the number is silent now: four times as long with each failure since the last success."""
        with self._counting:
            wait = min(FIRST_PAUSE * 4**self._pauses, LONGEST_PAUSE)
            self._pauses = min(self._pauses + 1, 10)
        return wait


def body_of(posted: Posted) -> dict[str, Any]:
    """The JSON object of a webhook. Raises Malformed."""
    try:
        return json_object(posted.body)
    except NotJSON as error:
        raise Malformed(str(error)) from error


def account_of(health: Mapping[str, Any]) -> str:
    """The id of the account that a number belongs to, as its health names it; empty where it names none."""
    accounts = [one for one in _objects(health.get("entities")) if one.get("entity_type") == "WABA"]
    return str(accounts[0].get("id") or "") if accounts else ""


def health_check(name: str, health: Mapping[str, Any]) -> Check:
    """What the health of a number says of sending."""
    overall = health.get("can_send_message")
    if overall == "AVAILABLE":
        return Check(name, True, "may send")
    if not overall:
        return Check(name, True, "says nothing of its health")
    reasons = [
        " ".join(str(error[word]) for word in ("error_description", "possible_solution") if error.get(word))
        for entity in _objects(health.get("entities"))
        for error in _objects(entity.get("errors"))
    ]
    # Limited is what every new account is: it sends, to fewer people a day.
    text = f"sending is {str(overall).lower()}: {'; '.join(reasons) or 'no reason given'}"
    return Check(name, overall == "LIMITED", text)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def is_same(theirs: str, ours: str) -> bool:
    """Compares in a time that does not tell how much of it was right."""
    return hmac.compare_digest(as_bytes(theirs), as_bytes(ours))


def as_bytes(text: str) -> bytes:
    """The text in UTF-8; half a letter stands for the byte that it came from."""
    return text.encode("utf-8", "surrogateescape")


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Given as `auth` it keeps requests from looking for a key in a `.netrc`.
    return request


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
