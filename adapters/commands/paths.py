"""`shoptalk paths`: finds the shortest conversations to all that no conversation of a pack reaches."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from adapters.progress import Progress

MOST_TRIED = 60_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("flow", type=Path, metavar="FLOW", help="a pack, or a flow file of one")
    parser.add_argument("--role", help="whose flow of the pack (default: that of the file, or customer)")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write them into the pack, as conversations/paths_1.yaml …; without it they are printed",
    )
    parser.add_argument(
        "--all", action="store_true", help="to everything, also what the pack's own conversations reach"
    )
    parser.add_argument(
        "--tries",
        type=int,
        default=MOST_TRIED,
        metavar="N",
        help=f"give up after trying so many things (default: {MOST_TRIED})",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 everything is reached now, 1 something was not found, 2 there is no such pack or flow."""
    from adapters.conversation_files import free_file, text_of
    from adapters.packs import shown
    from adapters.tried import Untriable, reached, tried
    from engine.rehearsal.coverage import Coverage
    from engine.rehearsal.exploration import explore

    try:
        of = tried(arguments.flow, arguments.role)
    except Untriable as error:
        print(f"shoptalk paths: {error}", file=sys.stderr)
        return 2
    name = shown(of.folder)
    coverage = Coverage(of.pack.flows[of.role]) if arguments.all else reached(of)
    wanted = len(coverage.items) - len(coverage.reached)
    if not wanted:
        print(f"{name}: its conversations reach everything")
        return 0
    bar = Progress(name)
    explored = explore(
        of.pack,
        of.role,
        coverage,
        arguments.tries,
        lambda done, most, left: bar.show(done, most, f"{wanted - left} of {wanted} found"),
    )
    bar.clear()
    for path in explored.paths:
        about = ["Found by `shoptalk paths`. Without it:", *(f"  {item.unreached}" for item in path.reaches)]
        text = text_of(path.script, about)
        if arguments.write:
            (of.folder / "conversations").mkdir(exist_ok=True)
            file = free_file(of.folder / "conversations", "paths")
            file.write_text(text, encoding="utf-8", newline="\n")
            print(f"{shown(file)}: written, {path.script.title}")
        else:
            print(text)
    found = wanted - len(explored.unreached)
    print(f"{name}: {found} of {wanted} found, in {_conversations(len(explored.paths))}")
    if arguments.write and explored.paths:
        print(f"Read them; `shoptalk test {name} --update` then writes what is answered, to be read too.")
    if explored.unreached:
        why = _why(explored.is_whole, explored.longest, explored.tried)
        print(f"{name}: {len(explored.unreached)} not found: {why}")
        for item in explored.unreached:
            print(f"    {item.place}: {item.unreached}")
    for fault in explored.broke:
        print(f"{name}: it broke inside on the way: {fault}")
    if explored.broke:
        print(f"{name}: `shoptalk fuzz {name}` shows the shortest conversations that break it")
    return 1 if explored.unreached or explored.broke else 0


def _conversations(number: int) -> str:
    return "1 conversation" if number == 1 else f"{number} conversations"


def _why(is_whole: bool, longest: int, tried: int) -> str:
    if is_whole:
        return f"nothing that was tried ({tried} things, up to {longest} in a row) leads there"
    return f"not within {tried} tries, of up to {longest} things in a row; --tries allows more"
