"""`shoptalk send PHONE TEXT`: writes to anybody, with a file too."""

from __future__ import annotations

import argparse

from adapters.commands.reply import add_choices, add_words, at_the_desk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("phone", metavar="PHONE", help="the number with its country, or a customer's id")
    add_words(parser)
    add_choices(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 queued, 1 it cannot be done, 2 wrong settings."""
    from adapters.desk import Wish

    wish = Wish(arguments.phone, arguments.business, arguments.channel)
    return at_the_desk(
        arguments.packs, lambda desk: desk.send(wish, " ".join(arguments.text), arguments.file)
    )
