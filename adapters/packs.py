"""Reads packs and flow files from the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.pack import Pack
from engine.reader import Reading, read_flow, read_pack

if TYPE_CHECKING:
    from engine.lint.selection import Profile

READ = (".yaml", ".csv")
NOTHING: Mapping[str, bytes] = MappingProxyType({})


def load_pack(path: str | Path, instead: Mapping[str, bytes] = NOTHING) -> Reading:
    """The pack in this folder, its templates beside it; problems name files as seen from the current folder.

    `instead` holds what is to be read in place of files, by their paths as seen from the current folder.
    Raises NotADirectoryError where there is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise NotADirectoryError(f"{path} is no folder; a pack is a folder with a business.yaml")
    at = shown(folder)
    files = files_in(folder)
    for name, raw in instead.items():
        within = os.path.relpath(name, at)
        if name.endswith(READ) and not within.startswith(".."):
            files[Path(within).as_posix()] = raw
    return read_pack(files, at, templates_beside(folder, instead))


def load_flow(path: str | Path, instead: Mapping[str, bytes] = NOTHING) -> Reading:
    """The flow in this file, with the translations and used files beside it, and without a pack.

    `instead` holds what is to be read in place of files, by their paths as seen from the current folder.
    Raises FileNotFoundError where there is no such file.
    """
    file = Path(path)
    beside = FilesBeside(shown(file.parent), instead)
    name = os.path.normpath(f"{beside.folder}/{file.name}")
    if not file.is_file() and name not in instead:
        raise FileNotFoundError(f"there is no file {path}")
    return read_flow(beside, name, templates_beside(file.parent, instead))


class FilesBeside(Mapping[str, bytes]):
    """The files in a folder, by their path as seen from the current one; each is read when it is asked for.

    Files further down can be asked for, as `use` does, but are not listed: a lone flow may stand anywhere.
    """

    def __init__(self, folder: str, instead: Mapping[str, bytes] = NOTHING) -> None:
        self.folder = folder
        self._instead = instead

    def __getitem__(self, name: str) -> bytes:
        if name in self._instead:
            return self._instead[name]
        if name not in self:
            raise KeyError(name)
        return Path(name).read_bytes()

    def __contains__(self, name: object) -> bool:
        if name in self._instead:
            return True
        return isinstance(name, str) and name.endswith(READ) and os.path.isfile(name)

    def __iter__(self) -> Iterator[str]:
        for entry in os.scandir(self.folder):
            if entry.is_file() and entry.name.endswith(READ) and not entry.name.startswith("."):
                yield os.path.normpath(f"{self.folder}/{entry.name}")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def checked_pack(path: str | Path, profile: Profile = "pilot") -> tuple[Pack | None, list[str]]:
    """The pack in this folder, and the report of what keeps it from being served; no lines if nothing does.

    Errors do, and in the profile `production` warnings too. Raises NotADirectoryError where there is no such
    folder.
    """
    from engine.lint import RULES, lint, severity_of
    from engine.lint.selection import Selection

    reading = load_pack(path)
    heavy = ("error", "warning") if profile == "production" else ("error",)
    found = lint(reading, selection=Selection(profile))
    refused = [problem for problem in found if severity_of(problem) in heavy]
    if not refused:
        return reading.pack, []
    from engine.lint.formats import FORMATS
    from engine.lint.report import Report

    return reading.pack, list(FORMATS["full"].lines(Report(refused, RULES, LinesOfFiles().line)))


def packs_in(path: str | Path) -> tuple[Path, ...]:
    """The packs of a folder: itself, if it is one, else every folder in it that is, by name."""
    folder = Path(path)
    if is_pack(folder):
        return (folder,)
    return tuple(sorted(one for one in folder.iterdir() if is_pack(one))) if folder.is_dir() else ()


def is_pack(folder: Path) -> bool:
    """Whether the folder has a business.yaml."""
    return (folder / "business.yaml").is_file()


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a pack, by their path within it."""
    return {name: (folder / name).read_bytes() for name in _walk(folder) if name.endswith(READ)}


def templates_beside(folder: Path, instead: Mapping[str, bytes] = NOTHING) -> dict[str, str]:
    """The templates that a pack's flows may name, by their path below `templates/`.

    `instead` holds what is to be read in place of files. What is not UTF-8 is read with the sign � in place
    of what it could not be.
    """
    root = Path(os.path.normpath(os.path.join(folder.absolute(), "..", "..", "templates")))
    if not root.is_dir():
        return {}
    at = shown(root) if instead else ""
    return {
        name: (instead.get(f"{at}/{name}") or (root / name).read_bytes()).decode("utf-8", "replace")
        for name in _walk(root)
    }


def shown(path: Path) -> str:
    """The path as seen from the current folder, with forward slashes."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path.as_posix()
    return Path(relative).as_posix()


class LinesOfFiles:
    """The lines of the files that are named in a report; each file is read once.

    `instead` holds what was read in place of files, by their paths as seen from the current folder.
    """

    def __init__(self, instead: Mapping[str, bytes] = NOTHING) -> None:
        self._instead = instead
        self._files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str:
        """The line, counted from 1; empty where there is none."""
        if file not in self._files:
            raw = self._instead.get(file, b"")
            if not raw and os.path.isfile(file):
                with open(file, "rb") as opened:
                    raw = opened.read()
            text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
            self._files[file] = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = self._files[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def _walk(folder: Path) -> Iterator[str]:
    """Every file below a folder, as a path from it with forward slashes; hidden ones are passed over."""
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        within = Path(at).relative_to(folder)
        for file in sorted(files):
            if not file.startswith("."):
                yield (within / file).as_posix()
