"""The webhook keeps everything before it says 200, and each message is answered once."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import peewee
import pytest
import requests
from live_server import NUMBER, SECRET, SENDER, Live, live_server
from meta_double import MetaDouble, body, meta_double
from meta_double import text as text_at

from adapters.channels.meta import signature
from adapters.storage import StorageError, sqlite

PAYLOADS = Path(__file__).parent / "payloads"


def text(said: str, identity: str, sender: str = SENDER) -> dict[str, Any]:
    """A text that a customer says now: to what was said yesterday nothing could be answered."""
    return text_at(said, identity, sender, str(int(time.time())))


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def live(tmp_path: Path, double: MetaDouble) -> Iterator[Live]:
    with live_server(tmp_path, double.url) as live:
        yield live


@pytest.fixture
def idle(tmp_path: Path, double: MetaDouble) -> Iterator[Live]:
    """A server whose worker does not work: what was accepted stays as it came."""
    with live_server(tmp_path, double.url, works=False) as live:
        yield live


@pytest.mark.parametrize(
    ("query", "status", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "the verify token", "hub.challenge": "77"}, 200, "77"),
        ({"hub.mode": "subscribe", "hub.verify_token": "guess", "hub.challenge": "77"}, 403, None),
        ({}, 403, None),
    ],
)
def test_verification(idle: Live, query: dict[str, str], status: int, answer: str | None) -> None:
    got = idle.get("/webhooks/meta", token=None, **query)
    assert got.status_code == status
    assert answer is None or got.text == answer


@pytest.mark.parametrize(
    ("raw", "sign", "status"),
    [
        (b"{}", None, 200),
        (b"{}", "", 401),
        (b"{}", "sha256=00", 401),
        (b"{}", signature(SECRET, b"{} "), 401),
        (b"not json", "sha256=00", 401),  # who does not sign is told nothing of the body
        (b"", None, 400),
        (b"not json", None, 400),
        (b"[]", None, 400),
        (b'"text"', None, 400),
        (b"[" * 100_000, None, 400),
        (b'{"in": ' * 100_000, None, 400),
        (b'{"in": ' * 65 + b"1" + b"}" * 65, None, 400),
        (b'{"in": ' * 64 + b"1" + b"}" * 64, None, 200),
        (b'{"t": "\xff"}', None, 400),
        (b'{"half": "\\ud800", "entry": [{"id": ' + b"9" * 5000 + b"}]}", None, 200),
        (b'{"entry": [{"id": -' + b"9" * 5000 + b"}]}", None, 200),
        (b" " * (3 * 1024 * 1024 + 1), None, 413),
        (b'{"padding": "' + b" " * (3 * 1024 * 1024 - 15) + b'"}', None, 200),
    ],
)
def test_what_is_taken_and_what_not(idle: Live, raw: bytes, sign: str | None, status: int) -> None:
    got = idle.post(raw, sign)
    assert got.status_code == status
    assert got.headers["Content-Type"] == "application/json"
    assert ("error" in got.json()) == (status != 200)


def test_without_meta_it_says_what_to_set(tmp_path: Path) -> None:
    with live_server(tmp_path, None, works=False) as live:
        for got in (live.post(b"{}"), live.get("/webhooks/meta")):
            assert got.status_code == 503
            assert "META_APP_SECRET" in got.json()["error"]


def test_every_shape_is_taken_and_nothing_is_lost(idle: Live) -> None:
    messages = json.loads((PAYLOADS / "messages.json").read_text(encoding="utf-8"))
    changes = json.loads((PAYLOADS / "changes.json").read_text(encoding="utf-8"))
    for number, case in enumerate(messages.values()):
        message = {"from": SENDER, "id": f"wamid.{number}", "timestamp": "1760781600", **case["message"]}
        assert idle.post(body(message)).status_code == 200
    for change in changes.values():
        assert idle.post({"entry": [{"id": "55", "changes": [change]}]}).status_code == 200
    assert idle.post({"entry": {}}).status_code == 200
    assert [row["kind"] for row in idle.rows("messages")] == [
        case["reads"]["kind"] for case in messages.values()
    ]
    kept = idle.rows("updates")
    assert len(kept) == len(changes) + 1
    raw = [json.loads(row["raw"]) for row in kept]
    assert all(change in raw for change in (*changes.values(), {"entry": {}}) if change)


def test_what_no_database_can_hold_is_kept_all_the_same(idle: Live) -> None:
    deep: Any = "bottom"
    for _ in range(50):
        deep = {"in": deep}
    odd = {**text("half \ud83d, zero \0", "wamid.1"), "deep": deep, "big": 2**80}
    unknown = {"field": "\ud83d", "value": {"deep": deep, "half": "\ud83d"}}
    whole = body(odd, text("fine", "wamid.2"), {**text("?", "wamid.\ud83d"), "from": "\0"})
    whole["entry"][0]["changes"].append(unknown)
    assert idle.post(whole).status_code == 200
    bodies = [row["body"] for row in idle.rows("messages")]
    assert "fine" in bodies
    assert "half \ufffd, zero \ufffd" in bodies


def test_a_text_is_answered_in_order(live: Live, double: MetaDouble) -> None:
    live.say("hi", "wamid.1")
    asked = double.wait_for(3)
    assert [one.text for one in asked] == [
        "Welcome to Corner Shop!",
        "1. Tea\n2. The Last Cup",
        "What would you like?",
    ]
    assert {one.to for one in asked} == {SENDER}
    assert {one.path for one in asked} == {f"/v24.0/{NUMBER}/messages"}
    assert double.together == 1


def test_a_pressed_button_is_understood(live: Live, double: MetaDouble) -> None:
    live.say("hi", "wamid.1")
    live.say("1, 2", "wamid.2")
    button = double.wait_for(4)[2].presses["Cart"]
    pressed = {"type": "button_reply", "button_reply": {"id": button, "title": "Cart"}}
    live.post(body({"from": SENDER, "id": "wamid.3", "type": "interactive", "interactive": pressed}))
    assert "2x Tea" in double.wait_for(5)[4].text


def test_the_same_message_is_answered_once(live: Live, double: MetaDouble) -> None:
    once = body(text("hi", "wamid.1"), text("hi", "wamid.1"), text("cart", "wamid.2"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: live.post(once).status_code, range(16)))
    assert set(answers) == {200}
    live.say("buy", "wamid.3")
    texts = [one.text for one in double.wait_for(5)]
    assert len(texts) == 5
    assert texts[0].startswith("Welcome")
    assert texts[4] == "Nothing in the cart"


def test_a_batch_of_many_customers(live: Live, double: MetaDouble) -> None:
    """Messages, statuses and nonsense in one body; each customer is answered as if alone."""
    people = [f"1999000{number:04}" for number in range(10)]
    whole = body(*(text("hi", f"wamid.{person}", person) for person in people), statuses=[{"id": "x"}, 5])
    whole["entry"] += [{"id": "1", "changes": [{"field": "account_update", "value": {}}]}, {}]
    assert live.post(whole).status_code == 200
    double.wait_for(30)
    for person in people:
        assert [one.text[:7] for one in double.to(person)] == ["Welcome", "1. Tea\n", "What wo"]


def test_thirty_customers_at_once_keep_their_own_carts(live: Live, double: MetaDouble) -> None:
    people = [f"1999000{number:04}" for number in range(30)]

    def talk(person: str) -> None:
        pieces = int(person[-2:]) % 3 + 1
        for number, said in enumerate(["hi", f"1, {pieces}", "1, 1", "cart", "buy"]):
            live.say(said, f"wamid.{person}.{number}", person)

    with ThreadPoolExecutor(15) as threads:
        list(threads.map(talk, people))
    double.wait_for(30 * 7)
    placed = {row["customer_id"]: row for row in live.rows("orders")}
    customers = {row["phone"]: row["id"] for row in live.rows("customers")}
    stock = next(row["stock"] for row in live.rows("products") if row["code"] == "tea")
    numbers = []
    for person in people:
        pieces = int(person[-2:]) % 3 + 2
        texts = [one.text for one in double.to(person)]
        assert texts[3:6] == [
            f"Added {pieces - 1}x Tea",
            f"Added {pieces}x Tea",
            f"{pieces}x Tea\nTotal: ₹{20 * pieces}",
        ]
        order = placed[customers[person]]
        assert order["total"] == 2000 * pieces
        assert texts[6] == f"Thank you! Order {order['number']}"
        numbers.append(order["number"][-3:])
    assert sorted(numbers) == [f"{number:03}" for number in range(1, 31)]
    assert stock == 100 - sum(int(person[-2:]) % 3 + 2 for person in people)
    assert double.together == 1


@pytest.mark.parametrize(
    ("statuses", "becomes"),
    [
        (["sent", "delivered", "read"], "read"),
        (["read", "delivered", "sent"], "read"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "delivered"], "delivered"),
        (["failed", "sent"], "failed"),
    ],
)
def test_statuses_never_go_back(idle: Live, statuses: list[str], becomes: str) -> None:
    idle.say("hi", "wamid.1")
    work(idle)
    for status in statuses:
        assert idle.post(body(statuses=[{"id": "wamid.sent.1", "status": status}])).status_code == 200
    assert [row["status"] for row in idle.rows("messages") if row["provider_id"] == "wamid.sent.1"] == [
        becomes
    ]


def work(idle: Live) -> None:
    """Does what there is to do for the one conversation; what was sent is written down when it returns."""
    idle.site.jobs.take_turns(1)
    idle.site.jobs.deliver(1)


def test_a_status_that_comes_before_its_message_is_not_lost(idle: Live) -> None:
    idle.post(body(statuses=[{"id": "wamid.sent.1", "status": "delivered"}]))
    idle.say("hi", "wamid.1")
    work(idle)
    assert [row["status"] for row in idle.rows("messages") if row["direction"] == "out"] == [
        "delivered",
        "sent",
        "sent",
    ]


def test_a_number_that_is_not_ours_is_kept_and_not_answered(live: Live, double: MetaDouble) -> None:
    assert live.post(body(text("hi", "wamid.1"), number="999888777")).status_code == 200
    live.say("hi", "wamid.2")
    double.wait_for(3)
    assert len(double.asked) == 3
    (kept,) = live.rows("updates")
    assert json.loads(kept["raw"])["id"] == "wamid.1"
    assert [row["provider_id"] for row in live.rows("messages") if row["direction"] == "in"] == ["wamid.2"]


def test_a_number_of_a_business_that_others_serve_is_left_to_them(
    idle: Live, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that was started before the pack came has everything sent again, to whom has it."""
    pack = idle.site.storage.packs.pop("corner_shop")
    got = idle.post(body(text("hi", "wamid.1")))
    assert (got.status_code, got.headers["Retry-After"]) == (503, "5")
    assert "corner_shop" in got.json()["error"]
    assert idle.rows("updates") == []
    [record] = [one for one in caplog.records if one.getMessage() == "business_not_served"]
    told: dict[str, Any] = vars(record)["values"]
    assert (record.levelname, told["number"], told["business"]) == ("ERROR", NUMBER, "corner_shop")
    idle.site.storage.serve(pack)
    assert idle.post(body(text("hi", "wamid.1"))).status_code == 200
    assert [row["provider_id"] for row in idle.rows("messages")] == ["wamid.1"]


