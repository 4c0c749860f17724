"""`shoptalk backup FILE`: copies the whole database into one new file, also while Shoptalk runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="the file to be made; one that is there stays"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 the copy is there, whole and checked; 1 there is none; 2 wrong settings."""
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.storage.copies import back_up
    from adapters.wiring import settings_here

    try:
        settings = settings_here()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        copied = back_up(settings.database_url, arguments.file, progress)
    except StorageError as error:
        progress("")
        print(error, file=sys.stderr)
        return 1
    progress("")
    print(
        f"{arguments.file}: {copied.size:,} bytes, {copied.messages:,} messages, {copied.orders:,} orders, "
        "checked"
    )
    if settings.media_dir.is_dir():
        print(f"What customers sent lies in {settings.media_dir}: copy that folder too, after this.")
    return 0


def progress(words: str) -> None:
    """One line that is written over by the next; only where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", flush=True, file=sys.stderr)
