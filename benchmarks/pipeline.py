"""Measures the way of a message, from the webhook to the queued reply, against bare SQL on the same tables.

    python benchmarks/pipeline.py [--messages 2400] [--rounds 5] [--only throughput …]

Parts: `throughput` (handled turns a second, beside the floor of the same run), `latency` (at half of that),
`webhook` (its p99 beside a bare handler, at 1,000 and at 1,000,000 conversations), `dispatch` (what telling a
worker costs), `memory` (over a simulated hour). Everything is durable: `synchronous=FULL`, and fsync in
PostgreSQL. Nothing is delivered, and nobody told to: replies stay queued. What is posted is signed before the
clock starts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline_floor import floor
from pipeline_shop import SAYS, Posted, Site, handled, post, posted_of, site_of
from pipeline_web import fill, latencies, percentile, web_server
from servers import fresh_database, postgresql_server, valkey_server

from adapters.processor import keep_to_one_processor
from adapters.serving import WEB_THREADS

PARTS = ("throughput", "latency", "webhook", "dispatch", "memory")
THREADS = 1
"""Turns that a process takes at once here: they share one processor, and this machine has two."""

SENDERS = 8
"""POSTs that come at the same time where several processes serve: as many as one of `deploy/` takes."""


@contextmanager
def on_one_processor() -> Iterator[None]:
    """Keeps this thread, and those that it starts, where `shoptalk serve` keeps itself."""
    allowed = os.sched_getaffinity(0)
    keep_to_one_processor()
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, allowed)


class Mode:
    """Where it runs: the database's address, Redis or none, and how many worker processes (0: this one).

    `place` is what this process is kept in while it runs, `senders` how many POSTs come at the same time.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        redis_url: str = "",
        server_url: str = "",
        place: Callable[[], AbstractContextManager[object]] = nullcontext,
        senders: int = SENDERS,
    ) -> None:
        self.name = name
        self.workers = workers
        self.place = place
        self.senders = senders
        self.redis_url = redis_url
        self.server_url = server_url

    @contextmanager
    def database(self) -> Iterator[str]:
        """A fresh one."""
        if self.server_url:
            with fresh_database(self.server_url) as url:
                yield url
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield f"sqlite:///{folder}/shop.db"

    @contextmanager
    def running(self, url: str, ended: list[tuple[int, float]]) -> Iterator[Site]:
        """The site that takes the webhook's messages, with workers at work.

        When it is over, `ended` holds the conversations that were worked on, each with the moment of its end.
        """
        with self.place():
            yield from self._running(url, ended)

    def _running(self, url: str, ended: list[tuple[int, float]]) -> Iterator[Site]:
        site = site_of(url, self.redis_url, 0 if self.workers else THREADS)
        command = [sys.executable, __file__, "--work", url, self.redis_url]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
            for _ in range(self.workers)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        note = noting(site)
        if site.workers:
            site.workers.start()
        try:
            yield site
        finally:
            if site.workers:
                site.workers.stop()
            ended += note
            for process in processes:
                said, _ = process.communicate("")
                ended += [tuple(each) for each in json.loads(said)]
            site.storage.close()


def noting(site: Site) -> list[tuple[int, float]]:
    """Has the site note when each conversation was done with."""
    ended: list[tuple[int, float]] = []

    def take_turns(conversation: int) -> None:
        site.jobs.take_turns(conversation)
        ended.append((conversation, time.time()))

    def take_turns_together(conversations: Sequence[int]) -> Iterable[int]:
        apart = site.jobs.take_turns_together(conversations)
        moment = time.time()
        ended.extend((conversation, moment) for conversation in conversations if conversation not in apart)
        return apart

    site.dispatch.turns.work["take_turns"] = take_turns
    site.dispatch.turns.do_together("take_turns", take_turns_together)
    return ended


def work(url: str, redis_url: str) -> None:
    """A worker process, until its standard input ends; then it says what `noting` noted."""
    site = site_of(url, redis_url, THREADS)
    ended = noting(site)
    site.workers.start()
    print("ready", flush=True)
    sys.stdin.read()
    site.workers.stop()
    print(json.dumps(ended))


