"""`shoptalk versions [PACK|BUSINESS]`: lists what was published, and how many conversations are on it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from adapters.commands.publish import with_storage

if TYPE_CHECKING:
    from adapters.storage import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "business", nargs="?", metavar="PACK|BUSINESS", default="", help="of which business (default: of all)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Lists them: 0 done, 1 where there are none, 2 for settings or a database that fail."""
    return with_storage(lambda storage: _list(storage, arguments.business), is_made=False)


def _list(storage: Storage, named: str) -> int:
    businesses = [business_of(named)] if named else storage.versions.businesses()
    found = {business: storage.versions.all(business) for business in businesses}
    for business, versions in found.items():
        if not versions:
            print(f"Nothing was published of {business}: `shoptalk publish` does.", file=sys.stderr)
            return 1
        print(business)
        for index, version in enumerate(versions):
            mark = "in force" if index == 0 else ""
            talks = f"{version.conversations} conversation{'' if version.conversations == 1 else 's'}"
            at = version.published_at.strftime("%Y-%m-%d %H:%M UTC")
            by = version.published_by
            line = f"  {version.number:>4}  {at}  {by:<10}  {talks:<18} {version.hash[:8]}  {mark}"
            print(line.rstrip())
    if not found:
        print("Nothing was published here: `shoptalk publish` does.", file=sys.stderr)
    return 0 if found else 1


def business_of(named: str) -> str:
    """The business that a word or the folder of a pack stands for."""
    from pathlib import Path

    from adapters.packs import is_pack, load_pack

    folder = Path(named)
    pack = load_pack(folder).pack if is_pack(folder) else None
    return pack.business.id if pack is not None else named
