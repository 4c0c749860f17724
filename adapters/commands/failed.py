"""`shoptalk failed`: lists messages and timers that were put aside, messages that are nobody's, and why."""

from __future__ import annotations

import argparse
import sys
from typing import Any

LONGEST = 60
"""Characters of a message that a line shows."""

NUMBERS = {
    "meta": "WHATSAPP_PHONE_NUMBER_ID and META_BUSINESS",
    "twilio": "TWILIO_WHATSAPP_FROM and TWILIO_BUSINESS",
    "dialog360": "D360_BUSINESS",
}
"""What gives a provider's number to a business."""


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
            reports = storage.reports(arguments.business)
            found = reports.failed(arguments.limit)
            unclaimed = [] if arguments.business else reports.unclaimed()
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.json:
        for row in (*found, *unclaimed):
            print(json.dumps(row, ensure_ascii=False, default=str))
        return 0
    for row in found:
        print("\n".join(_shown(row)))
    if found:
        print("Take one up again with `shoptalk retry ID`, all of them with `shoptalk retry --all`.")
    for row in unclaimed:
        print("\n".join(_shown_unclaimed(row)))
    if not found and not unclaimed:
        print("Nothing was put aside.")
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


def _shown_unclaimed(row: dict[str, Any]) -> list[str]:
    """Two lines: how many messages came for a number that was nobody's, and what to do about them."""
    many = "1 message" if row["messages"] == 1 else f"{row['messages']} messages"
    at = f"{row['received_at']:%Y-%m-%d %H:%M}"
    what = f"{row['provider']} {row['address']}  {many} for a number that no business had, the last {at}"
    if row["business"]:
        return [what, f"      {row['business']} has it now: take them up with `shoptalk retry --unclaimed`."]
    names = NUMBERS.get(row["provider"], "the settings")
    return [
        what,
        f"      Give it to a business ({names}), start again, then `shoptalk retry --unclaimed`.",
    ]
