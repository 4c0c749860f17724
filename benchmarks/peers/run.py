"""Plays one conversation of eight messages on Shoptalk and on its peers in one run, and prints a table.

    python benchmarks/peers/run.py [--rounds 7] [--seconds 1.0]

Each peer is installed into a temporary folder of its own, in the version that `peers.py` pins, and is a
process that is asked for its transcript first: only one that says what Shoptalk says, word for word, is
timed. Then the rows take turns, each for about so many seconds a round, in an order that moves on by one
at every round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import COMMON, PEERS, Peer

HERE = Path(__file__).resolve().parent
MESSAGES = len(json.loads((HERE / "conversation.json").read_text("utf-8"))["says"])


class CannotTakePart(Exception):
    """Why a peer has no figures."""


@dataclass(slots=True)
class Row:
    """What became of a peer: turns a second of each round, or why there are none."""

    peer: Peer
    process: subprocess.Popen[str] | None = None
    conversations: int = 0
    kept: int = 0
    rates: list[float] = field(default_factory=list)
    absent: str = ""
    is_broken: bool = False

    def ask(self, **question: Any) -> dict[str, Any]:
        """The peer's answer; raises CannotTakePart where it ended instead."""
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise CannotTakePart(f"{self.peer.file} ended with {self.process.wait()}") from None
        line = self.process.stdout.readline()
        if not line:
            raise CannotTakePart(f"{self.peer.file} ended with {self.process.wait()}")
        return dict(json.loads(line))

    def measure(self) -> float:
        """Turns a second of one run."""
        seconds = float(self.ask(ask="run", conversations=self.conversations)["seconds"])
        return self.conversations * MESSAGES / seconds


def tell(text: str) -> None:
    """Shows how far it is, on one line of standard error."""
    end = "" if sys.stderr.isatty() else "\n"
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


