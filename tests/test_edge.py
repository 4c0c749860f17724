"""The edge lets in who may come, as much and as often as is good; answers say what browsers need."""

from __future__ import annotations

import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from servers import valkey_server

from adapters.settings import Networks, Settings
from adapters.web.edge import LARGEST_BODY, body, guard, request_id
from adapters.web.proxies import asked_by

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def networks(*texts: str) -> Networks:
    return tuple(ip_network(text) for text in texts)


def guarded(**settings: Any) -> Flask:
    """A small application behind the edge: a webhook, an API that tells who asked, and a page that breaks."""
    app = Flask("guarded")
    webhooks, api = Blueprint("webhook", __name__), Blueprint("api", __name__, url_prefix="/api/v1")

    @webhooks.post("/webhooks/meta")
    def hook() -> dict[str, Any]:
        return {"bytes": len(body())}

    @api.get("/asked")
    def asked() -> dict[str, Any]:
        return {"from": request.remote_addr, "url": request.url, "id": request_id()}

    @api.get("/also")
    def also() -> dict[str, Any]:
        return {}

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "alive"}

    @app.get("/broken")
    def broken() -> dict[str, Any]:
        raise RuntimeError("unforeseen")

    guard(app, Settings(**settings), webhooks, api)
    app.register_blueprint(webhooks)
    app.register_blueprint(api)
    return app


@pytest.fixture
def client() -> FlaskClient:
    return guarded().test_client()


# Who asks


TRUSTED = networks("10.0.0.0/8", "127.0.0.1", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "said", "found"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # who is not trusted is not believed
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the customer made up stands left
        ("127.0.0.1", "1.1.1.1, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),  # all of them are ours
        ("127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"),
        ("127.0.0.1", "nonsense, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", ", ,", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", "198.51.100.1"),  # a socket of this machine
        ("not an address", "198.51.100.1", "not an address"),
    ],
)
def test_the_chain_is_believed_from_the_right(peer: str, said: str, found: str) -> None:
    assert asked_by(peer, said, "", "", TRUSTED).address == found


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert asked_by("127.0.0.1", "198.51.100.1", "https", "shop.example.org", ()) == ("127.0.0.1", "", "")


@pytest.mark.parametrize(
    ("said_for", "scheme", "host", "found"),
    [
        ("198.51.100.1", "https", "shop.example.org", ("https", "shop.example.org")),
        ("198.51.100.1", "HTTPS", "shop.example.org:8443", ("https", "shop.example.org:8443")),
        ("198.51.100.1", "gopher", "a b", ("", "")),
        ("198.51.100.1", "https", "evil.example.org/path", ("https", "")),
        ("198.51.100.1", "https", "[2001:db8::1]:80", ("https", "[2001:db8::1]:80")),
        # Two hops: the outer proxy's word counts, not what the customer sent, nor the inner proxy's.
        (
            "198.51.100.1, 10.1.2.3",
            "http, https, http",
            "x, shop.example.org, inner",
            ("https", "shop.example.org"),
        ),
        ("198.51.100.1, 10.1.2.3", "https", "shop.example.org", ("https", "shop.example.org")),
    ],
)
def test_scheme_and_host_of_the_outermost_trusted_proxy(
    said_for: str, scheme: str, host: str, found: tuple[str, str]
) -> None:
    assert asked_by("127.0.0.1", said_for, scheme, host, TRUSTED)[1:] == found


FORWARDED = {
    "X-Forwarded-For": "198.51.100.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example.org",
}


def test_pages_see_who_asked_and_under_which_address() -> None:
    told = (
        guarded(trusted_proxies=networks("127.0.0.1")).test_client().get("/api/v1/asked", headers=FORWARDED)
    )
    assert told.json is not None
    assert (told.json["from"], told.json["url"]) == ("198.51.100.1", "https://shop.example.org/api/v1/asked")
    assert told.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_stranger_forges_nothing(client: FlaskClient) -> None:
    told = client.get("/api/v1/asked", headers=FORWARDED)
    assert told.json is not None
    assert (told.json["from"], told.json["url"]) == ("127.0.0.1", "http://localhost/api/v1/asked")
    assert "Strict-Transport-Security" not in told.headers


# What every answer carries


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/api/v1/asked", 200),
        ("POST", "/webhooks/meta", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/webhooks/meta", 405),
        ("GET", "/broken", 500),
        ("GET", "//", 404),
    ],
)
def test_every_answer_tells_browsers_to_trust_nothing(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    got = client.open(path, method=method)
    assert got.status_code == status
    assert {name: got.headers.get(name) for name in HEADERS} == HEADERS
    assert ("no-store" in got.headers.get("Cache-Control", "")) == path.startswith("/api/")
    assert len(got.headers["X-Request-ID"]) == 16


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("d4f1c2a0-77aa-4b1c-9d3e-0a1b2c3d4e5f", True),
        ("trace.1_a-b", True),
        ("short", False),
        ("x" * 65, False),
        ("two words here", False),
        ('quote"quote', False),
        ("grüße-grüße", False),
    ],
)
def test_a_request_keeps_the_word_it_came_with(client: FlaskClient, given: str, is_kept: bool) -> None:
    got = client.get("/api/v1/asked", headers={"X-Request-ID": given})
    assert got.json is not None
    assert got.json["id"] == got.headers["X-Request-ID"]
    assert (got.json["id"] == given) == is_kept


# How much


