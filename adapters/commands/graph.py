"""`shoptalk graph FLOW`: draws a flow, its states, their questions and what leads from one to the next."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.drawing import Live
    from engine.flow import Flow

WRITTEN = ("svg", "mermaid", "dot")
ENDINGS = {
    ".svg": "svg",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".png": "png",
}


class Undrawable(Exception):
    """What was asked for cannot be drawn; the message says why, and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("flow", type=Path, metavar="FLOW", help="a pack, or a flow's file")
    parser.add_argument(
        "--format", choices=(*WRITTEN, "png"), help="default: by the ending of the output's name, else svg"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="without it, it is printed")
    parser.add_argument("--role", default="customer", help="whose flow of the pack (default: customer)")
    parser.add_argument("--language", help="default: the flow's first")
    parser.add_argument(
        "--live",
        action="store_true",
        help="with how many conversations sit in each state, and how many were left there (DATABASE_URL)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 drawn, 1 the flow cannot be read, 2 wrong use."""
    from adapters.settings import SettingsError
    from adapters.storage import StorageError

    try:
        flow, business, name = _flow(arguments.flow, arguments.role)
        language = arguments.language or flow.languages[0]
        if language not in flow.languages:
            raise Undrawable(f"{flow.name} is not in {language!r}; it speaks {', '.join(flow.languages)}")
        live = _live(flow, business) if arguments.live else None
        ending = ENDINGS.get(arguments.output.suffix.lower(), "svg") if arguments.output else "svg"
        drawn = _drawn(flow, language, name, live, arguments.format or ending)
        _write(drawn, arguments.output)
    except (Undrawable, OSError) as error:
        print(f"shoptalk graph: {error}", file=sys.stderr)
        return 2
    except (SettingsError, StorageError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _flow(path: Path, role: str) -> tuple[Flow, str, str]:
    """The flow, and its business by word and by name; no business for a lone file. Raises Undrawable."""
    from adapters.packs import is_pack, load_flow, load_pack

    if is_pack(path):
        pack = load_pack(path).pack
        if pack is None:
            raise Undrawable(f"the pack {path} cannot be read; `flow-lint {path}` says why")
        if role not in pack.flows:
            raise Undrawable(f"nobody talks to {path} as {role!r}; there is: {', '.join(pack.flows)}")
        return pack.flows[role], pack.business.id, pack.business.name
    if path.is_dir():
        raise Undrawable(f"{path} is no pack; a pack is a folder with a business.yaml")
    flows = load_flow(path).flows
    if not flows:
        raise Undrawable(f"there is no flow in {path} that can be read; `flow-lint {path}` says why")
    return next(iter(flows.values())), "", ""


def _live(flow: Flow, business: str) -> Mapping[str, Live]:
    """The live conversations by state. Raises Undrawable, and what opens a storage."""
    from adapters.wiring import existing_storage_here
    from engine.drawing import Live

    if not business:
        raise Undrawable("--live is for a pack: only a business has conversations")
    with closing(existing_storage_here()) as storage:
        sitting = storage.reports(business).sitting(flow.name, datetime.now(UTC) - flow.timeout)
    gone = {state: count for state, (count, _) in sitting.items() if state not in flow.states}
    for state, count in gone.items():
        print(f"{count} in {state}, which this flow does not have", file=sys.stderr)
    return {
        name: Live(here, 0 if state.final or state.human or name == flow.start else left)
        for name, state in flow.states.items()
        for here, left in [sitting.get(name, (0, 0))]
    }


def _drawn(
    flow: Flow, language: str, business: str, live: Mapping[str, Live] | None, form: str
) -> str | bytes:
    from engine.drawing import FORMATS
    from engine.drawing.graph import graph_of
    from engine.drawing.svg import svg

    graph = graph_of(flow, language, business)
    if form != "png":
        return FORMATS[form](graph, live)
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise Undrawable(
            "a PNG needs one more package: pip install 'shoptalk[graph]'; --format svg needs none"
        ) from error
    # Twice as large: what is small stays readable where a picture is zoomed.
    return bytes(svg_to_bytes(svg_string=svg(graph, live, dark=False), zoom=2))


def _write(drawn: str | bytes, output: Path | None) -> None:
    if output is not None:
        output.write_bytes(drawn if isinstance(drawn, bytes) else drawn.encode("utf-8"))
    elif isinstance(drawn, str):
        print(drawn, end="")
    elif sys.stdout.isatty():
        raise Undrawable("a PNG is no text for a terminal; name a file with --output")
    else:
        sys.stdout.buffer.write(drawn)
