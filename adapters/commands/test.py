"""`shoptalk test`: plays the conversations of packs and compares them with their snapshots."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.pack import Pack

FLOWS = Path("flows")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "packs",
        nargs="*",
        type=Path,
        metavar="PACK",
        help="packs, or folders of packs (default: every pack in ./flows)",
    )
    parser.add_argument(
        "--update", action="store_true", help="write the snapshots as the conversations are now"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 all as the snapshots say, 1 something is not or a pack has findings, 2 there is no pack."""
    from adapters.packs import packs_in

    packs: list[Path] = []
    for folder in arguments.packs or [FLOWS]:
        found = packs_in(folder)
        if not found:
            print(
                f"shoptalk test: no pack in {folder}: a pack is a folder with a business.yaml",
                file=sys.stderr,
            )
            return 2
        packs += found
    return max([_test(folder, arguments.update) for folder in packs])


def _test(folder: Path, update: bool) -> int:
    from adapters.packs import checked_pack, load_pack, shown

    pack, report = checked_pack(folder)
    if pack is None or report:
        print("\n".join(report))
        return 1
    scripts = {
        folder / file: document
        for file, document in load_pack(folder).documents.items()
        if file.startswith("conversations/")
    }
    name = shown(folder)
    differing = _left_over(folder / "conversations", scripts, update)
    if not scripts:
        print(f"{name}: no conversations; put them into {name}/conversations/")
    for number, (file, document) in enumerate(scripts.items(), 1):
        _progress(f"{name}: {number} of {len(scripts)}")
        differing += not _is_as_snapshot(pack, file, document, update)
    _progress("")
    if scripts:
        played = "1 conversation" if len(scripts) == 1 else f"{len(scripts)} conversations"
        how = f"{differing} not as the snapshots say" if differing else "all as their snapshots say"
        print(f"{name}: {played}, {how}")
    return 1 if differing else 0


def _is_as_snapshot(pack: Pack, file: Path, document: Mapping[str, Any], update: bool) -> bool:
    """Plays one conversation; says what differs, or with `update` writes it down."""
    from adapters.packs import shown
    from adapters.provider_limits import UnknownProvider, limits_of
    from engine.transcript import Unplayable, play, script_of

    script = script_of(document)
    try:
        said = play(pack, script, limits_of(script.provider))
    except (Unplayable, UnknownProvider) as error:
        _progress("")
        print(f"{shown(file)}: {error}")
        return False
    snapshot = file.with_suffix(".txt")
    expected = snapshot.read_text(encoding="utf-8") if snapshot.is_file() else None
    if said == expected:
        return True
    _progress("")
    if update:
        snapshot.write_text(said, encoding="utf-8", newline="\n")
        print(f"{shown(snapshot)}: written")
        return True
    if expected is None:
        print(f"{shown(file)}: there is no snapshot yet; --update writes it")
        return False
    from adapters.side_by_side import side_by_side

    print(f"{shown(file)}: not as its snapshot says")
    width = shutil.get_terminal_size((120, 24)).columns
    for line in side_by_side(expected, said, width, (snapshot.name, "now")):
        print(line)
    print()
    return False


def _left_over(folder: Path, scripts: Mapping[Path, object], update: bool) -> int:
    """How many snapshots have lost their conversation; with `update` they go too."""
    from adapters.packs import shown

    known = {file.with_suffix(".txt") for file in scripts}
    lost = [snapshot for snapshot in sorted(folder.glob("*.txt")) if snapshot not in known]
    for snapshot in lost:
        if update:
            snapshot.unlink()
            print(f"{shown(snapshot)}: removed, its conversation is gone")
        else:
            print(f"{shown(snapshot)}: there is no conversation of this name; --update removes it")
    return 0 if update else len(lost)


def _progress(words: str) -> None:
    """One line that is written over by the next; only where somebody watches."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{words}", end="", flush=True)
