"""Puts a shop into a storm: processes are killed while customers order, and nothing may be lost or doubled.

`python tests/chaos/storm.py` is the long one (`make chaos`); tests/chaos/test_storm.py runs a short one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
for place in (HERE, HERE.parent, ROOT):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from servers import postgresql_server, valkey_server  # noqa: E402
from storm_customers import NUMBER, SECRET, Crowd, Customer  # noqa: E402
from storm_provider import StormProvider, storm_provider  # noqa: E402
from storm_verdict import OPEN, STOCK, verdict  # noqa: E402

PROGRAM = [sys.executable, "-c", "import sys; from adapters.cli import shoptalk; sys.exit(shoptalk())"]
PLENTY = "stock: 100000"
FAULT_RATE = 0.1
START_SECONDS = 5.0
CALM_SECONDS = 90.0
"""How long after the last message everything may take to come to rest."""


@dataclass(frozen=True)
class Plan:
    """How hard it blows: `seconds` of traffic, `kills` spread over them."""

    customers: int
    seconds: float
    kills: int
    seed: int
    patience: float = 1.0


@dataclass
class Process:
    """A process of the shop that is started again whenever it is killed."""

    name: str
    words: list[str]
    folder: Path
    environment: dict[str, str]
    port: int = 0
    running: subprocess.Popen[bytes] | None = None
    log: Any = None
    started_at: float = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.log = (self.folder / f"{self.name}.log").open("ab")
        self.running = subprocess.Popen(
            [*PROGRAM, *self.words],
            cwd=self.folder,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def kill(self, number: int = signal.SIGKILL) -> int | None:
        """Ends it and all that it started; its exit code."""
        assert self.running is not None
        if self.running.poll() is None:
            os.killpg(self.running.pid, number)
        code = self.running.wait(15)
        self.log.close()
        return code

    def wait_until_it_knows_signals(self) -> None:
        """One that has only begun to start ends by the signal itself, as if it had been killed."""
        time.sleep(max(0.0, self.started_at + START_SECONDS - time.monotonic()))

    def wait_until_it_listens(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.running is not None
            assert self.running.poll() is None, f"{self.name} ended: see {self.folder}/{self.name}.log"
            with closing(socket.socket()) as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{self.name} does not listen")


@dataclass
class Shop:
    """The processes, what disturbs them beside being killed, and a way to read the database."""

    processes: list[Process]
    rows: Callable[[str], list[tuple[Any, ...]]]
    disturbances: dict[str, Callable[[], None]] = field(default_factory=dict)

    def addresses(self) -> Sequence[tuple[str, int]]:
        return [("127.0.0.1", process.port) for process in self.processes if process.port]


@dataclass(frozen=True)
class Outcome:
    """What the storm did, and what is broken afterwards."""

    broken: list[str]
    story: str


def storm(plan: Plan, kind: str, folder: Path, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Lets it blow on `sqlite` (one process) or `postgresql` (two web, two worker processes, and Redis)."""
    customers = [Customer(number) for number in range(1, plan.customers + 1)]
    with ExitStack() as stack:
        provider = stack.enter_context(storm_provider(plan.patience, FAULT_RATE, plan.seed))
        shop = stack.enter_context(
            {"sqlite": on_sqlite, "postgresql": on_postgresql}[kind](plan, folder, provider)
        )
        stock = dict(shop.rows(STOCK))
        crowd = Crowd(shop.addresses, plan.seed, plan.seconds)
        stop = threading.Event()
        teller = threading.Thread(target=crowd.tell_statuses, args=(provider, stop))
        done: list[str] = []
        disturber = threading.Thread(target=disturb, args=(shop, plan, done, say))
        teller.start()
        disturber.start()
        began = time.monotonic()
        try:
            crowd.talk(customers)
            disturber.join()
            say("everything is said; waiting for calm")
            wait_for_calm(shop, provider)
        finally:
            stop.set()
            teller.join()
            disturber.join()
        seconds = time.monotonic() - began
        for process in shop.processes:
            process.wait_until_it_knows_signals()
        codes = {process.name: process.kill(signal.SIGTERM) for process in shop.processes}
        broken = verdict(shop.rows, customers, provider.arrivals, stock)
        broken += [f"{name} ended with {code}" for name, code in codes.items() if code != 0]
        doubled = len(provider.arrivals) - len({arrival.reference for arrival in provider.arrivals})
        story = (
            f"{kind}: {plan.customers} customers, {8 * plan.customers} messages, {crowd.posted} webhooks "
            f"taken, refused {crowd.refused or 'none'}; {', '.join(done)}; {len(provider.arrivals)} replies "
            f"at the provider, {doubled} of them twice, faults {provider.faults}; {seconds:.0f} s"
        )
        return Outcome(broken, story)


