"""Says whether modules were changed after they were compiled: what runs would be what they were."""

from __future__ import annotations

import os
from collections.abc import Iterator

import engine

SUFFIXES = (".so", ".pyd")


def outdated() -> list[str]:
    """The files that are newer than what was compiled of them; none where Shoptalk is installed."""
    folder = os.path.dirname(os.path.abspath(str(engine.__file__)))
    if not os.path.exists(os.path.join(os.path.dirname(folder), "setup.py")):
        return []
    return sorted(_outdated_in(folder))


def _outdated_in(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIXES):
                source = os.path.join(folder, f"{entry.name.partition('.')[0]}.py")
                if os.path.exists(source) and os.path.getmtime(source) > entry.stat().st_mtime:
                    yield source
            elif entry.is_dir() and not entry.name.startswith("_"):
                yield from _outdated_in(entry.path)
