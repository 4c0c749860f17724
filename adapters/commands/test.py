"""`shoptalk test`: plays a pack's conversations, compares them with their snapshots, says what they reach."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from adapters.progress import Progress

if TYPE_CHECKING:
    from adapters.junit import Case
    from engine.pack import Pack
    from engine.rehearsal.coverage import Coverage
    from engine.rehearsal.talk import Watch

FLOWS = Path("flows")

SHOWN = 10
"""So many of what is not covered are told without being asked."""


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
    parser.add_argument(
        "--min",
        type=_per_cent,
        default=0.0,
        metavar="PERCENT",
        help="fail where the conversations of a pack reach less of its flows than this",
    )
    parser.add_argument(
        "--missing",
        action="store_true",
        help=f"name everything that no conversation reaches, not only the first {SHOWN}",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML")


def _per_cent(text: str) -> float:
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is no share; write a number from 0 to 100")
    return number


def run(arguments: argparse.Namespace) -> int:
    """0 all as the snapshots say, 1 something is not, or too little is reached, 2 wrong use."""
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
    cases: list[Case] = []
    code = max([_test(folder, arguments, cases) for folder in packs])
    if arguments.junit is not None:
        from adapters.junit import write_junit

        try:
            write_junit(arguments.junit, cases)
        except OSError as error:
            print(f"shoptalk test: {arguments.junit} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    return code


def _test(folder: Path, arguments: argparse.Namespace, cases: list[Case]) -> int:
    from adapters.junit import Case
    from adapters.packs import checked_pack, load_pack, shown
    from engine.rehearsal.coverage import Coverage

    name = shown(folder)
    pack, report = checked_pack(folder)
    if pack is None or report:
        print("\n".join(report))
        cases.append(Case(name, "flow-lint", name, 0.0, "\n".join(report) or "the pack cannot be read"))
        return 1
    scripts = {
        folder / file: document
        for file, document in load_pack(folder).documents.items()
        if file.startswith("conversations/")
    }
    update = arguments.update
    differing = 0
    for snapshot, wrong in _left_over(folder / "conversations", scripts, update):
        print(f"{snapshot}: {wrong}")
        if not update:
            differing += 1
            cases.append(Case(name, Path(snapshot).stem, snapshot, 0.0, wrong))
    if not scripts:
        print(f"{name}: no conversations; put them into {name}/conversations/")
    covered = {role: Coverage(flow) for role, flow in pack.flows.items()}
    bar = Progress(name)
    for number, (file, document) in enumerate(scripts.items(), 1):
        bar.show(number, len(scripts), file.stem)
        began = perf_counter()
        role = str(document.get("role", "customer"))
        result = _played(pack, file, document, update, covered[role].see if role in covered else None)
        differing += not result.is_right
        if result.told:
            bar.clear()
            print("\n".join(result.told))
        failure = "" if result.is_right else "\n".join(result.told)
        cases.append(Case(name, file.stem, shown(file), perf_counter() - began, failure))
    bar.clear()
    if scripts:
        played = "1 conversation" if len(scripts) == 1 else f"{len(scripts)} conversations"
        how = f"{differing} not as the snapshots say" if differing else "all as their snapshots say"
        print(f"{name}: {played}, {how}")
    if not scripts and not arguments.min:
        return 1 if differing else 0
    is_enough = _tell_coverage(name, covered, arguments, cases)
    return 1 if differing or not is_enough else 0


class _Result(NamedTuple):
    """Whether a conversation went as its snapshot says, and what there is to print of it."""

    is_right: bool
    told: tuple[str, ...] = ()


def _played(
    pack: Pack, file: Path, document: Mapping[str, Any], update: bool, watch: Watch | None
) -> _Result:
    """Plays one conversation; says what differs, or with `update` writes it down."""
    from adapters.packs import shown
    from adapters.provider_limits import UnknownProvider, limits_of
    from engine.rehearsal.script import script_of
    from engine.rehearsal.talk import Unplayable
    from engine.rehearsal.transcript import play

    try:
        script = script_of(document)
        said = play(pack, script, limits_of(script.provider), watch)
    except (Unplayable, UnknownProvider) as error:
        return _Result(False, (f"{shown(file)}: {error}",))
    snapshot = file.with_suffix(".txt")
    expected = snapshot.read_text(encoding="utf-8") if snapshot.is_file() else None
    if said == expected:
        return _Result(True)
    if update:
        snapshot.write_text(said, encoding="utf-8", newline="\n")
        return _Result(True, (f"{shown(snapshot)}: written",))
    if expected is None:
        return _Result(False, (f"{shown(file)}: there is no snapshot yet; --update writes it",))
    from adapters.side_by_side import side_by_side

    width = shutil.get_terminal_size((120, 24)).columns
    differences = side_by_side(expected, said, width, (snapshot.name, "now"))
    return _Result(False, (f"{shown(file)}: not as its snapshot says", *differences, ""))


def _left_over(folder: Path, scripts: Mapping[Path, object], update: bool) -> Iterator[tuple[str, str]]:
    """Snapshots that have lost their conversation, and what is said of each; with `update` they go too."""
    from adapters.packs import shown

    known = {file.with_suffix(".txt") for file in scripts}
    for snapshot in sorted(folder.glob("*.txt")):
        if snapshot in known:
            continue
        if update:
            snapshot.unlink()
            yield shown(snapshot), "removed, its conversation is gone"
        else:
            yield shown(snapshot), "there is no conversation of this name; --update removes it"


def _tell_coverage(
    name: str, covered: Mapping[str, Coverage], arguments: argparse.Namespace, cases: list[Case]
) -> bool:
    """Prints what the conversations of the pack reach; whether it is as much as was asked for."""
    from adapters.junit import Case
    from engine.rehearsal.coverage import KINDS, share

    reached = sum(len(one.reached) for one in covered.values())
    there_are = sum(len(one.items) for one in covered.values())
    per_cent = share(reached, there_are)
    tables = [one.counts() for one in covered.values()]
    kinds = []
    for kind in KINDS:
        seen, of = (sum(table.get(kind, (0, 0))[part] for table in tables) for part in (0, 1))
        if of:
            kinds.append(f"{kind} {seen}/{of}")
    print(f"{name}: the conversations reach {per_cent:.1f} % of what can be reached: {', '.join(kinds)}")
    missing = [item for one in covered.values() for item in one.unreached()]
    for item in missing if arguments.missing else missing[:SHOWN]:
        print(f"    {item.place}: {item.unreached}")
    if len(missing) > SHOWN and not arguments.missing:
        print(f"    … and {len(missing) - SHOWN} more; --missing names all")
    if per_cent >= arguments.min:
        return True
    wrong = f"{per_cent:.1f} % is less than the {arguments.min:g} % that was asked for"
    print(f"{name}: {wrong}; `shoptalk paths {name}` finds conversations that reach the rest")
    listed = "\n".join(f"{item.place}: {item.unreached}" for item in missing)
    cases.append(Case(name, "coverage", name, 0.0, f"{wrong}\n{listed}"))
    return False
