"""`shoptalk serve` does everything in one process, and `shoptalk explain` tells what came of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
import requests
from live_server import FILES, NUMBER, SECRET, SENDER, TOKEN, bearer
from meta_double import MetaDouble, body, meta_double, refusal, text

from adapters import log, serving
from adapters.channels.meta import signature
from adapters.settings import Settings
from adapters.storage import StorageError, sqlite
from adapters.watch import PackWatch
from adapters.wiring import load_packs, make_site, storage_here
from engine.pack import Pack
from engine.story import rule_name, tell

ROOT = Path(__file__).parent.parent
SHOPTALK = [sys.executable, "-c", "import sys; from adapters.cli import shoptalk; sys.exit(shoptalk())"]
NAMES = re.compile("META_|WHATSAPP_|SHOPTALK_|DATABASE_URL|REDIS_URL|SEND_|READ_MARKS|LOG_FILE|SENTRY_")


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings and no others of Shoptalk."""
    kept = {name: value for name, value in os.environ.items() if not NAMES.match(name)}
    return {**kept, **settings, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def with_meta(url: str) -> dict[str, str]:
    return {
        "META_APP_SECRET": SECRET,
        "WHATSAPP_ACCESS_TOKEN": "the access token",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "WHATSAPP_VERIFY_TOKEN": "the verify token",
        "META_GRAPH_URL": url,
        "SHOPTALK_API_TOKEN": TOKEN,
    }


def call(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SHOPTALK, *words],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


class Served:
    """A process of Shoptalk that runs: where it listens, what it has printed and logged so far."""

    def __init__(
        self, folder: Path, words: tuple[str, ...], settings: dict[str, str], command: str = "serve"
    ) -> None:
        port = () if command == "worker" else ("--port", "0")
        self.process = subprocess.Popen(
            [*SHOPTALK, command, *port, *words],
            cwd=folder,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._listens = threading.Event()
        self._more = threading.Condition()
        self.printed: list[str] = []
        self.logged: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.printed), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.logged), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        assert self._listens.wait(60), self.logged
        assert self.printed, self.logged
        self.url = "".join(re.findall(r"http://127\.0\.0\.1:\d+", self.printed[0])[:1])

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._more:
                lines.append(line.rstrip("\n"))
                self._more.notify_all()
            if lines is self.printed:
                self._listens.set()
        self._listens.set()

    def say(self, said: str, identity: str, sender: str = SENDER) -> None:
        raw = json.dumps(body(text(said, identity, sender, str(int(time.time()))), number=NUMBER)).encode()
        headers = {"X-Hub-Signature-256": signature(SECRET, raw)}
        got = requests.post(f"{self.url}/webhooks/meta", data=raw, headers=headers, timeout=30)
        assert got.status_code == 200, got.text

    def logs(self, event: str, seconds: float = 20) -> bool:
        """Waits until this event stands in the log."""
        with self._more:
            return self._more.wait_for(
                lambda: any(json.loads(line)["event"] == event for line in self.logged), seconds
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        for reader in self._readers:
            reader.join(10)
        return code


@contextmanager
def served(folder: Path, *words: str, command: str = "serve", **settings: str) -> Iterator[Served]:
    server = Served(folder, words, settings, command)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
        for stream in (server.process.stdout, server.process.stderr):
            if stream:
                stream.close()


@pytest.fixture
def double() -> Iterator[MetaDouble]:
    with meta_double() as double:
        yield double


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the corner shop in its `flows`."""
    pack = tmp_path / "flows" / "corner_shop"
    pack.mkdir(parents=True)
    for name, content in FILES.items():
        (pack / name).write_text(content, encoding="utf-8")
    return tmp_path


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    with closing(apsw.Connection(str(folder / "shoptalk.db"))) as connection:
        connection.row_trace = lambda cursor, row: dict(
            zip((column[0] for column in cursor.description), row, strict=True)
        )
        return connection.execute(query).fetchall()


def test_cookie_barrel_from_a_signed_hi_to_rows_in_the_database(tmp_path: Path, double: MetaDouble) -> None:
    said = [
        "hi", "1, 2", "cart", "done", "Sara Khan", "12 Clifton Road, Karachi", "Ring twice", "confirm",
    ]  # fmt: skip
    pack = str(ROOT / "flows" / "cookie_barrel")
    with served(tmp_path, pack, **with_meta(double.url)) as server:
        assert requests.get(f"{server.url}/ready", timeout=10).status_code == 200
        for number, each in enumerate(said):
            server.say(each, f"wamid.{number}")
        double.wait_until(lambda asked: bool(asked) and "Order #" in asked[-1].text)
        orders = requests.get(f"{server.url}/api/v1/orders", headers=bearer(TOKEN), timeout=10).json()
        assert [order["total"] for order in orders["orders"]] == ["100.00"]
        assert server.stop() == 0
    texts = [one.text for one in double.asked]
    assert texts[0].startswith("👋 Welcome to Cookie Barrel")
    assert any("✅ Added 2x Chocolate Chip Cookie\nCart Total: ₹100" in each for each in texts)
    assert f"✅ Order Confirmed!\nOrder #: {orders['orders'][0]['number']}" in texts[-1]
    assert double.together == 1

    (order,) = rows(tmp_path, "SELECT * FROM orders")
    assert re.fullmatch(r"WA\d{8}000001", order["number"])
    assert (order["total"], order["name"], order["instructions"]) == (10000, "Sara Khan", "Ring twice")
    (item,) = rows(tmp_path, "SELECT * FROM order_items")
    assert (item["product"], item["quantity"], item["price"]) == ("choc_chip", 2, 5000)
    (customer,) = rows(tmp_path, "SELECT * FROM customers")
    assert (customer["name"], customer["phone"]) == ("Sara Khan", SENDER)
    assert customer["address"] == "12 Clifton Road, Karachi"
    assert rows(tmp_path, "SELECT stock FROM products WHERE number = 1") == [{"stock": 198}]

    told = call(tmp_path, "explain", "+1 999 000 1111")
    assert told.returncode == 0, told.stderr
    for each in said:
        assert f"customer: {each}" in told.stdout
    assert f"Order {order['number']} was made: INR 100.00" in told.stdout
    assert "Did place_order" in told.stdout
    assert re.search(r"customer\.yaml:\d+\]", told.stdout)

    log = "\n".join(server.logged)
    events = [json.loads(line)["event"] for line in server.logged]
    assert events.count("message_received") == events.count("turn") == len(said)
    for hidden in (SENDER, SECRET, TOKEN, "the access token", "Sara Khan", "Clifton"):
        assert hidden not in log


def test_without_settings_it_runs_and_says_what_to_try(shop: Path) -> None:
    with served(shop) as server:
        assert requests.get(f"{server.url}/health", timeout=10).status_code == 200
        assert requests.get(f"{server.url}/ready", timeout=10).status_code == 200
        assert requests.post(f"{server.url}/webhooks/meta", timeout=10).status_code == 503
        assert requests.get(f"{server.url}/api/v1/orders", timeout=10).status_code == 403
        assert server.stop(signal.SIGINT) == 0
    printed = "\n".join(server.printed)
    assert "Corner Shop" in printed
    assert "META_APP_SECRET" in printed
    assert "shoptalk chat flows/corner_shop" in printed
    assert (shop / "shoptalk.db").exists()


def test_what_was_accepted_survives_a_kill(shop: Path, double: MetaDouble) -> None:
    double.hold.clear()  # Meta takes its time: the first reply is being sent
    settings = {**with_meta(double.url), "SEND_TIMEOUT": "1", "READ_MARKS": "off"}
    with served(shop, **settings) as server:
        server.say("hi", "wamid.1")
        server.say("1, 2", "wamid.2")
        with double.arrived:
            assert double.arrived.wait_for(lambda: double.together == 1, 20)
        server.stop(signal.SIGKILL)
    with served(shop, **settings) as server:
        double.hold.set()
        # The one that was being sent when the power went may come twice; nothing may be missing.
        double.wait_for(5)
        assert server.stop() == 0
    texts = [one.text.split()[0] for one in double.asked]
    assert texts[:2] == ["Welcome", "Welcome"]
    assert texts[2:] == ["1.", "What", "Added"]


@pytest.mark.parametrize(
    ("words", "settings", "says"),
    [
        (
            (),
            {"META_APP_SECRET": "x", "DATABASE_URL": "mysql://x"},
            ["DATABASE_URL", "WHATSAPP_ACCESS_TOKEN"],
        ),
        ((), {"DATABASE_URL": "sqlite:///no/such/folder/shop.db"}, ["DATABASE_URL", "no/such/folder"]),
        ((), {"DATABASE_URL": "sqlite:///shop.db?mode=ro"}, ["DATABASE_URL", "?"]),
        (("--host", "no host"), {}, ["no host", "--host"]),
        (("nowhere",), {}, ["nowhere", "business.yaml"]),
        (("--host", "192.0.2.1"), {}, ["192.0.2.1"]),
    ],
)
def test_what_cannot_be_served_is_said(
    shop: Path, words: tuple[str, ...], settings: dict[str, str], says: list[str]
) -> None:
    came = call(shop, "serve", *words, **settings)
    assert came.returncode == 1
    assert "Traceback" not in came.stderr
    for each in says:
        assert each in came.stderr


@pytest.mark.parametrize("port", ["x", "70000", "-1"])
def test_a_port_that_is_none_is_wrong_use(shop: Path, port: str) -> None:
    assert call(shop, "serve", "--port", port).returncode == 2


@pytest.mark.parametrize("command", ["serve", "web"])
def test_a_changed_flow_answers_the_next_message_and_a_broken_one_does_not(shop: Path, command: str) -> None:
    flow = shop / "flows" / "corner_shop" / "customer.yaml"

    def answer(said: str) -> str:
        sent = {"from": SENDER, "text": said}
        got = requests.post(f"{server.url}/api/v1/simulator", json=sent, headers=bearer(TOKEN), timeout=10)
        return got.json()["replies"][0]["text"]

    def save(content: str, event: str) -> None:
        flow.write_text(content, encoding="utf-8")
        assert server.logs(event)

    with served(shop, "--watch", command=command, SHOPTALK_API_TOKEN=TOKEN) as server:
        assert answer("hi") == "Welcome to Corner Shop!"
        assert answer("what?") == "Pardon?"
        save(FILES["customer.yaml"].replace("Pardon?", "Sorry?"), "pack_taken_up")
        assert answer("what?") == "Sorry?"
        save(FILES["customer.yaml"].replace("goto: shopping", "goto: shoping"), "pack_refused")
        assert answer("what?") == "Sorry?"
        assert "[unknown_state]" in "".join(server.logged)
        if command == "serve":
            # Who has the terminal before them reads it there, without any JSON around it.
            refused = server.printed.index(
                "flows/corner_shop: not taken up, the last good version goes on answering."
            )
            assert "flows/corner_shop: saved, clean, and live as version 2." in server.printed[:refused]
            assert server.printed[refused + 1].startswith("flows/corner_shop/customer.yaml:8:")
            assert server.printed[refused + 1].endswith("[unknown_state]")


def test_a_server_that_does_not_watch_leaves_what_is_saved(shop: Path) -> None:
    flow = shop / "flows" / "corner_shop" / "customer.yaml"
    pack = load_packs([shop / "flows"])["corner_shop"]
    settings = Settings(f"sqlite:///{shop}/shop.db")
    with closing(storage_here(settings)) as storage:
        site = make_site(settings, {"corner_shop": pack}, storage, threads=0, watches=False)
        flow.write_text(FILES["customer.yaml"].replace("Pardon?", "Sorry?"), encoding="utf-8")
        site.watch.look()
        assert site.packs["corner_shop"] is pack


def test_a_pack_that_is_taken_away_goes_on_answering(shop: Path, caplog: pytest.LogCaptureFixture) -> None:
    pack = load_packs([shop / "flows"])["corner_shop"]
    published: list[Pack] = []
    told: list[str] = []
    watch = PackWatch([pack], published.append, told.append)
    Path(pack.path).rename(shop / "away")
    watch.look()
    watch.look()
    assert [record.getMessage() for record in caplog.records] == ["pack_refused"]
    (shop / "away").rename(pack.path)
    watch.look()
    assert (published, told[-1]) == (
        [],
        f"{pack.path}: clean again, and says what it said: nothing was published.",
    )


def test_a_file_that_says_nothing_new_publishes_nothing(shop: Path) -> None:
    pack = load_packs([shop / "flows"])["corner_shop"]
    published: list[Pack] = []
    told: list[str] = []
    watch = PackWatch([pack], published.append, told.append)
    folder = shop / "flows" / "corner_shop"
    (folder / "conversations").mkdir()

    def look_at(name: str, text: str, count: int) -> None:
        (folder / name).write_text(text, encoding="utf-8")
        watch.look()
        assert len(published) == count, name

    # Whoever went back to an older version is not taken forward again by one of these.
    look_at("conversations/note.txt", "call Ann", 0)
    look_at("conversations/hello.yaml", "conversation: Hello\nsays: [hi]\n", 0)
    look_at("customer.yaml", FILES["customer.yaml"], 0)
    assert told == []
    look_at("customer.yaml", FILES["customer.yaml"].replace("Pardon?", "Sorry?"), 1)
    look_at("customer.yaml", FILES["customer.yaml"], 2)
    look_at("customer.yaml", FILES["customer.yaml"] + "nonsense: 1\n", 2)
    assert "not taken up" in told[-1]
    look_at("customer.yaml", FILES["customer.yaml"], 2)
    assert told[-1] == f"{pack.path}: clean again, and says what it said: nothing was published."
    assert len(told) == 4


def test_a_pack_that_the_database_could_not_take_is_taken_up_by_the_next_look(shop: Path) -> None:
    pack = load_packs([shop / "flows"])["corner_shop"]
    published: list[Pack] = []

    def publish(pack: Pack) -> None:
        published.append(pack)
        if len(published) == 1:
            raise StorageError("the database restarts")

    watch = PackWatch([pack], publish)
    flow = shop / "flows" / "corner_shop" / "customer.yaml"
    flow.write_text(FILES["customer.yaml"].replace("Pardon?", "Sorry?"), encoding="utf-8")
    with pytest.raises(StorageError):
        watch.look()
    watch.look()
    watch.look()
    assert len(published) == 2


@pytest.mark.parametrize("words", [(), ("--all-processors",)])
def test_all_its_threads_keep_to_one_processor_unless_it_is_told_otherwise(
    shop: Path, words: tuple[str, ...]
) -> None:
    with served(shop, *words) as server:
        threads = [int(thread.name) for thread in Path(f"/proc/{server.process.pid}/task").iterdir()]
        places = {tuple(sorted(os.sched_getaffinity(thread))) for thread in threads}
        ways = {os.sched_getscheduler(thread) for thread in threads}
    here = tuple(sorted(os.sched_getaffinity(0)))
    assert len(threads) > 4
    [place] = places
    if words:
        assert (place, ways) == (here, {os.SCHED_OTHER})
    else:
        assert (len(place), set(place) <= set(here), ways) == (1, True, {os.SCHED_BATCH})


def test_a_database_that_somebody_holds_is_said(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    settings = Settings(f"sqlite:///{shop}/shop.db")
    with (
        closing(storage_here(settings)) as storage,
        closing(apsw.Connection(str(shop / "shop.db"))) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            make_site(settings, load_packs([shop / "flows"]), storage)


def test_a_pack_with_findings_is_not_served(shop: Path) -> None:
    flow = shop / "flows" / "corner_shop" / "customer.yaml"
    flow.write_text(FILES["customer.yaml"].replace("goto: shopping", "goto: shoping"), encoding="utf-8")
    came = call(shop, "serve")
    assert came.returncode == 1
    assert "customer.yaml:8:" in came.stderr
    assert "[unknown_state]" in came.stderr


def test_web_and_workers_share_a_database(shop: Path, double: MetaDouble) -> None:
    settings = with_meta(double.url)
    with (
        served(shop, command="web", **settings) as web,
        served(shop, "--threads", "2", command="worker", **settings) as worker,
        served(shop, "--threads", "2", command="worker", **settings) as other,
    ):
        assert "2 threads take turns, 16 send" in worker.printed[0]
        for place, said in enumerate(("hi", "1, 2", "buy")):
            web.say(said, f"wamid.{place}")
        double.wait_for(5)
        ready = requests.get(f"{web.url}/ready", timeout=10).json()
        assert ready == {
            "status": "ready", "database": "ok", "flows": "ok", "channels": "ok", "queue": "in memory",
        }  # fmt: skip
        assert [process.stop() for process in (worker, other, web)] == [0, 0, 0]
    assert any("looks for work every second" in line for line in worker.printed)
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "1.", "What", "Added", "Thank"]


def test_they_stop_in_time_while_a_provider_and_sentry_hang(
    shop: Path, tmp_path: Path, double: MetaDouble
) -> None:
    settings = {**with_meta(double.url), "SEND_TIMEOUT": "60", "READ_MARKS": "off"}
    alone = tmp_path / "alone"
    shutil.copytree(shop / "flows", alone / "flows")
    refused = ("19990003333", "19990004444")
    double.fault = lambda asked: (400, refusal(131009, "wrong")) if asked.to in refused else None
    with (
        # It takes connections, and answers nobody.
        socket.create_server(("127.0.0.1", 0)) as sentry,
        served(shop, command="web", **settings) as web,
        served(shop, command="worker", **settings, **reported(sentry)) as worker,
        served(alone, **settings, **reported(sentry)) as serve,
    ):
        for process, customer in zip((web, serve), refused, strict=True):
            process.say("hi", "wamid.0", customer)
            double.wait_for(3, customer)
        double.hold.clear()
        web.say("hi", "wamid.1", "19990001111")
        serve.say("hi", "wamid.1", "19990002222")
        with double.arrived:
            both = {"19990001111", "19990002222"}
            assert double.arrived.wait_for(lambda: both <= set(double._open), 20)
        began = time.monotonic()
        for process in (web, worker, serve):
            process.process.send_signal(signal.SIGTERM)
        codes = [process.process.wait(15) for process in (web, worker, serve)]
        assert time.monotonic() - began < 10
        assert codes == [0, 0, 0]
    for folder in (shop, alone):
        assert rows(folder, "SELECT status FROM messages WHERE direction = 'out' AND status <> 'failed'") == [
            {"status": "sending"}, {"status": "queued"}, {"status": "queued"},
        ]  # fmt: skip


def test_what_came_for_a_number_before_a_business_had_it_is_taken_up(shop: Path, double: MetaDouble) -> None:
    settings = with_meta(double.url)
    with served(shop, **{**settings, "WHATSAPP_PHONE_NUMBER_ID": "999888777"}) as server:
        server.say("hi", "wamid.1")
        listed = call(shop, "failed").stdout
        assert f"meta {NUMBER}  1 message for a number that no business had" in listed
        assert "META_BUSINESS" in listed
        assert call(shop, "retry", "--unclaimed").stdout == "0 messages are taken up.\n"
    with served(shop, **settings):
        assert "corner_shop has it now" in call(shop, "failed").stdout
        [line] = call(shop, "failed", "--json").stdout.splitlines()
        assert (json.loads(line)["address"], json.loads(line)["messages"]) == (NUMBER, 1)
        assert call(shop, "retry", "--unclaimed").stdout == "1 message is taken up.\n"
        assert double.wait_for(1)[0].text == "Welcome to Corner Shop!"
        assert call(shop, "retry", "--unclaimed").stdout == "0 messages are taken up.\n"
        assert call(shop, "failed").stdout == "Nothing was put aside.\n"


def reported(sentry: socket.socket) -> dict[str, str]:
    return {"SENTRY_DSN": f"http://key@127.0.0.1:{sentry.getsockname()[1]}/1"}


def test_what_was_put_aside_is_listed_and_taken_up_again(shop: Path, double: MetaDouble) -> None:
    for command in (["failed"], ["retry", "1"]):
        came = call(shop, *command)
        assert came.returncode == 2
        assert "shoptalk.db" in came.stderr
    settings = {**with_meta(double.url), "READ_MARKS": "off"}
    double.answers += [(400, refusal(131026, "Message undeliverable"))] * 2
    with served(shop, **settings) as server:
        server.say("hi", "wamid.1")
        double.wait_for(3)
        assert server.logs("message_sent")
        listed = call(shop, "failed")
        assert listed.returncode == 0
        assert f"to {SENDER}  “Welcome to Corner Shop!”" in listed.stdout
        assert "131026: (#131026) Message undeliverable" in listed.stdout
        assert "shoptalk retry" in listed.stdout
        found = [json.loads(line) for line in call(shop, "failed", "--json").stdout.splitlines()]
        assert [row["what"].split()[0] for row in found] == ["1.", "Welcome"]
        assert call(shop, "failed", "--business", "another").stdout == "Nothing was put aside.\n"

        first, second = found[1]["id"], found[0]["id"]
        mixed = call(shop, "retry", str(first), "999")
        assert (mixed.returncode, mixed.stdout) == (1, "1 message is taken up again.\n")
        assert "999" in mixed.stderr
        double.wait_for(4, seconds=5)
        assert call(shop, "retry", "--all").stdout == "1 message is taken up again.\n"
        double.wait_for(5, seconds=5)
        for words in ((), (str(second), "--all"), ("x",)):
            assert call(shop, "retry", *words).returncode == 2
        assert server.stop() == 0
    assert [one.text.split()[0] for one in double.asked] == ["Welcome", "1.", "What", "Welcome", "1."]
    assert call(shop, "failed").stdout == "Nothing was put aside.\n"


def test_a_worker_that_is_asked_wrongly_says_so(shop: Path) -> None:
    for words in (("--threads", "0"), ("--threads", "x"), ("--metrics-port", "70000")):
        assert call(shop, "worker", *words).returncode == 2
    came = call(shop, "worker", "nowhere")
    assert came.returncode == 1
    assert "business.yaml" in came.stderr


def test_a_number_of_a_business_that_is_not_served_is_said(shop: Path, double: MetaDouble) -> None:
    came = call(shop, "worker", **with_meta(double.url), META_BUSINESS="another")
    assert came.returncode == 1
    assert "another" in came.stderr
    assert "corner_shop" in came.stderr


def test_the_application_survives_a_fork(shop: Path) -> None:
    lines = """
import os, sys, threading
import wsgi

def held(name):
    targets = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd") if
               os.path.islink(f"/proc/self/fd/{each}")]
    return [target for target in targets if name in target]

