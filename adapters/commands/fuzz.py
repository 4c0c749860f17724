"""`shoptalk fuzz`: plays random and hostile customers, and shows the shortest conversation that breaks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from adapters.progress import Progress

if TYPE_CHECKING:
    from engine.rehearsal.fuzzing import Broken

MOST_SHOWN = 5
"""After so many different faults there is enough to mend."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("flow", type=Path, metavar="FLOW", help="a pack, or a flow file of one")
    parser.add_argument("--role", help="whose flow of the pack (default: that of the file, or customer)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long (default: 30)")
    parser.add_argument("--runs", type=int, metavar="N", help="so many customers, however long that takes")
    parser.add_argument("--seed", type=int, help="plays the same customers as the last time with this number")


def run(arguments: argparse.Namespace) -> int:
    """0 nothing broke, 1 something did, 2 there is no such pack or flow."""
    from adapters.channels import CHANNELS
    from adapters.packs import shown
    from adapters.tried import Untriable, tried
    from engine.limits import Limits
    from engine.rehearsal.fuzzing import Fuzzing

    try:
        of = tried(arguments.flow, arguments.role)
    except Untriable as error:
        print(f"shoptalk fuzz: {error}", file=sys.stderr)
        return 2
    seed = arguments.seed if arguments.seed is not None else Random().randrange(1_000_000)  # noqa: S311
    providers = {"": Limits(), **{name: channel.limits for name, channel in CHANNELS.items()}}
    fuzzing = Fuzzing(of.pack, of.role, providers, Random(seed))  # noqa: S311
    bar = Progress(shown(of.folder))
    found: dict[str, Broken] = {}
    runs = said = 0
    began = monotonic()
    while len(found) < MOST_SHOWN:
        past = monotonic() - began
        if runs >= arguments.runs if arguments.runs is not None else past >= arguments.seconds:
            break
        done, most = (runs, arguments.runs) if arguments.runs is not None else (past, arguments.seconds)
        bar.show(done, most, f"{runs} customers, {len(found)} faults")
        messages, broken = fuzzing.run()
        runs += 1
        said += messages
        if broken is not None and broken.breach.mark not in found:
            found[broken.breach.mark] = broken
            bar.clear()
            print(_told(broken))
    bar.clear()
    name = shown(of.folder)
    faults = "nothing broke" if not found else f"{len(found)} faults" if len(found) > 1 else "1 fault"
    print(f"{name}: {runs} customers said {said} things: {faults} (--seed {seed} plays them again)")
    return 1 if found else 0


def _told(broken: Broken) -> str:
    """The conversation as a file, with what it breaks above it."""
    from adapters.conversation_files import text_of

    about = [broken.breach.what, f"Shortened from {broken.length_before} to {len(broken.script.says)}."]
    about += broken.breach.details.rstrip().splitlines()[-3:]
    return text_of(broken.script, about)
