"""Stands in for Meta's API in a storm: takes messages, and fails a part of them in every way there is."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any, NamedTuple

FAULTS = ("busy", "broken", "lost", "late", "reset_before", "reset_after")
"""429 · 500 · no answer, not taken · no answer, taken · the connection reset before taking, after it."""

MOST_FAULTS = 2
"""How often one message is failed at most: the fifth failure would be for good, and that is another test."""


class Arrival(NamedTuple):
    """A message that the provider took: `reference` is ours for it, `id` the provider's."""

    to: str
    reference: str
    id: str
    at: float


class Status(NamedTuple):
    """What the provider will say of a message it took, by webhook."""

    arrival: Arrival
    status: str


@dataclass
class StormProvider:
    """`arrivals` in the order in which messages were taken; `statuses` wait to be posted to the webhook."""

    url: str
    patience: float
    fault_rate: float
    chance: random.Random
    arrivals: list[Arrival] = field(default_factory=list)
    statuses: SimpleQueue[Status] = field(default_factory=SimpleQueue)
    faults: dict[str, int] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, reference: str) -> str:
        """The fault that this request meets; empty for none."""
        with self._lock:
            if self.chance.random() >= self.fault_rate or self._failed.get(reference, 0) >= MOST_FAULTS:
                return ""
            self._failed[reference] = self._failed.get(reference, 0) + 1
            fault = self.chance.choice(FAULTS)
            self.faults[fault] = self.faults.get(fault, 0) + 1
            return fault

    def take(self, asked: dict[str, Any]) -> Arrival:
        """Takes the message."""
        with self._lock:
            identity = f"wamid.taken.{len(self.arrivals) + 1}"
            arrival = Arrival(
                asked.get("to") or asked["recipient"],
                asked["biz_opaque_callback_data"],
                identity,
                time.monotonic(),
            )
            self.arrivals.append(arrival)
            return arrival

    def tell(self, arrival: Arrival, surely: bool) -> None:
        """Lets the webhook hear of the message: of one without an answer every second time, else rarely."""
        with self._lock:
            heard = self.chance.random() < (0.5 if surely else 0.2)
            later = self.chance.choice(("delivered", "read"))
        if heard:
            # The later one first: receipts come in any order.
            for status in (later, "sent"):
                self.statuses.put(Status(arrival, status))


@contextmanager
def storm_provider(patience: float, fault_rate: float, seed: int) -> Iterator[StormProvider]:
    """A server on a free port; `patience` is how many seconds its callers wait for an answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            with suppress(ConnectionError):
                self._answered(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answered(self, asked: dict[str, Any]) -> None:
            if asked.get("status") == "read":
                self._say(200, {"success": True})
                return
            match provider.decide(asked["biz_opaque_callback_data"]):
                case "busy":
                    self._say(429, {"error": {"code": 130429, "message": "Rate limit hit"}})
                case "broken":
                    self._say(500, {"error": {"code": 131000, "message": "Something went wrong"}})
                case "lost":
                    time.sleep(provider.patience * 1.5)
                    self._reset()
                case "late":
                    provider.tell(provider.take(asked), surely=True)
                    time.sleep(provider.patience * 1.5)
                    self._reset()
                case "reset_before":
                    self._reset()
                case "reset_after":
                    provider.tell(provider.take(asked), surely=True)
                    self._reset()
                case _:
                    arrival = provider.take(asked)
                    provider.tell(arrival, surely=False)
                    self._say(200, {"messaging_product": "whatsapp", "messages": [{"id": arrival.id}]})

        def _say(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _reset(self) -> None:
            """Closes so that the caller sees a reset, not an end."""
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: Any) -> None:
            """A caller that was killed in the middle is a part of the storm."""

    server = Server(("127.0.0.1", 0), Handler)
    provider = StormProvider(
        f"http://127.0.0.1:{server.server_port}", patience, fault_rate, random.Random(seed)
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
