"""Every provider's webhook alike: who signs is heard, what is malformed is refused, all of it is counted."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import twilio_double
from live_server import NUMBER, SENDER
from meta_double import body
from meta_double import text as text_at
from storage_case import Place
from web_case import Shop, web_shop
from werkzeug.test import TestResponse

from adapters.channels.meta import signature
from adapters.storage import Queued


def text(said: str, identity: str) -> dict[str, Any]:
    """A text that a customer says now."""
    return text_at(said, identity, SENDER, str(int(time.time())))


@pytest.fixture
def shop(place: Place, tmp_path: Path) -> Iterator[Shop]:
    """A shop that every provider reaches, on SQLite and on PostgreSQL; nobody works in it."""
    with web_shop(tmp_path, database_url=place.url) as shop:
        yield shop


def meta_post(shop: Shop, said: Any, path: str = "/webhooks/meta", **headers: str) -> TestResponse:
    raw = json.dumps(said).encode()
    sign = {"X-Hub-Signature-256": signature(shop.meta_secret, raw)}
    return shop.client.post(path, data=raw, headers={**sign, **headers})


def twilio_post(shop: Shop, form: dict[str, str], query: str = "", **headers: str) -> TestResponse:
    path = f"/webhooks/twilio{query}"
    sign = {"X-Twilio-Signature": twilio_double.signature(f"{shop.public_url}{path}", form)}
    return shop.client.post(path, data=form, headers={**sign, **headers})


def dialog360_post(shop: Shop, said: Any, channel: str = "corner_shop", **headers: str) -> TestResponse:
    sign = {"Authorization": f"Bearer {shop.dialog360_secret}"}
    return shop.client.post(f"/webhooks/360dialog/{channel}", json=said, headers={**sign, **headers})


def heard(shop: Shop) -> list[tuple[str, str, str]]:
    """(provider, address, body) of every message that was kept."""
    channels = {row["id"]: (row["provider"], row["address"]) for row in shop.rows("channels")}
    return [(*channels[row["channel_id"]], row["body"]) for row in shop.rows("messages")]


def test_each_provider_is_heard_and_answered_in_its_own_way(shop: Shop) -> None:
    meta = meta_post(shop, body(text("from meta", "wamid.1")))
    twilio = twilio_post(shop, twilio_double.message("SM1", "from twilio"))
    dialog360 = dialog360_post(shop, body(text("from 360dialog", "wamid.1"), number="999"))
    assert (meta.status_code, meta.json) == (200, {})
    assert (twilio.status_code, twilio.mimetype) == (200, "text/xml")
    assert twilio.text.endswith("<Response/>")
    assert (dialog360.status_code, dialog360.json) == (200, {})
    assert heard(shop) == [
        ("meta", NUMBER, "from meta"),
        ("twilio", twilio_double.NUMBER, "from twilio"),
        ("dialog360", "corner_shop", "from 360dialog"),
    ]


def test_who_is_known_by_an_id_alone_is_answered_by_it_and_known_when_the_number_comes(shop: Shop) -> None:
    user_id, contacts = "US.13491208655302741918", ({"user_id": "US.13491208655302741918"},)
    said = {**text("hi", "wamid.1"), "from_user_id": user_id}
    later = {**text("cart", "wamid.2"), "from_user_id": user_id}
    del said["from"]
    form = twilio_double.message("SM1", "hi") | {"From": f"whatsapp:{user_id}", "WaId": ""}
    known = twilio_double.message("SM2", "cart") | {"From": f"whatsapp:{user_id}", "WaId": SENDER}
    meta_post(shop, body(said, contacts=contacts))
    dialog360_post(shop, body(said, contacts=contacts))
    twilio_post(shop, form)
    conversations = [row["id"] for row in shop.rows("conversations")]
    assert recipients(shop, conversations) == [user_id] * 3
    meta_post(shop, body(later))
    dialog360_post(shop, body(later))
    twilio_post(shop, known)
    assert [row["id"] for row in shop.rows("conversations")] == conversations
    assert recipients(shop, conversations) == [SENDER] * 3


def recipients(shop: Shop, conversations: list[int]) -> list[str | None]:
    """Whom the next reply of each conversation goes to, all turns taken."""
    found = []
    for conversation in conversations:
        shop.site.jobs.take_turns(conversation)
        claimed = shop.site.storage.claim(conversation, shop.site.now(), None, None)
        found.append(claimed.recipient if isinstance(claimed, Queued) else None)
        if isinstance(claimed, Queued):
            shop.site.storage.mark_sent(claimed.id, f"sent.{claimed.id}", shop.site.now())
    return found


def test_who_does_not_sign_is_told_nothing_and_nothing_is_kept(shop: Shop) -> None:
    unsigned = [
        shop.client.post("/webhooks/meta", json=body(text("hi", "wamid.1"))),
        meta_post(shop, body(text("hi", "wamid.1")), **{"X-Hub-Signature-256": "sha256=00"}),
        shop.client.post("/webhooks/twilio", data=twilio_double.message("SM1")),
        twilio_post(shop, twilio_double.message("SM1"), **{"X-Twilio-Signature": "guess"}),
        shop.client.post("/webhooks/360dialog/corner_shop", json=body(text("hi", "wamid.1"))),
        dialog360_post(shop, body(text("hi", "wamid.1")), Authorization="Bearer guess"),
        dialog360_post(shop, body(text("hi", "wamid.1")), "no_such_shop", Authorization="Bearer guess"),
    ]
    assert [got.status_code for got in unsigned] == [401] * len(unsigned)
    assert all(set(got.json or ()) == {"error"} for got in unsigned)
    assert shop.rows("messages") == shop.rows("updates") == []


def test_a_channel_that_nobody_has(shop: Shop) -> None:
    got = dialog360_post(shop, body(text("hi", "wamid.1")), "no_such_shop")
    assert got.status_code == 404
    assert "no_such_shop" in (got.json or {})["error"]
    assert shop.rows("messages") == []


def test_what_is_malformed_is_kept_nowhere_and_what_is_unread_is_kept_raw(shop: Shop) -> None:
    assert meta_post(shop, []).status_code == 400
    assert dialog360_post(shop, 7).status_code == 400
    assert shop.rows("updates") == []
    assert meta_post(shop, {"entry": [{"changes": [{"field": "of next year"}]}]}).status_code == 200
    assert twilio_post(shop, {"EventType": "of next year"}).status_code == 200
    kept = [json.loads(row["raw"]) for row in shop.rows("updates")]
    assert kept == [{"field": "of next year"}, {"EventType": "of next year"}]


def being_sent(shop: Shop) -> Queued:
    """The first reply, which a worker has begun to send."""
    claimed = shop.site.storage.claim(1, shop.site.now(), None, None)
    assert isinstance(claimed, Queued)
    return claimed


def test_a_status_names_its_message_by_reference(shop: Shop) -> None:
    """Before we know the id that Twilio gave it: the answer to our request was lost."""
    twilio_post(shop, twilio_double.message("SM1", "hi"))
    shop.site.jobs.take_turns(1)
    first = being_sent(shop)
    form = twilio_double.status("SM.ours", "delivered")
    assert twilio_post(shop, form, f"?reference={first.reference}").status_code == 200
    (after,) = (row for row in shop.rows("messages") if row["id"] == first.id)
    assert (after["status"], after["provider_id"]) == ("delivered", "SM.ours")


def test_one_word_runs_from_the_webhook_to_the_receipt(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "shoptalk"):
        got = twilio_post(shop, twilio_double.message("SM1", "hi"), **{"X-Request-ID": "trace-1234"})
        assert got.headers["X-Request-ID"] == "trace-1234"
        shop.site.jobs.take_turns(1)
        first = being_sent(shop)
        twilio_post(shop, twilio_double.status("SM.ours", "sent"), f"?reference={first.reference}")
    spoken = {
        record.getMessage(): record.__dict__["values"].get("correlation")
        for record in caplog.records
        if record.name == "shoptalk"
    }
    assert spoken["message_received"] == spoken["status_received"] == "trace-1234"
    assert {row["correlation"] for row in shop.rows("messages")} == {"trace-1234"}


def test_what_was_asked_is_counted(shop: Shop) -> None:
    meta_post(shop, body(text("hi", "wamid.1"), statuses=[{"id": "wamid.9", "status": "read"}]))
    meta_post(shop, [])
    twilio_post(shop, twilio_double.message("SM1"), **{"X-Twilio-Signature": "guess"})
    shop.client.get("/webhooks/360dialog/corner_shop")
    shown = shop.site.metrics.render()[0].decode()
    for line in (
        'shoptalk_webhooks_total{provider="meta",status_code="200"} 1.0',
        'shoptalk_webhooks_total{provider="meta",status_code="400"} 1.0',
        'shoptalk_webhooks_total{provider="twilio",status_code="401"} 1.0',
        'shoptalk_webhooks_total{provider="dialog360",status_code="403"} 1.0',
        'shoptalk_messages_in_total{kind="text",provider="meta"} 1.0',
        'shoptalk_receipts_total{provider="meta",status="read"} 1.0',
    ):
        assert line in shown


def test_an_account_that_must_be_mended_is_cried_out(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    twilio_post(shop, twilio_double.message("SM1", "hi"))
    shop.site.jobs.take_turns(1)
    first = being_sent(shop)
    shop.site.storage.mark_sent(first.id, "SM.ours", shop.site.now())
    failed = twilio_double.status("SM.ours", "failed", ErrorCode="20003", ErrorMessage="Authenticate")
    assert twilio_post(shop, failed).status_code == 200
    (alarm,) = (record for record in caplog.records if record.getMessage() == "channel_stopped")
    assert alarm.__dict__["values"]["code"] == "20003"
    assert [row["state"] for row in shop.rows("channels") if row["provider"] == "twilio"] == ["stopped"]


def test_the_public_address_is_what_counts_for_twilio(tmp_path: Path) -> None:
    """Behind a trusted proxy it is the one that the proxy was asked by; PUBLIC_URL is believed before all."""
    form, path = twilio_double.message("SM1"), "/webhooks/twilio"
    told = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example.org",
        "X-Forwarded-For": "1.2.3.4",
    }

    def post(shop: Shop, url: str, headers: dict[str, str]) -> int:
        sign = {"X-Twilio-Signature": twilio_double.signature(url, form)}
        return shop.client.post(path, data=form, headers={**sign, **headers}).status_code

    behind = {"public_url": "", "trusted_proxies": (ip_network("127.0.0.1"),)}
    for number, (settled, url, headers, status) in enumerate(
        (
            ({}, f"https://shop.example.org{path}", {}, 200),
            ({}, f"http://localhost{path}", {}, 401),
            (
                {"public_url": "https://shop.example.org/behind"},
                f"https://shop.example.org/behind{path}",
                {},
                200,
            ),
            ({"public_url": ""}, f"http://localhost{path}", {}, 200),
            ({"public_url": ""}, f"https://shop.example.org{path}", told, 401),
            (behind, f"https://shop.example.org{path}", told, 200),
            (behind, f"http://localhost{path}", told, 401),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with web_shop(folder, **settled) as shop:
            assert post(shop, url, headers) == status, (settled, url)


@pytest.mark.parametrize("path", ["/webhooks/meta", "/webhooks/twilio", "/webhooks/360dialog/corner_shop"])
def test_a_provider_that_is_not_set_up_says_what_to_set(tmp_path: Path, path: str) -> None:
    with web_shop(tmp_path, meta=None, twilio=None, dialog360=None) as shop:
        for got in (shop.client.post(path), shop.client.get(path)):
            assert got.status_code == 503
            assert "set " in (got.json or {})["error"]


def test_no_path_of_a_channel_breaks_anything(shop: Shop) -> None:
    for channel in ("%00", "%ED%A0%BD", "%ff", "a" * 5000, "..", "%2F", "'", "٣", "💥"):
        assert dialog360_post(shop, body(text("hi", "wamid.1")), channel).status_code in (404, 308), channel
    assert shop.rows("messages") == []
