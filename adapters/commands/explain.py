"""`shoptalk explain PHONE`: tells why an order of a customer was, or was not, made."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.story import tell

GAP = timedelta(minutes=30)
"""After so long a silence the next turn is told with its date."""

HINDRANCES = ("refused", "failed", "unreadable", "pick_gone", "broken")
"""Steps of a trace after which a rule is not done."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "phone", metavar="PHONE", help="the customer's number, however it is written, or their id"
    )
    parser.add_argument("--business", help="only what happened with this business")
    parser.add_argument("--last", type=int, default=50, metavar="N", help="the last N events (default: 50)")


def run(arguments: argparse.Namespace) -> int:
    """0 told, 1 nothing is known of the customer, 2 wrong settings."""
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import existing_storage_here

    try:
        storage = existing_storage_here()
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    reports = storage.reports(arguments.business)
    story = reports.customer_story(arguments.phone)
    if not story:
        print(f"Nobody with {arguments.phone} has written here.", file=sys.stderr)
        return 1
    zones = {row["id"]: (row["name"], ZoneInfo(row["timezone"])) for row in reports.businesses()}
    shown = story[-max(1, arguments.last) :]
    if len(shown) < len(story):
        print(f"(the last {len(shown)} of {len(story)} events; --last {len(story)} tells all)")
    for line in (*lines(shown, zones), "", *verdict(story)):
        print(line)
    return 0


def lines(story: list[dict[str, Any]], businesses: Mapping[str, tuple[str, ZoneInfo]]) -> Iterator[str]:
    """The story, line by line: what the customer said, what was made of it and why, what was answered."""
    before: datetime | None = None
    for event in story:
        name, zone = businesses[event["business"]]
        at = event["at"].astimezone(zone)
        if before is None or at - before > GAP:
            yield ""
            yield f"{at:%A %d %B %Y} · {name}"
        before = at
        yield ""
        yield from _EVENTS[event["event"]](event, f"{at:%H:%M:%S}")


def _turn(turn: Mapping[str, Any], at: str) -> Iterator[str]:
    message = turn["message"]
    yield f"{at}  {said_by_customer(message) if message else '(by itself)'}"
    for sentence in tell(turn["trace"]):
        yield f"          · {sentence}"
    if turn["error"] and not any(step["step"] == "broken" for step in turn["trace"]):
        yield f"          · It broke inside, and nothing of it was kept: {turn['error'].splitlines()[-1]}"
    for reply in turn["replies"]:
        yield from reply_lines(reply)


def _message(message: Mapping[str, Any], at: str) -> Iterator[str]:
    if message["direction"] == "out":
        yield f"{at}  (sent without a turn)"
        yield from reply_lines(message)
        return
    waits = "it waits to be taken up" if message["status"] == "received" else "it starts no turn"
    yield f"{at}  {said_by_customer(message)}"
    yield f"          · {message['kind']}: {waits}."


def _order(order: Mapping[str, Any], at: str) -> Iterator[str]:
    items = ", ".join(f"{item['quantity']}x {item['name']}" for item in order["items"])
    total = f"{order['currency']} {order['total']}"
    yield f"{at}  ORDER {order['number']}: {items}; {total}, now {order['status']}"
    for entry in order["timeline"]:
        why = f" ({entry['reason']})" if entry["reason"] else ""
        yield f"          · {entry['status']}, by {entry['by']}{why}"


_EVENTS = {"turn": _turn, "message": _message, "order": _order}


def said_by_customer(message: Mapping[str, Any]) -> str:
    """What the customer said or did, on one line."""
    if message["kind"] == "timer":
        return f"(by itself) {message['body']}"
    what = {"text": "", "press": "(pressed) "}.get(message["kind"], f"({message['kind']}) ")
    return f"customer: {what}{message['body']}".rstrip()


def reply_lines(reply: Mapping[str, Any]) -> Iterator[str]:
    """What was answered, and what became of it on its way."""
    kind = "" if reply["kind"] == "text" else f"({reply['kind']}) "
    first, *rest = (kind + reply["body"]).splitlines() or [""]
    yield f"          bot: {first}"
    for line in rest:
        yield f"               {line}"
    if reply["status"] in ("failed", "needs_template"):
        yield f"          ✗ it was not sent: {reply['error_code']} {reply['error']}".rstrip()
    elif reply["status"] in ("queued", "sending"):
        again = f"; the last try failed: {reply['error']}" if reply["error"] else ""
        yield f"          … it is not sent yet{again}"


def verdict(story: list[dict[str, Any]]) -> Iterator[str]:
    """The last word: the orders that were made, and what hindered another one since then."""
    orders = [event for event in story if event["event"] == "order"]
    for order in orders:
        yield f"Order {order['number']} was made: {order['currency']} {order['total']}, {order['status']}."
    since = story[story.index(orders[-1]) + 1 :] if orders else story
    turns = [event for event in since if event["event"] == "turn"]
    if not turns:
        return
    what = "Since then no order was made" if orders else "No order was made"
    yield f"{what}. The conversation stands in {turns[-1]['state_after']}."
    hindered = [(turn, step) for turn in turns for step in turn["trace"] if step["step"] in HINDRANCES]
    if hindered:
        turn, step = hindered[-1]
        said = f' after "{turn["message"]["body"]}"' if turn["message"] else ""
        yield f"What last stood in the way{said}: {tell([step])[0]}"