def disturb(shop: Shop, plan: Plan, done: list[str], say: Callable[[str], None]) -> None:
    """Kills processes at random, and does each other disturbance once in the middle."""
    chance = random.Random(plan.seed)
    kills = 0
    deeds = ["kill"] * plan.kills
    for name in shop.disturbances:
        deeds.insert(chance.randint(len(deeds) // 3, 2 * len(deeds) // 3), name)
    for deed in deeds:
        time.sleep(plan.seconds / len(deeds) * (0.5 + chance.random()))
        if deed == "kill":
            process = chance.choice(shop.processes)
            process.kill()
            process.start()
            kills += 1
            say(f"killed {process.name}")
        else:
            shop.disturbances[deed]()
            done.append(deed)
            say(deed)
    done.insert(0, f"{kills} times kill -9")


def wait_for_calm(shop: Shop, provider: StormProvider) -> None:
    """Waits until nothing is open and nothing is to be told; afterwards the verdict says what is."""
    until = time.monotonic() + CALM_SECONDS
    while time.monotonic() < until:
        if shop.rows(OPEN)[0][0] == 0 and provider.statuses.empty():
            time.sleep(0.5)
            return
        time.sleep(0.25)


@contextmanager
def on_sqlite(plan: Plan, folder: Path, provider: StormProvider) -> Iterator[Shop]:
    """`shoptalk serve` alone."""
    pack = pack_in(folder)
    file = folder / "shop.db"
    environment = environment_of(provider, plan, DATABASE_URL=f"sqlite:///{file}")

    def rows(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(statement).fetchall()

    port = free_port()
    words = ["serve", str(pack), "--port", str(port)]
    with running([Process("serve", words, folder, environment, port)]) as processes:
        yield Shop(processes, rows)


@contextmanager
def on_postgresql(plan: Plan, folder: Path, provider: StormProvider) -> Iterator[Shop]:
    """Two web processes and two workers on PostgreSQL and Redis; both are disturbed once."""
    import psycopg
    import redis

    pack = pack_in(folder)
    with postgresql_server() as database, valkey_server(folder / "valkey") as queue:
        environment = environment_of(provider, plan, DATABASE_URL=database.url, REDIS_URL=queue.url)

        def rows(statement: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(database.url, autocommit=True) as connection:
                return connection.execute(statement).fetchall()

        def flush() -> None:
            with closing(redis.Redis.from_url(queue.url)) as connection:
                connection.flushall()

        processes = []
        for number in (1, 2):
            port = free_port()
            words = ["web", str(pack), "--port", str(port)]
            processes.append(Process(f"web-{number}", words, folder, environment, port))
        for number in (1, 2):
            words = ["worker", str(pack), "--threads", "4"]
            processes.append(Process(f"worker-{number}", words, folder, environment))
        disturbances = {"PostgreSQL restarted": database.restart, "Redis flushed": flush}
        with running(processes):
            yield Shop(processes, rows, disturbances)


@contextmanager
def running(processes: list[Process]) -> Iterator[list[Process]]:
    """The processes at work; the first alone at the beginning, since it makes the tables."""
    try:
        for process in processes:
            process.start()
            if process.port:
                process.wait_until_it_listens()
        yield processes
    finally:
        for process in processes:
            if process.running is not None and process.running.poll() is None:
                process.kill()


def environment_of(provider: StormProvider, plan: Plan, **settings: str) -> dict[str, str]:
    """The settings of the shop; the limits are out of the way, since all customers write at once."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "META_APP_SECRET": SECRET,
        "WHATSAPP_ACCESS_TOKEN": "the token of the storm",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "WHATSAPP_VERIFY_TOKEN": "the word of the storm",
        "META_GRAPH_URL": provider.url,
        "SEND_TIMEOUT": str(plan.patience),
        "SEND_RATE": "1000",
        "WEBHOOK_RATE": "100000 per second",
        **settings,
    }


def pack_in(folder: Path) -> Path:
    """Cookie Barrel with plenty of everything but gift boxes."""
    pack = folder / "flows" / "cookie_barrel"
    shutil.copytree(ROOT / "flows" / "cookie_barrel", pack)
    shutil.copytree(ROOT / "templates" / "cookie_barrel", folder / "templates" / "cookie_barrel")
    catalog = pack / "catalog.yaml"
    lines = catalog.read_text("utf-8").splitlines()
    for place, line in enumerate(lines):
        for counted in ("stock: 200", "stock: 150"):
            lines[place] = lines[place].replace(counted, PLENTY)
        if "gift_box" in line:
            assert "stock: 20," in line
    catalog.write_text("\n".join(lines), "utf-8")
    return pack


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> int:
    """Runs the long storm on both databases; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=100.0, help="of traffic")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    given = parser.parse_args()
    broken = []
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as folder:
            plan = Plan(given.customers, given.seconds, given.kills, given.seed)
            outcome = storm(plan, kind, Path(folder), lambda line: print(f"  {line}", flush=True))
            print(f"{outcome.story} (seed {given.seed})", flush=True)
            for line in outcome.broken:
                print(f"BROKEN {line}", flush=True)
            broken += outcome.broken
    print("every promise was kept" if not broken else f"{len(broken)} promises were broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
