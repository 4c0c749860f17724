"""Puts settings, packs, storage, channels, workers and web together; alone it knows every adapter."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from adapters import log, web
from adapters.channels import CHANNELS
from adapters.channels.channel import Channel
from adapters.metrics import Metrics
from adapters.packs import checked_pack, packs_in
from adapters.published import Published, nobody
from adapters.settings import Settings, SettingsError, read_settings
from adapters.storage import DatabaseAway, DatabaseURLError, Storage, open_storage
from adapters.tasks.jobs import Jobs
from adapters.tasks.queue import Dispatch
from adapters.tasks.workers import THREADS, Workers, delivery_threads
from adapters.watch import PackWatch
from adapters.web.site import Site
from engine.lint.selection import Profile
from engine.pack import Pack

FLOWS = Path("flows")


class PackError(Exception):
    """Packs cannot be served; the text is the report of `flow-lint`, or says what to name instead."""


def settings_here() -> Settings:
    """The settings of this process and of the `.env` file in the current folder. Raises SettingsError."""
    return read_settings(os.environ, Path(".env"))


def storage_here(settings: Settings) -> Storage:
    """The storage that the settings name, with its tables up to date; raises what `opened_storage` raises."""
    storage = opened_storage(settings)
    storage.migrate()
    return storage


def opened_storage(settings: Settings) -> Storage:
    """The storage that the settings name, as it is.

    Raises SettingsError for an address that is wrong, DatabaseAway where nobody answers, StorageError.
    """
    try:
        return open_storage(settings.database_url)
    except DatabaseAway:
        raise
    except DatabaseURLError as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from error


def existing_storage_here() -> Storage:
    """The storage of a shop that was served before: what only looks something up changes no tables.

    Raises SettingsError where there is none, or an older one, and what `opened_storage` raises.
    """
    settings = settings_here()
    file = settings.database_file
    if file and not file.exists():
        raise SettingsError([f"There is no {file} here: `shoptalk serve` makes it."])
    storage = opened_storage(settings)
    if pending := storage.pending():
        storage.close()
        raise SettingsError(
            [f"The database lacks {', '.join(pending)}: `shoptalk serve` brings it up to date."]
        )
    return storage


def load_packs(folders: Sequence[Path] = (), profile: Profile = "pilot") -> dict[str, Pack]:
    """The packs in these folders (default: `flows`), by business.

    Raises PackError where one has what the profile of `flow-lint` does not let pass: see `checked_pack`.
    """
    packs: dict[str, Pack] = {}
    reports: list[str] = []
    for folder in folders or (FLOWS,):
        found = packs_in(folder)
        if not found:
            reports.append(f"{folder}: there is no pack; a pack is a folder with a business.yaml")
        for path in found:
            pack, report = checked_pack(path, profile)
            reports += report
            if pack is None or report:
                continue
            if pack.business.id in packs:
                first = packs[pack.business.id].path
                reports.append(f"{path}: the business {pack.business.id} is already in {first}")
            packs[pack.business.id] = pack
    if reports:
        raise PackError("\n".join(reports))
    return packs


def make_site(
    settings: Settings,
    packs: Mapping[str, Pack],
    storage: Storage,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    threads: int = THREADS,
    watches: bool = True,
    say: Callable[[str], None] = nobody,
) -> Site:
    """Everything that serves these packs, with workers (not started yet) of so many threads, or without any.

    A provider's number goes to the business that the settings name, else stays with the one of these that has
    it, else goes to the first; every business can be talked to through the simulator. What is published
    anywhere is taken up while the workers work, or once the application is asked for something; with
    `watches`, a pack whose files change is published. `say` is told of both. Raises SettingsError.
    """
    made = {name: provider.make(settings) for name, provider in CHANNELS.items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    published = Published(storage, say)
    for pack in packs.values():
        published.start(pack, now())
    numbers = _give_numbers(storage, channels, tuple(packs))
    metrics = Metrics()
    metrics.watch(storage, now, settings.send_rate, numbers)
    dispatch = Dispatch(settings.redis_url)
    jobs = Jobs(storage, published, channels, settings, now, metrics, dispatch, delivery_threads(threads))
    watch = PackWatch(
        packs.values() if watches else (),
        partial(published.publish, by="watch"),
        say,
        published.follow,
        lambda: storage.is_closed,
    )
    workers = Workers(dispatch, jobs, threads, watch.look) if threads else None
    return Site(settings, storage, channels, published.packs, jobs, dispatch, workers, watch, metrics, now)


def _give_numbers(
    storage: Storage, channels: Mapping[str, Channel], businesses: Sequence[str]
) -> list[tuple[str, str]]:
    """Gives each channel's number to its business; one without a number goes by the business's own word.

    Gives the numbers of the providers. What no setting says is left as it is: two hosts that serve the same
    packs in another order would give the number back and forth.
    """
    numbers: list[tuple[str, str]] = []
    for business in businesses:
        storage.add_channel(business, "simulator", business)
    for name, channel in channels.items():
        if name == "simulator":
            continue
        owner = storage.channel_business(name, channel.number) if channel.number else None
        business = channel.business or (owner if owner in businesses else None) or businesses[0]
        if business not in businesses:
            raise SettingsError(
                [f"a setting gives the number of {name} to {business}: served are {', '.join(businesses)}"]
            )
        if owner not in (None, business):
            log.event("number_moved", provider=name, number=channel.number, before=owner, business=business)
        numbers.append((name, channel.number or business))
        storage.add_channel(business, *numbers[-1])
    return numbers


def create_app() -> Flask:
    """The application of the packs and settings in the current folder; workers run elsewhere.

    Nothing is connected and no thread runs when it is made: a server may fork afterwards.
    """
    settings = settings_here()
    log.start_logging_as_set(settings)
    storage = storage_here(settings)
    site = make_site(settings, load_packs(), storage, threads=0, watches=False)
    app = web.create_app(site)
    storage.disconnect()
    # What counts requests tidies up for a moment, in a thread of its own, as soon as it is made.
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    return app
