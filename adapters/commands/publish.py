"""`shoptalk publish [PACK…]`: puts packs in force on every host that serves their businesses."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.storage import Storage
    from engine.pack import Pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "packs", nargs="*", metavar="PACK", type=Path, help="packs, or folders of packs (default: ./flows)"
    )
    add_dry_run(parser)


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Adds the wish that nothing be done."""
    parser.add_argument("--dry-run", action="store_true", help="only show what would become of whom")


def run(arguments: argparse.Namespace) -> int:
    """Publishes: 0 done, 1 for a pack with findings, 2 for settings or a database that fail."""
    from adapters.wiring import PackError, load_packs

    def publish(storage: Storage) -> int:
        for pack in load_packs(arguments.packs, "production").values():
            put_in_force(storage, pack, arguments.dry_run)
        return 0

    try:
        return with_storage(publish, is_made=not arguments.dry_run)
    except PackError as error:
        print(error, file=sys.stderr)
        print("Nothing was published: what answers now goes on.", file=sys.stderr)
        return 1


def with_storage(work: Callable[[Storage], int], is_made: bool = True) -> int:
    """Does the work on the database of here; 2 where the settings or the database fail.

    Unless `is_made`, only on one that is there already.
    """
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import existing_storage_here, settings_here, storage_here

    try:
        with closing(storage_here(settings_here()) if is_made else existing_storage_here()) as storage:
            return work(storage)
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2


def put_in_force(storage: Storage, pack: Pack, is_tried: bool) -> None:
    """Publishes the pack, and says what becomes of each conversation; only says it where it `is_tried`."""
    from adapters.fates import fates, told
    from adapters.published import Published
    from engine.publishing.content import content_of

    now = datetime.now(UTC)
    business, name = pack.business.id, pack.business.name
    in_force = storage.versions.in_force(business)
    content = content_of(pack)
    if in_force is not None and in_force.hash == content.hash:
        if not is_tried:
            storage.seed(pack)
        print(f"{name}: this is version {in_force.number}, which is in force already.")
        return
    published = Published(storage)
    published.read(pack)
    found = fates(published, pack, now)
    known = storage.versions.known(business, content.hash)
    number = known.number if known is not None else None
    if is_tried:
        what = f"version {number}" if number else "a new version"
        print(f"{name}: {what} would be published.")
    else:
        number = storage.versions.publish(pack, getpass.getuser(), now).number
        print(f"{name}: version {number} is in force; every process follows within a few seconds.")
    print("\n".join(told(found, number)), flush=True)
