"""Gives every test real servers: one PostgreSQL and one Valkey a run, started when a test first asks."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
import redis
from servers import fresh_database, postgresql_server, valkey_server
from storage_case import Place, open_shop, opened

from adapters.compiled import outdated
from adapters.storage import Storage


def pytest_configure() -> None:
    if changed := outdated():
        named = ", ".join(Path(file).name for file in changed[:3])
        raise pytest.UsageError(f"{named} … changed after they were compiled: `make compiled` first")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL: that of TEST_DATABASE_URL, or else one of our own."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with postgresql_server(durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a Redis: that of TEST_REDIS_URL, or else a Valkey of our own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="shoptalk-") as folder, valkey_server(Path(folder)) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_urls(valkey: str) -> Iterator[str]:
    """The addresses of the databases of this Redis, in turn; of one that was given, its own alone."""
    if "TEST_REDIS_URL" in os.environ:
        return itertools.repeat(valkey)
    return itertools.cycle(f"{valkey.rpartition('/')[0]}/{number}" for number in range(16))


@pytest.fixture
def redis_url(redis_urls: Iterator[str]) -> str:
    """The address of an empty Redis database; the last test's threads may still put something into theirs."""
    url = next(redis_urls)
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
    return url


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the corner shop in it, to be copied."""
    file = tmp_path_factory.mktemp("filled") / "shop.db"
    open_shop(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def filled_database(postgresql: str) -> Iterator[str]:
    """A PostgreSQL database with the corner shop in it, to be copied."""
    with fresh_database(postgresql) as url:
        open_shop(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a test keeps its shop, once of each kind: a new, empty database.

    Where the test asks for the `storage` too, the corner shop is in it already: a copy is quicker to be had.
    """
    is_filled = "storage" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "shop.db"
        if is_filled:
            copyfile(request.getfixturevalue("filled_file"), file)
        yield Place("sqlite", f"sqlite:///{file}")
    else:
        template = request.getfixturevalue("filled_database") if is_filled else "template0"
        with fresh_database(request.getfixturevalue("postgresql"), template=template) as url:
            yield Place("postgresql", url)


@pytest.fixture
def storage(place: Place) -> Iterator[Storage]:
    """A storage with the corner shop in it."""
    with opened(place) as storage:
        yield storage
