"""`shoptalk failed`: lists the messages and timers that were put aside, in either direction, and why."""

from __future__ import annotations

import argparse
import sys
from typing import Any

LONGEST = 60
"""Characters of a message that a line shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for other programs")
    parser.add_argument("--business", help="only this one")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="the newest N (default: 100)")


def run(arguments: argparse.Namespace) -> int:
    """Lists them, the newest first: 0 also where there is none, 2 for settings or a database that fail."""
    import json
    from contextlib import closing

    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import existing_storage_here

    try:
        with closing(existing_storage_here()) as storage:
            found = storage.reports(arguments.business).failed(arguments.limit)
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    for row in found:
        if arguments.json:
            print(json.dumps(row, ensure_ascii=False, default=str))
        else:
            print("\n".join(_shown(row)))
    if not found and not arguments.json:
        print("Nothing was put aside.")
    elif found and not arguments.json:
        print("Take one up again with `shoptalk retry ID`, all of them with `shoptalk retry --all`.")
    return 0


def _shown(row: dict[str, Any]) -> list[str]:
    """Two lines: which message it is, and why it was put aside."""
    way = f"from {row['customer']}" if row["direction"] == "in" else f"to {row['customer']}"
    if row["kind"] == "timer":
        way = f"for {row['customer']}"
    what = row["what"] if row["kind"] == "text" else f"({row['kind']}) {row['what']}"
    what = " ".join(what.split())
    if len(what) > LONGEST:
        what = f"{what[: LONGEST - 1]}…"
    code = f"{row['error_code']}: " if row["error_code"] else ""
    at = f"{row['at']:%Y-%m-%d %H:%M}"
    state = "" if row["status"] == "failed" else f"{row['status']}, "
    return [f"{row['id']}  {at}  {row['business']}  {way}  “{what}”", f"      {state}{code}{row['error']}"]
