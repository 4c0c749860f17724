"""Tells by fingerprints whether a translation still is one of what its message says now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from jinja2 import nodes

from engine.analysis.survey import Survey
from engine.expressions import Text
from engine.flow import Message
from engine.lint.checked import Checked
from engine.source import NOWHERE, Edit, Mapped, Place, Span, Word

KEY = "fingerprints"
PARTS = ("text", "list_button", "header", "footer")
"""The texts of a message that a translation may say in its place."""


class Translated:
    """A message as the flow says it and as another language does, its file, and the fingerprint there.

    `written` is empty, and `span` None, where none stands there.
    """

    __slots__ = ("name", "language", "own", "other", "document", "written", "span")

    def __init__(
        self,
        name: str,
        language: str,
        own: Message,
        other: Message,
        document: Mapped,
        written: str,
        span: Span | None,
    ) -> None:
        self.name: Final = name
        self.language: Final = language
        self.own: Final = own
        self.other: Final = other
        self.document: Final = document
        self.written: Final = written
        self.span: Final = span

    @property
    def fingerprint(self) -> str:
        """What should stand there: that of the original, and that of the translation."""
        parts = [part for part in PARTS if getattr(self.own, part) is not getattr(self.other, part)]
        own, other = (tuple(getattr(one, part) for part in parts) for one in (self.own, self.other))
        below, beside = _included(own), _included(other)
        # What both include is the same in both languages: no translation of it is wanted.
        alone = [file for file in below if file not in beside], [file for file in beside if file not in below]
        return "-".join(
            (
                _print(own, [below[file] for file in alone[0]]),
                _print(other, [beside[file] for file in alone[1]]),
            )
        )

    @property
    def original_changed(self) -> bool:
        return self.written.split("-")[0] != self.fingerprint.split("-")[0]

    @property
    def translation_changed(self) -> bool:
        return self.written.split("-")[-1] != self.fingerprint.split("-")[-1]


def translated(checked: Checked, survey: Survey) -> Iterator[Translated]:
    """Every message of a flow that another language says in its own words, where that has a file."""
    flow = survey.flow
    files = {
        document.place.file: document
        for document in checked.documents.values()
        if isinstance(document, Mapped) and document.place is not NOWHERE
    }
    for name, by_language in flow.messages.items():
        own = by_language[flow.languages[0]]
        for language in flow.languages[1:]:
            other = by_language[language]
            if all(getattr(own, part) is getattr(other, part) for part in PARTS):
                continue
            ending = f".{language}.yaml"
            beside = own.place.file.removesuffix(".yaml") + ending
            file = other.place.file if other.place.file.endswith(ending) else beside
            if file in files:
                written, span = _written(files[file], name)
                yield Translated(name, language, own, other, files[file], written, span)


def renewed(one: Translated) -> Edit | None:
    """The edit that puts the right fingerprint in place of the one that stands there."""
    if one.span is None:
        return None
    value = one.document[KEY][one.name]
    place = value.inner if isinstance(value, Word) else one.span.place
    return Edit(place, str(value), one.fingerprint)


def added(document: Mapped, prints: Mapping[str, str], source: str) -> Edit | None:
    """The edit that writes fingerprints into a translation; None where none is sure. `source` is its text."""
    lines = source.replace("\r\n", "\n").split("\n")
    newline = "\r\n" if "\r\n" in source else "\n"
    file = document.place.file
    there = document.get(KEY)
    if KEY in document and there is None:
        word = document.word(KEY)
        new = "".join(f"{newline}  {name}: {one}" for name, one in prints.items())
        return Edit(Place(file, word.place.line, len(lines[word.place.line - 1]) + 1), "", new)
    if isinstance(there, Mapped):
        last = max(there.words.values(), key=lambda word: word.place, default=None)
        place = there.place
        if lines[place.line - 1][place.column - 1] == "{":
            entries = ", ".join(f"{name}: {one}" for name, one in prints.items())
            return Edit(place.within(0, 2), "", entries + (", " if last is not None else ""))
        if last is None:
            return None
        indent = " " * (last.place.column - 1)
        new = "".join(f"{newline}{indent}{name}: {one}" for name, one in prints.items())
        return Edit(Place(file, last.place.line, len(lines[last.place.line - 1]) + 1), "", new)
    first = min((word.place for word in document.words.values()), default=NOWHERE)
    at = document.place
    if lines[at.line - 1][at.column - 1 :].startswith("{"):
        entries = ", ".join(f"{name}: {one}" for name, one in prints.items())
        return Edit(at.within(0, 2), "", f"{KEY}: {{{entries}}}, ")
    if first.column != 1 or any(line.startswith("...") for line in lines):
        return None
    entries = "".join(f"  {name}: {one}{newline}" for name, one in prints.items())
    end = Place(file, len(lines), len(lines[-1]) + 1)
    return Edit(end, "", f"{newline if lines[-1] else ''}{newline}{ABOUT}{newline}{KEY}:{newline}{entries}")


ABOUT = "# Of what each text is the translation; flow-lint --fix writes this."


def _written(document: Mapped, name: str) -> tuple[str, Span | None]:
    there: Any = document.get(KEY)
    if not isinstance(there, Mapped) or name not in there:
        return "", None
    return str(there[name]), there.spans[name]


def _included(texts: Iterable[Text | None]) -> Mapping[str, str]:
    """The files that the texts include or import, with what stands in them."""
    found: dict[str, str] = {}
    for text in texts:
        if text is None or not ("include" in text.source or "import" in text.source):
            continue
        for parsed in text.parsed():
            for node in parsed.tree.find_all((nodes.Scope, nodes.Macro)):
                inner = getattr(node, "parsed", None)
                if inner is not None:
                    found[inner.file] = inner.source
    return found


def _print(texts: Iterable[Text | None], included: Iterable[str]) -> str:
    """Eight signs that are others where a text is another; the spaces behind its lines do not count."""
    sources = (*(text.source if text is not None else "" for text in texts), *included)
    said = "\0".join("\n".join(line.rstrip() for line in source.strip().splitlines()) for source in sources)
    return f"{crc32(said.encode('utf-8', 'replace')):08x}"
