"""Holds what a version of a pack is made of: its files and templates, known by a hash, packed in one text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from engine.pack import Pack

TESTS = "conversations/"
"""Conversations try a pack, and are no part of what it says."""


class Content(NamedTuple):
    """The files of a pack by their paths within it, the templates by theirs below `templates/`.

    `path` is the pack's folder for people; it takes no part in the hash.
    """

    path: str
    files: Mapping[str, str]
    templates: Mapping[str, str]

    @property
    def hash(self) -> str:
        """What the same files have in common, wherever they lie."""
        return hashlib.sha256(_json([self.files, self.templates])).hexdigest()

    def raw_files(self) -> dict[str, bytes]:
        """The files as they are read."""
        return {name: text.encode("utf-8", "surrogateescape") for name, text in self.files.items()}

    def dump(self) -> str:
        """The content as ASCII, compressed."""
        return base64.b85encode(zlib.compress(_json(self._asdict()), 9)).decode("ascii")


def load_content(dumped: str) -> Content:
    """The content that `dump` wrote."""
    return Content(**json.loads(zlib.decompress(base64.b85decode(dumped))))


def content_of(pack: Pack) -> Content:
    """What the pack is made of: all its files but its tests, and of the templates those that it may use.

    Raises ValueError for a pack that was not read from files.
    """
    if pack.files is None:
        raise ValueError(f"the pack of {pack.business.id} was not read from files")
    files = {name: _text(file) for name, file in sorted(pack.files.items()) if not name.startswith(TESTS)}
    return Content(pack.path, files, _used(pack, files))


def _used(pack: Pack, files: Mapping[str, str]) -> dict[str, str]:
    """The templates of the pack's own folder, and whatever else they or the files mention."""
    templates = pack.templates or {}
    own = pack.path.replace("\\", "/").rstrip("/").rpartition("/")[2] + "/"
    used = {path for path in templates if path.startswith(own)}
    waiting = [*files.values(), *(templates[path] for path in used)]
    while waiting:
        text = waiting.pop()
        for path in templates.keys() - used:
            if path in text or _untranslated(path) in text:
                used.add(path)
                waiting.append(templates[path])
    return {path: templates[path] for path in sorted(used)}


def _untranslated(path: str) -> str:
    """The template that this one would be a translation of: `menu.j2` of `menu.ur.j2`."""
    return re.sub(r"\.[a-z]{2,3}(?:-\w+)*(\.\w+)$", r"\1", path)


def _text(file: str | bytes) -> str:
    """The file with every byte of it: what is no UTF-8 comes back as the bytes it was."""
    return file if isinstance(file, str) else file.decode("utf-8", "surrogateescape")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