assert threading.active_count() == 1, threading.enumerate()
assert held("shoptalk.db") == [], held("shoptalk.db")
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        code = wsgi.app.test_client().get("/ready").status_code
        os._exit(0 if code == 200 else 1)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
    came = subprocess.run(
        [sys.executable, "-c", lines], cwd=shop, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert came.returncode == 0, came.stderr


def test_any_wsgi_server_finds_the_application(shop: Path) -> None:
    lines = "import wsgi; print(wsgi.app.test_client().get('/ready').json['database'])"
    came = subprocess.run(
        [sys.executable, "-c", lines], cwd=shop, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert came.stdout == "ok\n", came.stderr


# Explaining


@pytest.fixture
def talked(shop: Path, double: MetaDouble) -> Path:
    """The corner shop after a talk that led to no order."""
    with served(shop, **with_meta(double.url)) as server:
        for number, (said, answers) in enumerate([("hi", 3), ("7, 1", 4), ("nonsense", 5)]):
            server.say(said, f"wamid.{number}")
            double.wait_for(answers)
        assert server.stop() == 0
    return shop


def test_explain_tells_why_there_is_no_order(talked: Path) -> None:
    told = call(talked, "explain", SENDER)
    assert told.returncode == 0, told.stderr
    story = told.stdout
    assert "customer: hi" in story
    assert 'Understood as the command "add" of shopping, by its pattern.' in story
    assert "Could not do add_to_cart: no_such_item." in story
    assert "bot: Pardon?" in story
    assert "No order was made. The conversation stands in shopping." in story
    assert 'What last stood in the way after "7, 1": Could not do add_to_cart: no_such_item.' in story
    assert story.index("customer: hi") < story.index("customer: 7, 1") < story.index("customer: nonsense")
    last = call(talked, "explain", SENDER, "--last", "1").stdout
    assert "customer: nonsense" in last
    assert "customer: hi" not in last


def test_explain_knows_nobody_else(talked: Path) -> None:
    for words in (("19990002222",), ("nonsense",), (SENDER, "--business", "other")):
        came = call(talked, "explain", *words)
        assert (came.returncode, came.stdout) == (1, "")
        assert "Nobody" in came.stderr


def test_explain_makes_no_database(tmp_path: Path) -> None:
    came = call(tmp_path, "explain", SENDER)
    assert came.returncode == 2
    assert "shoptalk.db" in came.stderr
    assert list(tmp_path.iterdir()) == []


def test_explain_tells_what_came_after_an_order(shop: Path) -> None:
    with served(shop, SHOPTALK_API_TOKEN=TOKEN) as server:
        for said in ("hi", "1, 2", "buy", "hi", "2, 5"):
            sent = {"from": SENDER, "text": said}
            requests.post(f"{server.url}/api/v1/simulator", json=sent, headers=bearer(TOKEN), timeout=10)
        assert server.stop() == 0
    told = call(shop, "explain", SENDER, "--last", "1").stdout
    assert "was made: INR 40.00, placed." in told
    assert "Since then no order was made. The conversation stands in shopping." in told
    assert 'after "2, 5": Could not do add_to_cart: out_of_stock (last_cup), 1 left.' in told


STEPS: list[tuple[dict[str, Any], str]] = [
    ({"step": "recorded", "why": "human"}, "a person answers here"),
    ({"step": "started_over", "why": "timeout"}, "silent for too long"),
    ({"step": "understood", "how": "word", "rule": "command:cart"}, 'the command "cart", by its words'),
    ({"step": "understood", "how": "input", "rule": "naming/input"}, "Taken as the input of naming."),
    ({"step": "understood", "how": "otherwise", "rule": "otherwise"}, 'Not understood: "otherwise" answers.'),
    ({"step": "understood", "how": "old button", "rule": ""}, "means nothing here"),
    ({"step": "understood", "how": "old button", "rule": "command:menu"}, 'still means the command "menu"'),
    ({"step": "understood", "how": "event handed_back", "rule": ""}, '"handed_back" happened, and nothing'),
    ({"step": "understood", "how": "silence", "rule": "shopping/after:0"}, "stayed silent"),
    (
        {"step": "unreadable", "name": "day", "type": "date", "text": "soon"},
        '"soon" cannot be read as a date',
    ),
    (
        {
            "step": "refused",
            "validator": "between",
            "values": {"value": 0, "min": 1},
            "at": "customer.yaml:9",
        },
        "Refused by between: 0 (wanted: min = 1). Nothing of the rule was done.  [customer.yaml:9]",
    ),
    (
        {"step": "failed", "action": "place_order", "code": "out_of_stock", "product": "tea", "left": 2},
        "Could not do place_order: out_of_stock (tea), 2 left.",
    ),
    ({"step": "did", "action": "add_to_cart", "values": {"item": 1}}, "Did add_to_cart with item = 1."),
    (
        {"step": "broken", "error": "KeyError: 'x'"},
        "It broke inside, and nothing of it was kept: KeyError: 'x'",
    ),
    ({"step": "dreamt", "of": "tea", "at": "x:1"}, 'dreamt: of = "tea".  [x:1]'),
]


@pytest.mark.parametrize(("step", "says"), STEPS)
def test_each_step_in_words(step: dict[str, Any], says: str) -> None:
    (sentence,) = tell([step])
    assert says in sentence


@pytest.mark.parametrize(
    ("key", "called"),
    [
        ("command:cart", 'the command "cart"'),
        ("shopping/command:buy", 'the command "buy" of shopping'),
        ("naming/input", "the input of naming"),
        ("otherwise", '"otherwise"'),
        ("shopping/otherwise", '"otherwise" of shopping'),
        ("event:handed_back", 'the event "handed_back"'),
    ],
)
def test_what_rules_are_called(key: str, called: str) -> None:
    assert rule_name(key) == called


def test_explain_tells_of_a_reply_that_only_a_template_could_bring(shop: Path, double: MetaDouble) -> None:
    settings = with_meta(double.url)
    with served(shop, **settings) as server:
        sent = {"to": SENDER, "text": "Your tea is ready"}
        got = requests.post(f"{server.url}/api/v1/messages", json=sent, headers=bearer(TOKEN), timeout=10)
        assert got.status_code == 202, got.text
        assert server.logs("message_put_aside")
        assert server.stop() == 0
    assert "needs_template, window: " in call(shop, "failed").stdout
    told = call(shop, "explain", SENDER).stdout
    assert "bot: Your tea is ready" in told
    assert "it was not sent: window the customer's last message is too long ago" in told


def test_a_database_that_is_never_there_is_named_by_its_setting(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.0)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@127.0.0.1:1/shop")
    kept = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        with pytest.raises(
            serving.NotServed, match=r"DATABASE_URL: PostgreSQL at 127\.0\.0\.1, database 'shop'"
        ):
            serving.opened_site([shop / "flows"], threads=0)
    finally:
        for number, action in kept:
            signal.signal(number, action)
        log.stop_logging()
