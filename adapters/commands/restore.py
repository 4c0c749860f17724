"""`shoptalk restore FILE`: fills an empty database with what `shoptalk backup` wrote."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that `shoptalk backup` made")


def run(arguments: argparse.Namespace) -> int:
    """0 all of it is there; 1 nothing was restored; 2 wrong settings."""
    from adapters.commands.backup import progress
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.storage.copies import restore
    from adapters.wiring import settings_here

    try:
        settings = settings_here()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        restored = restore(arguments.file, settings.database_url, progress)
    except StorageError as error:
        progress("")
        print(error, file=sys.stderr)
        return 1
    progress("")
    print(
        f"{settings.shown_database_url}: {restored.messages:,} messages, {restored.orders:,} orders. "
        "Replies that waited to be sent then go out when Shoptalk starts."
    )
    return 0
