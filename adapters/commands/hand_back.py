"""`shoptalk hand-back PHONE`: gives a customer who is with a person back to the conversation."""

from __future__ import annotations

import argparse

from adapters.commands.reply import add_choices, at_the_desk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("phone", metavar="PHONE", help="the customer's number with its country, or their id")
    add_choices(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 handed back, 1 it cannot be done, 2 wrong settings."""
    from adapters.desk import Wish

    wish = Wish(arguments.phone, arguments.business, arguments.channel)
    return at_the_desk(arguments.packs, lambda desk: desk.hand_back(wish))
