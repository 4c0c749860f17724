"""`shoptalk rollback BUSINESS [N]`: puts a version that was published before in force again."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from adapters.commands.publish import add_dry_run, put_in_force, with_storage
from adapters.commands.versions import business_of

if TYPE_CHECKING:
    from adapters.storage import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("business", metavar="BUSINESS", help="the word of the business, or its pack")
    parser.add_argument(
        "number", nargs="?", type=int, metavar="N", help="which version (default: the one before)"
    )
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Goes back: 0 done, 1 where there is no such version, 2 for settings or a database that fail."""
    return with_storage(
        lambda storage: _go_back(
            storage, business_of(arguments.business), arguments.number, arguments.dry_run
        ),
        is_made=False,
    )


def _go_back(storage: Storage, business: str, number: int | None, is_tried: bool) -> int:
    from adapters.published import stored_pack

    versions = storage.versions.all(business)
    if number is None:
        number = versions[1].number if len(versions) > 1 else None
        if number is None:
            print(f"There is no version of {business} before the one in force.", file=sys.stderr)
            return 1
    pack = stored_pack(storage, business, number)
    if pack is None:
        known = ", ".join(str(version.number) for version in versions) or "none"
        print(f"There is no version {number} of {business}; there are: {known}.", file=sys.stderr)
        return 1
    put_in_force(storage, pack, is_tried)
    return 0
