"""`shoptalk record PHONE`: makes a conversation file of a real conversation, without its customer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.tried import Tried
    from engine.rehearsal.recording import Difference, Heard

FLOWS = Path("flows")
FIELDS = ("name", "address", "email")
PRIVATE = ("name", "address", "email", "phone", "user_id", "profile_name")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "phone", metavar="PHONE", help="the customer's number, however it is written, or their id"
    )
    parser.add_argument("--business", help="the business that they talked with")
    parser.add_argument("--last", type=int, metavar="N", help="the last N things that they said")
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="WHEN",
        help="from then on: 2025-10-18T11:00",
    )
    parser.add_argument(
        "--write",
        metavar="NAME",
        help="write it as conversations/NAME.yaml of the pack; else it is printed",
    )
    parser.add_argument(
        "--pack",
        type=Path,
        default=FLOWS,
        help="its pack, or a folder of packs (default: flows)",
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no moment; write 2025-10-18 or 2025-10-18T11:00"
        ) from None


def run(arguments: argparse.Namespace) -> int:
    """0 recorded, 1 it goes another way now than it went, 2 nothing is known, or there is no such pack."""
    from adapters.packs import packs_in
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.tried import Untriable, tried
    from adapters.wiring import existing_storage_here

    if arguments.write is not None and not arguments.write.replace("-", "_").isidentifier():
        print("shoptalk record: a name is letters, digits and `_`", file=sys.stderr)
        return 2
    try:
        reports = existing_storage_here().reports(arguments.business)
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    story = reports.customer_story(arguments.phone)
    told = [event for event in story if event["event"] in ("turn", "message") and _is_heard(event)]
    if not told:
        print(f"Nobody with {arguments.phone} has written here.", file=sys.stderr)
        return 2
    # Of several businesses, or channels, it is the conversation that was last written in.
    last = told[-1]
    told = [event for event in told if event["conversation"] == last["conversation"]]
    conversation = reports.conversation(last["conversation"]) or {}
    people = [one for one in reports.find_customers(arguments.phone) if one["business"] == last["business"]]
    try:
        of = next(
            (
                found
                for found in (tried(folder, conversation.get("flow")) for folder in packs_in(arguments.pack))
                if found.pack.business.id == last["business"]
            ),
            None,
        )
    except Untriable as error:
        print(f"shoptalk record: {error}", file=sys.stderr)
        return 2
    if of is None:
        print(f"shoptalk record: no pack of {last['business']} in {arguments.pack}", file=sys.stderr)
        return 2
    return _recorded(of, told, people, str(conversation.get("provider") or ""), arguments)


def _recorded(
    of: Tried,
    told: Sequence[Mapping[str, Any]],
    people: Sequence[Mapping[str, Any]],
    provider: str,
    arguments: argparse.Namespace,
) -> int:
    from adapters.conversation_files import text_of
    from adapters.packs import shown
    from adapters.provider_limits import UnknownProvider, limits_of
    from engine.rehearsal.recording import record

    start = str(of.pack.flows[of.role].start)
    heard = [_heard(event, start) for event in told]
    first = _first(heard, told, arguments, of.pack.business.zone)
    if first is None:
        print(f"shoptalk record: nothing was said since {arguments.since}", file=sys.stderr)
        return 2
    person = people[0] if people else {}
    saved = {field: str(person.get(field) or "") for field in FIELDS} if _was_saved(told, first) else {}
    language = str(person.get("language") or "") if not _does(told, "set_language") else ""
    provider = "" if provider == "meta" else provider
    try:
        limits = limits_of(provider)
    except UnknownProvider:
        provider, limits = "", limits_of("")
    private = [str(person.get(field) or "") for field in PRIVATE]
    recording = record(of.pack, of.role, heard, first, private, saved, language, provider, limits)
    moment = of.pack.business.local(heard[first].at)
    script = replace(recording.script, title=arguments.write or f"recorded on {moment:%Y-%m-%d}")
    about = [
        "Recorded by `shoptalk record`. Names, numbers, addresses and whatever else was written freely are",
        "invented; read it once more before you keep it.",
    ]
    text = text_of(script, about)
    if arguments.write is None:
        print(text, end="")
    else:
        file = of.folder / "conversations" / f"{arguments.write}.yaml"
        if file.exists():
            print(f"shoptalk record: {shown(file)} is there already", file=sys.stderr)
            return 2
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        print(f"{shown(file)}: written; read it, then `shoptalk test {shown(of.folder)} --update`")
    for line in _differences(recording.differences):
        print(line, file=sys.stderr)
    return 1 if recording.differences else 0


def _differences(differences: Sequence[Difference]) -> list[str]:
    lines = [
        f"entry {one.entry}, {one.said}: it went to {one.was} then, and comes to {one.is_now} now"
        for one in differences[:5]
    ]
    if lines:
        lines.append("Flow or catalogue have changed since, or what was invented is not like what was said.")
    return lines


def _is_heard(event: Mapping[str, Any]) -> bool:
    return event["event"] == "turn" or event["direction"] == "in"


def _heard(event: Mapping[str, Any], start: str) -> Heard:
    from engine.message import Inbound
    from engine.rehearsal.recording import Heard

    message = event["message"] if event["event"] == "turn" else event
    trace = event["trace"] if event["event"] == "turn" else []
    how = next((str(step["how"]) for step in trace if step["step"] == "understood"), "")
    inbound = None
    if message is not None and message["kind"] != "timer":
        payload = message["payload"]
        inbound = Inbound(
            message["kind"],
            text=payload.get("text") or "",
            press=payload.get("press"),
            latitude=payload.get("latitude"),
            longitude=payload.get("longitude"),
            address=payload.get("address") or "",
            items=tuple((str(code), int(count)) for code, count in payload.get("items") or ()),
        )
    return Heard(
        at=event["at"],
        inbound=inbound,
        event=how.removeprefix("event ") if how.startswith("event ") else "",
        state=str(event.get("state_after") or "") if event["event"] == "turn" and not event["error"] else "",
        trace=trace,
        began=event.get("state_before") == start or any(step["step"] == "started_over" for step in trace),
    )


def _first(
    heard: Sequence[Heard], told: Sequence[Mapping[str, Any]], arguments: argparse.Namespace, zone: Any
) -> int | None:
    """Where the recording begins; by itself where the conversation last began."""
    if arguments.since is not None:
        since = arguments.since if arguments.since.tzinfo else arguments.since.replace(tzinfo=zone)
        return next((number for number, one in enumerate(heard) if one.at >= since), None)
    said = [number for number, one in enumerate(heard) if one.inbound is not None]
    if arguments.last is not None:
        return said[-max(1, arguments.last) :][0] if said else 0
    return max((number for number, one in enumerate(heard) if one.began), default=0)


def _was_saved(told: Sequence[Mapping[str, Any]], first: int) -> bool:
    """Whether the business knew the customer when the recording begins."""
    return _does(told[:first], "save_customer") or not _does(told, "save_customer")


def _does(told: Sequence[Mapping[str, Any]], action: str) -> bool:
    return any(
        step["step"] == "did" and step["action"] == action
        for event in told
        if event["event"] == "turn"
        for step in event["trace"]
    )
