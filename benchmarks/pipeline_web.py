"""The webhook's own time: real servers under a steady load, ours beside a bare handler with one INSERT."""

from __future__ import annotations

import http.client
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipeline_floor import HEARD, MOMENT, PAYLOAD
from pipeline_shop import posted_of, site_of

FILL = (
    """
    INSERT INTO customers
    (business, phone, name, address, email, language, role, profile_name, created_at)
    WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {many})
    SELECT 'cookie_barrel', CAST(923000000000 + n AS TEXT), '', '', '', '', 'customer', 'Ayesha', '{moment}'
    FROM count""",
    """
    INSERT INTO conversations
    (business, customer_id, channel_id, flow, state, data, touched, heard_at, created_at, updated_at)
    SELECT 'cookie_barrel', customers.id, {channel}, 'customer', 'initial', '{data}', 0, '{moment}',
           '{moment}', '{moment}' FROM customers""",
)


def fill(file: str, many: int) -> None:
    """So many customers, each with a conversation in which nobody has spoken."""
    site = site_of(f"sqlite:///{file}", threads=0)
    first = posted_of(0, 0, "first")
    site.storage.accept("meta", site.channels["meta"].parse(first), site.now())
    site.storage.close()
    with closing(sqlite3.connect(file)) as connection:
        data, channel = connection.execute("SELECT data, channel_id FROM conversations").fetchone()
        for statement in ("DELETE FROM messages", "DELETE FROM conversations", "DELETE FROM customers"):
            connection.execute(statement)
        for statement in FILL:
            values = {"many": many, "moment": MOMENT, "channel": channel, "data": data.replace("'", "''")}
            connection.execute(statement.format(**values))
        connection.commit()


def latencies(port: int, rate: float, seconds: float, customers: int, run: str) -> list[float]:
    """Seconds that each of the POSTs took, sent at this rate by four senders on open connections."""
    taken: list[float] = []
    count = int(rate * seconds)
    began = time.perf_counter() + 0.2
    step = max(1, customers // count)

    def send(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first, count, 4):
            posted = posted_of(1 + number * step % customers, number, run)
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            at = time.perf_counter()
            connection.request("POST", "/webhooks/meta", posted.body, dict(posted.headers))
            answer = connection.getresponse()
            answer.read()
            taken.append(time.perf_counter() - at)
            assert answer.status == 200, answer.status
        connection.close()

    senders = [threading.Thread(target=send, args=(first,)) for first in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return taken


def percentile(values: list[float], part: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


@contextmanager
def web_server(kind: str, file: str) -> Iterator[int]:
    """`real` or `bare`, as a process of its own that was warmed up; its port."""
    process = subprocess.Popen(
        [sys.executable, __file__, kind, file],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        latencies(port, 100, 1, 100, f"warm-{time.time_ns()}")
        yield port
    finally:
        process.communicate("")


def serve(kind: str, file: str) -> None:
    """Serves until its standard input ends."""
    from waitress import create_server

    app = real_app(file) if kind == "real" else bare_app(file)
    server = create_server(app, host="127.0.0.1", port=0, threads=16)
    threading.Thread(target=server.run, daemon=True).start()
    print(server.effective_port, flush=True)
    sys.stdin.read()


def real_app(file: str):
    from adapters import web

    return web.create_app(site_of(f"sqlite:///{file}", threads=0))


def bare_app(file: str):
    """A Flask handler that writes one row and commits."""
    from flask import Flask, request

    app = Flask("bare")
    local = threading.local()
    lock = threading.Lock()
    numbers = iter(range(time.time_ns(), sys.maxsize))

    @app.post("/webhooks/meta")
    def receive():
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = sqlite3.connect(file, isolation_level=None, timeout=30)
            connection.execute("PRAGMA synchronous = FULL")
            local.place = connection.execute(
                "SELECT business, id, channel_id FROM conversations LIMIT 1"
            ).fetchone()
        request.get_data()
        business, conversation, channel = local.place
        with lock:
            row = (business, conversation, channel, f"bare.{next(numbers)}", PAYLOAD, MOMENT, MOMENT, MOMENT)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(HEARD, row).fetchall()
            connection.execute("COMMIT")
        return {"received": 1}

    return app


if __name__ == "__main__":
    serve(sys.argv[1], str(Path(sys.argv[2])))