def test_the_log_tells_what_came_of_each_message(idle: Live, caplog: pytest.LogCaptureFixture) -> None:
    strange = body(text("hi", "wamid.3"), number="999888777")
    with caplog.at_level(logging.INFO, "shoptalk"):
        for posted in (
            body(text("hi", "wamid.1")),
            body(text("hi", "wamid.1"), text("hi", "w" * 600)),
            strange,
        ):
            assert idle.post(posted).status_code == 200
    told = [
        (record.levelname, record.getMessage(), vars(record)["values"]["id"][:7])
        for record in caplog.records
        if record.name == "shoptalk"
    ]
    assert told == [
        ("INFO", "message_received", "wamid.1"),
        ("INFO", "message_repeated", "wamid.1"),
        ("INFO", "update_not_understood", "wwwwwww"),
        ("ERROR", "message_unclaimed", "wamid.3"),
    ]


def test_a_customer_without_a_number_is_answered_by_id(live: Live, double: MetaDouble) -> None:
    said = {"from_user_id": "US.42", "id": "wamid.1", "type": "text", "text": {"body": "hi"}}
    live.post(body(said, contacts=[{"user_id": "US.42", "profile": {"name": "Sara"}}]))
    assert {one.body["recipient"] for one in double.wait_for(3)} == {"US.42"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (peewee.OperationalError("database or disk is full at /secret/path"), 503),
        (StorageError("the database is held at /secret/path"), 503),
        (RuntimeError("unforeseen at /secret/path"), 500),
    ],
)
def test_what_was_not_kept_is_never_answered_with_200(
    idle: Live, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(type(idle.site.storage), "accept", broken)
    got = idle.post(body(text("hi", "wamid.1")))
    assert got.status_code == status
    assert (got.headers.get("Retry-After") is not None) == (status == 503)
    assert "secret" not in got.text
    monkeypatch.undo()
    assert idle.post(body(text("hi", "wamid.1"))).status_code == 200
    assert [row["provider_id"] for row in idle.rows("messages")] == ["wamid.1"]


def test_health_and_readiness(live: Live, idle: Live) -> None:
    assert requests.get(f"{live.url}/health", timeout=10).json() == {"status": "alive"}
    ready = live.get("/ready")
    assert (ready.status_code, ready.json()) == (
        200,
        {
            "status": "ready",
            "database": "ok",
            "flows": "ok",
            "worker": "ok",
            "channels": "ok",
            "queue": "in memory",
        },
    )
    assert (idle.get("/ready").status_code, "worker" in idle.get("/ready").json()) == (200, False)


def test_a_database_that_takes_nothing_is_not_ready(
    tmp_path: Path, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    with live_server(tmp_path, double.url, works=False) as idle:
        with closing(apsw.Connection(str(tmp_path / "shop.db"))) as other:
            other.execute("BEGIN IMMEDIATE")  # it can still be read
            got = idle.get("/ready")
            assert (got.status_code, got.json()["status"]) == (503, "not ready")
            assert "locked" in got.json()["database"]
        assert idle.get("/ready").json()["database"] == "ok"


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/api/v2/orders", 404)])
def test_errors_are_json(idle: Live, path: str, status: int) -> None:
    got = idle.get(path)
    assert got.status_code == status
    assert set(got.json()) == {"error"}
    wrong_way = requests.delete(f"{idle.url}/webhooks/meta", timeout=10)
    assert wrong_way.status_code == 405
    assert "POST" in wrong_way.headers["Allow"]
    assert set(wrong_way.json()) == {"error"}
