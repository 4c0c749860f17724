"""Takes up a pack anew when its files change; one with findings leaves the last good version answering."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from adapters import log
from adapters.packs import checked_pack
from adapters.storage import StorageError
from engine.pack import Pack

Fingerprint = frozenset[tuple[str, int, int]]


LOOK_SECONDS = 1.0
"""How often a process without workers looks: one with workers does so before each look for work."""


class PackWatch:
    """Looks at the folders of packs, and gives each pack that changed and is clean to `publish`."""

    def __init__(self, packs: Iterable[Pack], publish: Callable[[Pack], None]) -> None:
        self._publish = publish
        self._businesses = {
            Path(pack.path): pack.business.id for pack in packs if pack.path and Path(pack.path).is_dir()
        }
        self._seen = {path: fingerprint(path) for path in self._businesses}
        self._beginning = threading.Lock()
        self._looks_in: int | None = None

    def begin(self) -> None:
        """Looks from now on in a thread of its own, once in each process, for as long as that lives."""
        if self._looks_in == os.getpid():
            return
        with self._beginning:
            if self._looks_in != os.getpid():
                self._looks_in = os.getpid()
                threading.Thread(target=self._keep_looking, name="pack-watch", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception as error:
                # What could not be taken up, such as for a database that is away, is tried again.
                log.problem("packs_not_looked_at", error)

    def look(self) -> None:
        """Takes up what changed since the last look; what is wrong with it is told to the log, once."""
        for path, business in self._businesses.items():
            now = fingerprint(path)
            if now == self._seen[path]:
                continue
            before, self._seen[path] = self._seen[path], now
            try:
                pack, report = checked_pack(path)
            except OSError as error:  # moved away, or being saved at this moment
                log.problem("pack_refused", pack=str(path), report=[str(error)])
                continue
            if pack is not None and pack.business.id != business:
                report.append(f"the business is now {pack.business.id}: start again to serve it")
            if pack is None or report:
                log.problem("pack_refused", pack=str(path), report=report)
                continue
            try:
                self._publish(pack)
            except StorageError:
                self._seen[path] = before
                raise
            log.event("pack_taken_up", pack=str(path))


def fingerprint(path: Path) -> Fingerprint:
    """The files of a pack and of the templates beside it, with their sizes and moments of change."""
    templates = path.absolute().parent.parent / "templates" / path.absolute().name
    return frozenset(_files(path)) | frozenset(_files(templates))


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for at, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in files:
            file = os.path.join(at, name)
            try:
                stat = os.stat(file)
            except FileNotFoundError:  # an editor's own file, gone again
                continue
            yield file, stat.st_mtime_ns, stat.st_size
