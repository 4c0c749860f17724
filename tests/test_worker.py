"""Workers, in one or several processes: nobody waits for a provider that hangs, and nothing ends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from job_case import accept, found, outgoing
from live_server import NUMBER, Live, live_server, live_site, rows_of
from meta_double import File, MetaDouble, body, meta_double, text
from servers import fresh_database, postgresql_server, valkey_server
from storage_case import Place

from adapters.channels import cloud_api
from adapters.settings import Dialog360Settings
from adapters.storage import Storage
from adapters.tasks import workers as working
from adapters.tasks.jobs import Jobs, Work
from adapters.tasks.queue import Dispatch
from adapters.web import Site


@pytest.fixture
def postgresql_place(postgresql: str) -> Iterator[str]:
    """A new, empty database in a PostgreSQL."""
    with fresh_database(postgresql) as url:
        yield url


PHONES = [f"1999100{number:04}" for number in range(40)]


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture(params=["memory", "redis"])
def settled(request: pytest.FixtureRequest, place: Place) -> dict[str, Any]:
    """The settings of a shop: on either database, its queue in memory or in Redis."""
    url = "" if request.param == "memory" else request.getfixturevalue("redis_url")
    return {"database_url": place.url, "redis_url": url, "read_marks": False, "send_rate": 1000.0}


@pytest.fixture
def live(tmp_path: Path, double: MetaDouble, settled: dict[str, Any]) -> Iterator[Live]:
    with live_server(tmp_path, double.url, **settled) as live:
        yield live


def wait_until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


def words(double: MetaDouble, phone: str) -> list[str]:
    return [asked.text.split()[0] for asked in double.to(phone)]


HI = ["Welcome", "1.", "What"]


def test_every_customer_is_answered_in_order(live: Live, double: MetaDouble) -> None:
    for place, said in enumerate(("hi", "1, 2", "cart")):
        for phone in PHONES[:10]:
            live.say(said, f"wamid.{phone}.{place}", phone)
    double.wait_for(50)
    for phone in PHONES[:10]:
        assert words(double, phone) == [*HI, "Added", "2x"]
    assert double.together == 1
    assert all(row["status"] == "handled" for row in live.rows("messages") if row["direction"] == "in")


def test_an_answer_begins_within_milliseconds(live: Live, double: MetaDouble) -> None:
    took = []
    for place, phone in enumerate(PHONES[:12]):
        live.say("hi", f"wamid.{place}", phone)
        told = time.perf_counter()
        double.wait_for(1, phone)
        took.append(time.perf_counter() - told)
        time.sleep(0.03)
    assert sorted(took)[len(took) // 2] < 0.15, took  # a look for work alone would take half a second


def test_a_provider_that_hangs_keeps_nobody_else_waiting(live: Live, double: MetaDouble) -> None:
    double.hold.clear()
    for phone in PHONES:
        live.say("hi", f"wamid.{phone}", phone)
    workers = live.site.workers
    assert workers is not None
    wait_until(lambda: len(sending(live.site)) == workers.delivery_threads // 2)
    wait_until(lambda: [row["status"] for row in live.rows("messages")].count("handled") == len(PHONES))
    began = time.monotonic()
    got = live.ask("/api/v1/simulator", {"from": "19992222222", "text": "hi"}).json()
    assert got["replies"][0]["text"] == "Welcome to Corner Shop!"
    wait_until(lambda: [row["status"] for row in outgoing(live.site)].count("sent") == 3, 5)
    assert time.monotonic() - began < 5
    assert len(sending(live.site)) == workers.delivery_threads // 2
    assert live.get("/ready").json()["status"] == "ready"
    double.hold.set()
    double.wait_for(3 * len(PHONES))
    assert all(words(double, phone) == HI for phone in PHONES)
    assert double.together == 1


def test_two_providers_that_hang_keep_no_third_waiting(
    tmp_path: Path, double: MetaDouble, settled: dict[str, Any]
) -> None:
    with meta_double() as another:
        key = Dialog360Settings("the key", "the secret", another.url)
        with live_server(tmp_path, double.url, dialog360=key, **settled) as live:
            double.hold.clear()
            another.hold.clear()
            site = live.site
            for phone in PHONES:
                live.say("hi", f"wamid.{phone}", phone)
                at = str(int(site.now().timestamp()))
                said = cloud_api.parse(body(text("hi", f"wamid.{phone}.2", phone, at)), "corner_shop")
                site.dispatch.take_turns(*site.storage.accept("dialog360", said, site.now()).waiting)
            wait_until(lambda: [row["status"] for row in live.rows("messages")].count("handled") == 80)
            wait_until(lambda: {row["provider"] for row in sent_from(site)} == {"meta", "dialog360"})
            live.ask("/api/v1/simulator", {"from": "19992222222", "text": "hi"})
            wait_until(lambda: [row["status"] for row in outgoing(site)].count("sent") == 3)
            assert double.asked == another.asked == []
            double.hold.set()
            another.hold.set()
            for one in (double, another):
                one.wait_for(3 * len(PHONES))
                assert all(words(one, phone) == HI for phone in PHONES)


def sent_from(site: Site) -> list[dict[str, Any]]:
    """The numbers from which something is being sent."""
    under_way = {row["channel_id"] for row in rows_of(site, "messages") if row["status"] == "sending"}
    return [row for row in rows_of(site, "channels") if row["id"] in under_way]


def sending(site: Site) -> list[int]:
    return [row["id"] for row in rows_of(site, "messages") if row["status"] == "sending"]


def test_a_look_for_work_does_not_put_in_what_waits(
    live: Live, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Work] = []
    tick = Jobs.tick
    monkeypatch.setattr(Jobs, "tick", lambda jobs: looks.append(tick(jobs)) or looks[-1])
    monkeypatch.setattr(live.site.workers, "_tick_seconds", 0.1)
    double.hold.clear()
    for phone in PHONES:
        live.say("hi", f"wamid.{phone}", phone)
    told = len(looks)
    wait_until(lambda: len(looks) >= told + 4)
    dispatch = live.site.dispatch
    assert dispatch.turns.storage.queue_size() == 0
    assert dispatch.deliveries.storage.queue_size() <= len(PHONES)
    double.hold.set()
    double.wait_for(3 * len(PHONES))


def test_it_stops_in_time_while_a_provider_hangs(live: Live, double: MetaDouble) -> None:
    double.hold.clear()
    for phone in PHONES[:5]:
        live.say("hi", f"wamid.{phone}", phone)
    workers = live.site.workers
    assert workers is not None
    wait_until(lambda: len(sending(live.site)) == 5)
    assert workers.state() == "ok"
    began = time.monotonic()
    workers.stop(0.5)
    assert time.monotonic() - began < 1.5
    assert workers.state() == "is stopping"
    live.say("hi", "wamid.late", PHONES[9])
    double.hold.set()
    wait_until(lambda: len(double.asked) == 5)
    time.sleep(0.2)
    assert len(double.asked) == 5  # what was under way came to its end, and nothing was begun
    assert [row["status"] for row in rows_of(live.site, "messages") if row["direction"] == "in"][
        -1
    ] == "received"


def test_workers_find_what_nobody_told_them(
    tmp_path: Path, double: MetaDouble, settled: dict[str, Any]
) -> None:
    with (
        live_site(tmp_path, double.url, threads=0, **{**settled, "redis_url": ""}) as web,
        live_site(tmp_path, double.url, **settled) as site,
    ):
        assert site.workers is not None
        site.workers.start()
        accept(web, "hi")
        double.wait_for(3, seconds=5)
        site.workers.stop()


def test_many_processes_share_the_work(
    tmp_path: Path, double: MetaDouble, postgresql_place: str, redis_url: str
) -> None:
    settled = {
        "database_url": postgresql_place, "redis_url": redis_url, "read_marks": False, "send_rate": 1000.0,
    }  # fmt: skip
    with ExitStack() as stack:
        web = stack.enter_context(live_server(tmp_path, double.url, works=False, **settled))
        sites = [stack.enter_context(live_site(tmp_path, double.url, threads=2, **settled)) for _ in range(3)]
        for site in sites:
            assert site.workers is not None
            site.workers.start()
            stack.callback(site.workers.stop)
        for place, said in enumerate(("hi", "1, 2", "cart", "buy")):
            for phone in PHONES[:20]:
                web.say(said, f"wamid.{phone}.{place}", phone)
        double.wait_for(20 * 6)
        assert web.get("/ready").json() == {
            "status": "ready", "database": "ok", "flows": "ok", "channels": "ok", "queue": "ok",
        }  # fmt: skip
        assert [words(double, phone) for phone in PHONES[:20]] == [[*HI, "Added", "2x", "Thank"]] * 20
        assert double.together == 1
        assert [row["attempts"] for row in outgoing(web.site)] == [1] * 120
        assert len(rows_of(web.site, "turns")) == 80


def test_it_survives_restarts_of_database_and_queue(tmp_path: Path, double: MetaDouble) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with postgresql_server(durable=False) as database, valkey_server(folder) as queue:
        settled = {
            "database_url": database.url, "redis_url": queue.url, "read_marks": False, "send_timeout": 0.5,
        }  # fmt: skip
        with live_server(tmp_path, double.url, **settled) as live:
            live.say("hi", "wamid.1", PHONES[0])
            double.wait_for(3)
            queue.restart()
            live.say("hi", "wamid.2", PHONES[1])
            double.wait_for(6)
            queue.stop()
            live.say("hi", "wamid.3", PHONES[2])  # 200 all the same
            double.wait_for(9)
            ready = live.get("/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            queue.start()
            database.restart()
            wait_until(lambda: live.get("/ready").status_code == 200)
            live.say("hi", "wamid.4", PHONES[3])
            double.wait_for(12)
            with redis.Redis.from_url(queue.url) as connection:
                connection.flushall()
            live.say("hi", "wamid.5", PHONES[4])
            double.wait_for(15)
            assert live.site.workers is not None
            assert live.site.workers.state() == "ok"
    assert [words(double, phone) for phone in PHONES[:5]] == [HI] * 5


def test_a_number_whose_account_is_to_be_mended_is_named(live: Live, double: MetaDouble) -> None:
    double.fault = lambda asked: (401, {"error": {"code": 190, "message": "the token has expired"}})
    live.say("hi", "wamid.1")
    wait_until(lambda: live.get("/ready").json()["status"] == "degraded")
    got = live.get("/ready")
    assert got.status_code == 200  # messages are taken and answered all the same
    (channel,) = got.json()["channels"]
    assert (channel["provider"], channel["state"], channel["code"]) == ("meta", "stopped", "190")
    assert "goes on by itself" in channel["what_to_do"]


@pytest.mark.parametrize("is_told", [True, False])
def test_a_customers_file_is_fetched(
    tmp_path: Path,
    double: MetaDouble,
    settled: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    is_told: bool,
) -> None:
    if not is_told:  # and a look for work finds it
        monkeypatch.setattr("adapters.tasks.queue.Dispatch.fetch_media", forgetful(Dispatch.fetch_media))
    jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500)
    double.files["700123456789"] = File(jpeg, "image/jpeg")
    settled = {**settled, "media_dir": tmp_path / "media"}
    with live_server(tmp_path, double.url, **settled) as live:
        image = {**text("", "wamid.1", at=str(int(time.time()))), "type": "image"}
        image["image"] = {"id": "700123456789", "mime_type": "image/jpeg", "sha256": ""}
        assert live.post(body(image, number=NUMBER)).status_code == 200
        wait_until(lambda: [row["status"] for row in live.rows("media", "message_id")] == ["kept"], 5)
        (row,) = live.rows("media", "message_id")
    assert (tmp_path / "media" / row["path"]).read_bytes() == jpeg


def forgetful(fetch_media: Callable[..., None]) -> Callable[..., None]:
    """Forgets the first file that it is told of."""
    forgotten: list[int] = []

    def forget(dispatch: Dispatch, *messages: int) -> None:
        if messages and not forgotten:
            forgotten.extend(messages)
            return
        fetch_media(dispatch, *messages)

    return forget


# What goes wrong inside


def test_a_thread_that_dies_is_replaced(
    tmp_path: Path, double: MetaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "CHECK_SECONDS", 0.2)
    take_turns = Jobs.take_turns
    dead: list[int] = []

    def deadly(jobs: Jobs, conversation: int) -> bool:
        if len(dead) < 4:
            dead.append(conversation)
            raise SystemExit("a thread ends")
        return take_turns(jobs, conversation)

    monkeypatch.setattr(Jobs, "take_turns", deadly)
    with live_server(tmp_path, double.url, read_marks=False) as live:
        for phone in PHONES[:6]:
            live.say("hi", f"wamid.{phone}", phone)
        double.wait_for(18)
        assert live.site.workers is not None
        wait_until(lambda: live.site.workers is not None and live.site.workers.state() == "ok")
    assert len(dead) == 4


def test_a_look_for_work_that_fails_is_followed_by_another(
    tmp_path: Path, double: MetaDouble, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = Storage.waiting
    fails = [True]

    def away(storage: Storage, *arguments: Any) -> list[int]:
        if fails and fails.pop():
            raise OSError("away for a moment")
        return waiting(storage, *arguments)

    monkeypatch.setattr(Storage, "waiting", away)
    with live_site(tmp_path, double.url, read_marks=False) as site:
        accept(site, "hi")
        assert site.workers is not None
        site.workers.start()
        double.wait_for(3, seconds=5)
        site.workers.stop()
    assert "tick_failed" in {record.getMessage() for record in caplog.records}


def test_it_says_how_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with live_site(tmp_path, None) as site:
        workers = site.workers
        assert workers is not None
        assert workers.state() == "is not started"
        workers.start()
        assert workers.state() == "ok"
        monkeypatch.setattr(working, "LATE_SECONDS", -1.0)
        assert "has not looked for work" in workers.state()
        workers.stop()
        assert workers.state() == "is stopping"
        assert found(site) == []
        assert not [thread for thread in threading.enumerate() if "Worker" in thread.name]
