"""Several processes as docs/deployment.md sets them up: gunicorn, a worker, PostgreSQL and Valkey."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from live_server import NUMBER, SECRET, TOKEN
from meta_double import MetaDouble, body, meta_double, text
from processes import SHOPTALK, Running, eventually, free_port, make_shop, running
from servers import fresh_database
from test_metrics import Samples, samples, value

from adapters.channels.meta import signature

ROOT = Path(__file__).parent.parent
WEB_UNIT = (ROOT / "deploy" / "shoptalk-web.service").read_text(encoding="utf-8")


class Deployed:
    """The web half and a worker, and where each shows its metrics."""

    def __init__(self, url: str, worker_url: str, web: Running, worker: Running) -> None:
        self.url = url
        self.worker_url = worker_url
        self.web = web
        self.worker = worker

    def post(self, said: str, identity: str, sender: str = "19990001111") -> int:
        """Posts a text as Meta would; the status of the answer."""
        at = str(int(datetime.now(UTC).timestamp()))
        raw = json.dumps(body(text(said, identity, sender, at), number=NUMBER)).encode()
        headers = {"X-Hub-Signature-256": signature(SECRET, raw), "X-Request-ID": f"request-{identity}"}
        # A connection each, as from another process of Meta's, so that all of gunicorn's are asked.
        return requests.post(f"{self.url}/webhooks/meta", data=raw, headers=headers, timeout=30).status_code

    def scrape(self, url: str) -> Samples:
        got = requests.get(f"{url}/metrics", timeout=30)
        assert got.status_code == 200, got.text
        return samples(got.text)


def unit_command(port: int) -> tuple[str, ...]:
    """The command of the web unit, with this environment's gunicorn and this port."""
    line = re.sub(r"\\\n\s*", "", WEB_UNIT)
    words = shlex.split(re.findall(r"^ExecStart=(.*)$", line, re.MULTILINE)[0])
    assert words[0].endswith("/gunicorn")
    assert "127.0.0.1:8000" in words
    here = [word.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for word in words[1:]]
    return (sys.executable, "-m", "gunicorn", *here)


@contextmanager
def deployed(folder: Path, url: str, redis_url: str, double: MetaDouble) -> Iterator[Deployed]:
    make_shop(folder)
    settings = {
        "META_APP_SECRET": SECRET,
        "WHATSAPP_ACCESS_TOKEN": "the access token",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "WHATSAPP_VERIFY_TOKEN": "the verify token",
        "META_GRAPH_URL": double.url,
        "SHOPTALK_API_TOKEN": TOKEN,
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "LOG_FILE": str(folder / "shop.log"),
        "READ_MARKS": "off",
        "WEBHOOK_RATE": "100000 per second",
    }
    web_port, metrics_port = free_port(), free_port()
    words = (*SHOPTALK, "worker", "--threads", "4", "--metrics-port", str(metrics_port))
    with (
        running(
            folder, *unit_command(web_port), **settings, PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics")
        ) as web,
        running(folder, *words, **settings) as worker,
    ):
        web.wait_for("Booting worker", 60)
        worker.wait_for("Shoptalk works for", 60)
        system = Deployed(f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{metrics_port}", web, worker)
        eventually(lambda: answers(f"{system.url}/ready"), 60)
        yield system


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def system(tmp_path, postgresql, redis_url, double) -> Iterator[Deployed]:
    with fresh_database(postgresql) as url, deployed(tmp_path, url, redis_url, double) as system:
        yield system


def test_several_processes_serve_one_shop(system, double, tmp_path):
    customers = [f"1999000{number:04}" for number in range(12)]
    for said, count in (("hi", 3), ("1, 1", 4), ("buy", 5)):
        for customer in customers:
            assert system.post(said, f"w.{customer}.{said}", customer) == 200
        for customer in customers:
            double.wait_for(count, customer)
    orders = []
    for customer in customers:
        said = [asked.text for asked in double.to(customer)]
        assert said[0] == "Welcome to Corner Shop!"
        assert said[2:4] == ["What would you like?", "Added 1x Tea"]
        orders += re.findall(r"Thank you! Order (CS\d+)", said[4])
    assert len(set(orders)) == len(customers)

    told = system.scrape(system.url)
    assert value(told, "shoptalk_messages_in_total", provider="meta", kind="text") == 36
    assert value(told, "shoptalk_webhooks_total", provider="meta", status_code="200") == 36
    assert value(told, "shoptalk_database_up") == 1
    files = [path.name for path in (tmp_path / "metrics").iterdir() if path.name.startswith("counter_")]
    assert len(files) == 2, "both of gunicorn's processes counted, and each tells the numbers of both"
    eventually(
        lambda: (
            value(
                system.scrape(system.worker_url),
                "shoptalk_turns_total",
                business="corner_shop",
                outcome="handled",
            )
            == 36
        )
    )
    assert value(system.scrape(system.worker_url), "shoptalk_worker_ticked_timestamp_seconds")

    lines = [json.loads(line) for line in (tmp_path / "shop.log").read_text(encoding="utf-8").splitlines()]
    way = [line["event"] for line in lines if line.get("correlation") == f"request-w.{customers[0]}.hi"]
    assert way[0] == "message_received", "three processes write one log"
    assert "message_sent" in way


def test_a_reload_under_load_refuses_no_webhook(system):
    statuses: list[int] = []
    is_over = threading.Event()

    def customer(number: int) -> None:
        count = 0
        while not is_over.is_set():
            count += 1
            statuses.append(system.post("cart", f"w.{number}.{count}", f"1999000{number:04}"))

    threads = [threading.Thread(target=customer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        before = len(system.web.lines)
        eventually(lambda: len(statuses) > 50)
        system.web.process.send_signal(signal.SIGHUP)
        eventually(lambda: sum("Booting worker" in line for line in system.web.lines[before:]) >= 2)
        at_reload = len(statuses)
        eventually(lambda: sum("Worker exiting" in line for line in system.web.lines[before:]) >= 2)
        eventually(lambda: len(statuses) > at_reload + 100)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}


def test_both_halves_end_within_ten_seconds_of_sigterm(system):
    assert system.post("hi", "w.1") == 200
    for process in (system.web, system.worker):
        began = time.monotonic()
        assert process.stop(signal.SIGTERM, 15) == 0
        assert time.monotonic() - began < 10
