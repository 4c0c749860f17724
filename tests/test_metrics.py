"""What /metrics tells after real conversations, who may read it, and how several processes tell it as one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from live_server import NUMBER, TOKEN, Live, bearer, live_server, live_site
from meta_double import MetaDouble, body, meta_double, refusal, text
from processes import ROOT, SHOPTALK, environment, eventually, free_port, make_shop, running
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics import FOLDER, Metrics
from adapters.settings import SettingsError
from adapters.web import health
from adapters.web.metrics import serve_metrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(shown: str) -> Samples:
    """(name, labels): value, of everything that is shown."""
    found: Samples = {}
    for family in text_string_to_metric_families(shown):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def live(tmp_path, double) -> Iterator[Live]:
    with live_server(tmp_path, double.url, send_rate=55.0) as live:
        yield live


def scraped(live: Live) -> Samples:
    got = requests.get(f"{live.url}/metrics", timeout=30)
    assert got.status_code == 200, got.text
    assert got.headers["Content-Type"].startswith("text/plain; version=")
    return samples(got.text)


def test_a_conversation_is_told_in_numbers(live, double):
    live.say("hi", "w.1")
    live.say("1, 2", "w.2")
    sent = double.wait_for(4)
    status = {
        "id": "wamid.sent.1",
        "status": "delivered",
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "recipient_id": sent[0].to,
    }
    assert live.post(body(statuses=[status], number=NUMBER)).status_code == 200
    assert live.post({"no": "signature"}, sign="sha256=00").status_code == 401
    told = "shoptalk_deliveries_total"
    eventually(lambda: value(scraped(live), told, provider="meta", outcome="sent") == 4)
    found = scraped(live)
    expected = {
        ("shoptalk_messages_in_total", "provider=meta kind=text"): 2,
        ("shoptalk_receipts_total", "provider=meta status=delivered"): 1,
        ("shoptalk_webhooks_total", "provider=meta status_code=200"): 3,
        ("shoptalk_webhooks_total", "provider=meta status_code=401"): 1,
        ("shoptalk_turns_total", "business=corner_shop outcome=handled"): 2,
        ("shoptalk_turn_duration_seconds_count", "outcome=handled"): 2,
        ("shoptalk_turn_duration_seconds_bucket", "outcome=handled le=10.0"): 2,
        ("shoptalk_delivery_duration_seconds_count", "provider=meta"): 4,
        ("shoptalk_messages_waiting", ""): 0,
        ("shoptalk_oldest_waiting_seconds", ""): 0,
        ("shoptalk_replies_queued", ""): 0,
        ("shoptalk_messages_put_aside", ""): 0,
        ("shoptalk_send_limit_messages_per_second", ""): 55,
        ("shoptalk_database_up", ""): 1,
        ("shoptalk_channel_state", f"provider=meta number={NUMBER} business=corner_shop state=open"): 1,
        ("shoptalk_channel_state", f"provider=meta number={NUMBER} business=corner_shop state=stopped"): 0,
    }
    labelled = {(name, labels): dict(word.split("=") for word in labels.split()) for name, labels in expected}
    assert {key: value(found, key[0], **labels) for key, labels in labelled.items()} == expected
    heard = value(found, "shoptalk_channel_heard_timestamp_seconds", provider="meta", number=NUMBER)
    ticked = value(found, "shoptalk_worker_ticked_timestamp_seconds")
    now = datetime.now(UTC).timestamp()
    assert heard is not None
    assert now - 60 < heard <= now + 1
    assert ticked is not None
    assert now - 10 < ticked <= now + 1
    assert (value(found, "shoptalk_process_resident_memory_bytes") or 0) > 1e6


def test_a_message_counts_once_and_not_at_all_where_it_is_nobodys(live, double):
    unclaimed = "shoptalk_messages_unclaimed_total"
    assert value(scraped(live), unclaimed, provider="meta") == 0
    for _ in range(3):
        live.say("hi", "w.1")
    assert live.post(body(text("hi", "w.2"), number="999")).status_code == 200
    found = scraped(live)
    assert value(found, "shoptalk_messages_in_total", provider="meta", kind="text") == 1
    assert value(found, unclaimed, provider="meta") == 1


def test_conversations_are_counted_by_their_state(live, double):
    for number, said in enumerate((["hi"], ["hi"], ["hi", "1, 1", "buy"])):
        for place, words in enumerate(said):
            live.say(words, f"w.{number}.{place}", sender=f"1999000111{number}")
    eventually(lambda: live.rows("orders") != [] and len(live.rows("turns")) >= 5)
    found = scraped(live)
    counted = {
        dict(labels)["state"]: count for (name, labels), count in found.items() if name == "shoptalk_sessions"
    }
    assert counted == {"shopping": 2, "over": 1}


def test_an_error_of_the_provider_is_told_by_its_code(live, double):
    double.answers = [(400, refusal(131026, "Message undeliverable"))]
    live.say("hi", "w.1")
    eventually(lambda: bool(value(scraped(live), "shoptalk_messages_put_aside")))
    found = scraped(live)
    assert value(found, "shoptalk_provider_errors_total", provider="meta", code="131026") == 1
    assert value(found, "shoptalk_deliveries_total", provider="meta", outcome="failed") == 1


def test_an_error_that_comes_with_a_receipt_is_told_too(live, double):
    live.say("hi", "w.1")
    status = {
        "id": "wamid.sent.1",
        "status": "failed",
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "recipient_id": double.wait_for(1)[0].to,
        "errors": [{"code": 131049, "title": "Not delivered to keep the ecosystem healthy"}],
    }
    assert live.post(body(statuses=[status], number=NUMBER)).status_code == 200
    assert value(scraped(live), "shoptalk_provider_errors_total", provider="meta", code="131049") == 1


def test_a_message_that_nobody_takes_up_grows_old(tmp_path, double):
    with live_server(tmp_path, double.url, works=False) as live:
        live.say("hi", "w.1")
        eventually(lambda: (value(scraped(live), "shoptalk_oldest_waiting_seconds") or 0) > 0)
        assert value(scraped(live), "shoptalk_messages_waiting") == 1


def test_what_a_customer_wrote_becomes_no_label():
    metrics = Metrics()
    for words in ("131056", "Sorry, Ann (+92 300 1234567) has left", "x" * 41, ""):
        metrics.provider_error("meta", words)
        metrics.message_in("meta", words)
        metrics.receipt("meta", words)
    found = samples(metrics.render()[0].decode())
    assert value(found, "shoptalk_provider_errors_total", provider="meta", code="131056") == 1
    assert value(found, "shoptalk_provider_errors_total", provider="meta", code="other") == 3
    assert value(found, "shoptalk_messages_in_total", provider="meta", kind="other") == 3
    assert value(found, "shoptalk_receipts_total", provider="meta", status="other") == 3


def test_a_database_that_is_away_is_told(live):
    live.say("hi", "w.1")
    database = live.site.storage.database
    with database.writing():
        database.execute("ALTER TABLE messages RENAME TO gone")
    found = scraped(live)
    with database.writing():
        database.execute("ALTER TABLE gone RENAME TO messages")
    assert value(found, "shoptalk_database_up") == 0
    assert value(found, "shoptalk_webhooks_total", provider="meta", status_code="200") == 1
    assert value(scraped(live), "shoptalk_database_up") == 1


WHO = [
    ("nobody in between", {}, 200),
    ("through a proxy, from a private network", {"X-Forwarded-For": "10.1.2.3"}, 200),
    ("through two proxies", {"X-Forwarded-For": "10.1.2.3, 192.168.1.1"}, 200),
    ("from a private network in IPv6", {"X-Forwarded-For": "fd00::17"}, 200),
    ("through a proxy, from the world", {"X-Forwarded-For": "203.0.114.9"}, 403),
    ("somebody who calls himself private", {"X-Forwarded-For": "127.0.0.1, 203.0.114.9"}, 403),
    ("an IPv4 address in IPv6's clothes", {"X-Forwarded-For": "::ffff:203.0.114.9"}, 403),
    ("a name that is no address", {"X-Forwarded-For": "localhost"}, 403),
    ("an address that is empty", {"X-Forwarded-For": ""}, 403),
    ("a header of another proxy", {"X-Real-IP": "203.0.114.9"}, 403),
    ("a header that is not read", {"Forwarded": "for=127.0.0.1"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), [row[1:] for row in WHO], ids=[row[0] for row in WHO])
def test_without_a_token_only_private_networks_may_read(port, headers, status):
    got = requests.get(f"http://127.0.0.1:{port('')}/metrics", headers=headers, timeout=30)
    assert got.status_code == status
    assert ("METRICS_TOKEN" in got.text) is (status == 403)


@pytest.fixture
def port() -> Iterator:
    """A port that shows metrics, for who shows this token."""
    ends = []

    def shown(token: str) -> int:
        number = free_port()
        ends.append(serve_metrics(Metrics(), number, token))
        return number

    yield shown
    for end in ends:
        end()


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_behind_a_proxy_the_world_does_not_read_the_server_of_one_machine(tmp_path, trusted):
    """A WSGI server that drops what proxies say would make everybody local."""
    command = (*SHOPTALK, "serve", "--port", "0")
    with running(make_shop(tmp_path), *command, TRUSTED_PROXIES=trusted) as server:
        url = server.wait_for("Shoptalk serves").rpartition(" ")[2]
        assert requests.get(f"{url}/metrics", timeout=30).status_code == 200
        said = {"X-Forwarded-For": "203.0.114.9"}
        assert requests.get(f"{url}/metrics", headers=said, timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer another"}, 401),
        ({"Authorization": "Basic the token"}, 401),
        ({"Authorization": "Bearer "}, 401),
        (bearer("thé token"), 200),
        ({**bearer("thé token"), "X-Forwarded-For": "203.0.114.9"}, 200),
    ],
)
def test_with_a_token_whoever_shows_it_may_read(port, headers, status):
    got = requests.get(f"http://127.0.0.1:{port('thé token')}/metrics", headers=headers, timeout=30)
    assert got.status_code == status
    if status == 401:
        assert got.headers["WWW-Authenticate"] == "Bearer"
        assert "shoptalk_" not in got.text
    else:
        assert "shoptalk_turns_total" in got.text


def test_the_token_of_the_settings_opens_the_page(tmp_path, double):
    with live_server(tmp_path, double.url, works=False, metrics_token="only me") as live:
        assert live.get("/metrics", token=None).status_code == 401
        assert live.get("/metrics", token=TOKEN).status_code == 401
        assert live.get("/metrics", token="only me").status_code == 200


def test_a_port_that_is_taken_is_an_error(port):
    with pytest.raises(OSError, match="in use"):
        serve_metrics(Metrics(), port(""))


def test_the_port_of_a_worker_tells_whether_it_is_ready(tmp_path):
    with live_site(tmp_path, None) as site:
        ends, number = [], free_port()
        ends.append(serve_metrics(site.metrics, number, "only me", beside=[health.routes(site)]))

        def ask(path: str, **headers: str) -> requests.Response:
            return requests.get(f"http://127.0.0.1:{number}{path}", headers=headers, timeout=30)

        try:
            assert ask("/health").json() == {"status": "alive"}
            before = ask("/ready")
            assert (before.status_code, before.json()["worker"]) == (503, "is not started")
            site.workers.start()
            after = ask("/ready")
            assert (after.status_code, after.json()["status"]) == (200, "ready")
            site.workers.stop()
            assert ask("/ready").json()["worker"] == "is stopping"
            far = {"X-Forwarded-For": "203.0.114.9"}
            assert ask("/ready", **far).status_code == 403
            assert ask("/ready", **far, Authorization="Bearer only me").status_code == 503
        finally:
            ends[0]()


def test_a_number_that_never_brought_anything_is_silent_since_the_start(tmp_path, double):
    noon = datetime(2025, 10, 18, 12, tzinfo=UTC)
    with live_site(tmp_path, double.url, now=lambda: noon) as site:
        text, _ = site.metrics.render()
    samples = [
        sample
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name == "shoptalk_channel_heard_timestamp_seconds"
    ]
    assert [(sample.labels, sample.value) for sample in samples] == [
        ({"provider": "meta", "number": NUMBER}, noon.timestamp())
    ]


COUNTING = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from adapters.metrics import Metrics
metrics = Metrics()
number = int(sys.argv[1])
for _ in range(number):
    metrics.turn("corner", "handled", 0.004)
metrics.sent("meta", "sent", 0.2)
metrics.ticked(datetime(2026, 5, 24, tzinfo=UTC) + timedelta(seconds=number))
print("counted", flush=True)
if number == 3:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_several_processes_tell_their_numbers_together(tmp_path):
    folder = tmp_path / "metrics"
    settings = environment(**{FOLDER: str(folder)})
    codes = [
        subprocess.run(
            [sys.executable, "-c", COUNTING, number], cwd=ROOT, env=settings, check=False
        ).returncode
        for number in ("2", "3", "5")
    ]
    assert codes == [0, -signal.SIGKILL, 0]
    show = "import sys; from adapters.metrics import Metrics; sys.stdout.buffer.write(Metrics().render()[0])"
    came = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env=settings, capture_output=True, text=True, check=True
    )
    found = samples(came.stdout)
    assert value(found, "shoptalk_turns_total", business="corner", outcome="handled") == 10
    assert value(found, "shoptalk_turn_duration_seconds_bucket", outcome="handled", le="0.0025") == 0
    assert value(found, "shoptalk_turn_duration_seconds_bucket", outcome="handled", le="0.005") == 10
    assert value(found, "shoptalk_deliveries_total", provider="meta", outcome="sent") == 3
    last = datetime(2026, 5, 24, 0, 0, 5, tzinfo=UTC).timestamp()
    assert value(found, "shoptalk_worker_ticked_timestamp_seconds") == last


@pytest.mark.parametrize("where", ["", "a_file/in_it"])
def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch, where):
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv(FOLDER, str(tmp_path / where) if where else "")
    with pytest.raises(SettingsError, match=f"{FOLDER}=.*name a folder of this machine"):
        Metrics()
    assert os.environ[FOLDER] is not None


def test_a_text_of_a_message_is_counted_with_its_kind(live):
    location = {**text("", "w.9"), "type": "location", "location": {"latitude": 1.0, "longitude": 2.0}}
    del location["text"]
    assert live.post(body(location, number=NUMBER)).status_code == 200
    assert value(scraped(live), "shoptalk_messages_in_total", provider="meta", kind="location") == 1
