"""Draws how far something has come, on one line that is written over; only where somebody watches."""

from __future__ import annotations

import shutil
import sys

WIDTH = 24
CLEARED = "\r\x1b[K"


class Progress:
    """A bar on standard error. Whoever prints something else meanwhile calls `clear` before."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._is_watched = sys.stderr.isatty()

    def show(self, done: float, of: float, words: str = "") -> None:
        """`done` of `of`, and what there is to say of it."""
        if not self._is_watched:
            return
        share = min(1.0, done / of) if of else 1.0
        filled = round(share * WIDTH)
        line = f"{self.what} {'█' * filled}{'░' * (WIDTH - filled)} {share:4.0%} {words}"
        self._write(CLEARED + line[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Takes the bar away."""
        if self._is_watched:
            self._write(CLEARED)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
