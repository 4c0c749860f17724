"""`shoptalk doctor` asks all that is set up, says what to do where it is wrong, and betrays no secret."""

from __future__ import annotations

import json
import ssl
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from processes import environment, free_port, make_shop, shoptalk
from twilio_double import ACCOUNT, AUTH_TOKEN, NUMBER, TwilioDouble, twilio_double

from adapters.commands.doctor import run
from adapters.storage import open_storage

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""A certificate (and its key) for this machine, which nobody trusts but who is told to."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path)


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    with twilio_double() as double:
        yield double


@contextmanager
def https(answer: Any, status: int = 200) -> Iterator[str]:
    """A server that answers everything so, over https; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def twilio(double: TwilioDouble, **more: str) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_WHATSAPP_FROM": f"+{NUMBER}",
        "TWILIO_API_URL": double.url,
        **more,
    }


Asked = Callable[..., tuple[int, dict[str, tuple[str, str]]]]


@pytest.fixture
def asked(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    """Runs it in the shop's folder: the exit code, and each line's mark and text by the name of the check."""

    def ask(**settings: str) -> tuple[int, dict[str, tuple[str, str]]]:
        with monkeypatch.context() as patch:
            patch.chdir(shop)
            patch.setattr("os.environ", environment(**settings))
            code = run(Namespace(packs=[]))
        found = {}
        for line in capsys.readouterr().out.splitlines()[:-1]:
            mark, _, rest = line.partition(" ")
            name, _, text = rest.partition(": ")
            found[name] = (mark, text)
        return code, found

    return ask


def test_a_fresh_shop_is_well(shop: Path, asked: Asked) -> None:
    code, found = asked()
    assert code == 0
    assert {name: mark for name, (mark, _) in found.items()} == dict.fromkeys(
        ("packs", "database", "Redis", "PUBLIC_URL", "providers"), "✓"
    )
    assert not (shop / "shoptalk.db").exists()  # nothing is changed


def test_all_is_well(shop: Path, double: TwilioDouble, redis_url: str) -> None:
    with https({"status": "alive"}) as url:
        double.senders = [
            {
                "sid": "XE1",
                "sender_id": f"whatsapp:+{NUMBER}",
                "status": "ONLINE",
                "webhook": {"callback_url": f"{url}/webhooks/twilio"},
            }
        ]
        storage = open_storage(f"sqlite:///{shop}/shoptalk.db")
        storage.migrate()
        storage.close()
        trusted = {"REQUESTS_CA_BUNDLE": str(CERTIFICATE)}
        settings = twilio(double, PUBLIC_URL=url, REDIS_URL=redis_url, TWILIO_BUSINESS="corner_shop")
        came = shoptalk(shop, "doctor", **settings, **trusted)
    assert came.stdout.splitlines() == [
        "✓ packs: corner_shop",
        "✓ database: sqlite:///shoptalk.db",
        "✓ Redis: it answers",
        f"✓ PUBLIC_URL: {url}",
        "✓ Twilio's account: the account is active",
        f"✓ Twilio's number: +{NUMBER} is online",
        f"✓ Twilio's webhook: {url}/webhooks/twilio",
        "All is well.",
    ]
    assert came.returncode == 0


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "database", "does not exist"),
        ({"DATABASE_URL": "postgresql://ann:pass-word@127.0.0.1:1/shop"}, "database", "DATABASE_URL"),
        ({"REDIS_URL": "redis://:pass-word@127.0.0.1:1/0"}, "Redis", "look at REDIS_URL"),
        ({"PUBLIC_URL": "http://127.0.0.1:1"}, "PUBLIC_URL", "is not https"),
        ({"PUBLIC_URL": "https://127.0.0.1:1"}, "PUBLIC_URL", "is the server started"),
        ({"SEND_RATE": "many"}, "settings", "SEND_RATE"),
    ],
)
def test_what_is_wrong_is_said(asked: Asked, settings: dict[str, str], name: str, says: str) -> None:
    code, found = asked(**settings)
    assert code == 1
    mark, text = found[name]
    assert mark == "✗"
    assert says in text
    assert "pass-word" not in str(found)


@pytest.mark.parametrize(("answer", "status"), [({"status": "dead"}, 200), ("x", 200), ({}, 502), ({}, 301)])
def test_somebody_else_at_the_public_address(asked: Asked, answer: Any, status: int) -> None:
    with https(answer, status) as url:
        code, found = asked(PUBLIC_URL=url, REQUESTS_CA_BUNDLE=str(CERTIFICATE))
    assert code == 1
    assert f"it answered {status}" in found["PUBLIC_URL"][1]


def test_a_certificate_that_nobody_trusts(asked: Asked) -> None:
    with https({"status": "alive"}) as url:
        code, found = asked(PUBLIC_URL=url)
    assert code == 1
    assert "SSLError" in found["PUBLIC_URL"][1]


def test_a_provider_that_refuses(asked: Asked, double: TwilioDouble) -> None:
    double.account = (401, {"code": 20003, "message": f"Authenticate with {AUTH_TOKEN}"})
    code, found = asked(**twilio(double, TWILIO_BUSINESS="bakery"))
    assert code == 1
    assert found["TWILIO_BUSINESS"][0] == "✗"
    assert "served are corner_shop" in found["TWILIO_BUSINESS"][1]
    assert found["PUBLIC_URL"][0] == "✗"
    assert "copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN anew" in found["Twilio's account"][1]
    assert AUTH_TOKEN not in str(found)


def test_a_provider_that_is_not_there(asked: Asked, double: TwilioDouble) -> None:
    settings = twilio(double, TWILIO_API_URL=f"http://127.0.0.1:{free_port()}")
    code, found = asked(**settings)
    assert code == 1
    assert "TWILIO_API_URL" in found["Twilio's account"][1]


def test_a_pack_with_findings(shop: Path, asked: Asked) -> None:
    (shop / "flows" / "corner_shop" / "customer.yaml").write_text("flow: customer\nstart: nowhere\n")
    code, found = asked()
    assert code == 1
    assert found["packs"][0] == "✗"
