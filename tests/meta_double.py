"""Stands in for Meta: a real HTTP server that answers as the Graph API does, and bodies of its webhooks."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from werkzeug.wrappers import Request


@dataclass(frozen=True)
class Asked:
    """One request: its path with its query, its headers (names in lower case) and its JSON body."""

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


@dataclass(frozen=True)
class File:
    """A file of a customer at the provider; `cut` is how many bytes come of what is announced."""

    content: bytes
    mime_type: str
    cut: int | None = None


@dataclass(frozen=True)
class Upload:
    """A file that we handed over."""

    path: str
    headers: dict[str, str]
    fields: dict[str, str]
    name: str
    mime_type: str
    content: bytes


@dataclass
class MetaDouble:
    """`asked` holds every message in the order of its answer, `marks` the read marks, `looked` what was read.

    `answers` are used up, by messages alone, before the usual 200; `fault` may give an answer to any single
    request of a POST. A status of 0 breaks the connection. `hold`, while it is cleared, keeps answers to
    messages back; `together` is how many requests for one customer were ever open at once.

    `files` are those of customers, by their id: asked for anywhere, it names an address below `file_url`.
    `pages` are the answers to what else is read, by path, with its query or without; a text sends on to
    that address.
    """

    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    together: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    marks: list[Asked] = field(default_factory=list)
    looked: list[Asked] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    fault: Callable[[Asked], tuple[int, Any] | None] = lambda asked: None
    files: dict[str, File] = field(default_factory=dict)
    file_url: str = ""
    pages: dict[str, tuple[int, Any] | str] = field(default_factory=dict)
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

    def take(self, asked: Asked) -> tuple[int, Any]:
        """The answer to a message or to a read mark."""
        is_message = "type" in asked.body
        with self.arrived:
            if is_message:
                self._open[asked.to] = self._open.get(asked.to, 0) + 1
                self.together = max(self.together, self._open[asked.to])
            self.arrived.notify_all()
        if is_message:
            self.hold.wait(15)
        with self.arrived:
            if is_message:
                self._open[asked.to] -= 1
            (self.asked if is_message else self.marks).append(asked)
            answer = self.fault(asked)
            if answer is None and is_message:
                answer = self.answers.pop(0) if self.answers else (200, _taken(asked, len(self.asked)))
            self.arrived.notify_all()
        return answer or (200, {"success": True})

    def look_up(self, asked: Asked) -> tuple[int, Any] | str | File:
        """What stands at a path: a page, a file, or where a file is to be had."""
        self.looked.append(asked)
        path = asked.path.partition("?")[0]
        for page in (asked.path, path):
            if page in self.pages:
                return self.pages[page]
        file = self.files.get(path.rpartition("/")[2])
        if file is None:
            return 400, refusal(100, "Unsupported get request")
        if path.startswith("/files/"):
            return file
        identity = path.rpartition("/")[2]
        found = {"messaging_product": "whatsapp", "mime_type": file.mime_type, "file_size": len(file.content)}
        return 200, {**found, "id": identity, "url": f"{self.file_url or self.url}/files/{identity}"}


@contextmanager
def meta_double() -> Iterator[MetaDouble]:
    """A server on a free port of this machine, as long as the block lasts; 360dialog has one like it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            if headers["content-type"].startswith("multipart/"):
                double.uploads.append(_upload(self.path, headers, raw))
                self._answer(200, {"id": f"media.{len(double.uploads)}"})
                return
            status, answer = double.take(Asked(self.path, headers, json.loads(raw)))
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            self._answer(status, answer)

        def do_GET(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            found = double.look_up(Asked(self.path, headers, {}))
            if isinstance(found, str):
                self.send_response(302)
                self.send_header("Location", found)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif isinstance(found, File):
                self._answer(200, found.content, found.mime_type, found.cut)
            else:
                self._answer(*found)

        def _answer(
            self, status: int, answer: Any, mime_type: str = "application/json", cut: int | None = None
        ) -> None:
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", mime_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body[:cut])
            except (BrokenPipeError, ConnectionResetError):
                # Who has read enough goes away.
                self.close_connection = True
            if cut is not None:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
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


def _upload(path: str, headers: dict[str, str], raw: bytes) -> Upload:
    request = Request(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": headers["content-type"],
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": BytesIO(raw),
        }
    )
    file = request.files["file"]
    fields = request.form.to_dict()
    return Upload(path, headers, fields, file.filename or "", file.mimetype, file.read())


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
