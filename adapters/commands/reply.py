"""`shoptalk reply PHONE TEXT`: answers a customer who is with a person, with a file too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.desk import Desk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("phone", metavar="PHONE", help="the customer's number with its country, or their id")
    add_words(parser)
    add_choices(parser)


def add_words(parser: argparse.ArgumentParser) -> None:
    """Adds what is said."""
    parser.add_argument("text", metavar="TEXT", nargs="*", help="what to say")
    parser.add_argument(
        "--file", default="", metavar="FILE", help="a file to send with it, or its public https address"
    )


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Adds what tells one talk of a customer from another, and where the packs are."""
    add_packs(parser)
    parser.add_argument("--business", default="", metavar="NAME", help="the talk with this business")
    parser.add_argument("--channel", default="", metavar="NAME", help="the talk over this provider: twilio")


def add_packs(parser: argparse.ArgumentParser) -> None:
    """Adds where the packs are."""
    parser.add_argument(
        "--packs",
        nargs="+",
        default=[],
        type=Path,
        metavar="PACK",
        help="packs, or folders of packs (default: ./flows)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 queued, 1 it cannot be done, 2 wrong settings."""
    from adapters.desk import Wish

    wish = Wish(arguments.phone, arguments.business, arguments.channel)
    return at_the_desk(
        arguments.packs, lambda desk: desk.reply(wish, " ".join(arguments.text), arguments.file)
    )


def at_the_desk(folders: Sequence[Path], work: Callable[[Desk], str]) -> int:
    """Does the work with the settings and the packs of here, and prints what came of it.

    0 done, 1 it cannot be done, 2 wrong settings.
    """
    from adapters.desk import Desk, NotDone
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import PackError, load_packs, settings_here, storage_here

    try:
        settings = settings_here()
        if settings.database_file and not settings.database_file.exists():
            print(f"There is no {settings.database_file} here: `shoptalk serve` makes it.", file=sys.stderr)
            return 1
        packs = load_packs(folders)
        storage = storage_here(settings)
    except PackError as error:
        print(error, file=sys.stderr)
        return 1
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        print(work(Desk(settings, packs, storage)))
    except (NotDone, StorageError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        storage.close()
    return 0