def install(peer: Peer, folder: Path) -> None:
    """Puts the peer's packages into the folder; raises CannotTakePart with what the installer said."""
    if not peer.packages:
        return
    if peer.language == "Python":
        quiet = ["--quiet", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "install", *quiet, "--target", str(folder), *peer.packages]
    else:
        (folder / "package.json").write_text('{"private": true}\n', "utf-8")
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        command = ["npm", "install", *quiet, "--prefix", str(folder), *peer.packages]
    if shutil.which(command[0]) is None:
        raise CannotTakePart(f"not installed: there is no {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if "error" in line.lower()]
        # npm says first what is wrong, pip last.
        why = "; ".join(said[-1:] if peer.language == "Python" else said[:2])
        raise CannotTakePart(f"not installed: {why or f'{command[0]} ended with {done.returncode}'}")


def start(peer: Peer, folder: Path) -> subprocess.Popen[str]:
    """The peer as a process that waits for questions."""
    if peer.language == "Python":
        command = [sys.executable, str(HERE / peer.file)]
    else:
        # Modules look for packages beside themselves, so they go to where the packages are.
        for file in (*HERE.glob("*.mjs"), HERE / "conversation.json"):
            shutil.copy(file, folder)
        command = ["node", str(folder / peer.file)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NODE_ENV": "production"}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
    )


def stop(process: subprocess.Popen[str]) -> None:
    """Ends the process, which goes by itself when nobody can ask any more."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended before
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def normalised(transcript: Sequence[Sequence[Sequence[Any]]]) -> list[list[tuple[str, tuple[str, ...]]]]:
    """The replies of each message, without the spaces at the ends of lines and texts."""
    return [
        [
            ("\n".join(line.rstrip() for line in text.split("\n")).strip(), tuple(buttons))
            for text, buttons in replies
        ]
        for replies in transcript
    ]


def check(said: Sequence[Sequence[Any]], ours: Sequence[Sequence[Any]]) -> None:
    """Raises CannotTakePart with the first message that is answered otherwise."""
    if len(said) != len(ours):
        raise CannotTakePart(f"not timed: it answers {len(said)} messages of {len(ours)}")
    for number, (mine, wanted) in enumerate(zip(said, ours, strict=True), 1):
        if mine != wanted:
            raise CannotTakePart(f"not timed: message {number} is answered with {mine}, not {wanted}")


def prepare(
    row: Row, folder: Path, ours: list[Any] | None, seconds: float, stack: ExitStack
) -> list[Any] | None:
    """Installs, starts, checks and warms up a peer; gives its transcript, None where it says nothing."""
    tell(f"installing {row.peer.name}")
    folder.mkdir()
    install(row.peer, folder)
    tell(f"checking {row.peer.name}")
    row.is_broken = True
    try:
        row.process = start(row.peer, folder)
    except FileNotFoundError as error:
        raise CannotTakePart(f"not started: there is no {error.filename}") from None
    stack.callback(stop, row.process)
    answer = row.ask(ask="transcript")
    row.kept = answer["kept"]
    said = normalised(answer["transcript"]) if row.peer.texts else None
    if said is not None and ours is not None:
        check(said, ours)
    tell(f"warming up {row.peer.name}")
    row.conversations = 20
    for _ in range(3):
        row.conversations = max(20, round(row.measure() * seconds / MESSAGES))
    row.is_broken = False
    return said


def measure(rows: Sequence[Row], rounds: int) -> None:
    """Lets the rows take turns; one that ends on the way loses its figures and says so."""
    for turn in range(rounds):
        first = turn % len(rows)
        for row in (*rows[first:], *rows[:first]):
            if row.absent:
                continue
            tell(f"round {turn + 1} of {rounds}: {row.peer.name}")
            try:
                row.rates.append(row.measure())
            except CannotTakePart as why:
                row.absent = str(why)
                row.is_broken = True


def spread(values: Sequence[float], digits: int) -> str:
    """Median, and the least and the greatest."""
    middle, least, most = (
        f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({least} … {most})"


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown: figures first, then what is to be known of all and of each."""
    ours = rows[0].rates
    lines = [
        "| | turns a second | of Shoptalk's | texts | to JSON and back at each message | bytes |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        peer = row.peer
        version = re.split("==|@", peer.packages[0])[-1] if peer.packages else ""
        name = f"{' '.join(filter(None, (peer.name, version)))} ({peer.language})"
        figures, ratios, kept = row.absent.replace("|", "/"), "", ""
        if not row.absent:
            figures = spread(row.rates, 0)
            ratios = spread([mine / wanted for mine, wanted in zip(row.rates, ours, strict=True)], 2)
            kept = f"{row.kept:,}" if row.kept else ""
        cells = (name, figures, ratios, peer.texts or "none", peer.kept, kept)
        lines.append(f"| {' | '.join(cells)} |")
    notes = (f"- **{row.peer.name}**: {row.peer.fairness}" for row in rows)
    return "\n".join([*lines, "", COMMON, "", *notes])


def machine() -> str:
    """What the rows run on."""
    command = shutil.which("node")
    node = "no node"
    if command:
        told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
        node = f"node {told.strip()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {node}, {os.cpu_count()} cores"


def main() -> int:
    """Runs everything and prints it; 1 where a peer that was installed has no figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long a row runs in a round")
    arguments = parser.parse_args()
    rows = [Row(peer) for peer in PEERS]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shoptalk-peers-")))
        ours = None
        for number, row in enumerate(rows):
            try:
                said = prepare(row, place / str(number), ours, arguments.seconds, stack)
            except CannotTakePart as why:
                row.absent = str(why)
                continue
            ours = ours or said
        measure([row for row in rows if not row.absent], arguments.rounds)
        tell("")
    if rows[0].absent:
        sys.exit(f"there is nothing to compare with: {rows[0].absent}")
    print(f"{machine()}; {arguments.rounds} rounds of about {arguments.seconds:g} s a row\n")
    print(table(rows))
    return 1 if any(row.is_broken for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
