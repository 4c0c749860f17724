"""Publishes on one host while a web process and a worker run on others: both follow in five seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from live_server import FILES, NUMBER, SECRET, TOKEN, bearer
from meta_double import MetaDouble, body, meta_double, text
from processes import SHOPTALK, Running, make_shop, running, shoptalk
from servers import fresh_database

from adapters.channels.meta import signature

FOLLOWS_WITHIN = 5.0
"""What is promised, in seconds."""


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def settings(postgresql: str, double: MetaDouble) -> Iterator[dict[str, str]]:
    with fresh_database(postgresql) as url:
        yield {
            "DATABASE_URL": url,
            "META_APP_SECRET": SECRET,
            "WHATSAPP_ACCESS_TOKEN": "the access token",
            "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
            "WHATSAPP_VERIFY_TOKEN": "the verify token",
            "META_GRAPH_URL": double.url,
            "READ_MARKS": "off",
            "SHOPTALK_API_TOKEN": TOKEN,
        }


class Hosts:
    """Three hosts, each with its own folder: one answers the web, one works, on the third is published."""

    def __init__(self, root: Path, settings: dict[str, str], double: MetaDouble) -> None:
        self.desk, self.settings, self.double = root / "desk", settings, double
        self.web: Running
        self.worker: Running
        self.url = ""
        self.count = 0

    def write(self, *edits: tuple[str, str]) -> None:
        flow = FILES["customer.yaml"]
        for old, new in edits:
            assert old in flow, old
            flow = flow.replace(old, new)
        (self.desk / "flows" / "corner_shop" / "customer.yaml").write_text(flow, encoding="utf-8")

    def call(self, *words: str) -> str:
        came = shoptalk(self.desk, *words, **self.settings)
        assert came.returncode == 0, came.stderr
        return came.stdout

    def say(self, said: str, sender: str, answers: int) -> list[str]:
        """What the worker sends in answer to what the web process took in."""
        self.count += 1
        before = len(self.double.to(sender))
        raw = json.dumps(
            body(text(said, f"wamid.{self.count}", sender, str(int(time.time()))), number=NUMBER)
        ).encode()
        headers = {"X-Hub-Signature-256": signature(SECRET, raw)}
        assert requests.post(f"{self.url}/webhooks/meta", data=raw, headers=headers, timeout=30).ok
        return [asked.text for asked in self.double.wait_for(before + answers, sender, 30)][before:]

    def simulate(self, said: str) -> list[str]:
        """What the web process answers by itself."""
        sent = {"from": "19995550000", "text": said}
        got: Any = requests.post(f"{self.url}/api/v1/simulator", json=sent, headers=bearer(TOKEN), timeout=30)
        return [reply["text"] for reply in got.json()["replies"]]

    def followed(self, event: str) -> None:
        for process in (self.web, self.worker):
            process.wait_for(event, FOLLOWS_WITHIN)


@pytest.fixture
def hosts(tmp_path: Path, settings: dict[str, str], double: MetaDouble) -> Iterator[Hosts]:
    for name in ("desk", "web", "worker"):
        (tmp_path / name).mkdir()
        make_shop(tmp_path / name)
    hosts = Hosts(tmp_path, settings, double)
    with (
        running(tmp_path / "web", *SHOPTALK, "web", "--port", "0", **settings) as hosts.web,
        running(tmp_path / "worker", *SHOPTALK, "worker", **settings) as hosts.worker,
    ):
        hosts.url = hosts.web.wait_for("http://127.0.0.1").split(" on ")[1].partition(",")[0]
        hosts.worker.wait_for("Shoptalk works")
        yield hosts


def test_web_and_worker_follow_what_is_published_on_another_host(hosts: Hosts) -> None:
    ann, bob = "19990001111", "19990002222"
    assert hosts.say("hi", ann, 3)[0] == "Welcome to Corner Shop!"
    assert hosts.simulate("hi")[0] == "Welcome to Corner Shop!"
    hosts.write(("Welcome to", "Good day at"), ("Pardon?", "Sorry?"), ("shopping", "buying"))
    said = hosts.call("publish")
    assert "version 2 is in force" in said
    assert "shopping: 2 conversations stay on version 1 until that is over" in said
    hosts.followed('"event":"version_taken_up","business":"corner_shop","version":2')
    assert hosts.say("hi", bob, 3)[0] == "Good day at Corner Shop!"
    # Ann's state is gone: she ends on the version that she began with.
    assert hosts.say("what?", ann, 1) == ["Pardon?"]
    hosts.say("1, 2", ann, 1)
    hosts.say("buy", ann, 1)
    assert hosts.say("hi", ann, 3)[0] == "Good day at Corner Shop!"
    assert hosts.simulate("what?") == ["Pardon?"]
    assert "version 1 is in force" in hosts.call("rollback", "corner_shop")
    hosts.followed('"event":"version_taken_up","business":"corner_shop","version":1')
    assert hosts.say("hi", "19990003333", 3)[0] == "Welcome to Corner Shop!"


def test_a_host_that_starts_with_older_files_takes_nobody_back(hosts: Hosts, tmp_path: Path) -> None:
    hosts.write(("Pardon?", "Sorry?"))
    hosts.call("publish")
    hosts.followed("version_taken_up")
    # The files of the worker's host are still those of version 1.
    with running(tmp_path / "worker", *SHOPTALK, "worker", **hosts.settings) as late:
        late.wait_for("older_files_left")
        late.wait_for("Shoptalk works")
        assert "2" in hosts.call("versions", "corner_shop").splitlines()[1]
    hosts.say("hi", "19990001111", 3)
    assert hosts.say("what?", "19990001111", 1) == ["Sorry?"]
