"""Finds what is to be checked for the paths of a command line, and checks it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from adapters.flow_lint.arguments import UsageError
from adapters.provider_limits import PROVIDERS
from engine.lint.selection import PILOT, Selection

if TYPE_CHECKING:
    from engine.reader import Reading
    from engine.source import Problem

OF_PACKS = ("business.yaml", "catalog.yaml", "catalog.csv", "workflow.yaml")
"""Files that mean something in a pack alone."""

OF_A_PACK = (".yaml", ".csv", ".j2")

NOTHING: Mapping[str, bytes] = {}


class Findings:
    """What was found, in order, and the files that were looked at, as seen from the current folder."""

    __slots__ = ("problems", "files")

    def __init__(self, problems: list[Problem], files: list[str]) -> None:
        self.problems: Final = problems
        self.files: Final = files


Check = Callable[[Mapping[str, bytes]], Findings]
"""Checks what is to be checked, with what is to be read in place of files."""


def check(
    paths: Iterable[str], selection: Selection = PILOT, instead: Mapping[str, bytes] = NOTHING
) -> Findings:
    """Every problem of the paths, each once, by file and line.

    `instead` holds what is to be read in place of files, by their paths as seen from the current folder.
    Raises UsageError.
    """
    seen: set[str] = set()
    return _findings((one for path in paths for one in readings(path, seen, instead)), selection)


def check_given(path: str, selection: Selection, instead: Mapping[str, bytes]) -> Findings:
    """Every problem of the pack that a file belongs to, else of the lone flow that it is.

    The file may stand in `instead` alone. Raises UsageError.
    """
    from adapters.packs import load_flow, load_pack

    packs, flows = _of_file(path) if path.endswith(OF_A_PACK) else ([], [])
    packs = [folder for folder in packs if os.path.isdir(folder)]
    found = [load_pack(folder, instead) for folder in packs]
    if not packs or (flows and path not in found[0].sources):
        found.append(load_flow(path, instead))
    return _findings(found, selection)


def _findings(readings: Iterable[Reading], selection: Selection) -> Findings:
    from engine.lint import lint

    found: set[Problem] = set()
    files: set[str] = set()
    for reading in readings:
        found.update(lint(reading, selection=selection, providers=PROVIDERS))
        files.update(reading.sources)
    return Findings(sorted(found), sorted(files))


def readings(path: str, seen: set[str], instead: Mapping[str, bytes] = NOTHING) -> Iterator[Reading]:
    """What is to be checked for a path; `seen` are the packs and flows that were."""
    from adapters.packs import load_flow, load_pack

    if os.path.isdir(path):
        packs, flows = _in_folder(path)
        if not packs and not flows:
            raise UsageError(f"there is no flow in {path}; a pack is a folder with a business.yaml")
    elif os.path.exists(path):
        packs, flows = _of_file(path)
    else:
        raise UsageError(f"there is no {path}")
    for folder in packs:
        if _is_new(folder, seen):
            reading = load_pack(folder, instead)
            seen.update(map(os.path.realpath, reading.sources))
            yield reading
    used: set[str] = set()
    # Files that only take part in another flow come last, when it is known who uses them.
    for flow in sorted(flows, key=lambda flow: not _has_line(flow, "flow")):
        if os.path.realpath(flow) not in used and _is_new(flow, seen):
            reading = load_flow(flow, instead)
            used.update(os.path.realpath(file) for file in reading.documents)
            yield reading


def _is_new(path: str, seen: set[str]) -> bool:
    real = os.path.realpath(path)
    if real in seen:
        return False
    seen.add(real)
    return True


def _in_folder(path: str) -> tuple[list[str], list[str]]:
    """The packs below a folder, and the flows that are in none."""
    packs, flows = [], []
    for at, folders, files in os.walk(path):
        if "business.yaml" in files:
            packs.append(at)
            folders.clear()
            continue
        folders[:] = sorted(
            one for one in folders if not one.startswith((".", "__")) and one != "node_modules"
        )
        flows += [
            os.path.join(at, file)
            for file in sorted(files)
            if file.endswith(".yaml")
            and _base_of(file) not in files
            and _has_line(os.path.join(at, file), "flow|states")
        ]
    return packs, flows


def _of_file(path: str) -> tuple[list[str], list[str]]:
    """The pack that a file belongs to, and the flow that it is or translates, unless its place says all.

    A file in a folder of a pack may be one that the pack uses, or a flow for itself. Raises UsageError.
    """
    folder, file = os.path.split(os.path.abspath(path))
    parent, within = os.path.split(folder)
    if os.path.isfile(os.path.join(folder, "business.yaml")) or file in OF_PACKS:
        return [folder], []
    if within == "conversations" and os.path.isfile(os.path.join(parent, "business.yaml")):
        return [parent], []
    before, templates, below = folder.rpartition(os.sep + "templates" + os.sep)
    if templates:
        pack = os.path.join(before, "flows", below.split(os.sep)[0])
        if os.path.isfile(os.path.join(pack, "business.yaml")):
            return [pack], []
    if not file.endswith(".yaml"):
        raise UsageError(f"{path} is no flow: a flow is a .yaml file")
    base = os.path.join(folder, _base_of(file))
    return _packs_above(folder), [base if os.path.isfile(base) else path]


def _packs_above(folder: str) -> list[str]:
    """The pack in whose folders this one is; none where it is in no pack."""
    above = os.path.dirname(folder)
    while above != folder:
        if os.path.isfile(os.path.join(above, "business.yaml")):
            return [above]
        folder, above = above, os.path.dirname(above)
    return []


def _base_of(file: str) -> str:
    """The flow that a file translates, by its name; nothing where it is no translation."""
    found = re.fullmatch(r"(.+)\.[a-z]{2,3}(-\w+)*\.yaml", file)
    return f"{found[1]}.yaml" if found else ""


def _has_line(path: str, keys: str) -> bool:
    """Whether a file looks like a flow: one of the keys begins a line of it."""
    with open(path, "rb") as file:
        return (
            re.search(rf"^(?:\xef\xbb\xbf)?(?:{keys})[ \t]*:".encode("ascii"), file.read(), re.MULTILINE)
            is not None
        )
