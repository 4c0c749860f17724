"""360dialog is known by its secret, spoken to with its key, and its path names the number."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from meta_double import File, MetaDouble, body, meta_double, refusal, text

from adapters.channels.channel import Malformed, Posted
from adapters.channels.dialog360 import Dialog360Channel
from adapters.settings import Dialog360Settings
from engine.message import Inbound, Media, Outbound, Receipt

SECRET = "a wörd of ours"
PUBLIC = "https://shop.example.org"
OURS = f"{PUBLIC}/webhooks/360dialog/cookie_barrel"


def channel(url: str = "http://127.0.0.1:9", business: str = "cookie_barrel") -> Dialog360Channel:
    return Dialog360Channel(Dialog360Settings("a key – ¢", SECRET, url, business), PUBLIC)


def posted(raw: bytes, header: str | None = None) -> Posted:
    headers = {} if header is None else {"Authorization": header}
    return Posted(OURS, headers, raw, "cookie_barrel")


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.mark.parametrize(
    ("header", "is_known"),
    [
        # as a WSGI server hands the bytes over
        (f"Bearer {SECRET}".encode().decode("latin-1"), True),
        (f"bearer  {SECRET}".encode().decode("latin-1"), True),
        (f"Basic {SECRET}".encode().decode("latin-1"), False),
        (SECRET.encode().decode("latin-1"), False),
        ("Bearer a w", False),
        ("Bearer ", False),
        ("Bearer \ud800", False),
        ("", False),
        (None, False),
    ],
)
def test_who_posts_shows_the_secret(header: str | None, is_known: bool) -> None:
    assert channel().verify(posted(b"{}", header)) is is_known


def test_the_path_names_the_number_whatever_the_body_says() -> None:
    whole = body(text("1, 2", "m"), statuses=[{"id": "s", "status": "failed", "errors": [{"code": 131047}]}])
    message, status = channel().parse(posted(json.dumps(whole).encode()))
    assert isinstance(message, Inbound)
    assert isinstance(status, Receipt)
    assert (message.text, message.channel, status.channel) == ("1, 2", "cookie_barrel", "cookie_barrel")
    assert status.remedy == "template"


def test_what_is_no_object_is_malformed() -> None:
    with pytest.raises(Malformed):
        channel().parse(posted(b"[]"))


def test_nobody_is_told_a_challenge() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    assert channel().challenge(query) is None


def test_a_message_is_posted_with_the_key(double: MetaDouble) -> None:
    sent = channel(double.url).send("cookie_barrel", "19990001111", Outbound("Grüße"), "7")
    (asked,) = double.asked
    assert sent == "wamid.sent.1"
    assert asked.path == "/messages"
    assert asked.headers["d360-api-key"].encode("latin-1").decode() == "a key – ¢"
    assert "authorization" not in asked.headers
    assert (asked.text, asked.body["biz_opaque_callback_data"]) == ("Grüße", "7")


@pytest.mark.parametrize("elsewhere", ["https://lookaside.fbsbx.com", "http://lookaside.fbsbx.com"])
def test_what_meta_keeps_is_asked_of_360dialog(double: MetaDouble, elsewhere: str) -> None:
    double.files["77"] = File(b"\xff\xd8\xff\xe0", "image/jpeg")
    double.file_url = elsewhere
    fetched = channel(double.url).fetch(Media(id="77"))
    assert (fetched.mime_type, b"".join(fetched.content)) == ("image/jpeg", b"\xff\xd8\xff\xe0")
    assert [asked.path for asked in double.looked] == ["/77", "/files/77"]
    link = f"{elsewhere}/files/77?mid=5&hash=a%2Fb"
    b"".join(channel(double.url).fetch(Media(link=link, mime_type="image/jpeg")).content)
    assert double.looked[-1].path == "/files/77?mid=5&hash=a%2Fb"


HEALTHY = {"health_status": {"can_send_message": "AVAILABLE", "entities": []}}
OWN_HEADERS = {"authorization": f"Bearer {SECRET}"}
BLOCKED = {
    "can_send_message": "BLOCKED",
    "entities": [{"errors": [{"error_description": "No card", "possible_solution": "Add one."}]}],
}


@pytest.mark.parametrize(
    ("business", "webhook", "health", "found"),
    [
        (
            "cookie_barrel",
            (200, {"url": OURS, "headers": OWN_HEADERS}),
            (200, HEALTHY),
            [
                ("key", True, "taken"),
                ("webhook", True, OURS),
                ("secret", True, ""),
                ("account", True, "may send"),
            ],
        ),
        (
            "",
            (200, {"url": OURS}),
            (200, {}),
            [("key", True, "taken"), ("webhook", True, OURS), ("account", True, "nothing of its health")],
        ),
        (
            "wholesale",
            (200, {"url": OURS}),
            (200, HEALTHY),
            [("key", True, ""), ("webhook", False, "/webhooks/360dialog/wholesale"), ("account", True, "")],
        ),
        (
            "cookie_barrel",
            (200, {"url": OURS, "headers": {"Authorization": "Bearer another"}}),
            (200, {"health_status": {"can_send_message": "LIMITED"}}),
            [
                ("key", True, ""),
                ("webhook", True, ""),
                ("secret", False, "POST /v1"),
                ("account", True, "limited"),
            ],
        ),
        (
            "cookie_barrel",
            (200, {"url": None}),
            (200, {"health_status": BLOCKED}),
            [
                ("key", True, ""),
                ("webhook", False, "none is set"),
                ("account", False, "blocked: No card Add one."),
            ],
        ),
        (
            "cookie_barrel",
            (401, {"meta": {"developer_message": "Invalid api key"}}),
            (200, HEALTHY),
            [("key", False, "Invalid api key; copy D360_API_KEY anew")],
        ),
        (
            "cookie_barrel",
            (500, b""),
            (200, HEALTHY),
            [("key", False, "whether this machine reaches D360_API_URL")],
        ),
        (
            "cookie_barrel",
            (200, {"url": OURS}),
            (403, refusal(10, "not for you")),
            [("key", True, ""), ("webhook", True, ""), ("account", False, "not for you")],
        ),
    ],
)
def test_what_the_doctor_finds_out(
    double: MetaDouble,
    business: str,
    webhook: tuple[int, object],
    health: tuple[int, object],
    found: list[tuple[str, bool, str]],
) -> None:
    double.pages |= {"/v1/configs/webhook": webhook, "/health_status": health}
    checks = channel(double.url, business).check()
    assert [(check.name, check.is_well) for check in checks] == [
        (f"360dialog's {name}", is_well) for name, is_well, _ in found
    ]
    for check, (_, _, said) in zip(checks, found, strict=True):
        assert said in check.text
        assert "a key – ¢" not in check.text
        assert SECRET not in check.text
