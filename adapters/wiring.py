"""Puts settings, packs, storage, channels, worker and web together; alone it knows every adapter."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from adapters import log, web
from adapters.channels import CHANNELS
from adapters.packs import checked_pack, packs_in
from adapters.settings import Settings, SettingsError, read_settings
from adapters.storage import DatabaseURLError, Storage, open_storage
from adapters.tasks.jobs import Jobs
from adapters.tasks.queue import Worker
from adapters.watch import PackWatch
from adapters.web.site import Site
from engine.interpreter import Interpreter
from engine.pack import Pack

FLOWS = Path("flows")

THREADS = 8
"""How many customers are served at once: a thread waits for the provider most of its time."""


class PackError(Exception):
    """Packs cannot be served; the text is the report of `flow-lint`, or says what to name instead."""


def settings_here() -> Settings:
    """The settings of this process and of the `.env` file in the current folder. Raises SettingsError."""
    return read_settings(os.environ, Path(".env"))


def storage_here(settings: Settings) -> Storage:
    """The storage that the settings name, with its tables up to date. Raises SettingsError, StorageError."""
    try:
        storage = open_storage(settings.database_url)
    except DatabaseURLError as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from error
    storage.migrate()
    return storage


def load_packs(folders: Sequence[Path] = ()) -> dict[str, Pack]:
    """The packs in these folders (default: `flows`), by business; raises PackError where one has findings."""
    packs: dict[str, Pack] = {}
    reports: list[str] = []
    for folder in folders or (FLOWS,):
        found = packs_in(folder)
        if not found:
            reports.append(f"{folder}: there is no pack; a pack is a folder with a business.yaml")
        for path in found:
            pack, report = checked_pack(path)
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
) -> Site:
    """Everything that serves these packs; its worker is not started yet.

    WhatsApp's number goes to the first business, and every business can be talked to through the simulator.
    While the worker works, a pack whose files change is taken up anew.
    """
    made = {name: make(settings) for name, make in CHANNELS.items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    interpreters: dict[tuple[str, str], Interpreter] = {}
    served: dict[str, Pack] = {}

    def publish(pack: Pack) -> None:
        compiled = {(pack.business.id, role): Interpreter(pack, role) for role in pack.flows}
        storage.seed(pack)
        interpreters.update(compiled)
        served[pack.business.id] = pack

    for pack in packs.values():
        publish(pack)
    for business in packs:
        storage.add_channel(business, "simulator", business)
    if settings.meta:
        storage.add_channel(next(iter(packs)), "meta", settings.meta.phone_number_id)
    jobs = Jobs(storage, interpreters, channels, now)
    watch = PackWatch(packs.values(), publish)

    def find() -> list[int]:
        watch.look()
        return jobs.tick()

    worker = Worker(jobs.look_at, find, THREADS)
    jobs.is_stopping = lambda: worker.is_stopping
    return Site(settings, storage, channels, served, worker, now)


def create_app() -> Flask:
    """The application of the packs and settings in the current folder, with its worker at work."""
    settings = settings_here()
    log.start_logging(settings.secrets)
    site = make_site(settings, load_packs(), storage_here(settings))
    site.worker.start()
    return web.create_app(site)
