"""`shoptalk retry ID…`: lets messages that were put aside be tried once more."""

from __future__ import annotations

import argparse
import sys

from adapters.commands.reply import add_packs, at_the_desk

EVERYTHING = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "ids",
        nargs="*",
        type=int,
        metavar="ID",
        default=[],
        help="messages, by their numbers in `shoptalk failed`",
    )
    which.add_argument("--all", action="store_true", help="everything that was put aside")
    which.add_argument(
        "--unclaimed",
        action="store_true",
        help="the messages that came for a number before a business had it",
    )
    add_packs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Takes them up again: 0 all, 1 where one is not put aside, 2 for settings or a database that fail.

    Of unclaimed messages, those for a business whose pack is here: 1 where a pack cannot be read.

    A server or worker that runs finds them within a second.
    """
    if arguments.unclaimed:
        return at_the_desk(arguments.packs, lambda desk: desk.take_up_unclaimed())
    from contextlib import closing

    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import existing_storage_here

    try:
        with closing(existing_storage_here()) as storage:
            ids = arguments.ids
            if arguments.all:
                # The oldest first: of one conversation they are then tried in their order.
                ids = sorted(row["id"] for row in storage.failed(EVERYTHING))
            unknown = [one for one in ids if not storage.take_up_again(one)]
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    for one in unknown:
        print(f"{one} is no message that was put aside: see `shoptalk failed`", file=sys.stderr)
    taken = len(ids) - len(unknown)
    print(f"{taken} {'message is' if taken == 1 else 'messages are'} taken up again.")
    return 1 if unknown else 0
