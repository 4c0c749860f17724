"""What Sentry is told: each error once, without personal data, and the last ones when a process ends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@dataclass
class SentryDouble:
    """`raw` holds the envelopes as text, `events` what was reported."""

    dsn: str
    status: int = 200
    raw: list[str] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for envelope in self.raw:
            lines = envelope.splitlines()
            for header, payload in zip(lines[1::2], lines[2::2], strict=True):
                assert json.loads(header)["type"] == "event"
                found.append(json.loads(payload))
        return found


@contextmanager
def sentry_double() -> Iterator[SentryDouble]:
    """A server that takes envelopes as Sentry does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/42/api/envelope/" or self.path == "/api/42/envelope/", self.path
            double.raw.append(body.decode())
            self.send_response(double.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double = SentryDouble(f"http://publickey@127.0.0.1:{server.server_port}/42")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(code: str, dsn: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own, whose log goes where these settings say."""
    start = f"""
        import sys
        from adapters import log
        from adapters.settings import Settings
        log.start_logging_as_set(Settings(api_token="the API's token", sentry_dsn={dsn!r}))
    """
    program = textwrap.dedent(start) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_error_is_reported_without_what_is_nobodys_business():
    with sentry_double() as double:
        came = run(
            """
            def turn(phone, said):
                raise LookupError(f"{phone} said what the API's token is")

            try:
                turn("+923001234567", "my secret wish")
            except LookupError as error:
                log.problem("turn_failed", error, conversation=7, id="wamid.HBgMOTIzMDAx", correlation="c-12",
                            to=["923007654321"], shown="the API's token")
            """,
            double.dsn,
        )
    assert came.returncode == 0, came.stderr
    [event] = double.events
    [thrown] = event["exception"]["values"]
    assert (thrown["type"], thrown["value"]) == ("LookupError", "…4567 said what [secret] is")
    assert [frame["function"] for frame in thrown["stacktrace"]["frames"]] == ["<module>", "turn"]
    assert event["logentry"]["formatted"] == "turn_failed"
    assert event["extra"] == {
        "conversation": 7,
        "correlation": "c-12",
        "to": ["…4321"],
        "shown": "[secret]",
    }
    assert event["release"].startswith("shoptalk@")
    for private in ("300123", "300765", "secret wish", "the API's token", "wamid", "request", "user", "vars"):
        assert private not in json.dumps(event, ensure_ascii=False), private


def test_only_errors_are_reported_and_each_once():
    with sentry_double() as double:
        came = run(
            """
            import logging
            log.event("turn", conversation=1)
            logging.getLogger("waitress").warning("the queue is long")
            log.problem("message_not_sent", code="131047", text="re-engagement")
            logging.getLogger("huey").error("a task broke")
            """,
            double.dsn,
        )
    assert came.returncode == 0, came.stderr
    said = [(event["logger"], event["logentry"]["formatted"]) for event in double.events]
    assert said == [("shoptalk", "message_not_sent"), ("huey", "a task broke")]


def test_a_process_that_ends_at_once_has_reported_its_last_error():
    with sentry_double() as double:
        code = 'log.problem("the_last_words"); raise SystemExit(3)'
        came = run(code, double.dsn)
    assert came.returncode == 3
    assert [event["logentry"]["formatted"] for event in double.events] == ["the_last_words"]


@pytest.mark.parametrize("status", [429, 500])
def test_a_sentry_in_trouble_holds_nobody_up(status):
    with sentry_double() as double:
        double.status = status
        came = run(
            """
            import time
            began = time.monotonic()
            for number in range(500):
                log.problem("trouble", number=number)
            assert time.monotonic() - began < 5
            """,
            double.dsn,
        )
    assert came.returncode == 0, came.stderr
    assert len(came.stderr.splitlines()) == 500, "what Sentry does not take is in the log all the same"


def test_a_sentry_that_is_away_holds_nobody_up():
    came = run('log.problem("trouble")', "http://publickey@127.0.0.1:9/42")
    assert came.returncode == 0
    assert json.loads(came.stderr.splitlines()[0])["event"] == "trouble"


def test_without_a_dsn_nothing_of_sentry_is_loaded():
    code = 'log.problem("trouble"); sys.exit("sentry_sdk" in sys.modules)'
    assert run(code, "").returncode == 0


def test_what_is_no_dsn_is_said_at_the_start():
    came = run("", "https://nobody.example.org/")
    assert "SettingsError: SENTRY_DSN is not the DSN of a project, as Sentry shows it" in came.stderr