def messages_of(messages: int, first: int, run: str) -> list[Posted]:
    """What so many customers say, all at once: the first message of each, then the second of each …"""
    customers = range(first, first + messages // len(SAYS))
    return [posted_of(customer, place, run) for place in range(len(SAYS)) for customer in customers]


def pushed(site: Site, said: list[Posted], senders: int) -> float:
    """Messages a second, from the first that came to the last that was handled."""
    rows = site.storage.database.rows
    before = handled(rows)
    began = time.perf_counter()

    def send(mine: list[Posted]) -> None:
        for posted in mine:
            post(site, posted)

    # A customer's messages have one sender, so that they come in their order.
    customers = len(said) // len(SAYS)
    parts = [
        [said[n] for n in range(len(said)) if n % customers % senders == part] for part in range(senders)
    ]
    threads = [threading.Thread(target=send, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while handled(rows) - before < len(said):
        time.sleep(0.01)
    return len(said) / (time.perf_counter() - began)


def floors(url: str, conversations: list[int], messages: int, clients: int, run: str) -> float:
    """Messages a second of so many processes with bare SQL, each on conversations of its own."""
    if clients == 1:
        return floor(url, conversations, messages, run)
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        pool.map(os.path.exists, ["/"] * clients)  # started before the clock is
        tasks = [
            (url, conversations[part::clients], messages // clients, f"{run}.{part}")
            for part in range(clients)
        ]
        began = time.perf_counter()
        pool.starmap(floor, tasks, chunksize=1)
        return messages / (time.perf_counter() - began)


def throughput(modes: list[Mode], messages: int, rounds: int) -> dict[str, float]:
    """Prints the table; the median of each mode. They come in turn: a slow stretch meets all of them."""
    ours: defaultdict[str, list[float]] = defaultdict(list)
    bare: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for mode in modes:
            with mode.database() as url:
                with mode.running(url, []) as site:
                    pushed(site, messages_of(len(SAYS) * 25, 0, "warm"), mode.senders)
                    said = messages_of(messages, 1000, f"round{number}")
                    ours[mode.name].append(pushed(site, said, mode.senders))
                    conversations = [
                        row[0] for row in site.storage.database.rows("SELECT id FROM conversations")
                    ]
                clients = (1, 2) if mode.server_url else (1,)
                bare[mode.name].append(
                    max(floors(url, conversations, messages, n, f"floor{number}.{n}") for n in clients)
                )
            progress(f"{mode.name}: round {number + 1} of {rounds}")
    print("\n| handled turns a second | ours | bare SQL | ratio |\n|---|---|---|---|")
    for name, speeds in ours.items():
        ratios = [mine / theirs for mine, theirs in zip(speeds, bare[name], strict=True)]
        print(f"| {name} | {spread(speeds)} | {spread(bare[name])} | {spread(ratios, '.2f')} |", flush=True)
    return {name: statistics.median(speeds) for name, speeds in ours.items()}


def latency(modes: list[Mode], rates: dict[str, float], seconds: float = 10.0) -> None:
    """Prints how long a message took until its reply was queued, at half of what the mode can do."""
    print("\n| webhook to queued reply, ms | a second | p50 | p99 |\n|---|---|---|---|")
    for mode in modes:
        rate = rates[mode.name] / 2
        count = int(rate * seconds)
        customers = max(50, count // len(SAYS))
        began: defaultdict[int, list[float]] = defaultdict(list)
        done: list[tuple[int, float]] = []
        with mode.database() as url, mode.running(url, done) as site:
            pushed(site, messages_of(len(SAYS) * 25, 0, "warm"), mode.senders)
            start = time.perf_counter()
            for number in range(count):
                time.sleep(max(0.0, start + number / rate - time.perf_counter()))
                at = time.time()
                said = posted_of(1000 + number % customers, number // customers, "paced")
                for conversation in post(site, said):
                    began[conversation].append(at)
            time.sleep(1.0)
        ended: defaultdict[int, list[float]] = defaultdict(list)
        for conversation, moment in sorted(done, key=lambda each: each[1]):
            ended[conversation].append(moment)
        took = [
            next(moment for moment in ended[conversation] if moment > at) - at
            for conversation, moments in began.items()
            for at in moments
        ]
        p50, p99 = (percentile(took, part) * 1e3 for part in (50, 99))
        print(f"| {mode.name} | {rate:,.0f} | {p50:.1f} | {p99:.1f} |", flush=True)


def webhook(rounds: int, rate: float = 100.0, seconds: float = 6.0) -> None:
    """Prints the webhook's p99 beside that of a bare handler, in few and in many conversations."""
    print(
        "\n| webhook at 100 a second, ms | p50 | p99 | p99 of a bare handler | ratio |\n|---|---|---|---|---|"
    )
    for many in (1_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
            files = {kind: f"{folder}/{kind}.db" for kind in ("real", "bare")}
            for file in files.values():
                fill(file, many)
            progress(f"{many:,} conversations are there")
            ports = {kind: servers.enter_context(web_server(kind, file)) for kind, file in files.items()}
            found = defaultdict(list)
            for number in range(rounds):
                for kind, port in ports.items():
                    found[kind].append(latencies(port, rate, seconds, many, f"{kind}{number}"))
                progress(f"webhook: round {number + 1} of {rounds}")
        p50 = [percentile(taken, 50) * 1e3 for taken in found["real"]]
        ours, bare = ([percentile(taken, 99) * 1e3 for taken in found[kind]] for kind in ("real", "bare"))
        ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
        print(
            f"| {many:,} conversations | {spread(p50, '.1f')} | {spread(ours, '.1f')} "
            f"| {spread(bare, '.1f')} | {spread(ratios, '.2f')} |",
            flush=True,
        )


def dispatch(modes: list[Mode], rounds: int, count: int = 3000) -> None:
    """Prints what it costs that a worker is told of a conversation, as a part of a turn without it."""
    print("\n| microseconds | dispatch | a turn | part |\n|---|---|---|---|")
    for mode in (modes[0], modes[-1]):
        told, turns = [], []
        for number in range(rounds):
            with mode.database() as url:
                site = site_of(url, mode.redis_url, 1)
                site.dispatch.turns.work["take_turns"] = lambda conversation: None
                site.dispatch.turns.do_together("take_turns", lambda conversations: ())
                began = time.process_time()
                site.workers.start()
                for one in range(1, count + 1):
                    site.dispatch.take_turns(one)
                while site.dispatch.turns.storage.queue_size():
                    time.sleep(0.001)
                told.append((time.process_time() - began) / count * 1e6)
                site.workers.stop()
                alone = site_of(url, "", 0)
                for posted in messages_of(len(SAYS) * 25, 0, "warm"):
                    post(alone, posted)
                said = messages_of(len(SAYS) * 100, 1000, f"r{number}")
                conversations = {one for posted in said for one in post(alone, posted)}
                began = time.perf_counter()
                for one in conversations:
                    alone.jobs.take_turns(one)
                turns.append((time.perf_counter() - began) / len(said) * 1e6)
                alone.storage.close()
                site.storage.close()
        parts = [one / turn for one, turn in zip(told, turns, strict=True)]
        print(f"| {mode.name} | {spread(told)} | {spread(turns)} | {spread(parts, '.1%')} |", flush=True)


def memory(messages: int = 36_000) -> None:
    """Prints what a process holds after a tenth of a simulated hour, and at its end."""
    moment = datetime.now(UTC)
    clock = [moment]
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        site = site_of(f"sqlite:///{folder}/shop.db", threads=0, now=lambda: clock[0])
        for number in range(messages):
            clock[0] = moment + timedelta(seconds=3600 * number / messages)
            for conversation in post(site, posted_of(number // len(SAYS) % 500, number, "hour")):
                site.jobs.take_turns(conversation)
            if number + 1 in (messages // 10, messages // 2, messages):
                sizes.append(resident())
                progress(f"memory: {number + 1:,} of {messages:,} messages")
        site.storage.close()
    tenth, half, end = sizes
    print(
        f"\nresident memory after a tenth, a half, a whole simulated hour of {messages:,} messages: ", end=""
    )
    print(f"{tenth:.1f}, {half:.1f}, {end:.1f} MB", flush=True)


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def spread(values: list[float], form: str = ",.0f") -> str:
    middle, least, most = (
        format(value, form) for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({least} … {most})"


def progress(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:4])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=2400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(postgresql_server(Path(folder) / "postgresql"))
        queue = stack.enter_context(valkey_server(Path(folder)))
        modes = [
            Mode("SQLite, one process", 0, place=on_one_processor, senders=WEB_THREADS),
            Mode("SQLite, over all processors", 0, senders=WEB_THREADS),
        ]
        modes += [
            Mode(f"PostgreSQL and Redis, {count}", number, queue.url, server.url)
            for number, count in ((1, "one worker"), (2, "two workers"))
        ]
        rates = {mode.name: 400.0 for mode in modes}
        parts: dict[str, Callable[[], object]] = {
            "throughput": lambda: rates.update(throughput(modes, given.messages, given.rounds)),
            "latency": lambda: latency(modes, rates),
            "webhook": lambda: webhook(given.rounds),
            "dispatch": lambda: dispatch(modes, given.rounds),
            "memory": memory,
        }
        for part in given.only:
            parts[part]()


if __name__ == "__main__":
    main()
