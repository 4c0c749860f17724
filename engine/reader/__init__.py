"""Reads a pack's files into a Pack, collecting every problem instead of stopping at the first."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from engine.flow import Flow
from engine.nearest import renamed, unknown
from engine.pack import Pack
from engine.reader.flow_reader import FlowReader, joined, joined_translation
from engine.reader.rule_reader import listed, mapped, names
from engine.reader.yaml_text import decode, read_yaml, with_comments
from engine.schema.problems import problems_of
from engine.source import Mapped, Place, Problem, Word

LANGUAGE = r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
TRANSLATION = rf"(?P<stem>.+)\.(?P<language>{LANGUAGE})\.yaml"
SPECIAL = ("business.yaml", "catalog.yaml", "catalog.csv", "workflow.yaml")


class Reading:
    """What came of reading a pack: the pack as far as it can be read, all problems, the documents by file.

    `flows` are all flows that could be read, by file, also where nothing came of the pack. `sources` are the
    texts of the files that were read, by the paths that places name.
    """

    __slots__ = ("pack", "problems", "documents", "flows", "sources")

    def __init__(
        self,
        pack: Pack | None,
        problems: tuple[Problem, ...],
        documents: Mapping[str, Any],
        flows: Mapping[str, Flow],
        sources: Mapping[str, str],
    ) -> None:
        self.pack: Final = pack
        self.problems: Final = problems
        self.documents: Final = documents
        self.flows: Final = flows
        self.sources: Final = sources


def read_pack(files: Mapping[str, str | bytes], path: str, templates: Mapping[str, str]) -> Reading:
    """Reads a pack: `files` by their paths within its folder, `path` being that folder for people.

    `templates` maps paths below `templates/`, such as `cookie_barrel/menu.j2`, to their texts. The pack is
    None where its business cannot be read.
    """
    return _PackReader(files, path, templates).read()


def read_flow(files: Mapping[str, str | bytes], path: str, templates: Mapping[str, str]) -> Reading:
    """Reads one flow without a pack: the file `path` of `files`, its translations and the files that it uses.

    The reading has no flow where the file holds none.
    """
    reader = _PackReader(files, "", templates, posixpath.dirname(path))
    reader.flow(path, ())
    return reader.reading(None)


class _PackReader:
    """One reading of one pack: each file is read once, and its problems are told once."""

    def __init__(
        self, files: Mapping[str, str | bytes], path: str, templates: Mapping[str, str], folder: str = ""
    ) -> None:
        self.files = files
        self.path = path
        self.templates = templates
        root = path if path else folder
        self.templates_at = posixpath.normpath(posixpath.join(root, "..", "..", "templates"))
        self.problems: list[Problem] = []
        self.documents: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.used: set[str] = set()
        self.flows: dict[str, Flow | None] = {}

    def read(self) -> Reading:
        from engine.reader.pack_files import check_moment, read_business, read_products, read_workflow

        business_document = self.document("business.yaml", "business")
        if "business.yaml" not in self.files:
            message = "a pack needs a business.yaml: its name, currency, time zone and flows"
            self.problems.append(Problem(self.place("business.yaml"), "missing_file", message))
        business = read_business(mapped(business_document), self.problems)
        languages = names(mapped(business_document).get("languages"))
        flows = self._flows(mapped(mapped(business_document).get("flows")), languages)
        currency = mapped(business_document).get("currency")
        products = read_products(
            self._catalog(), currency if isinstance(currency, str) else None, self.problems
        )
        workflow = None
        if "workflow.yaml" in self.files:
            workflow = read_workflow(mapped(self.document("workflow.yaml", "workflow")))
        for file in sorted(self.files):
            if file.startswith("conversations/") and file.endswith(".yaml"):
                check_moment(mapped(self.document(file, "conversation")), self.problems)
        self._check_left_over()
        pack = None
        if business is not None:
            flows_by_role = MappingProxyType(flows)
            pack = Pack(business, flows_by_role, products, workflow, self.templates, self.path, self.files)
        return self.reading(pack)

    def reading(self, pack: Pack | None) -> Reading:
        """What came of it, with the pack if there is one."""
        documents, flows = MappingProxyType(self.documents), self.read_flows()
        sources = MappingProxyType({**self.sources, **self._templates_beside(flows.values())})
        return Reading(pack, self.found(), documents, flows, sources)

    def _templates_beside(self, flows: Iterable[Flow]) -> Mapping[str, str]:
        """The templates in the folders of those that messages name, by the paths that places name."""
        texts = (
            message.text for flow in flows for each in flow.messages.values() for message in each.values()
        )
        at = f"{self.templates_at}/"
        files = {text.place.file for text in texts if text is not None and text.place.file.startswith(at)}
        folders = {file.removeprefix(at).split("/")[0] for file in files}
        return {at + path: text for path, text in self.templates.items() if path.split("/")[0] in folders}

    def found(self) -> tuple[Problem, ...]:
        """All problems, each once, in the order of files and lines."""
        return tuple(
            sorted(dict.fromkeys(self.problems), key=lambda problem: (problem.place, problem.message))
        )

    def read_flows(self) -> Mapping[str, Flow]:
        """The flows that could be read, by file."""
        return MappingProxyType({file: flow for file, flow in self.flows.items() if flow is not None})

    def place(self, file: str) -> Place:
        return Place(posixpath.normpath(posixpath.join(self.path, file)), 1, 1)

    def document(self, file: str, kind: str) -> Any:
        """The value of a file, held against the schema of its kind; None where there is no such file."""
        if file in self.documents or file not in self.files:
            return self.documents.get(file)
        path = self.place(file).file
        text, unread = decode(self.files[file], path)
        self.sources[path] = text
        value, problems = (None, [unread]) if unread else read_yaml(text, path)
        self.problems += problems
        if value is not None:
            if kind == "flow" and isinstance(value, Mapped) and "flow" not in value and file in self.used:
                kind = "part"
            self.problems += with_comments(problems_of(value, kind, self.place(file)), text)
        self.documents[file] = value
        return value

    # Flows

    def _flows(self, roles: Mapped, languages: tuple[str, ...]) -> dict[str, Flow]:
        flows = {}
        for role, file in roles.items():
            if not isinstance(file, Word):
                continue
            if file not in self.files:
                message = unknown("file", file, self._flow_files())
                edits = renamed(file, self._flow_files())
                self.problems.append(Problem(file.place, "missing_file", message, len(file), edits=edits))
                continue
            flow = self.flow(file, languages)
            if flow is not None:
                flows[role] = flow
        return flows

    def _flow_files(self) -> list[str]:
        plain = (file for file in self.files if file.endswith(".yaml") and "/" not in file)
        return [file for file in plain if file not in SPECIAL and not re.fullmatch(TRANSLATION, file)]

    def flow(self, file: str, languages: tuple[str, ...]) -> Flow | None:
        """The flow of a file; one that names no languages speaks those of the business."""
        if file in self.flows:
            return self.flows[file]
        document = self.document(file, "flow")
        flow = None
        if isinstance(document, Mapped):
            parts = [file]
            whole = joined(document, lambda path: self._use(path, parts), self.problems)
            spoken = names(whole.get("languages")) or languages or (Word("en"),)
            flow = FlowReader(
                whole,
                tuple(dict.fromkeys(spoken)),
                self._translations(parts, spoken),
                self.templates,
                self.templates_at,
                self.problems,
            ).read()
        self.flows[file] = flow
        return flow

    def _use(self, path: Word, parts: list[str]) -> Mapped | None:
        # The path is written as seen from the file that it stands in.
        folder = posixpath.dirname(path.place.file)
        within = posixpath.relpath(folder or ".", self.path or ".")
        file = posixpath.normpath(posixpath.join(within, path))
        if file not in self.files:
            if file.startswith("../") and self.path:
                message = (
                    f"'{path}' lies outside of the pack, which uses files of its own folder: move it there"
                )
            else:
                message = unknown("file", path, [one for one in self._flow_files() if one not in parts])
            self.problems.append(Problem(path.place, "missing_file", message, len(path)))
            return None
        if file not in parts:
            parts.append(file)
        self.used.add(file)
        document = self.document(file, "flow")
        return document if isinstance(document, Mapped) else None

    def _translations(self, parts: list[str], languages: tuple[str, ...]) -> dict[str, Mapping[str, Mapped]]:
        stems = [part.removesuffix(".yaml") for part in parts]
        for file in sorted(self.files):
            found = re.fullmatch(TRANSLATION, file)
            if found and found["stem"] in stems:
                self.used.add(file)
                if found["language"] not in languages[1:]:
                    message = (
                        f"the flow does not speak '{found['language']}'; add it to `languages`"
                        if found["language"] not in languages
                        else f"'{found['language']}' is the flow's own language; its texts stand in the flow"
                    )
                    self.problems.append(Problem(self.place(file), "unspoken_language", message))
        translations = {}
        for language in languages[1:]:
            files = [f"{stem}.{language}.yaml" for stem in stems]
            documents = [self.document(file, "translation") for file in files if file in self.files]
            translations[language] = joined_translation([one for one in documents if isinstance(one, Mapped)])
        return translations

    # The rest of the pack

    def _catalog(self) -> Mapped:
        if "catalog.yaml" in self.files:
            if "catalog.csv" in self.files:
                message = "there is a catalog.yaml too; a pack has one of them"
                self.problems.append(Problem(self.place("catalog.csv"), "clash", message))
            return mapped(self.document("catalog.yaml", "catalog"))
        if "catalog.csv" not in self.files:
            return Mapped()
        from engine.reader.pack_files import read_csv  # a lone flow has none of a pack's files

        place = self.place("catalog.csv")
        text, problem = decode(self.files["catalog.csv"], place.file)
        self.sources[place.file] = text
        if problem is not None:
            self.problems.append(problem)
            return Mapped()
        document, problems = read_csv(text, place.file)
        self.problems += problems
        self.problems += problems_of(document, "catalog", place)
        self.documents["catalog.csv"] = document
        return document

    def _check_left_over(self) -> None:
        """Files that belong to nothing are still held to YAML and their schema, so that no mistake sleeps."""
        for file in self._flow_files():
            if file not in self.documents:
                self.used.add(file)
                if "flow" in mapped(self.document(file, "flow")):
                    self.flow(file, ())
        spoken = {
            language
            for document in self.documents.values()
            for language in listed(mapped(document).get("languages"))
            if isinstance(language, str)
        }
        for file in sorted(self.files):
            found = re.fullmatch(TRANSLATION, file)
            if found and file not in self.documents and file not in self.used and found["language"] in spoken:
                self.document(file, "translation")
                if f"{found['stem']}.yaml" not in self.files and "/" not in file:
                    flow = f"{found['stem']}.yaml"
                    message = f"this translates {flow}: {unknown('file', flow, self._flow_files())}"
                    self.problems.append(Problem(self.place(file), "missing_file", message))
