"""`shoptalk doctor [PACK…]`: looks whether everything that is set up works, and says what to do where not."""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.channels.channel import Check
    from adapters.settings import Settings
    from engine.pack import Pack

MEND = "Mend what is marked ✗, and ask again."

PATIENCE = 5.0
"""Seconds that anything may take to answer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "packs", nargs="*", metavar="PACK", type=Path, help="packs, or folders of packs (default: ./flows)"
    )


def run(arguments: argparse.Namespace) -> int:
    """A line for each check; 0 all is well, 1 something is not."""
    from adapters.settings import SettingsError
    from adapters.wiring import settings_here

    try:
        settings = settings_here()
    except SettingsError as error:
        for problem in error.problems:
            print(f"✗ settings: {problem}")
        print(MEND)
        return 1
    is_well = True
    for check in examine(settings, arguments.packs):
        mark = "✓" if check.is_well else "✗"
        print(f"{mark} {check.name}: {_without_secrets(check.text, settings)}", flush=True)
        is_well = is_well and check.is_well
    print("All is well." if is_well else MEND)
    return 0 if is_well else 1


def examine(settings: Settings, folders: Sequence[Path] = ()) -> Iterator[Check]:
    """Every check, as soon as it is done. Nothing is changed anywhere."""
    packs = yield from _packs(folders)
    yield _database(settings)
    yield _redis(settings)
    yield from _public_url(settings)
    yield from _providers(settings, packs)


def _packs(folders: Sequence[Path]) -> Generator[Check, None, Mapping[str, Pack]]:
    """Loads the packs; none where one has errors."""
    from adapters.channels.channel import Check
    from adapters.wiring import PackError, load_packs

    try:
        packs = load_packs(folders)
    except PackError as error:
        first, *more = str(error).splitlines()
        others = f" (and {len(more)} more lines: see `flow-lint`)" if more else ""
        yield Check("packs", False, f"{first}{others}")
        return {}
    yield Check("packs", True, ", ".join(packs))
    return packs


def _database(settings: Settings) -> Check:
    import peewee

    from adapters.channels.channel import Check
    from adapters.storage import DatabaseURLError, StorageError, open_storage

    name = "database"
    if settings.database_file and not settings.database_file.exists():
        folder = settings.database_file.absolute().parent
        if folder.is_dir():
            return Check(name, True, f"{settings.database_file} is not there yet: the first start makes it")
        return Check(name, False, f"the folder {folder} does not exist: make it, or change DATABASE_URL")
    try:
        storage = open_storage(settings.database_url)
    except (DatabaseURLError, StorageError, peewee.PeeweeException) as error:
        return Check(name, False, f"{error}; look at DATABASE_URL, and whether the database runs")
    try:
        storage.database.check_writable()
        missing = storage.pending()
    except (StorageError, peewee.PeeweeException) as error:
        return Check(name, False, str(error))
    finally:
        storage.close()
    if missing:
        return Check(
            name, True, f"{settings.shown_database_url}; the next start applies {', '.join(missing)}"
        )
    return Check(name, True, settings.shown_database_url)


def _redis(settings: Settings) -> Check:
    from adapters.channels.channel import Check

    if not settings.redis_url:
        return Check("Redis", True, "not set (REDIS_URL): good for one process")
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except (RedisError, ValueError) as error:
        return Check("Redis", False, f"{error}; look at REDIS_URL, and whether Redis runs")
    finally:
        client.close()
    return Check("Redis", True, "it answers")


def _public_url(settings: Settings) -> Iterator[Check]:
    from adapters.channels import CHANNELS
    from adapters.channels.channel import Check

    url = settings.public_url
    set_up = [name for name, provider in CHANNELS.items() if provider.webhook and provider.make(settings)]
    if not url:
        if set_up:
            text = "not set: write the https address under which the world reaches this server, so that "
            yield Check("PUBLIC_URL", False, f"{text}providers can be told their webhook")
        else:
            yield Check("PUBLIC_URL", True, "not set, and no provider needs it")
        return
    if not url.startswith("https://"):
        yield Check("PUBLIC_URL", False, f"{url} is not https, and providers post to nothing else")
        return
    import requests

    try:
        answer = requests.get(f"{url}/health", timeout=PATIENCE, allow_redirects=False)
        alive = answer.status_code == 200 and answer.json() == {"status": "alive"}
        found = f"it answered {answer.status_code}"
    except (requests.RequestException, ValueError) as error:
        alive, found = False, f"asking for {url}/health ended in {type(error).__name__}"
    text = f"{found}, not as Shoptalk does: is the server started, and does the proxy pass everything on?"
    yield Check("PUBLIC_URL", alive, url if alive else f"{url}: {text}")


def _providers(settings: Settings, packs: Mapping[str, Pack]) -> Iterator[Check]:
    from adapters.channels import CHANNELS
    from adapters.channels.channel import Check

    is_any = False
    for provider in CHANNELS.values():
        channel = provider.make(settings)
        if channel is None or not provider.webhook:
            continue
        is_any = True
        if packs and channel.business and channel.business not in packs:
            setting = f"{provider.secret.split('_')[0]}_BUSINESS"
            words = f"{setting} is {channel.business}, and served are {', '.join(packs)}: name one of them"
            yield Check(setting, False, words)
        yield from channel.check()
    if not is_any:
        yield Check("providers", True, "none is set up; .env.example says what each of them needs")


def _without_secrets(text: str, settings: Settings) -> str:
    """Of a text in one line, all but what nobody may read."""
    for secret in sorted(settings.secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return " ".join(text.split())
