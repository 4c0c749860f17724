"""The program `flow-lint`: says what is wrong with flows, packs and folders of packs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.reader import Reading
    from engine.source import Problem

USAGE = """\
usage: flow-lint [PATH…]

Says what is wrong with flows, each problem as file:line:column: message [rule].

  PATH       a flow, a pack (a folder with a business.yaml) or a folder of packs;
             without one `flows`, or the current folder if there is no `flows`
  --help     this text
  --version  which flow-lint this is

Leaves with 0 where all is well, 1 where there are problems, 2 where it was called wrongly.
"""

OF_PACKS = ("business.yaml", "catalog.yaml", "catalog.csv", "workflow.yaml")
"""Files that mean something in a pack alone."""


class UsageError(Exception):
    """What was asked for cannot be checked; the message says why."""


def main(arguments: list[str]) -> int:
    """Checks the paths and prints what was found; 0 clean, 1 problems, 2 wrong use."""
    if "--help" in arguments or "-h" in arguments:
        print(USAGE, end="")
        return 0
    paths = []
    for index, argument in enumerate(arguments):
        if argument == "--":
            paths += arguments[index + 1 :]
            break
        if argument.startswith("-"):
            print(
                f"flow-lint: no option {argument}; `flow-lint --help` tells which there are", file=sys.stderr
            )
            return 2
        paths.append(argument)
    try:
        problems = check(paths or ["flows" if os.path.isdir("flows") else "."])
    except UsageError as error:
        print(f"flow-lint: {error}", file=sys.stderr)
        return 2
    if not problems:
        return 0
    from adapters.packs import LinesOfFiles
    from engine.lint.report import full

    for line in full(problems, LinesOfFiles().line, str):
        print(line)
    return 1


def check(paths: list[str]) -> list[Problem]:
    """Every problem of the paths, each once, by file and line. Raises UsageError."""
    from engine.lint import lint

    found: set[Problem] = set()
    seen: set[str] = set()
    for path in paths:
        for reading in _readings(path, seen):
            found.update(lint(reading))
    return sorted(found)


def _readings(path: str, seen: set[str]) -> Iterator[Reading]:
    """What is to be checked for a path; `seen` are the packs and flows that were."""
    if os.path.isdir(path):
        packs, flows = _in_folder(path)
        if not packs and not flows:
            raise UsageError(f"there is no flow in {path}; a pack is a folder with a business.yaml")
    elif os.path.exists(path):
        packs, flows = _of_file(path)
    else:
        raise UsageError(f"there is no {path}")
    from adapters.packs import load_flow, load_pack

    for folder in packs:
        if _is_new(folder, seen):
            yield load_pack(folder)
    used: set[str] = set()
    # Files that only take part in another flow come last, when it is known who uses them.
    for flow in sorted(flows, key=lambda flow: not _has_line(flow, "flow")):
        if os.path.realpath(flow) not in used and _is_new(flow, seen):
            reading = load_flow(flow)
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
    """The pack that a file belongs to, or the lone flow that it is or translates. Raises UsageError."""
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
    return [], [base if os.path.isfile(base) else path]


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
