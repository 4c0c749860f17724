"""Stands in for Twilio: a real HTTP server that answers as its REST API does, and forms of its webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

ACCOUNT = f"AC{'0123456789abcdef' * 2}"
AUTH_TOKEN = "the auth tökèn"
NUMBER = "15550009999"
CUSTOMER = "19990001111"
PICTURE = b"\xff\xd8\xff" + b"picture" * 20_000


@dataclass(frozen=True)
class Asked:
    """One request: what was asked, its headers (names in lower case) and its form."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def to(self) -> str:
        return self.form["To"].removeprefix("whatsapp:").removeprefix("+")

    @property
    def text(self) -> str:
        return self.form.get("Body", "")


Fault = tuple[int, Any] | str
"""An answer (status, JSON), or `hang`, `reset`: what is done instead of answering."""


@dataclass
class TwilioDouble:
    """`asked` holds every request; `faults` are used up by the next ones that send, before the usual 201.

    `senders` are the account's WhatsApp senders, `account` its answer for the account. `let_go` ends what
    hangs.
    """

    url: str
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    senders: list[dict[str, Any]] = field(default_factory=list)
    account: tuple[int, dict[str, Any]] = (200, {"sid": ACCOUNT, "status": "active"})
    arrived: threading.Condition = field(default_factory=threading.Condition)
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def sent(self) -> list[Asked]:
        """The messages, in their order."""
        return [asked for asked in list(self.asked) if asked.path.endswith("/Messages.json")]

    def wait_for(self, count: int, recipient: str | None = None, seconds: float = 15.0) -> list[Asked]:
        """The first so many messages, as soon as they are there."""

        def found() -> list[Asked]:
            return [one for one in self.sent if recipient is None or one.to == recipient]

        with self.arrived:
            came = self.arrived.wait_for(lambda: len(found()) >= count, seconds)
            assert came, f"so far came {[asked.text for asked in found()]}"
        return found()


@contextmanager
def twilio_double() -> Iterator[TwilioDouble]:
    """A server on a free port of this machine, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self._keep("POST", dict(parse_qsl(raw.decode(), keep_blank_values=True)))
            if self.path.endswith("/Typing.json"):
                self._say(201, {"success": True})
            elif double.faults:
                self._fail(double.faults.pop(0))
            else:
                self._say(201, {"sid": f"SM{len(double.sent):032x}", "status": "queued"})

        def do_GET(self) -> None:
            self._keep("GET", {})
            path = urlsplit(self.path).path
            basic = base64.b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode()
            is_known = self.headers.get("Authorization") == f"Basic {basic}"
            if path == "/elsewhere/picture":
                self._bytes(200, PICTURE, "image/jpeg; charset=binary")
            elif not is_known:
                self._say(401, {"code": 20003, "message": "Authenticate"})
            elif path == f"/2010-04-01/Accounts/{ACCOUNT}.json":
                self._say(*double.account)
            elif path.startswith("/v2/Channels/Senders"):
                self._senders(path)
            elif path.endswith("/Media/ME1"):
                self._bytes(307, b"", "text/plain", Location="/elsewhere/picture")
            elif path.endswith("/Media/ME2"):
                self._bytes(307, b"", "text/plain", Location="http://192.0.2.1/picture")
            else:
                self._say(404, {"code": 20404, "message": "The requested resource was not found"})

        def _senders(self, path: str) -> None:
            sid = path.rpartition("/")[2]
            if sid == "Senders":
                page = int(parse_qs(urlsplit(self.path).query).get("Page", ["0"])[0])
                more = f"{double.url}{path}?Page={page + 1}" if page + 1 < len(double.senders) else None
                listed = [
                    {"sid": sender["sid"], "sender_id": sender["sender_id"], "status": sender["status"]}
                    for sender in double.senders[page : page + 1]
                ]
                self._say(200, {"senders": listed, "meta": {"next_page_url": more}})
                return
            self._say(200, next(sender for sender in double.senders if sender["sid"] == sid))

        def _keep(self, method: str, form: dict[str, str]) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            with double.arrived:
                double.asked.append(Asked(method, self.path, headers, form))
                double.arrived.notify_all()

        def _fail(self, fault: Fault) -> None:
            if not isinstance(fault, str):
                self._say(*fault)
                return
            if fault == "hang":
                double.let_go.wait(15)
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def _say(self, status: int, answer: Any) -> None:
            self._bytes(status, json.dumps(answer).encode(), "application/json")

        def _bytes(self, status: int, body: bytes, content_type: str, **headers: str) -> None:
            with suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, text in headers.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        handle_error: Callable[..., None] = staticmethod(lambda *_: None)

    server = Server(("127.0.0.1", 0), Handler)
    double = TwilioDouble(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def refusal(code: int, words: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    """An error as Twilio answers it."""
    return status, {"code": code, "message": words, "more_info": "https://…", "status": status}


def message(identity: str, said: str | None = "hi", sender: str = CUSTOMER, **more: str) -> dict[str, str]:
    """The form of a customer's message."""
    form = {
        "SmsMessageSid": identity,
        "NumMedia": "0",
        "ProfileName": "Sara",
        "MessageType": "text",
        "SmsSid": identity,
        "WaId": sender,
        "SmsStatus": "received",
        "To": f"whatsapp:+{NUMBER}",
        "NumSegments": "1",
        "MessageSid": identity,
        "AccountSid": ACCOUNT,
        "From": f"whatsapp:+{sender}",
        "ApiVersion": "2010-04-01",
    }
    return {**form, **({} if said is None else {"Body": said}), **more}


def status(identity: str, becomes: str, **more: str) -> dict[str, str]:
    """The form of a status callback of one of our messages."""
    return {
        "ChannelPrefix": "whatsapp",
        "ApiVersion": "2010-04-01",
        "MessageStatus": becomes,
        "SmsSid": identity,
        "SmsStatus": becomes,
        "To": f"whatsapp:+{CUSTOMER}",
        "From": f"whatsapp:+{NUMBER}",
        "MessageSid": identity,
        "AccountSid": ACCOUNT,
        **more,
    }


def signature(url: str, form: Mapping[str, str] | list[tuple[str, str]], token: str = AUTH_TOKEN) -> str:
    """What `X-Twilio-Signature` says, reckoned here from its description."""
    pairs = sorted(form.items() if isinstance(form, Mapping) else form)
    signed = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def encoded(form: Mapping[str, str] | list[tuple[str, str]]) -> bytes:
    """The form as it travels."""
    return urlencode(form if isinstance(form, list) else list(form.items())).encode()
