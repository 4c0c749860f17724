"""Mends what can be mended without judgement, or shows what that would be."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from adapters.flow_lint.checking import NOTHING, Check, Findings
from engine.mending import mended
from engine.source import Edit, Problem

MOST_ROUNDS = 20
"""How often what was mended is looked at again; a mend may show what another hid."""

LAST = "missing_fingerprint"
"""The rule whose mends come last: they say which text a translation is of, and other mends change texts."""

LINE = re.compile("[^\n]*\n|[^\n]+")


class Fixed(NamedTuple):
    """What is left when nothing more can be mended, the files that change, and how many mends it took."""

    found: Findings
    files: Mapping[str, bytes]
    made: int


def fixed(check: Check, instead: Mapping[str, bytes] = NOTHING) -> Fixed:
    """Mends, round after round, until nothing changes. Writes nothing.

    `instead` is read in place of files.
    """
    files: dict[str, bytes] = {}
    given_up: set[str] = set()
    made = 0
    found = check(instead)
    for _ in range(MOST_ROUNDS):
        others = [problem for problem in found.problems if problem.rule != LAST]
        changed, count = _changed(others, {**instead, **files}, given_up)
        if not changed:
            changed, count = _changed(found.problems, {**instead, **files}, given_up)
        if not changed:
            break
        after = check({**instead, **files, **changed})
        worse = {file for file in changed if _unread(after, file) > _unread(found, file)}
        if worse:
            # A mend that makes a file unreadable is none; the others of its round are made again without it.
            given_up |= worse
            continue
        files.update(changed)
        made += count
        found = after
    return Fixed(found, files, made)


def _changed(
    problems: Iterable[Problem], instead: Mapping[str, bytes], given_up: Collection[str]
) -> tuple[Mapping[str, bytes], int]:
    """The files that the mends of these change, and how many are made."""
    changed: dict[str, bytes] = {}
    count = 0
    for file, mends in _by_file(problems).items():
        if file in given_up:
            continue
        now = instead[file] if file in instead else Path(file).read_bytes()
        new = _spliced(now, mends)
        if new is not None and new[0] != now:
            changed[file] = new[0]
            count += new[1]
    return changed, count


def write(files: Mapping[str, bytes]) -> None:
    """Puts the files in the place of those that are there; a file is whole at every moment."""
    for file, raw in files.items():
        real = os.path.realpath(file)
        beside = f"{real}.flow-lint"
        with open(beside, "wb") as opened:
            opened.write(raw)
        os.chmod(beside, os.stat(real).st_mode & 0o7777)
        os.replace(beside, real)


def difference(files: Mapping[str, bytes], before: Mapping[str, bytes] = NOTHING) -> Iterator[str]:
    """The lines of a unified diff from the files as they are, or as `before` says they were."""
    for file, raw in sorted(files.items()):
        was = before[file] if file in before else Path(file).read_bytes()
        for line in unified_diff(_lines(was), _lines(raw), file, file):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _by_file(problems: Iterable[Problem]) -> dict[str, list[tuple[Edit, ...]]]:
    """The mends of each file, in order; one that would have to change several files is left to people.

    Of a file that is no YAML only that is mended: where the rest of it stands is known when it can be read.
    """
    listed = list(problems)
    no_yaml = {problem.place.file for problem in listed if problem.rule == "yaml"}
    found: dict[str, list[tuple[Edit, ...]]] = {}
    for problem in listed:
        touched = {edit.place.file for edit in problem.edits}
        if len(touched) == 1 and (problem.rule == "yaml" or not touched & no_yaml):
            found.setdefault(touched.pop(), []).append(problem.edits)
    return found


def _spliced(raw: bytes, mends: list[tuple[Edit, ...]]) -> tuple[bytes, int] | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    new = mended(text, mends)
    return new.text.encode("utf-8"), new.made


def _unread(found: Findings, file: str) -> int:
    return sum(problem.rule == "yaml" and problem.place.file == file for problem in found.problems)


def _lines(raw: bytes) -> list[str]:
    return LINE.findall(raw.decode("utf-8", "replace"))
