"""Stands in for Meta: a real HTTP server that answers as the Graph API does, and bodies of its webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request: its path, its headers (names in lower case) and its JSON body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def to(self) -> str:
        return self.body.get("to") or self.body["recipient"]

    @property
    def text(self) -> str:
        """What the customer reads: the body of a text or of an interactive message, or a caption."""
        part = self.body[self.body["type"]]
        body = part.get("body", part.get("caption", ""))
        return body["text"] if isinstance(body, dict) else body

    @property
    def presses(self) -> dict[str, str]:
        """Title: id, of everything that can be pressed."""
        if self.body["type"] != "interactive":
            return {}
        action = self.body["interactive"]["action"]
        replies = [button["reply"] for button in action.get("buttons", ())]
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return {option["title"]: option["id"] for option in (*replies, *rows)}


@dataclass
class MetaDouble:
    """`asked` holds every request in the order of its answer. `answers` are used up before the usual 200.

    `hold`, while it is cleared, keeps answers back; `together` is how many requests for one customer were
    ever open at once.
    """

    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    together: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    _open: dict[str, int] = field(default_factory=dict)

    def to(self, recipient: str) -> list[Asked]:
        return [asked for asked in list(self.asked) if asked.to == recipient]

    def wait_for(self, count: int, recipient: str | None = None, seconds: float = 15.0) -> list[Asked]:
        """The first so many requests, as soon as they are there."""

        def found() -> list[Asked]:
            return self.asked if recipient is None else self.to(recipient)

        self.wait_until(lambda _: len(found()) >= count, seconds)
        return list(found())

    def wait_until(self, holds: Callable[[list[Asked]], bool], seconds: float = 15.0) -> None:
        """Waits until this holds of all requests so far."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: holds(self.asked), seconds)
            assert came, f"so far came {[asked.text for asked in self.asked]}"


@contextmanager
def meta_double() -> Iterator[MetaDouble]:
    """A server on a free port of this machine, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            asked = Asked(self.path, headers, json.loads(raw))
            with double.arrived:
                double._open[asked.to] = double._open.get(asked.to, 0) + 1
                double.together = max(double.together, double._open[asked.to])
                double.arrived.notify_all()
            double.hold.wait(15)
            with double.arrived:
                double._open[asked.to] -= 1
                double.asked.append(asked)
                number = len(double.asked)
                status, answer = double.answers.pop(0) if double.answers else (200, _taken(asked, number))
                double.arrived.notify_all()
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double = MetaDouble(f"http://127.0.0.1:{server.server_port}")
    double.hold.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _taken(asked: Asked, number: int) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": asked.to, "wa_id": asked.to}],
        "messages": [{"id": f"wamid.sent.{number}"}],
    }


def refusal(code: int, words: str) -> dict[str, Any]:
    """An error as the Graph API answers it."""
    return {
        "error": {"message": f"(#{code}) {words}", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    }


def body(
    *messages: Any,
    statuses: Any = (),
    contacts: Any = ({"profile": {"name": "Sara"}, "wa_id": "19990001111"},),
    number: str = "106540352242922",
) -> dict[str, Any]:
    """What a webhook brings of these messages and statuses, for the phone number of this id."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": number},
        "contacts": list(contacts),
    }
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    changes = [{"field": "messages", "value": value}]
    return {"object": "whatsapp_business_account", "entry": [{"id": "55", "changes": changes}]}


def text(said: str, identity: str, sender: str = "19990001111", at: Any = "1760781600") -> dict[str, Any]:
    """A text of a customer."""
    return {"from": sender, "id": identity, "timestamp": at, "type": "text", "text": {"body": said}}
