"""Lets customers order through signed webhooks: posted until they are answered, and again for nothing."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

from storm_provider import Status, StormProvider

NUMBER = "106540352242922"
SECRET = "the secret of the storm"
FIRST_PHONE = 923_000_000_000
BEGAN = int(time.time()) - 3600
MESSAGES = 8
TOGETHER = 24
"""How many webhooks are under way at once."""


@dataclass(frozen=True)
class Customer:
    """Somebody who orders; every tenth wants a thing of which there are too few."""

    number: int

    @property
    def phone(self) -> str:
        return str(FIRST_PHONE + self.number)

    @property
    def wants_the_scarce_one(self) -> bool:
        return self.number % 10 == 0

    @property
    def says(self) -> list[str]:
        first, second = ("7, 1", "8, 1") if self.wants_the_scarce_one else ("1, 2", "2, 1")
        address = f"{self.number} Storm Street, Karachi"
        return ["hi", first, second, "done", f"Customer {self.number}", address, "skip", "confirm"]

    def id_of(self, place: int) -> str:
        """The provider's id of this customer's message, by its place from 1."""
        return f"wamid.said.{self.number}.{place}"

    def message(self, place: int) -> dict[str, Any]:
        return {
            "from": self.phone,
            "id": self.id_of(place),
            "timestamp": str(BEGAN + place),
            "type": "text",
            "text": {"body": self.says[place - 1]},
        }


@dataclass
class Crowd:
    """Posts for the customers to any of the addresses; `posted` counts what was answered with 200."""

    addresses: Callable[[], Sequence[tuple[str, int]]]
    seed: int
    seconds: float
    posted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def talk(self, customers: Sequence[Customer]) -> None:
        """Every customer says everything, each message not before the one before it was answered with 200."""
        began = time.monotonic()
        pause = self.seconds / MESSAGES

        def one(customer: Customer) -> None:
            chance = random.Random(self.seed * 100_003 + customer.number)
            place = 1
            while place <= MESSAGES:
                together = min(chance.choice((1, 1, 1, 2, 3)), MESSAGES - place + 1)
                due = began + pause * (place - 1 + chance.random())
                time.sleep(max(0.0, due - time.monotonic()))
                said = [customer.message(place + step) for step in range(together)]
                chance.shuffle(said)
                self.post(webhook({"messages": said}), chance.choice((1, 1, 2, 3)), chance)
                place += together

        with ThreadPoolExecutor(len(customers)) as crowd:
            for _ in crowd.map(one, customers):
                pass

    def tell_statuses(self, provider: StormProvider, stop: threading.Event) -> None:
        """Posts what the provider has to say, until told to stop."""
        chance = random.Random(self.seed)
        while not stop.is_set():
            try:
                told = provider.statuses.get(timeout=0.2)
            except Empty:
                continue
            self.post(webhook({"statuses": [status_of(told)]}), chance.choice((1, 1, 2)), chance)

    def post(self, body: bytes, times: int, chance: random.Random) -> None:
        """Posts the body until it is answered with 200, and again for nothing, at once or later."""
        at_once = times > 1 and chance.random() < 0.5
        if at_once:
            twin = threading.Thread(target=self._until_taken, args=(body, chance.random()))
            twin.start()
        self._until_taken(body, chance.random())
        if at_once:
            twin.join()
            times -= 1
        for _ in range(times - 1):
            self._until_taken(body, chance.random())

    def _until_taken(self, body: bytes, where: float) -> None:
        tries = 0
        while True:
            addresses = self.addresses()
            host, port = addresses[(int(where * len(addresses)) + tries) % len(addresses)]
            outcome = _posted(host, port, body)
            with self._lock:
                if outcome == "200":
                    self.posted += 1
                    return
                self.refused[outcome] = self.refused.get(outcome, 0) + 1
            tries += 1
            assert tries < 600, f"nobody takes the webhook: {self.refused}"
            time.sleep(min(0.05 * tries, 0.3))


def webhook(value: dict[str, Any]) -> bytes:
    """The body of a POST of Meta's."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": NUMBER},
        **value,
    }
    changes = [{"field": "messages", "value": value}]
    entry = [{"id": "55", "changes": changes}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def status_of(told: Status) -> dict[str, Any]:
    return {
        "id": told.arrival.id,
        "status": told.status,
        "timestamp": str(BEGAN + 100),
        "recipient_id": told.arrival.to,
        "biz_opaque_callback_data": told.arrival.reference,
    }


def _posted(host: str, port: int, body: bytes) -> str:
    """The status of the answer, or what became of the connection."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("POST", "/webhooks/meta", body, headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
