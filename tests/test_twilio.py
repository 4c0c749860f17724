"""What Twilio posts is read whole and only where it signed it; what is said to it has its shape."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from live_server import live_server
from twilio_double import (
    ACCOUNT,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    PICTURE,
    TwilioDouble,
    encoded,
    message,
    refusal,
    signature,
    status,
    twilio_double,
)

from adapters.channels import CHANNELS
from adapters.channels.channel import Malformed, Posted, Remedy, SendFailed
from adapters.channels.twilio import SANDBOX, TwilioChannel
from adapters.settings import Settings, TwilioSettings
from engine.layout import Row, Saying, fit
from engine.message import Inbound, Media, Option, Outbound, Receipt, Unread

PUBLIC = "https://shop.example.org"
URL = f"{PUBLIC}/webhooks/twilio"
FORM = "application/x-www-form-urlencoded"


def channel(url: str = "http://127.0.0.1:9", public_url: str = PUBLIC, number: str = NUMBER) -> TwilioChannel:
    return TwilioChannel(TwilioSettings(ACCOUNT, AUTH_TOKEN, number, url), public_url, seconds=0.5)


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    with twilio_double() as double:
        yield double


def posted(form: Any, url: str = URL, **headers: str) -> Posted:
    body = form if isinstance(form, bytes) else encoded(form)
    return Posted(url, {"Content-Type": FORM, **headers}, body)


def signed(form: Any, url: str = URL, signed_url: str = "") -> Posted:
    return posted(form, url, **{"X-Twilio-Signature": signature(signed_url or url, form)})


def read(form: Any, url: str = URL) -> Any:
    (found,) = channel().parse(posted(form, url))
    return found


# Signatures


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        (
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675309"),
                ("Digits", "1234"),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
            ],
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (
            [
                ("Sid", "CA123"),
                ("SidAccount", "AC123"),
                ("Digits", "5678"),
                ("Digits", "1234"),
                ("Digits", "1234"),
            ],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_the_signatures_that_twilio_publishes(form: list[tuple[str, str]], sign: str) -> None:
    request = posted(form, "https://mycompany.com/myapp.php?foo=1&bar=2", **{"X-Twilio-Signature": sign})
    assert TwilioChannel(TwilioSettings(ACCOUNT, "12345", NUMBER)).verify(request)


@pytest.mark.parametrize(
    "form",
    [
        message("SM1", "Grüße, 1 + 1 = 2 & more; 100%? ہیلو 🍪"),
        message("SM1", None),
        message("SM1", "", Label="", Empty=""),
        [("MessageSid", "SM1"), ("Body", "b"), ("Body", "a"), ("a", "1")],
        status("SM1", "read"),
    ],
)
def test_what_twilio_signed_is_taken(form: Any) -> None:
    assert channel().verify(signed(form))


@pytest.mark.parametrize(
    ("url", "signed_url"),
    [
        (URL, f"{PUBLIC}:443/webhooks/twilio"),
        (f"{PUBLIC}:443/webhooks/twilio", URL),
        (f"{URL}?reference=7", f"{URL}?reference=7"),
        ("http://127.0.0.1:8000/webhooks/twilio", "http://127.0.0.1:8000/webhooks/twilio"),
    ],
)
def test_the_port_may_be_written_or_not(url: str, signed_url: str) -> None:
    assert channel().verify(signed(message("SM1"), url, signed_url))


GOOD = message("SM1")


@pytest.mark.parametrize(
    "request_",
    [
        posted(GOOD),
        posted(GOOD, **{"X-Twilio-Signature": ""}),
        posted(GOOD, **{"X-Twilio-Signature": "guess"}),
        posted(GOOD, **{"X-Twilio-Signature": "\udcff"}),
        posted(GOOD, **{"X-Twilio-Signature": signature(URL, GOOD, "another token")}),
        posted(GOOD, **{"X-Twilio-Signature": signature(f"{URL}?x=1", GOOD)}),
        posted({**GOOD, "Body": "ho"}, **{"X-Twilio-Signature": signature(URL, GOOD)}),
        posted({**GOOD, "More": "x"}, **{"X-Twilio-Signature": signature(URL, GOOD)}),
        posted(b"", **{"X-Twilio-Signature": signature(URL, {})}),
        posted(b"Body=\xff", **{"X-Twilio-Signature": signature(URL, {"Body": "\ufffd"})}),
        signed(GOOD, "http://[::1:x/"),
        signed(GOOD, "http://host:99999999/"),
        Posted(
            URL, {"Content-Type": "application/json", "X-Twilio-Signature": signature(URL, {})}, b'{"a": 1}'
        ),
    ],
)
def test_what_twilio_did_not_sign_is_not(request_: Posted) -> None:
    assert channel().verify(request_) is False


# Reading


@pytest.mark.parametrize(
    ("form", "reads"),
    [
        (message("SM1", "hi"), {"kind": "text", "text": "hi"}),
        (message("SM1", None), {"kind": "unsupported"}),
        (message("SM1", ""), {"kind": "unsupported"}),
        (message("SM1", "nul \0"), {"kind": "text", "text": "nul \ufffd"}),
        (
            message("SM1", "Yes", ButtonText="Yes, please", ButtonPayload="confirm.1"),
            {"kind": "press", "text": "Yes, please", "press": "confirm.1"},
        ),
        (message("SM1", "Yes", ButtonText="Yes"), {"kind": "press", "text": "Yes", "press": "Yes"}),
        (
            message("SM1", "Tea", ListId="tea.1", ListTitle="Tea", MessageType="interactive"),
            {"kind": "press", "text": "Tea", "press": "tea.1"},
        ),
        (
            message("SM1", None, Latitude="33.6844", Longitude="-73.0479", Label="Shop", Address="F-7"),
            {"kind": "location", "latitude": 33.6844, "longitude": -73.0479, "address": "Shop, F-7"},
        ),
        (message("SM1", None, Latitude="91", Longitude="0"), {"kind": "unsupported"}),
        (message("SM1", None, Latitude="1e2", Longitude="nan"), {"kind": "unsupported"}),
        (message("SM1", "👍", MessageType="reaction"), {"kind": "reaction", "text": "👍"}),
        (
            message(
                "SM1", "my receipt", NumMedia="1", MediaUrl0="https://m/1", MediaContentType0="image/jpeg"
            ),
            {"kind": "image", "text": "my receipt", "media": Media("", "https://m/1", "image/jpeg")},
        ),
        (
            message(
                "SM1", None, NumMedia="1", MediaUrl0="https://m/1", MediaContentType0="audio/ogg; codecs=opus"
            ),
            {"kind": "audio", "media": Media("", "https://m/1", "audio/ogg")},
        ),
        (
            message("SM1", None, NumMedia="1", MediaUrl0="https://m/1", MediaContentType0="application/pdf"),
            {"kind": "document", "media": Media("", "https://m/1", "application/pdf")},
        ),
        (
            message("SM1", None, NumMedia="1", MediaUrl0="https://m/1", MediaContentType0="text/vcard"),
            {"kind": "contacts", "media": Media("", "https://m/1", "text/vcard")},
        ),
        (
            message("SM1", None, NumMedia="1", MediaUrl0="https://m/1", MediaContentType0="image/webp"),
            {"kind": "unsupported", "media": Media("", "https://m/1", "image/webp")},
        ),
        (message("SM1", "hi", NumMedia="many"), {"kind": "text", "text": "hi"}),
        (message("SM1", "hi", NumMedia="3"), {"kind": "text", "text": "hi"}),
    ],
)
def test_each_kind_of_message(form: dict[str, str], reads: dict[str, Any]) -> None:
    assert read(form) == Inbound(
        **reads, id="SM1", sender=CUSTOMER, sender_name="Sara", channel=NUMBER, raw=form
    )


@pytest.mark.parametrize(
    ("address", "more", "sender", "user_id"),
    [
        (f"whatsapp:+{CUSTOMER}", {}, CUSTOMER, ""),
        (f"whatsapp:{CUSTOMER}", {}, CUSTOMER, ""),
        (
            "whatsapp:US.13491208655302741918",
            {"WaId": ""},
            "US.13491208655302741918",
            "US.13491208655302741918",
        ),
        ("whatsapp:US.1349", {"WaId": CUSTOMER}, CUSTOMER, "US.1349"),
    ],
)
def test_a_customer_is_known_by_number_or_id(
    address: str, more: dict[str, str], sender: str, user_id: str
) -> None:
    found = read({**message("SM1"), **more, "From": address})
    assert (found.sender, found.user_id) == (sender, user_id)


def test_several_files_are_several_messages() -> None:
    form = message("SM1", "both", NumMedia="3", MediaContentType0="image/png", MediaContentType2="video/mp4")
    form |= {f"MediaUrl{number}": f"https://m/{number}" for number in range(3)}
    found = channel().parse(posted(form))
    assert [(one.id, one.kind, one.text) for one in found if isinstance(one, Inbound)] == [
        ("SM1", "image", "both"),
        ("SM1.1", "document", ""),
        ("SM1.2", "video", ""),
    ]


@pytest.mark.parametrize(
    ("becomes", "reads"),
    [
        ("accepted", "sent"),
        ("queued", "sent"),
        ("sending", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_statuses(becomes: str, reads: str) -> None:
    found = read(status("SM9", becomes), f"{URL}?reference=42")
    assert isinstance(found, Receipt)
    assert (found.message_id, found.status, found.channel, found.reference) == ("SM9", reads, NUMBER, "42")
    assert (found.error_code, found.remedy) == ("", "never" if reads == "failed" else "")


REMEDIES = {
    "again": (20429, 63010, 63012, 63017, 30001, 21611),
    "channel_later": (63018, 63038),
    "template": (63016,),
    "never": (
        *(21610, 21211, 63003, 63024, 63033, 63015),
        *(63027, 63028, 63041, 21656),
        *(63019, 63021, 21620),
        99999,
    ),
    "account": (20003, 20005, 30002, 63007),
}
CODES = [(code, remedy) for remedy, codes in REMEDIES.items() for code in codes]


@pytest.mark.parametrize(("code", "remedy"), CODES)
def test_a_failed_status_says_what_to_do(code: int, remedy: str) -> None:
    found = read(status("SM9", "undelivered", ErrorCode=str(code), ErrorMessage="No"))
    assert isinstance(found, Receipt)
    assert (found.status, found.error_code, found.error, found.remedy) == ("failed", str(code), "No", remedy)
    assert found.wait == (86_400 if remedy == "channel_later" else 0)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"a": "b"}, "a form without the id of a message"),
        ({**message("SM1"), "From": f"+{CUSTOMER}"}, "a message without a WhatsApp number on either side"),
        ({**message("SM1"), "To": "messenger:7"}, "a message without a WhatsApp number on either side"),
        ({**message("SM1"), "From": "whatsapp:+1"}, "a message without a WhatsApp number on either side"),
        (status("SM1", "pondered"), "a status of an unknown kind, pondered"),
    ],
)
def test_what_is_not_understood_is_kept_as_it_came(form: dict[str, str], reason: str) -> None:
    found = read(form)
    assert isinstance(found, Unread)
    assert (found.reason, found.raw) == (reason, form)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("", b"a=b"),
        (FORM, b""),
        (FORM, b"Body=\xff"),
        (FORM, b"&" * 5000),
        (FORM, b"a=b&" * 1001),
    ],
)
def test_what_is_no_form_is_malformed(content_type: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        channel().parse(Posted(URL, {"Content-Type": content_type}, body))


# Sending


@pytest.mark.parametrize(
    ("recipient", "outbound", "form"),
    [
        (CUSTOMER, Outbound(text="hi 🍪"), {"To": f"whatsapp:+{CUSTOMER}", "Body": "hi 🍪"}),
        ("US.1349", Outbound(text="hi"), {"To": "whatsapp:US.1349", "Body": "hi"}),
        (
            CUSTOMER,
            Outbound(text="look", media=("image", Media(link="https://m/1.jpg"))),
            {"To": f"whatsapp:+{CUSTOMER}", "Body": "look", "MediaUrl": "https://m/1.jpg"},
        ),
        (
            CUSTOMER,
            Outbound(media=("document", Media(link="https://m/1.pdf"))),
            {"To": f"whatsapp:+{CUSTOMER}", "MediaUrl": "https://m/1.pdf"},
        ),
    ],
)
def test_what_is_sent(double: TwilioDouble, recipient: str, outbound: Outbound, form: dict[str, str]) -> None:
    assert channel(double.url).send(NUMBER, recipient, outbound, "42") == f"SM{1:032x}"
    (asked,) = double.asked
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.form == {
        "From": f"whatsapp:+{NUMBER}",
        "StatusCallback": f"{URL}?reference=42",
        **form,
    }


def test_without_a_public_address_no_callback_is_asked_for(double: TwilioDouble) -> None:
    channel(double.url, public_url="").send(NUMBER, CUSTOMER, Outbound(text="hi"), "42")
    assert "StatusCallback" not in double.asked[0].form


def test_buttons_and_long_texts_go_out_as_numbered_text() -> None:
    rows = (Row(1, "Tea", "a"), Row(2, "Cake", "b", "with cream"))
    (shown,), numbered = fit(Saying("What would you like?", rows, header="Shop"), channel().limits)
    assert numbered
    assert shown == Outbound(text="Shop\n\nWhat would you like?\n\n1. Tea\n2. Cake - with cream")
    parts, _ = fit(Saying("word " * 700), channel().limits)
    assert [len(part.text) <= 1600 for part in parts] == [True] * 3
    place, _ = fit(Saying("Where?", ask_location=True), channel().limits)
    assert place == [Outbound(text="Where?")]


@pytest.mark.parametrize(
    "outbound",
    [
        Outbound(text="x", buttons=(Option("a", "a"),)),
        Outbound(text="x", rows=(Option("a", "a"),)),
        Outbound(text="x", products=("a",)),
        Outbound(text="x", ask_location=True),
        Outbound(media=("image", Media(id="123"))),
    ],
)
def test_what_it_cannot_show_is_refused_before_it_is_sent(double: TwilioDouble, outbound: Outbound) -> None:
    with pytest.raises(SendFailed) as failed:
        channel(double.url).send(NUMBER, CUSTOMER, outbound)
    assert (failed.value.code, failed.value.remedy) == ("unsendable", Remedy.NEVER)
    assert double.asked == []


@pytest.mark.parametrize(("code", "remedy"), CODES)
def test_each_error_says_what_to_do(double: TwilioDouble, code: int, remedy: str) -> None:
    double.faults.append(refusal(code, "No"))
    with pytest.raises(SendFailed) as failed:
        channel(double.url).send(NUMBER, CUSTOMER, Outbound(text="hi"))
    wait = 86_400 if remedy == "channel_later" else 0
    assert (failed.value.code, failed.value.text) == (str(code), "No")
    assert (failed.value.remedy, failed.value.wait) == (remedy, wait)


@pytest.mark.parametrize(
    ("fault", "code", "remedy"),
    [
        ((429, {"code": 12345}), "12345", "again"),
        ((500, {}), "http_500", "again"),
        ((503, "<html>"), "http_503", "again"),
        ((504, "<html>"), "http_504", "unknown"),
        ((401, {}), "http_401", "account"),
        ((403, {"code": True}), "http_403", "account"),
        ((404, []), "http_404", "never"),
        ((302, {}), "http_302", "never"),
        ((201, {}), "no_id", "unknown"),
        ((201, {"sid": 7}), "no_id", "unknown"),
        ("hang", "timeout", "unknown"),
        ("reset", "connection", "unknown"),
    ],
)
def test_each_way_of_not_answering(double: TwilioDouble, fault: Any, code: str, remedy: str) -> None:
    double.faults.append(fault)
    with pytest.raises(SendFailed) as failed:
        channel(double.url).send(NUMBER, CUSTOMER, Outbound(text="hi"))
    assert (failed.value.code, failed.value.remedy) == (code, remedy)


def test_nobody_there_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SendFailed) as failed:
            channel(nowhere).send(NUMBER, CUSTOMER, Outbound(text="hi"))
    assert (failed.value.code, failed.value.remedy) == ("connection", Remedy.AGAIN)


def test_no_error_repeats_the_token(double: TwilioDouble) -> None:
    double.faults.append(refusal(20003, f"{AUTH_TOKEN} is wrong", 401))
    with pytest.raises(SendFailed) as failed:
        channel(double.url).send(NUMBER, CUSTOMER, Outbound(text="hi"))
    assert AUTH_TOKEN not in str(failed.value)


def test_reading_is_shown(double: TwilioDouble) -> None:
    channel(double.url).acknowledge(NUMBER, "SM1.2")
    (asked,) = double.asked
    assert (asked.path, asked.form) == (
        "/v2/Indicators/Typing.json",
        {"messageId": "SM1", "channel": "whatsapp"},
    )


# Files


def media_at(url: str, number: int) -> Media:
    return Media(link=f"{url}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME{number}")


def test_a_file_is_fetched_and_the_token_stays_behind(double: TwilioDouble) -> None:
    fetched = channel(double.url).fetch(media_at(double.url, 1))
    assert fetched.mime_type == "image/jpeg"
    assert b"".join(fetched.content) == PICTURE
    first, second = double.asked
    assert "authorization" in first.headers
    assert second.path == "/elsewhere/picture"
    assert "authorization" not in second.headers


@pytest.mark.parametrize(
    ("media", "code", "remedy", "asked"),
    [
        (Media(link="https://evil.example.org/2010-04-01/Media/ME1"), "unfetchable", "never", 0),
        (Media(link="https://api.twilio.com.evil.example.org/"), "unfetchable", "never", 0),
        (Media(link="http://api.twilio.com/plain"), "unfetchable", "never", 0),
        (Media(link="http://[broken"), "unfetchable", "never", 0),
        (Media(id="no link"), "unfetchable", "never", 0),
        (2, "unfetchable", "never", 1),
        # Not there yet, or gone: that shows only in time.
        (3, "20404", "again", 1),
    ],
)
def test_what_is_not_fetched(
    double: TwilioDouble, media: Media | int, code: str, remedy: str, asked: int
) -> None:
    with pytest.raises(SendFailed) as failed:
        channel(double.url).fetch(media_at(double.url, media) if isinstance(media, int) else media)
    assert (failed.value.code, failed.value.remedy) == (code, remedy)
    assert len(double.asked) == asked


def test_a_file_has_the_type_that_its_message_told(double: TwilioDouble) -> None:
    """Where the file lies, it may be of no type, and nothing else tells a document from an archive."""
    told = Media(link=media_at(double.url, 1).link, mime_type="application/pdf")
    assert channel(double.url).fetch(told).mime_type == "application/pdf"


def test_nothing_is_uploaded(tmp_path: Path) -> None:
    with pytest.raises(SendFailed) as failed:
        channel().upload(NUMBER, tmp_path / "x.jpg", "image/jpeg")
    assert (failed.value.code, failed.value.remedy) == ("unsupported", Remedy.NEVER)


# What doctor asks


def sender(number: str = NUMBER, state: str = "ONLINE", webhook: str | None = URL) -> dict[str, Any]:
    return {
        "sid": f"XE{number}",
        "sender_id": f"whatsapp:+{number}",
        "status": state,
        "webhook": {"callback_url": webhook, "callback_method": "POST"} if webhook else None,
    }


@pytest.mark.parametrize(
    ("senders", "number", "is_well", "says"),
    [
        ([sender("1"), sender("2"), sender()], NUMBER, [True, True, True], URL),
        ([sender(state="OFFLINE")], NUMBER, [True, False, True], "finish its registration"),
        ([sender(webhook=None)], NUMBER, [True, True, False], f"none is set: set it to {URL}"),
        ([sender(webhook="https://old")], NUMBER, [True, True, False], f"it is https://old: set it to {URL}"),
        ([sender("1")], NUMBER, [True, False], "is no WhatsApp sender"),
        ([], SANDBOX, [True, True], "the sandbox's"),
    ],
)
def test_doctor_asks_for_number_and_webhook(
    double: TwilioDouble, senders: list[dict[str, Any]], number: str, is_well: list[bool], says: str
) -> None:
    double.senders = senders
    checks = channel(double.url, number=number).check()
    assert [check.is_well for check in checks] == is_well
    assert says in " ".join(check.text for check in checks)


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ((200, {"status": "suspended"}), "open it again"),
        ((401, {"code": 20003, "message": "Authenticate"}), "copy TWILIO_ACCOUNT_SID"),
        ((500, {}), "TWILIO_API_URL"),
    ],
)
def test_doctor_says_what_is_wrong_with_the_account(
    double: TwilioDouble, account: tuple[int, dict[str, Any]], says: str
) -> None:
    double.account = account
    first = channel(double.url).check()[0]
    assert not first.is_well
    assert says in first.text


def test_it_is_made_where_it_is_set() -> None:
    make = CHANNELS["twilio"].make
    assert make(Settings()) is None
    made = make(Settings(twilio=TwilioSettings(ACCOUNT, AUTH_TOKEN, NUMBER, business="wholesale")))
    assert made is not None
    assert (made.number, made.business) == (NUMBER, "wholesale")
    assert made.accepted.content_type.startswith("text/xml")
    assert made.accepted.body.endswith("<Response/>")


# All of it


def test_a_conversation_over_http(double: TwilioDouble, tmp_path: Path) -> None:
    """Words in, numbered text out, in order; the status of a reply comes back under its reference."""
    settled = TwilioSettings(ACCOUNT, AUTH_TOKEN, NUMBER, double.url)
    with live_server(tmp_path, None, twilio=settled, public_url=PUBLIC) as live:

        def post(form: dict[str, str], url: str = URL) -> requests.Response:
            address = live.url + url.removeprefix(PUBLIC)
            headers = {"X-Twilio-Signature": signature(url, form)}
            return requests.post(address, data=form, headers=headers, timeout=30)

        said = post(message("SM1", "hi"))
        assert (said.status_code, said.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        replies = double.wait_for(3)
        assert [one.text for one in replies] == [
            "Welcome to Corner Shop!",
            "1. Tea\n2. The Last Cup",
            "What would you like?\n\n1. Cart\n2. Buy",
        ]
        post(message("SM2", "1, 2"))
        post(message("SM3", "cart"))
        assert [one.text for one in double.wait_for(5)[3:]] == ["Added 2x Tea", "2x Tea\nTotal: ₹40"]
        callback = replies[0].form["StatusCallback"]
        assert post(status(f"SM{1:032x}", "read"), callback).status_code == 200
        number = callback.rpartition("=")[2].partition(".")[0]
        (row,) = (row for row in live.rows("messages") if row["id"] == int(number))
        assert (row["body"], row["status"]) == ("Welcome to Corner Shop!", "read")