def test_a_large_body_is_refused_before_it_is_read(client: FlaskClient) -> None:
    class Unread:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

        readline = readlines = read

    large = {"CONTENT_LENGTH": str(LARGEST_BODY + 1), "wsgi.input": Unread()}
    got = client.post("/webhooks/meta", environ_overrides=large)
    assert got.status_code == 413
    assert client.post("/webhooks/meta", data=b"x" * LARGEST_BODY).status_code == 200


def test_a_body_that_does_not_say_its_length_is_bounded_too(client: FlaskClient) -> None:
    def post(size: int) -> int:
        said = {"wsgi.input": BytesIO(b"x" * size), "wsgi.input_terminated": True}
        said |= {"HTTP_TRANSFER_ENCODING": "chunked"}
        return client.post("/webhooks/meta", environ_overrides=said).status_code

    assert (post(LARGEST_BODY - 1), post(LARGEST_BODY + 1)) == (200, 413)


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999", "x", "", "٣"])
def test_an_odd_length_breaks_nothing(client: FlaskClient, length: str) -> None:
    got = client.open("/webhooks/meta", method="POST", environ_overrides={"CONTENT_LENGTH": length})
    assert got.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    "host", ["", "a b", "x" * 300, "ü.example.org", "[::1", "a:b:c", "..", "\x80", "-" * 70]
)
def test_an_odd_host_breaks_nothing(client: FlaskClient, host: str) -> None:
    got = client.get("/api/v1/asked", headers={"Host": host})
    assert got.status_code in (200, 400)


# From where


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("192.0.2.7", None, 200),
        ("2001:db8::7", None, 200),
        ("::ffff:192.0.2.7", None, 200),
        ("203.0.113.5", None, 403),
        ("203.0.113.5", "192.0.2.7", 403),
        ("127.0.0.1", "192.0.2.7", 200),
        ("127.0.0.1", "203.0.113.5", 403),
        ("127.0.0.1", None, 403),
        ("rubbish", None, 403),
    ],
)
def test_only_allowed_networks_reach_the_webhook(peer: str, forwarded: str | None, status: int) -> None:
    client = guarded(
        allowed_networks=networks("192.0.2.0/24", "2001:db8::/32"), trusted_proxies=networks("127.0.0.1")
    ).test_client()
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    asked = {"environ_overrides": {"REMOTE_ADDR": peer}, "headers": headers}
    assert client.post("/webhooks/meta", data=b"", **asked).status_code == status  # type: ignore[arg-type]
    assert client.get("/api/v1/asked", **asked).status_code == 200  # type: ignore[arg-type]


# How often


def rush(client: FlaskClient, times: int, peer: str = "192.0.2.7", path: str = "/webhooks/meta") -> list[int]:
    method = "POST" if path.startswith("/webhooks") else "GET"
    return [
        client.open(path, method=method, environ_overrides={"REMOTE_ADDR": peer}).status_code
        for _ in range(times)
    ]


def test_one_address_may_not_ask_without_end(caplog: pytest.LogCaptureFixture) -> None:
    client = guarded(webhook_rate="3 per minute", api_rate="2 per hour").test_client()
    with caplog.at_level(logging.INFO, "shoptalk"):
        assert rush(client, 5) == [200, 200, 200, 429, 429]
    assert [record.getMessage() for record in caplog.records] == ["asked_too_often"]
    assert rush(client, 3, peer="192.0.2.8") == [200] * 3  # each address for itself
    assert rush(client, 3, path="/api/v1/asked") == [200, 200, 429]  # and each of the two for itself
    assert rush(client, 1, path="/api/v1/also") == [429]  # but all pages of one together
    assert rush(client, 5, path="/health") == [200] * 5
    refused = client.post("/webhooks/meta", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert refused.json == {"error": "this address asks too often: at most 3 per 1 minute"}
    assert refused.headers["Retry-After"] == "60"


def test_an_ipv6_customer_is_counted_by_network() -> None:
    client = guarded(webhook_rate="2 per minute").test_client()
    found = [rush(client, 1, peer=f"2001:db8:0:1::{number}")[0] for number in range(1, 4)]
    assert found == [200, 200, 429]
    assert rush(client, 1, peer="2001:db8:0:2::1") == [200]


def test_several_processes_count_together_in_redis(redis_url: str) -> None:
    one, other = (guarded(webhook_rate="3 per minute", redis_url=redis_url).test_client() for _ in range(2))
    assert rush(one, 2) + rush(other, 2) == [200, 200, 200, 429]


def test_without_redis_it_counts_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with valkey_server(tmp_path) as server:
        client = guarded(webhook_rate="3 per minute", redis_url=server.url).test_client()
        assert rush(client, 1) == [200]
        server.stop()
        assert rush(client, 4) == [200, 200, 200, 429]
        assert any("falling back to in-memory" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_redis_that_does_not_answer_costs_no_request(hangs: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if hangs:
            silent.listen(64)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = guarded(webhook_rate="3 per minute", redis_url=url).test_client()
        began = time.monotonic()
        assert rush(client, 4) == [200, 200, 200, 429]
        assert time.monotonic() - began < 10


def test_many_at_once_when_redis_goes_away_are_all_answered(tmp_path: Path) -> None:
    with valkey_server(tmp_path) as server:
        app = guarded(webhook_rate="1000 per minute", redis_url=server.url)
        assert rush(app.test_client(), 1) == [200]
        server.stop()
        with ThreadPoolExecutor(16) as threads:
            found = list(threads.map(lambda _: rush(app.test_client(), 5), range(16)))
    assert {status for statuses in found for status in statuses} == {200}
