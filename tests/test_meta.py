"""What WhatsApp's Cloud API says is read whole, and what is said to it has its shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_double import MetaDouble, body, meta_double, refusal, text

from adapters.channels import CHANNELS, cloud_api
from adapters.channels.channel import Malformed, Posted, SendFailed
from adapters.channels.meta import MetaChannel, signature
from adapters.settings import Dialog360Settings, MetaSettings, Settings, TwilioSettings
from engine.message import Inbound, Media, Option, Outbound, Receipt, Unread

PAYLOADS = Path(__file__).parent / "payloads"
MESSAGES = json.loads((PAYLOADS / "messages.json").read_text(encoding="utf-8"))
CHANGES = json.loads((PAYLOADS / "changes.json").read_text(encoding="utf-8"))
OUTBOUND = json.loads((PAYLOADS / "outbound.json").read_text(encoding="utf-8"))

NUMBER = "106540352242922"
SENDER = "19990001111"


def posted(raw: bytes, headers: dict[str, str] | None = None) -> Posted:
    return Posted("https://shop.example.org/webhooks/meta", headers or {}, raw)


def settings(url: str = "http://127.0.0.1:9", **changes: str) -> MetaSettings:
    return MetaSettings("a secret", "a token – ¢", NUMBER, "our wörd", graph_url=url, **changes)


# Reading


@pytest.mark.parametrize("name", MESSAGES)
def test_each_kind_of_message(name: str) -> None:
    message = {"from": SENDER, "id": "wamid.1", "timestamp": "1760781600", **MESSAGES[name]["message"]}
    (found,) = cloud_api.parse(body(message))
    reads = dict(MESSAGES[name]["reads"])
    if "media" in reads:
        reads["media"] = Media(**reads["media"])
    if "items" in reads:
        reads["items"] = tuple((code, quantity) for code, quantity in reads["items"])
    if "contacts" in reads:
        reads["contacts"] = tuple(reads["contacts"])
    assert isinstance(found, Inbound)
    assert found == Inbound(
        **reads,
        id="wamid.1",
        sender=SENDER,
        sender_name="Sara",
        channel=NUMBER,
        sent_at=datetime(2025, 10, 18, 10, tzinfo=UTC),
        raw=found.raw,
    )
    assert found.raw == message


@pytest.mark.parametrize(
    ("at", "reads"),
    [
        ("1760781600", datetime(2025, 10, 18, 10, tzinfo=UTC)),
        (1760781600, datetime(2025, 10, 18, 10, tzinfo=UTC)),
        (1760781600000, datetime(2025, 10, 18, 10, tzinfo=UTC)),
        ("1760781600000", datetime(2025, 10, 18, 10, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        (10**30, None),
        (True, None),
    ],
)
def test_timestamps(at: object, reads: datetime | None) -> None:
    (found,) = cloud_api.parse(body(text("hi", "wamid.1", at=at)))
    assert isinstance(found, Inbound)
    assert found.sent_at == reads


@pytest.mark.parametrize(
    ("message", "contact", "sender", "user_id"),
    [
        ({"from": SENDER}, {"wa_id": SENDER}, SENDER, ""),
        ({"from": SENDER, "from_user_id": "US.1"}, {"wa_id": SENDER}, SENDER, "US.1"),
        ({"from": SENDER}, {"wa_id": SENDER, "user_id": "US.1"}, SENDER, "US.1"),
        ({"from_user_id": "US.1"}, {"user_id": "US.1"}, "US.1", "US.1"),
        ({}, {"user_id": "US.1"}, "US.1", "US.1"),
        ({"from": ""}, {"wa_id": SENDER}, SENDER, ""),
    ],
)
def test_a_customer_is_known_by_number_or_id(
    message: dict[str, str], contact: dict[str, str], sender: str, user_id: str
) -> None:
    said = {"id": "wamid.1", "type": "text", "text": {"body": "hi"}, **message}
    (found,) = cloud_api.parse(body(said, contacts=[{"profile": {"name": "Sara"}, **contact}]))
    assert isinstance(found, Inbound)
    assert (found.sender, found.user_id, found.sender_name) == (sender, user_id, "Sara")


@pytest.mark.parametrize(
    ("message", "contact"),
    [
        ({"from": SENDER}, {"wa_id": "19990002222", "user_id": "US.2"}),
        ({"from_user_id": "US.1"}, {"user_id": "US.2", "wa_id": "19990002222"}),
    ],
)
def test_a_lone_contact_of_somebody_else_lends_nothing(
    message: dict[str, str], contact: dict[str, str]
) -> None:
    said = {"id": "wamid.1", "type": "text", "text": {"body": "hi"}, **message}
    (found,) = cloud_api.parse(body(said, contacts=[{"profile": {"name": "Bob"}, **contact}]))
    assert isinstance(found, Inbound)
    own = message.get("from", ""), message.get("from_user_id", "")
    assert (found.sender, found.user_id, found.sender_name) == (own[0] or own[1], own[1], "")


def test_each_message_of_a_batch_gets_its_own_sender_name() -> None:
    contacts = [
        {"wa_id": "1999000", "profile": {"name": "Ali"}},
        {"user_id": "US.7", "profile": {"name": "Zoya"}},
    ]
    by_id = {"from_user_id": "US.7", "id": "b", "type": "text", "text": {"body": "2"}}
    found = cloud_api.parse(
        body(text("1", "a", "1999000"), by_id, text("3", "c", "1777000"), contacts=contacts)
    )
    assert [update.sender_name for update in found if isinstance(update, Inbound)] == ["Ali", "Zoya", ""]


@pytest.mark.parametrize(
    ("status", "reads"),
    [
        ({"status": "sent"}, "sent"),
        ({"status": "delivered"}, "delivered"),
        ({"status": "read"}, "read"),
        ({"status": "played"}, "read"),
    ],
)
def test_statuses(status: dict[str, str], reads: str) -> None:
    (found,) = cloud_api.parse(body(statuses=[{"id": "wamid.9", "timestamp": 1760781600, **status}]))
    assert isinstance(found, Receipt)
    assert (found.message_id, found.status, found.channel) == ("wamid.9", reads, NUMBER)
    assert found.at == datetime(2025, 10, 18, 10, tzinfo=UTC)


def test_a_failed_status_names_its_error() -> None:
    errors = [{"code": 131026, "title": "Undeliverable", "error_data": {"details": "Not on WhatsApp"}}]
    (found,) = cloud_api.parse(body(statuses=[{"id": "wamid.9", "status": "failed", "errors": errors}]))
    assert isinstance(found, Receipt)
    assert (found.status, found.error_code, found.error) == ("failed", "131026", "Not on WhatsApp")
    assert (found.remedy, found.wait) == ("never", 0)


@pytest.mark.parametrize(
    ("code", "remedy", "wait"),
    [
        (131049, "again", 86_400),
        ("131049", "again", 86_400),
        (131056, "again", 0),
        (131048, "channel_later", 0),
        (131047, "template", 0),
        (131042, "account", 0),
        (130472, "never", 0),
        (None, "never", 0),
        (10**40, "never", 0),
    ],
)
def test_a_failed_status_says_what_is_to_be_done(code: object, remedy: str, wait: float) -> None:
    (found,) = cloud_api.parse(body(statuses=[{"id": "m", "status": "failed", "errors": [{"code": code}]}]))
    assert isinstance(found, Receipt)
    assert (found.remedy, found.wait) == (remedy, wait)


def test_a_status_brings_back_what_we_called_the_message() -> None:
    status = {"id": "wamid.9", "status": "sent", "biz_opaque_callback_data": "4711"}
    (found,) = cloud_api.parse(body(statuses=[status]))
    assert isinstance(found, Receipt)
    assert (found.reference, found.remedy) == ("4711", "")


def test_a_number_that_is_known_stands_above_what_the_body_says() -> None:
    whole = body(text("hi", "m"), statuses=[{"id": "s", "status": "read"}])
    whole["entry"][0]["changes"].append({"field": "account_update"})
    assert [update.channel for update in cloud_api.parse(whole, "cookie_barrel")] == ["cookie_barrel"] * 3


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_message_is_kept_as_it_came(name: str) -> None:
    change = CHANGES[name]
    found = cloud_api.parse(
        {"entry": [{"id": "55", "changes": [change, *body(text("hi", "m"))["entry"][0]["changes"]]}]}
    )
    kept = [update for update in found if isinstance(update, Unread)]
    assert [update.raw for update in kept] == [change]
    assert [update.text for update in found if isinstance(update, Inbound)] == ["hi"]


@pytest.mark.parametrize(
    "whole",
    [
        {},
        {"entry": {}},
        {"entry": []},
        {"entry": "x"},
        {"entry": [{}]},
        {"entry": [{"id": "5", "changes": {}}]},
    ],
)
def test_a_body_with_nothing_in_it_is_kept(whole: dict[str, Any]) -> None:
    (found,) = cloud_api.parse(whole)
    assert isinstance(found, Unread)


def test_one_bad_update_costs_no_other() -> None:
    """Several entries, changes, messages and statuses in one body, a good one beside every bad one."""
    no_sender = {"id": "x", "type": "text", "text": {"body": "who?"}}
    first = body(
        text("1", "a"), None, "?", {"type": "text"}, no_sender, text("2", "b"), contacts=(),
        statuses=[{"status": "sent"}, 7, {"id": "s", "status": "read"}, {"id": "t", "status": "warned"}],
    )  # fmt: skip
    first["entry"][0]["changes"].insert(0, {"field": "messages", "value": {"messages": [text("3", "c")]}})
    first["entry"] += [
        {},
        *body({**text("4", "d"), "group_id": "g"}, text("5", "e"), number="222333")["entry"],
    ]
    found = cloud_api.parse(first)
    assert [(u.text, u.channel) for u in found if isinstance(u, Inbound)] == [
        ("1", NUMBER),
        ("2", NUMBER),
        ("5", "222333"),
    ]
    assert [u.message_id for u in found if isinstance(u, Receipt)] == ["s"]
    assert [u.reason for u in found if isinstance(u, Unread)] == [
        "a message without the number it was sent to",
        "an update that is no object",
        "an update that is no object",
        "a message without an id",
        "a message without a sender",
        "a status without an id, or of an unknown kind",
        "an update that is no object",
        "a status without an id, or of an unknown kind",
        "an entry without changes",
        "a message in a group",
    ]


NAMES = [
    *(
        "entry",
        "changes",
        "field",
        "value",
        "messages",
        "statuses",
        "metadata",
        "phone_number_id",
        "contacts",
    ),
    *("id", "from", "type", "text", "body", "interactive", "button_reply", "image", "location", "latitude"),
    *("order", "product_items", "status", "errors", "code", "biz_opaque_callback_data"),
    *("system", "user_changed_number", "wa_id", "user_id", "edit", "revoke", "original_message_id"),
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(ANYTHING, st.sampled_from(["messages", "statuses"]))
def test_reading_never_raises_and_loses_nothing(anything: Any, where: str) -> None:
    cloud_api.parse({"entry": anything})
    cloud_api.parse({"entry": [{"changes": [{"field": "messages", "value": anything}]}]})
    whole = body(text("hi", "last"))
    whole["entry"][0]["changes"][0]["value"].setdefault(where, []).insert(0, anything)
    found = cloud_api.parse(whole)
    assert len(found) == 2
    assert [u.id for u in found if isinstance(u, Inbound)][-1] == "last"


# Signing


@pytest.mark.parametrize(
    ("raw", "right"),
    [
        (
            '{"object":"whatsapp_business_account","entry":[],"t":"café ☕ a/b @x"}',
            "f643a221ca57f7985215d427606304b3e18062331a050f6ce4b7e476c084cf93",
        ),
        (  # the same value in other bytes has another signature
            '{"object":"whatsapp_business_account","entry":[],"t":"caf\\u00e9 \\u2615 a\\/b @x"}',
            "0ccd741593b4fc23a0e66e026a9eb7711478722a027ec61cf3abed38df7f951c",
        ),
    ],
)
def test_signatures_are_over_the_raw_bytes(raw: str, right: str) -> None:
    assert signature("test_app_secret", raw.encode()) == f"sha256={right}"


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha1=00", "sha256=é", signature("another", b"{}")])
def test_another_signature_is_refused(header: str | None) -> None:
    channel = MetaChannel(settings())
    headers = {} if header is None else {"X-Hub-Signature-256": header}
    assert not channel.verify(posted(b"{}", headers))
    assert channel.verify(posted(b"{}", {"X-Hub-Signature-256": signature("a secret", b"{}")}))


@pytest.mark.parametrize("raw", [b"", b"hello", b"[]", b"7", b'{"entry":', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        MetaChannel(settings()).parse(posted(raw))


def test_the_body_is_read_as_what_was_signed() -> None:
    (found,) = MetaChannel(settings()).parse(posted(json.dumps(body(text("1, 2", "m"))).encode()))
    assert isinstance(found, Inbound)
    assert (found.text, found.channel) == ("1, 2", NUMBER)


@pytest.mark.parametrize(
    ("mode", "token", "answer"),
    [
        ("subscribe", "our wörd", "1158201444"),
        ("subscribe", "our word", None),
        ("subscribe", "", None),
        ("unsubscribe", "our wörd", None),
    ],
)
def test_the_challenge_is_for_who_knows_the_word(mode: str, token: str, answer: str | None) -> None:
    query = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"}
    assert MetaChannel(settings()).challenge(query) == answer


# Sending

YES = Option("Yes", "y")
SENT: dict[str, Outbound] = {
    "text": Outbound("Welcome!"),
    "text with an address": Outbound("See https://example.com"),
    "buttons": Outbound("Sure?", buttons=(YES, Option("No", "n"))),
    "buttons below a text and above another": Outbound("Sure?", (YES,), header="Order", footer="Thanks"),
    "buttons below a picture": Outbound(
        "Sure?", (YES,), media=("image", Media(link="https://example.com/a.png"))
    ),
    "list": Outbound(
        "Which?", list_button="Choose", rows=(Option("Chocolate", "1", "₹50"), Option("Oatmeal", "2"))
    ),
    "picture by its id": Outbound("Our shop", media=("image", Media(id="10033"))),
    "sound by its address": Outbound(media=("audio", Media(link="https://example.com/a.ogg"))),
    "film": Outbound("Look", media=("video", Media(link="https://example.com/a.mp4"))),
    "document": Outbound("Your bill", media=("document", Media(id="10034", filename="bill.pdf"))),
    "where are you": Outbound("Where to?", ask_location=True),
    "one product": Outbound("New!", products=("choc_chip",)),
    "products": Outbound("New!", products=("choc_chip", "oatmeal")),
}


@pytest.mark.parametrize("name", OUTBOUND)
def test_each_shape_that_is_sent(name: str) -> None:
    assert cloud_api.payload(SENDER, SENT[name], catalog="9") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": SENDER,
        **OUTBOUND[name],
    }


def test_a_business_scoped_id_is_no_number() -> None:
    sent = cloud_api.payload("US.13491208655302741918", Outbound("hi"))
    assert sent["recipient"] == "US.13491208655302741918"
    assert "to" not in sent


def test_a_reference_goes_along() -> None:
    assert cloud_api.payload(SENDER, Outbound("hi"), reference="12")["biz_opaque_callback_data"] == "12"
    assert "biz_opaque_callback_data" not in cloud_api.payload(SENDER, Outbound("hi"))


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


def test_a_message_is_posted_with_the_token(double: MetaDouble, monkeypatch: Any, tmp_path: Path) -> None:
    # requests would let a .netrc replace a plain Authorization header.
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    channel = MetaChannel(settings(double.url))
    assert channel.send(NUMBER, SENDER, Outbound("Grüße ☕"), "7") == "wamid.sent.1"
    (asked,) = double.asked
    assert asked.path == f"/v24.0/{NUMBER}/messages"
    assert asked.headers["authorization"].encode("latin-1").decode() == "Bearer a token – ¢"
    assert asked.headers["content-type"] == "application/json"
    assert (asked.to, asked.text, asked.body["biz_opaque_callback_data"]) == (SENDER, "Grüße ☕", "7")


def test_a_customer_without_a_number_is_written_to_by_id(double: MetaDouble) -> None:
    MetaChannel(settings(double.url)).send(NUMBER, "US.13491208655302741918", Outbound("hi"))
    assert double.asked[0].body["recipient"] == "US.13491208655302741918"


def test_products_want_a_catalogue(double: MetaDouble) -> None:
    with_catalogue = MetaChannel(settings(double.url, catalog_id="9"))
    assert (with_catalogue.limits.products, MetaChannel(settings()).limits.products) == (30, 0)
    assert with_catalogue.send(NUMBER, SENDER, SENT["products"]) == "wamid.sent.1"
    with pytest.raises(SendFailed, match="catalogue"):
        MetaChannel(settings(double.url)).send(NUMBER, SENDER, SENT["products"])


def test_the_table_makes_every_channel() -> None:
    made = {name: provider.make(Settings()) is not None for name, provider in CHANNELS.items()}
    assert made == {"meta": False, "twilio": False, "dialog360": False, "simulator": True}
    own = {
        "meta": Settings(meta=settings()),
        "twilio": Settings(twilio=TwilioSettings("AC" + "0" * 32, "secret", "14155238886")),
        "dialog360": Settings(dialog360=Dialog360Settings("key", "secret")),
    }
    assert all(CHANNELS[name].make(settings) is not None for name, settings in own.items())


HEALTHY = {"can_send_message": "AVAILABLE", "entities": [{"entity_type": "WABA", "id": 55}]}
APPS = (200, {"data": [{"whatsapp_business_api_data": {"name": "Shop"}}]})
OURS = "https://shop.example.org/webhooks/meta"


@pytest.mark.parametrize(
    ("number", "health", "apps", "webhook", "found"),
    [
        (
            (200, {"display_phone_number": "+1 555", "verified_name": "Shop", "quality_rating": "GREEN"}),
            (200, {"health_status": HEALTHY}),
            APPS,
            (200, {"webhook_configuration": {"application": OURS}}),
            [
                ("number", True, "+1 555 (Shop), quality GREEN"),
                ("account", True, "may send"),
                ("subscription", True, "posts to 1 app"),
                ("webhook", True, OURS),
            ],
        ),
        (
            (200, {}),
            (200, {"health_status": HEALTHY}),
            (200, {"data": []}),
            (200, {"webhook_configuration": {"application": OURS, "phone_number": "https://other.example"}}),
            [
                ("number", True, NUMBER),
                ("account", True, ""),
                ("subscription", False, "POST /55/subscribed_apps"),
                ("webhook", False, "it is https://other.example: in the app's dashboard"),
            ],
        ),
        (
            (200, {}),
            (200, {"health_status": HEALTHY}),
            (403, refusal(200, "You may not manage it")),
            (200, {}),
            [
                ("number", True, ""),
                ("account", True, ""),
                ("subscription", True, "You may not manage it"),
                ("webhook", False, "none is set"),
            ],
        ),
        (
            (200, {}),
            (400, refusal(100, "no field health_status")),
            APPS,
            (400, refusal(100, "no field webhook_configuration")),
            [
                ("number", True, ""),
                ("account", False, "no field health_status"),
                ("webhook", False, OURS),
            ],
        ),
        (
            (401, refusal(190, "Session has expired a token – ¢")),
            APPS,
            APPS,
            APPS,
            [("number", False, "make a new WHATSAPP_ACCESS_TOKEN")],
        ),
        (
            (400, refusal(100, "Object does not exist")),
            APPS,
            APPS,
            APPS,
            [("number", False, "correct WHATSAPP_PHONE_NUMBER_ID")],
        ),
        ((503, b""), APPS, APPS, APPS, [("number", False, "reaches META_GRAPH_URL")]),
    ],
)
def test_what_the_doctor_finds_out(
    double: MetaDouble,
    number: tuple[int, Any],
    health: tuple[int, Any],
    apps: tuple[int, Any],
    webhook: tuple[int, Any],
    found: list[tuple[str, bool, str]],
) -> None:
    root = f"/v24.0/{NUMBER}?fields="
    double.pages |= {
        f"{root}display_phone_number%2Cverified_name%2Cquality_rating": number,
        f"{root}health_status": health,
        f"{root}webhook_configuration": webhook,
        "/v24.0/55/subscribed_apps": apps,
    }
    checks = MetaChannel(settings(double.url), "https://shop.example.org").check()
    assert [(check.name, check.is_well) for check in checks] == [
        (f"Meta's {name}", is_well) for name, is_well, _ in found
    ]
    for check, (_, _, said) in zip(checks, found, strict=True):
        assert said in check.text
        assert "a token" not in check.text
