"""`shoptalk why [PHONE]`: tells what came of the last message, and which lines of the flow decided it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from adapters.commands.explain import reply_lines, said_by_customer
from engine.story import in_short, sentences

if TYPE_CHECKING:
    from adapters.storage import Storage

LineOf = Callable[[str, int], str]
"""The line of a file, counted from 1, as it was when the turn was taken; empty where it is not known."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("phone", metavar="PHONE", nargs="?", help="whose last message; without it, anybody's")
    parser.add_argument("--turn", type=int, default=1, metavar="N", help="the N-th last (default: 1)")
    parser.add_argument("--business", help="only what happened with this business")


def run(arguments: argparse.Namespace) -> int:
    """0 told, 1 there is no such turn, 2 wrong use or settings."""
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import existing_storage_here

    if arguments.turn < 1:
        print("shoptalk why: --turn counts back from 1, the last", file=sys.stderr)
        return 2
    try:
        with closing(existing_storage_here()) as storage:
            reports = storage.reports(arguments.business)
            turn = reports.turn_back(arguments.turn, arguments.phone)
            if turn is None:
                print(_nothing(arguments.phone, arguments.turn), file=sys.stderr)
                return 1
            business = next(one for one in reports.businesses() if one["id"] == turn["business"])
            for line in lines(turn, business, _line_of(storage, turn)):
                print(line)
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def lines(turn: Mapping[str, Any], business: Mapping[str, Any], line_of: LineOf) -> Iterator[str]:
    """The turn, line by line: who and when, what was said, each step with its place, the answer, in short."""
    customer = turn["customer"]
    who = " · ".join(filter(None, (customer["name"], customer["phone"] or customer["user_id"])))
    at = turn["started_at"].astimezone(ZoneInfo(business["timezone"]))
    yield f"{business['name']} · {who} · {at:%A %d %B %Y, %H:%M:%S}"
    yield f"The conversation was in {turn['state_before']}."
    yield ""
    yield said_by_customer(turn["message"]) if turn["message"] else "(by itself)"
    yield ""
    trace = turn["trace"]
    if turn["error"] and not any(step["step"] == "broken" for step in trace):
        trace = [*trace, {"step": "broken", "error": turn["error"].splitlines()[-1]}]
    shown = ""
    for number, (said, place) in enumerate(sentences(trace), 1):
        yield f"  {number}. {said}"
        if place and place != shown:
            yield from _source(place, line_of)
            shown = place
    yield ""
    for reply in turn["replies"]:
        yield from (line.removeprefix("          ") for line in reply_lines(reply))
    if turn["replies"]:
        yield ""
    yield f"In short: {in_short(trace)}"


def _source(place: str, line_of: LineOf) -> Iterator[str]:
    """The place, and the line that stands there."""
    file, _, number = place.rpartition(":")
    line = line_of(file, int(number)).strip() if number.isdigit() else ""
    yield f"       {place}"
    if line:
        yield f"       │ {line}"


def _line_of(storage: Storage, turn: Mapping[str, Any]) -> LineOf:
    """Reads the lines of the version that took the turn; of a file that is in none, as it is now."""
    from adapters.packs import LinesOfFiles

    number = turn["version"]
    if number is None:
        newest = storage.versions.in_force(turn["business"])
        number = newest.number if newest is not None else None
    content = storage.versions.content(turn["business"], number) if number is not None else None
    here = LinesOfFiles()

    def line(file: str, count: int) -> str:
        within = file.removeprefix(f"{content.path}/") if content is not None else ""
        if content is None or within not in content.files:
            return here.line(file, count)
        kept = content.files[within].splitlines()
        return kept[count - 1] if 0 < count <= len(kept) else ""

    return line


def _nothing(phone: str | None, back: int) -> str:
    if back > 1:
        return f"{phone or 'Everybody together'} has fewer than {back} turns here."
    return f"Nobody with {phone} has written here." if phone else "Nobody has written here yet."
