"""Publishes a pack when its files change; one with errors leaves the last good version answering."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from adapters import log
from adapters.packs import checked_pack
from adapters.published import nobody
from adapters.storage import InForce, StorageError
from engine.pack import Pack
from engine.publishing.content import content_of

Fingerprint = frozenset[tuple[str, int, int]]


LOOK_SECONDS = 0.25
"""How often is looked: what was saved is to be live within a second."""


class PackWatch:
    """Looks at the folders of packs, and gives each pack that changed and has no errors to `publish`.

    `say` is told of each, in words for the terminal. `follow` is called at each look, and takes up what was
    published elsewhere. Once it `is_over`, nobody looks any more.
    """

    def __init__(
        self,
        packs: Collection[Pack],
        publish: Callable[[Pack], InForce | None],
        say: Callable[[str], None] = nobody,
        follow: Callable[[], None] = lambda: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._publish = publish
        self._say = say
        self._follow = follow
        self._is_over = is_over
        self._looking = threading.Lock()
        self._businesses = {
            Path(pack.path): pack.business.id for pack in packs if pack.path and Path(pack.path).is_dir()
        }
        self._seen = {path: fingerprint(path) for path in self._businesses}
        self._taken_up = {Path(pack.path): _content(pack) for pack in packs}
        self._refused: set[Path] = set()
        self._beginning = threading.Lock()
        self._looks_in: int | None = None

    def begin(self) -> None:
        """Looks now, and from then on in a thread of its own, once in each process, until all is over."""
        if self._looks_in == os.getpid():
            return
        with self._beginning:
            if self._looks_in != os.getpid():
                self._looks_in = os.getpid()
                self._look_once()
                threading.Thread(target=self._keep_looking, name="pack-watch", daemon=True).start()

    def _keep_looking(self) -> None:
        while not self._is_over():
            self._look_once()
            time.sleep(LOOK_SECONDS)

    def _look_once(self) -> None:
        try:
            self.look()
        except Exception as error:
            # What could not be taken up, such as for a database that is away, is tried again.
            log.problem("packs_not_looked_at", error)

    def look(self) -> None:
        """Publishes what changed since the last look; what is wrong is told once. Raises StorageError."""
        if not self._looking.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._follow()
            self._look_at_files()
        finally:
            self._looking.release()

    def _look_at_files(self) -> None:
        for path, business in self._businesses.items():
            now = fingerprint(path)
            if now == self._seen[path]:
                continue
            before, self._seen[path] = self._seen[path], now
            try:
                pack, report = checked_pack(path)
            except OSError as error:  # moved away, or being saved at this moment
                self._refuse(path, [str(error)])
                continue
            if pack is not None and pack.business.id != business:
                report.append(f"the business is now {pack.business.id}: start again to serve it")
            if pack is None or report:
                self._refuse(path, report)
                continue
            content = _content(pack)
            if content and content == self._taken_up[path]:
                # A conversation, or a note: a shop that went back to an older version is not taken forward.
                if path in self._refused:
                    self._refused.discard(path)
                    self._say(f"{path}: clean again, and says what it said: nothing was published.")
                continue
            try:
                in_force = self._publish(pack)
            except StorageError:
                self._seen[path] = before
                raise
            self._taken_up[path] = content
            self._refused.discard(path)
            log.event("pack_taken_up", pack=str(path))
            as_version = f" as version {in_force.number}" if in_force else ""
            self._say(f"{path}: saved, clean, and live{as_version}.")

    def _refuse(self, path: Path, report: list[str]) -> None:
        self._refused.add(path)
        log.problem("pack_refused", pack=str(path), report=report)
        self._say("\n".join([f"{path}: not taken up, the last good version goes on answering.", *report]))


def _content(pack: Pack) -> str:
    """What the pack says, as a hash; empty for one that was not read from files."""
    return content_of(pack).hash if pack.files is not None else ""


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
