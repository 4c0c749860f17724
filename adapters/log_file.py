"""Writes the log into a file that is begun anew every midnight (UTC), whatever the number of processes."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

DAYS_KEPT = 14
"""How many days before the present one are kept."""

_TIME = re.compile(rb'\{"time": "(\d{4}-\d{2}-\d{2})T')


class DailyFile(logging.Handler):
    """Appends to the file; of days that are over, `NAME.2026-05-24` is kept beside it for 14 days.

    Each line is one write at the end of the file, so that the lines of several processes never mix. The first
    process that writes on a new day renames the file while it holds `NAME.lock`, in which the day of the file
    stands; the others see that the name leads to another file now, and follow. A line that is on its way just
    then ends up in either file, none is lost. The folder is on a disk of this machine. Raises OSError where
    the file cannot be written.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__()
        self._path = path.absolute()
        self._now = now
        self._day = now().date()
        self._file = -1
        self._begin_day()
        self._open()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
            today = self._now().date()
            if today != self._day:
                self._day = today
                self._begin_day()
            if not self._is_named():
                self._open()
            while line:
                line = line[os.write(self._file, line) :]
        except Exception:
            # Logging's own way: the trouble, with where it comes from, goes to standard error.
            self.handleError(record)

    def close(self) -> None:
        """Closes the file; whatever is logged afterwards opens it again."""
        self.acquire()
        try:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
        finally:
            self.release()
        super().close()

    def _open(self) -> None:
        opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if self._file >= 0:
            os.close(self._file)
        self._file = opened

    def _is_named(self) -> bool:
        """Whether the name still leads to the file that is open."""
        if self._file < 0:
            return False
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _begin_day(self) -> None:
        """Puts a file of a day that is over aside, unless another process has done so."""
        with self._alone() as lock:
            begun = _day_in(os.pread(lock, 10, 0)) or self._first_day()
            if begun < self._day:
                if self._path.exists():
                    os.rename(self._path, self._free_name(begun))
                for path in self._too_old():
                    path.unlink()
            os.pwrite(lock, max(begun, self._day).isoformat().encode(), 0)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def _first_day(self) -> date:
        """The day of the file's first line; of a line that is not ours, the day of the last change."""
        if not self._path.exists():
            return self._day
        with self._path.open("rb") as file:
            found = _TIME.match(file.read(40))
            changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC).date()
        return (_day_in(found[1]) if found else None) or changed

    def _free_name(self, day: date) -> Path:
        """A name that no file has: a rename must not cost a log."""
        path = Path(f"{self._path}.{day.isoformat()}")
        number = 1
        while path.exists():
            number += 1
            path = Path(f"{self._path}.{day.isoformat()}.{number}")
        return path

    def _too_old(self) -> list[Path]:
        """The files of all days but the last 14."""
        shape = re.compile(re.escape(self._path.name) + r"\.(\d{4}-\d{2}-\d{2})(\.\d+)?")
        dated = {
            path: found[1] for path in self._path.parent.iterdir() if (found := shape.fullmatch(path.name))
        }
        kept = sorted(set(dated.values()))[-DAYS_KEPT:]
        return [path for path, day in dated.items() if day not in kept]


def _day_in(text: bytes) -> date | None:
    try:
        return date.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
