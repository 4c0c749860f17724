"""Looks again whenever a file of what is checked changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator

from adapters.flow_lint.checking import OF_A_PACK

LOOK_SECONDS = 0.3


def pause() -> None:
    time.sleep(LOOK_SECONDS)


def changes(folders_of: Callable[[], Iterable[str]], wait: Callable[[], None]) -> Iterator[None]:
    """Gives something at first, and then each time a file in the folders has changed; never ends."""
    before = None
    while True:
        now = stamps(folders_of())
        if now == before:
            wait()
            continue
        before = now
        yield


def stamps(folders: Iterable[str]) -> frozenset[tuple[str, int, int]]:
    """Every file below the folders that a check may read, with its moment of change and its size."""
    found = set()
    for folder in folders:
        for at, below, files in os.walk(folder):
            below[:] = [one for one in below if not one.startswith((".", "__")) and one != "node_modules"]
            for name in files:
                # A report that is written beside the flows is no reason to look again; a template may be
                # called anything.
                is_read = name.endswith(OF_A_PACK) or "templates" in at.split(os.sep)
                if not is_read or name.startswith(".") or name.endswith(("~", ".flow-lint")):
                    continue
                try:
                    stat = os.stat(os.path.join(at, name))
                except FileNotFoundError:  # an editor's own file, gone again
                    continue
                found.add((os.path.join(at, name), stat.st_mtime_ns, stat.st_size))
    return frozenset(found)


def folders_of(paths: Iterable[str], files: Iterable[str]) -> set[str]:
    """The folders in which a change matters: those of the paths and files, and of their templates."""
    folders = {path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    folders |= {os.path.dirname(file) or "." for file in files}
    beside = {os.path.normpath(os.path.join(folder, "..", "..", "templates")) for folder in folders}
    beside |= {os.path.normpath(os.path.join(folder, "..", "templates")) for folder in folders}
    return folders | {folder for folder in beside if os.path.isdir(folder)}
