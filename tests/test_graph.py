"""What Meta and 360dialog refuse is answered by the right remedy; files and read marks go their way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from meta_double import File, MetaDouble, meta_double, refusal

from adapters.channels.channel import Channel, Remedy, SendFailed
from adapters.channels.dialog360 import Dialog360Channel
from adapters.channels.graph_errors import REMEDIES
from adapters.channels.meta import MetaChannel
from adapters.settings import Dialog360Settings, MetaSettings
from engine.message import Media, Outbound

NUMBER = "106540352242922"
SENDER = "19990001111"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40

AGAIN, NEVER, TEMPLATE = Remedy.AGAIN, Remedy.NEVER, Remedy.TEMPLATE
LATER, ACCOUNT, UNKNOWN = Remedy.CHANNEL_LATER, Remedy.ACCOUNT, Remedy.UNKNOWN


def meta(url: str, seconds: float = 10.0) -> Channel:
    return MetaChannel(MetaSettings("a secret", "a key", NUMBER, "word", graph_url=url), "", seconds)


def dialog360(url: str, seconds: float = 10.0) -> Channel:
    return Dialog360Channel(Dialog360Settings("a key", "a secret", url), "", seconds)


BOTH = pytest.mark.parametrize("made", [meta, dialog360])


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


def failed(channel: Channel) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        channel.send(NUMBER, SENDER, Outbound("hi"))
    return raised.value


TABLE: dict[Remedy, dict[int, float]] = {
    AGAIN: {
        **dict.fromkeys([1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004], 0),
        131049: 24 * 3600,
    },
    LATER: {131048: 60, 131064: 60, 133015: 300, 134101: 600},
    NEVER: dict.fromkeys(
        [
            *(131050, 130403, 131026, 131021, 131030),
            *(33, 100, 131008, 131009, 131051, 131052, 131062, 132000, 132001, 132005, 132007, 132008),
            *(132012, 132018, 135000, 132015, 132016),
            # what nobody has heard of yet
            *(130472, 999999),
        ],
        0,
    ),
    TEMPLATE: {131047: 0, 470: 0},
    ACCOUNT: dict.fromkeys(
        [
            *(0, 3, 10, 190, 200, 250, 299, 368, 130497, 131005, 131031, 131037, 131042, 131045),
            *(133000, 133005, 133006, 133010),
        ],
        0,
    ),
}


@pytest.mark.parametrize(
    ("code", "remedy", "wait"),
    [(code, remedy, wait) for remedy, waits in TABLE.items() for code, wait in waits.items()],
)
def test_each_code_has_its_remedy(double: MetaDouble, code: int, remedy: Remedy, wait: float) -> None:
    """The code counts: none of these is what its HTTP status alone would say."""
    double.answers.append((500 if code in REMEDIES and remedy is not AGAIN else 400, refusal(code, "No")))
    failure = failed(meta(double.url))
    assert (failure.code, failure.remedy, failure.wait) == (str(code), remedy, wait)


def test_the_table_holds_no_code_beyond_these() -> None:
    named = {code for waits in TABLE.values() for code in waits} - {130472, 999999}
    assert set(REMEDIES) == named | set(range(200, 300))


@BOTH
@pytest.mark.parametrize(
    ("status", "answer", "code", "remedy"),
    [
        (200, refusal(100, "Invalid parameter"), "100", NEVER),
        (401, refusal(190, "Malformed access token a key"), "190", ACCOUNT),
        (401, {"meta": {"success": False, "developer_message": "a key is no key"}}, "http_401", ACCOUNT),
        (403, {"detail": "not allowed"}, "http_403", ACCOUNT),
        (429, {}, "http_429", AGAIN),
        (429, {"error": {"code": True, "message": 7}}, "http_429", AGAIN),
        (500, b"<html>", "http_500", AGAIN),
        (503, b"[]", "http_503", AGAIN),
        (504, b"<html>", "http_504", UNKNOWN),
        (404, b"", "http_404", NEVER),
        (302, b"", "http_302", ACCOUNT),
        (200, {"messages": []}, "no_id", UNKNOWN),
        (200, {"messages": [{"id": 7}]}, "no_id", UNKNOWN),
        (200, b"[]", "no_id", UNKNOWN),
    ],
)
def test_refusals(double: MetaDouble, made: Any, status: int, answer: Any, code: str, remedy: Remedy) -> None:
    double.answers.append((status, answer))
    failure = failed(made(double.url))
    assert (failure.code, failure.remedy) == (code, remedy)
    assert failure.text
    assert "a key" not in str(failure)
    assert len(double.asked) == 1


def test_a_number_is_silent_for_longer_each_time_until_something_is_sent(double: MetaDouble) -> None:
    channel = meta(double.url)
    double.answers += [(400, refusal(131048, "Spam rate limit hit"))] * 5
    assert [failed(channel).wait for _ in range(5)] == [60, 240, 960, 3600, 3600]
    channel.send(NUMBER, SENDER, Outbound("hi"))
    double.answers.append((400, refusal(131048, "Spam rate limit hit")))
    assert failed(channel).wait == 60


@BOTH
def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(double: MetaDouble, made: Any) -> None:
    double.hold.clear()
    failure = failed(made(double.url, 0.05))
    assert (failure.code, failure.remedy) == ("timeout", Remedy.UNKNOWN)


@BOTH
def test_a_connection_that_breaks_before_the_answer_leaves_it_unknown(double: MetaDouble, made: Any) -> None:
    double.answers.append((0, None))
    failure = failed(made(double.url))
    assert (failure.code, failure.remedy) == ("connection", Remedy.UNKNOWN)
    assert len(double.asked) == 1


@BOTH
def test_a_server_that_is_not_there_took_nothing(made: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        failure = failed(made(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert (failure.code, failure.remedy) == ("connection", AGAIN)


# Read marks


@BOTH
def test_a_message_is_marked_as_read_while_the_answer_is_written(double: MetaDouble, made: Any) -> None:
    made(double.url).acknowledge(NUMBER, "wamid.theirs")
    (mark,) = double.marks
    assert mark.path.endswith("/messages")
    assert mark.body == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.theirs",
        "typing_indicator": {"type": "text"},
    }
    assert double.asked == []


@BOTH
def test_a_mark_that_is_refused_says_so(double: MetaDouble, made: Any) -> None:
    double.fault = lambda asked: (400, refusal(100, "no such message"))
    with pytest.raises(SendFailed, match="no such message"):
        made(double.url).acknowledge(NUMBER, "wamid.theirs")


# Files


@BOTH
def test_a_file_is_asked_for_and_opened_with_the_key(double: MetaDouble, made: Any) -> None:
    double.files["77"] = File(JPEG, "image/jpeg")
    fetched = made(double.url).fetch(Media(id="77", mime_type="image/png"))
    assert (fetched.mime_type, b"".join(fetched.content)) == ("image/jpeg", JPEG)
    asked, opened = double.looked
    assert asked.path.endswith("/77")
    assert opened.path == "/files/77"
    header = "authorization" if made is meta else "d360-api-key"
    assert {asked.headers[header], opened.headers[header]} == {"Bearer a key" if made is meta else "a key"}


@BOTH
@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://evil.example/files/77",
        "http://scontent.fbcdn.net/files/77",
        "https://lookaside.fbsbx.com.evil.example/77",
        "https://notfbsbx.com/77",
        "https://scontent.fbcdn.net:8443/77",
        "https://lookaside.fbsbx.com@evil.example/77",
        "http://127.0.0.1:1/files/77",
        "file:///etc/passwd",
        "https://[::1",
        "https://graph.facebook.com:x/77",
    ],
)
def test_the_key_is_shown_to_no_other_host(double: MetaDouble, made: Any, link: str) -> None:
    channel = made(double.url)
    path = "/v24.0/77" if made is meta else "/77"
    double.pages[path] = (200, {"url": link, "mime_type": "image/jpeg"})
    with pytest.raises(SendFailed) as raised:
        channel.fetch(Media(id="77"))
    assert raised.value.code in ("unfetchable", "no_address")
    assert len(double.looked) == 1


@pytest.mark.parametrize("identity", ["../106540352242922", "77?fields=access_token", "77/x", "7 7", "."])
def test_what_is_no_id_is_not_asked_for(double: MetaDouble, identity: str) -> None:
    with pytest.raises(SendFailed, match="no id"):
        meta(double.url).fetch(Media(id=identity))
    assert double.looked == []


@BOTH
def test_where_the_file_is_elsewhere_the_key_stays_behind(double: MetaDouble, made: Any) -> None:
    double.files["77"] = File(JPEG, "image/jpeg")
    double.pages["/files/77"] = "/files/moved/77"
    fetched = made(double.url).fetch(Media(id="77"))
    assert b"".join(fetched.content) == JPEG
    last = double.looked[-1]
    assert last.path == "/files/moved/77"
    assert not {"authorization", "d360-api-key"} & set(last.headers)


@BOTH
@pytest.mark.parametrize("target", ["https://evil.example/77", "http://127.0.0.1:9/x", "/files/77"])
def test_nobody_is_sent_around_for_ever_or_to_strangers(double: MetaDouble, made: Any, target: str) -> None:
    double.files["77"] = File(JPEG, "image/jpeg")
    double.pages["/files/77"] = target
    with pytest.raises(SendFailed):
        made(double.url).fetch(Media(id="77"))
    assert len(double.looked) <= 5


@BOTH
@pytest.mark.parametrize(
    ("pages", "code", "remedy"),
    [
        ({}, "100", NEVER),
        ({"77": (401, refusal(190, "expired"))}, "190", ACCOUNT),
        ({"77": (200, {})}, "no_address", AGAIN),
        ({"77": (200, b"<html>")}, "no_address", AGAIN),
        ({"files/77": (404, b"gone")}, "http_404", AGAIN),
        ({"files/77": (500, b"")}, "http_500", AGAIN),
        ({"files/77": (403, b"x" * 200_000)}, "http_403", ACCOUNT),
    ],
)
def test_files_that_do_not_come(
    double: MetaDouble, made: Any, pages: dict[str, Any], code: str, remedy: Remedy
) -> None:
    if pages:
        double.files["77"] = File(JPEG, "image/jpeg")
    for page, answer in pages.items():
        root = "/v24.0/" if made is meta and page == "77" else "/"
        double.pages[f"{root}{page}"] = answer
    with pytest.raises(SendFailed) as raised:
        made(double.url).fetch(Media(id="77"))
    assert (raised.value.code, raised.value.remedy) == (code, remedy)


def test_a_file_that_breaks_off_is_no_file(double: MetaDouble) -> None:
    double.files["77"] = File(JPEG, "image/jpeg", cut=5000)
    with pytest.raises(SendFailed) as raised:
        b"".join(meta(double.url).fetch(Media(id="77")).content)
    assert raised.value.remedy is AGAIN


@BOTH
def test_a_file_is_handed_over(double: MetaDouble, made: Any, tmp_path: Path) -> None:
    menu = tmp_path / "menu of today.jpg"
    menu.write_bytes(JPEG)
    media = made(double.url).upload(NUMBER, menu, "image/jpeg")
    assert media == Media(id="media.1", mime_type="image/jpeg", filename="menu of today.jpg")
    (upload,) = double.uploads
    assert upload.path == (f"/v24.0/{NUMBER}/media" if made is meta else "/media")
    assert upload.fields == {"messaging_product": "whatsapp", "type": "image/jpeg"}
    assert (upload.mime_type, upload.content) == ("image/jpeg", JPEG)


def test_what_nobody_would_take_is_not_handed_over(double: MetaDouble, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(5 * 1024 * 1024 + 1)
    channel = meta(double.url)
    for path, mime_type, said in [
        (large, "image/jpeg", "larger than the 5 MiB"),
        (large, "text/html", "text/html is not sent"),
        (tmp_path / "none.jpg", "image/jpeg", "cannot be read"),
    ]:
        with pytest.raises(SendFailed, match=said):
            channel.upload(NUMBER, path, mime_type)
    assert double.uploads == []
