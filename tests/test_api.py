"""The API opens to whoever has the token, refuses with a sentence, and shows no secret."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from job_case import Clock
from live_server import FILES, NUMBER, SECRET, SENDER, TOKEN, Live, live_server, live_site
from meta_double import MetaDouble, meta_double, refusal
from twilio_double import NUMBER as TWILIO_NUMBER
from web_case import web_shop

from adapters.channels import CHANNELS
from adapters.storage.storage import TRIES
from adapters.web import create_app
from adapters.web.api import RESOURCES
from adapters.web.api.simulator import problem_of
from engine.reader import read_pack

PATHS = ("/api/v1/config", "/api/v1/conversations", "/api/v1/orders")
POSTS = ("/api/v1/messages", "/api/v1/simulator")


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def live(tmp_path: Path, double: MetaDouble) -> Iterator[Live]:
    with live_server(tmp_path, double.url) as live:
        yield live


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Live]:
    """A shop without WhatsApp."""
    with live_server(tmp_path, None) as live:
        yield live


def test_every_resource_wants_the_token(alone: Live, tmp_path: Path) -> None:
    assert {path.rsplit("/", 1)[1] for path in PATHS + POSTS} == set(RESOURCES)
    headers: list[tuple[dict[str, Any], int]] = [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer guess"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN} "}, 200),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
    ]
    for path in PATHS:
        for header, status in headers:
            got = requests.get(f"{alone.url}{path}", headers=header, timeout=10)
            assert got.status_code == status, (path, header)
            assert status == 200 or got.headers["WWW-Authenticate"] == "Bearer"
    for path in POSTS:
        assert alone.ask(path, {}, token=None).status_code == 401
        assert alone.ask(path, {}, token="guess").status_code == 401


def test_without_a_token_it_is_closed(tmp_path: Path) -> None:
    with live_server(tmp_path, None, works=False, api_token="") as live:
        for path in PATHS:
            for token in (None, "", "guess"):
                got = live.get(path, token=token)
                assert got.status_code == 403
                assert "SHOPTALK_API_TOKEN" in got.json()["error"]


def test_a_token_of_any_letters_opens(tmp_path: Path) -> None:
    with live_server(tmp_path, None, works=False, api_token="ключ – 🔑") as live:
        assert live.get(PATHS[0], token="ключ – 🔑").status_code == 200
        assert live.get(PATHS[0], token="ключ – 🗝").status_code == 401


def test_config_shows_what_is_set_and_no_secret(live: Live, alone: Live) -> None:
    got = live.get("/api/v1/config")
    assert got.json()["meta"]["WHATSAPP_PHONE_NUMBER_ID"] == NUMBER
    assert got.json()["meta"]["META_APP_SECRET"] == "set"
    assert got.json()["packs"][0]["flows"]["customer"] == {
        "flow": "customer",
        "languages": ["en"],
        "states": 3,
    }
    for secret in (SECRET, TOKEN, "the access token", "the verify token"):
        assert secret not in got.text
    without = alone.get("/api/v1/config").json()["meta"]
    assert without["is_set"] is False
    assert "META_APP_SECRET" in without["to_do"]


def test_the_simulator_needs_no_account(alone: Live) -> None:
    def say(**said: str) -> list[dict[str, Any]]:
        got = alone.ask("/api/v1/simulator", {"from": "+1 999 000-1111", **said})
        assert got.status_code == 200, got.text
        return got.json()["replies"]

    welcome, _, question = say(text="hi")
    assert welcome == {"text": "Welcome to Corner Shop!"}
    assert [button["title"] for button in question["buttons"]] == ["Cart", "Buy"]
    assert say(text="1, 2") == [{"text": "Added 2x Tea"}]
    assert say(press=question["buttons"][0]["press"]) == [{"text": "2x Tea\nTotal: ₹40"}]
    (thanks,) = say(text="buy")
    (order,) = alone.get("/api/v1/orders", source="whatsapp").json()["orders"]
    assert thanks == {"text": f"Thank you! Order {order['number']}"}
    assert (order["total"], order["currency"], order["status"]) == ("40.00", "INR", "placed")
    assert [(item["product"], item["quantity"], item["price"]) for item in order["items"]] == [
        ("tea", 2, "20.00")
    ]
    assert alone.get("/api/v1/orders", source="telephone").json()["orders"] == []


def test_the_simulator_says_when_a_turn_broke_or_waits(tmp_path: Path) -> None:
    flow = FILES["customer.yaml"].replace(
        "      cart: {", "      bad: {words: [bad], reply: bad}\n      cart: {"
    )
    broken = {**FILES, "customer.yaml": flow + '  bad: "{{ cart.quantity(1, 2) }}"\n'}
    pack = read_pack(broken, "corner_shop", {}).pack
    clock = Clock()
    with live_site(tmp_path, None, now=clock, pack=pack) as site:
        client = create_app(site).test_client()

        def say(text: str) -> dict[str, Any]:
            said = {"from": SENDER, "text": text}
            got = client.post("/api/v1/simulator", json=said, headers={"Authorization": f"Bearer {TOKEN}"})
            assert got.status_code == 200
            return dict(got.json or {})

        assert "problem" not in say("hi")
        bad = say("bad")
        assert bad["replies"] == []
        assert bad["problem"].startswith("its turn broke, and is tried again: ")
        assert "quantity" in bad["problem"]
        behind = say("cart")
        assert behind["replies"] == []
        assert behind["problem"].startswith("it waits for message 5, whose turn broke, and is tried again: ")
        for _ in range(TRIES):
            clock.wait(minutes=2)
            site.jobs.take_turns_now(1)
        assert say("cart") == {"replies": [{"text": "Total: ₹0"}]}


@pytest.mark.parametrize(
    ("message", "before", "said"),
    [
        ({"status": "handled", "attempts": 1, "error": "x"}, None, ""),
        (
            {"status": "failed", "attempts": 3, "error": "x"},
            None,
            "its turn broke, and is not tried again: x",
        ),
        ({"status": "received", "attempts": 0}, None, "it waits for another turn of the same conversation"),
    ],
)
def test_the_simulator_s_words_for_what_became_of_a_message(message, before, said) -> None:
    assert problem_of(message, before) == said


def test_the_simulator_sends_nothing_to_meta(live: Live, double: MetaDouble) -> None:
    live.ask("/api/v1/simulator", {"from": SENDER, "text": "hi"})
    live.say("hi", "wamid.1")
    double.wait_for(3)
    assert len(double.asked) == 3
    kinds = [
        (row["provider"], row["state"]) for row in live.get("/api/v1/conversations").json()["conversations"]
    ]
    assert sorted(kinds) == [("meta", "shopping"), ("simulator", "shopping")]


def fate(live: Live, message: int, status: str) -> dict[str, Any]:
    """The row of the message, as soon as it has this status."""
    for _ in range(500):
        (row,) = (row for row in live.rows("messages") if row["id"] == message)
        if row["status"] == status:
            return row
        time.sleep(0.01)
    raise AssertionError(row)


def test_a_text_is_sent_in_its_turn(live: Live, double: MetaDouble) -> None:
    live.say("hi", "wamid.1")
    double.wait_for(3)
    got = live.ask("/api/v1/messages", {"to": "+1 (999) 000-1111", "text": "Your tea is ready ☕"})
    assert (got.status_code, got.json()["status"], got.json()["to"]) == (202, "queued", SENDER)
    *_, asked = double.wait_for(4)
    assert (asked.to, asked.text) == (SENDER, "Your tea is ready ☕")
    assert fate(live, got.json()["id"], "sent")["provider_id"] == "wamid.sent.4"


def test_a_text_that_meta_refuses_is_recorded_with_its_code(live: Live, double: MetaDouble) -> None:
    live.say("hi", "wamid.1")
    double.wait_for(3)
    double.answers.append((400, refusal(131026, "Message undeliverable")))
    got = live.ask("/api/v1/messages", {"to": SENDER, "text": "Your tea is ready"})
    double.wait_for(4)
    assert fate(live, got.json()["id"], "failed")["error_code"] == "131026"


def test_a_text_to_somebody_who_did_not_write_is_not_tried(live: Live, double: MetaDouble) -> None:
    got = live.ask("/api/v1/messages", {"to": SENDER, "text": "Your tea is ready"})
    assert fate(live, got.json()["id"], "needs_template")["error_code"] == "window"
    assert double.asked == []


def test_texts_want_whatsapp(alone: Live) -> None:
    got = alone.ask("/api/v1/messages", {"to": SENDER, "text": "hi"})
    assert got.status_code == 503
    assert "WHATSAPP_ACCESS_TOKEN" in got.json()["error"]


@pytest.mark.parametrize(
    ("path", "sent", "says"),
    [
        ("messages", b"", "JSON object"),
        ("messages", b"[]", "JSON object"),
        ("messages", b'{"to": "\xff"}', "JSON object"),
        ("messages", {"to": SENDER}, '"text" is missing'),
        ("messages", {"to": SENDER, "text": "  "}, '"text" is missing or empty'),
        ("messages", {"to": SENDER, "text": 5}, '"text" has to be a text'),
        ("messages", {"to": 19990001111, "text": "hi"}, '"to" has to be a text'),
        ("messages", {"to": "Sara", "text": "hi"}, "phone number with its country code"),
        ("messages", {"to": SENDER, "text": "x" * 4097}, "at most 4096"),
        ("messages", {"to": SENDER, "text": "hi", "txt": "x"}, '"txt" is not known'),
        ("messages", {"\ud83d": "x"}, "is not known here"),
        ("simulator", {"text": "hi"}, '"from" is missing'),
        ("simulator", {"from": SENDER}, '"press"'),
        ("simulator", {"from": SENDER, "text": "a", "press": "b"}, '"press"'),
        ("simulator", {"from": SENDER, "text": "a", "business": "other"}, "corner_shop"),
    ],
)
def test_what_is_wrong_is_said(live: Live, path: str, sent: Any, says: str) -> None:
    got = live.ask(f"/api/v1/{path}", sent)
    assert got.status_code == 400
    assert says in got.json()["error"]
    assert live.rows("messages") == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"limit": "0"}, '"limit"'),
        ({"limit": "x"}, '"limit"'),
        ({"offset": "-1"}, '"offset"'),
        ({"page": "2"}, '"page"'),
    ],
)
def test_queries_are_checked(alone: Live, query: dict[str, str], says: str) -> None:
    for path in ("/api/v1/orders", "/api/v1/conversations"):
        got = alone.get(path, **query)
        assert got.status_code == 400
        assert says in got.json()["error"]


def test_lists_come_in_pages(alone: Live) -> None:
    people = [f"1999000{number:04}" for number in range(5)]
    for person in people:
        for said in ("hi", "1, 1", "buy"):
            alone.ask("/api/v1/simulator", {"from": person, "text": said})
    for path, name, key in (("orders", "orders", "number"), ("conversations", "conversations", "id")):
        seen, offset = [], 0
        while offset is not None:
            got = alone.get(f"/api/v1/{path}", limit=2, offset=offset).json()
            assert len(got[name]) <= 2
            seen += [row[key] for row in got[name]]
            offset = got["next"]
        assert len(seen) == len(set(seen)) == 5


def test_a_customer_of_half_a_character_breaks_nothing(alone: Live) -> None:
    raw = json.dumps({"from": SENDER, "text": "\ud83d"}).encode()
    got = alone.ask("/api/v1/simulator", raw)
    assert got.status_code == 200, got.text
    assert got.json()["replies"][0]["text"].startswith("Welcome")


# Every provider


def test_a_text_goes_by_the_number_that_is_meant(tmp_path: Path) -> None:
    asked: list[tuple[dict[str, str], int, str]] = [
        ({}, 400, "which number is meant"),
        ({"business": "corner_shop"}, 400, "corner_shop over twilio"),
        ({"channel": "meta"}, 202, "meta"),
        ({"channel": "twilio"}, 202, "twilio"),
        ({"channel": TWILIO_NUMBER, "business": "corner_shop"}, 202, "twilio"),
        ({"channel": "dialog360"}, 202, "dialog360"),
        ({"channel": "simulator"}, 202, "simulator"),
        ({"channel": "pigeon"}, 400, "no number is meant"),
        ({"business": "other", "channel": "meta"}, 400, "corner_shop over meta"),
        ({"channel": "twilio", "text": "x" * 1601}, 400, "at most 1600"),
    ]
    with web_shop(tmp_path) as shop:
        header = {"Authorization": f"Bearer {TOKEN}"}
        for fields, status, says in asked:
            sent = {"to": SENDER, "text": "Your tea is ready", **fields}
            got = shop.client.post("/api/v1/messages", json=sent, headers=header)
            assert (got.status_code, says in got.text) == (status, True), (fields, got.text)
        channels = {row["id"]: row["provider"] for row in shop.rows("channels")}
        rows = shop.rows("messages")
        assert [channels[row["channel_id"]] for row in rows] == [
            "meta",
            "twilio",
            "twilio",
            "dialog360",
            "simulator",
        ]
        assert all(row["correlation"] for row in rows)


def test_config_knows_every_provider(tmp_path: Path, alone: Live) -> None:
    with web_shop(tmp_path) as shop:
        header = {"Authorization": f"Bearer {TOKEN}"}
        got = shop.client.get("/api/v1/config", headers=header)
        shown = json.loads(got.data)
        for secret in shop.site.settings.secrets:
            assert secret not in got.data.decode()
    nothing = alone.get("/api/v1/config").json()
    for name, provider in CHANNELS.items():
        if not provider.settings:
            continue
        assert shown[name]["is_set"] is True
        assert shown[name]["webhook"] == provider.webhook
        assert shown[name][provider.secret] == "set"
        assert nothing[name]["is_set"] is False
        assert {nothing[name][setting] for setting in provider.settings} == {"not set"}
        assert provider.secret in nothing[name]["to_do"]
    assert shown["twilio"]["TWILIO_WHATSAPP_FROM"] == TWILIO_NUMBER
