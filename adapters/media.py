"""Keeps customers' files in a folder: bounded in size, of known types, under names that are ours alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from adapters.channels.channel import Fetched
from adapters.media_types import HEAD, LARGEST, MIB, TYPES, RefusedType, true_type
from adapters.storage import KeptFile, WaitingMedia

DIGITS = 16
"""How much of a file's SHA-256 its name holds."""

ABANDONED_SECONDS = 3600.0
"""After how long nobody is writing a temporary file any more."""


class RefusedFile(Exception):
    """A file is not kept; the text says why."""


class EmptyFile(Exception):
    """A file came without content: it may come whole the next time."""


class MediaFolder:
    """The folder of all files: `<business>/<year>-<month>/<message>-<beginning of the SHA-256>.<ending>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, waiting: WaitingMedia, fetched: Fetched) -> KeptFile:
        """Writes the file to the disk, whole or not at all.

        Raises RefusedFile for one that is too large or of no type that is taken, EmptyFile, OSError, and what
        the content raises on its way.
        """
        place = Path(waiting.business, f"{waiting.created_at:%Y-%m}")
        folder = self.root / place
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f".{waiting.message}-"
        _sweep(folder, prefix)
        descriptor, name = tempfile.mkstemp(".part", prefix, folder)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                head, size, digest = _copy(fetched.content, file, LARGEST[waiting.kind], waiting.kind)
                if not size:
                    raise EmptyFile("it came without content")
                try:
                    mime_type = true_type(waiting.kind, fetched.mime_type or waiting.media.mime_type, head)
                except RefusedType as refusal:
                    raise RefusedFile(str(refusal)) from refusal
                file.flush()
                os.fsync(file.fileno())
            final = f"{waiting.message}-{digest[:DIGITS]}.{TYPES[mime_type].ending}"
            # What lies there under this name has this content, and stays.
            if not (folder / final).exists():
                temporary.rename(folder / final)
                _sync(folder)
        finally:
            temporary.unlink(missing_ok=True)
        return KeptFile((place / final).as_posix(), mime_type, size, digest)


def _copy(content: Iterable[bytes], file: IO[bytes], largest: int, kind: str) -> tuple[bytes, int, str]:
    """Writes the content, counting while it comes: how it begins, its size and its SHA-256."""
    head, size, digest = b"", 0, hashlib.sha256()
    for piece in content:
        size += len(piece)
        if size > largest:
            raise RefusedFile(f"it is larger than the {largest // MIB} MiB of one {kind}")
        if len(head) < HEAD:
            head += piece[: HEAD - len(head)]
        digest.update(piece)
        file.write(piece)
    return head, size, digest.hexdigest()


def _sweep(folder: Path, prefix: str) -> None:
    """Takes away what a worker that was killed left of the same file."""
    for old in folder.glob(f"{prefix}*.part"):
        with suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > ABANDONED_SECONDS:
                old.unlink()


def _sync(folder: Path) -> None:
    """Has the folder's new entry on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
