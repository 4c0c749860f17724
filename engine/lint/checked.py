"""What a lint rule is, and what it looks at: a pack or a lone flow, as far as it could be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.analysis.survey import Survey, Told, Written
from engine.expressions import Read
from engine.flow import Flow
from engine.limits import NO_PROVIDERS, Limits
from engine.lint.selection import Profile
from engine.nearest import meant, renamed, unknown
from engine.pack import Pack
from engine.reader import Reading
from engine.source import NOWHERE, Listed, Mapped, Place, Problem, Word

if TYPE_CHECKING:
    from engine.analysis.kinds import Names
    from engine.analysis.proofs import Proofs
    from engine.analysis.scopes import Scopes
    from engine.analysis.shapes import Shapes
    from engine.analysis.worst_case import WorstCase
    from engine.lint.ignores import Ignore

Severity = Literal["error", "warning", "information"]

MARK = "flow-lint:"
"""What begins a comment by which people leave findings alone."""

NAME = re.compile(r"\w+")
CUSTOMER = "customer"
"""The role whose flow has the messages that the workflow sends."""


class Rule:
    """One kind of defect.

    `broken` and `clean` are small packs: file name to text. In `broken`, a line of carets below a line marks
    the spot of the one finding; it is taken out before the file is read. `check` yields the findings.

    `severity` says how much a finding weighs. `profile` is the first of `draft`, `pilot`, `production` that
    asks this rule; rules of `asked` are a matter of taste, and off until somebody asks for them. What a rule
    that is not `ignorable` finds, no flow can run with.
    """

    __slots__ = ("name", "about", "broken", "clean", "check", "severity", "profile", "ignorable")

    def __init__(
        self,
        name: str,
        about: str,
        broken: Mapping[str, str],
        clean: Mapping[str, str],
        check: Callable[[Checked], Iterable[Problem]],
        severity: Severity = "error",
        profile: Profile = "draft",
        ignorable: bool = True,
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self.broken: Final = broken
        self.clean: Final = clean
        self.check: Final = check
        self.severity: Final = severity
        self.profile: Final = profile
        self.ignorable: Final = ignorable


class Checked:
    """A pack, or a lone flow, with what reading it found. Nothing of it changes; surveys are made once.

    `limits` are the channel's, `providers` those of all that are thought of, by name. `pack` is None for a
    lone flow, and where the business could not be read.
    """

    def __init__(
        self, reading: Reading, limits: Limits, providers: Mapping[str, Limits] = NO_PROVIDERS
    ) -> None:
        self.pack: Pack | None = reading.pack
        self.problems: tuple[Problem, ...] = reading.problems
        self.documents: Mapping[str, Any] = reading.documents
        self.sources: Mapping[str, str] = reading.sources
        self.limits = limits
        self.providers = providers or {"WhatsApp": limits}
        self.surveys: tuple[Survey, ...] = tuple(Survey(flow) for flow in reading.flows.values())
        self._names: dict[int, Names] = {}

    @cached_property
    def told(self) -> tuple[tuple[Survey | None, Told], ...]:
        """Every message that is sent to people of a role, by an action or by a move of the workflow.

        Before each stands that role's flow; None where it is not known.
        """
        if self.pack is None:
            return ()
        by_role = {
            role: next((survey for survey in self.surveys if survey.flow is flow), None)
            for role, flow in self.pack.flows.items()
        }
        found = [
            (by_role.get(meant(told.role, by_role) or ""), told)
            for survey in self.surveys
            for told in survey.told
        ]
        workflow = self.pack.workflow
        for move in workflow.moves.values() if workflow else ():
            if move.tell is not None:
                told = Told(CUSTOMER, move.tell, move.place, frozenset(("order",)))
                found.append((by_role.get(CUSTOMER), told))
        return tuple(found)

    @cached_property
    def proofs(self) -> tuple[Proofs, ...]:
        """What the proofs of each flow share; none while anything cannot be read: a gap proves nothing."""
        from engine.analysis.proofs import Proofs  # it resolves names by this module

        if self.problems:
            return ()
        flows = self.pack.flows if self.pack else {}
        products = self.pack.products if self.pack else ()
        roles = {id(flow): role for role, flow in flows.items()}
        return tuple(
            Proofs(
                survey,
                roles.get(id(survey.flow), CUSTOMER),
                products,
                frozenset().union(*(told.names for to, told in self.told if to is survey)),
            )
            for survey in self.surveys
        )

    def names_of(self, survey: Survey) -> Names:
        """The kinds of a flow's names."""
        from engine.analysis.kinds import Names

        if id(survey) not in self._names:
            self._names[id(survey)] = Names(survey)
        return self._names[id(survey)]

    @cached_property
    def scopes(self) -> tuple[tuple[Survey, Scopes], ...]:
        """Each flow with what is understood where."""
        from engine.analysis.scopes import Scopes

        return tuple((survey, Scopes(survey.flow)) for survey in self.surveys)

    @cached_property
    def worst_cases(self) -> tuple[WorstCase, ...]:
        """Of each flow what its texts come to at their longest."""
        from engine.analysis.worst_case import WorstCase

        return tuple(WorstCase(survey, self.pack) for survey in self.surveys)

    @cached_property
    def shapes(self) -> Shapes:
        """Compares patterns, each pair once for all rules."""
        from engine.analysis.shapes import Shapes

        return Shapes()

    def conversation_in(self, survey: Survey, states: Iterable[str], said: str = "") -> tuple[str, ...]:
        """The shortest conversation that leads to one of the states and ends with this; empty without one."""
        from engine.analysis.journeys import Spot

        for proofs in self.proofs:
            if proofs.flow is survey.flow:
                reached = (name for name in states if proofs.journeys.reaches(name))
                state = next(reached, None)
                if state is None:
                    return ()
                told = proofs.conversation_to(Spot(state))
                return (*told, f"customer: {said}") if said else told
        return ()

    def names_told(self, survey: Survey, message: str) -> frozenset[str]:
        """The names that come with a message of this flow where another flow, or the workflow, sends it."""
        sent = (
            told.names
            for to, told in self.told
            if to is survey and meant(told.message, survey.flow.messages) == message
        )
        return frozenset().union(*sent)

    def texts_of(self, survey: Survey) -> Iterator[Written]:
        """Every text and expression of a flow, with the names it may read beside those known everywhere."""
        yield from survey.written
        for message, texts in survey.spoken:
            told = self.names_told(survey, message.name)
            for text in texts:
                yield text.beside(told)

    def place_of(self, text: Written, read: Read, part: int = 0) -> Place:
        """Where a word of what a text reads stands."""
        start = text.source.beginning_of(read)
        word = read.parts[min(part, len(read.parts) - 1)]
        if read.file and not start.file.endswith(read.file):
            start = Place(self._beside(start.file, read.file), 1, 1)
        return start.within(word.line, 1 if word.column is None else word.column + 1)

    def _beside(self, file: str, template: str) -> str:
        """The path for people of a template that the template in `file` includes."""
        templates = (self.pack.templates if self.pack else None) or {}
        own = max((path for path in templates if file.endswith(path)), key=len, default="")
        return file.removesuffix(own) + template if own else template

    def translation_at(self, flow: Flow, language: str) -> tuple[Place | None, int]:
        """Where texts of a language are to be added: the `messages` of its file; None without such a file."""
        stem = flow.place.file.removesuffix(".yaml")
        document = next(
            (
                one
                for one in self.documents.values()
                if getattr(one, "place", NOWHERE).file == f"{stem}.{language}.yaml"
            ),
            None,
        )
        if not isinstance(document, Mapped):
            return None, 1
        if "messages" in document:
            return document.word("messages").place, len("messages")
        return document.place, 1

    @cached_property
    def ignores(self) -> tuple[Ignore, ...]:
        """The comments by which people leave findings alone."""
        if not any(MARK in text for text in self.sources.values()):
            return ()
        from engine.lint.ignores import ignores_of

        return tuple(ignores_of(self.sources))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """Names that stand where reading failed: what was left out there must not seem unused or unknown."""
        if not self.problems:
            return frozenset()
        wrong = {problem.place for problem in self.problems}
        found: set[str] = set()
        for document in self.documents.values():
            for word, inside in _words(document, wrong):
                if inside or any(_covers(word, place) for place in wrong):
                    found.update(NAME.findall(word))
        return frozenset(found)

    @cached_property
    def wrong_lines(self) -> frozenset[tuple[str, int]]:
        """Where reading failed, as file and line."""
        return frozenset((problem.place.file, problem.place.line) for problem in self.problems)

    def is_whole(self, place: Place) -> bool:
        """Whether everything below the key that stands at this place could be read."""
        if not self.wrong_lines:
            return True
        lines = self._extents.get(place)
        if lines is None:
            return (place.file, place.line) not in self.wrong_lines
        return not any(file == place.file and lines[0] <= line <= lines[1] for file, line in self.wrong_lines)

    @cached_property
    def _extents(self) -> Mapping[Place, tuple[int, int]]:
        """The place of each key: the first and the last line of what stands below it."""
        found: dict[Place, tuple[int, int]] = {}
        for document in self.documents.values():
            _measure(document, found)
        return found


def _words(document: Any, wrong: set[Place]) -> Iterator[tuple[Word, bool]]:
    """Every word of a document, and whether it stands inside of something that could not be read."""
    waiting = [(document, False)]
    while waiting:
        value, inside = waiting.pop()
        if isinstance(value, Word):
            yield value, inside or value.place in wrong
        elif isinstance(value, Mapped):
            for key, one in value.items():
                word = value.word(key)
                is_wrong = inside or word.place in wrong or value.spans[key].place in wrong
                yield word, is_wrong
                waiting.append((one, is_wrong))
        elif isinstance(value, Listed):
            for one, span in zip(value, value.spans, strict=True):
                waiting.append((one, inside or span.place in wrong))


def _covers(word: Word, place: Place) -> bool:
    """Whether a spot lies within the text of a word, its quotes included."""
    start = word.place
    if start.file != place.file or place.line < start.line:
        return False
    end = _end_of(word)
    return place.line <= end.line and (
        end.line > start.line or start.column <= place.column <= end.column + 1
    )


def _end_of(word: Word) -> Place:
    """The spot behind the last character of a word, whatever lines and escapes it takes in its file."""
    lines = word.split("\n")
    return word.inner.within(len(lines) - 1, len(lines[-1]) + 1)


def _measure(value: Any, found: dict[Place, tuple[int, int]]) -> int:
    """Notes the extents of all keys in the value; gives the value's last line (0 for one without a place)."""
    if isinstance(value, Word):
        return _end_of(value).line
    last = 0
    if isinstance(value, Mapped):
        for key, one in value.items():
            place = value.word(key).place
            end = max(place.line, value.spans[key].place.line, _measure(one, found))
            found[place] = (place.line, end)
            last = max(last, end)
    elif isinstance(value, Listed):
        for one, span in zip(value, value.spans, strict=True):
            last = max(last, span.place.line, _measure(one, found))
    return last


def as_read(_: Checked) -> tuple[Problem, ...]:
    """The check of a defect that reading itself finds: there is nothing more to look for."""
    return ()


def problem_at(rule: str, word: str, message: str, fallback: Place = NOWHERE) -> Problem:
    """A finding that spans a word of a file."""
    place = getattr(word, "place", NOWHERE)
    return Problem(place if place.line else fallback, rule, message, max(1, len(word)))


def unknown_at(rule: str, kind: str, word: str, allowed: Iterable[str], fallback: Place = NOWHERE) -> Problem:
    """The finding that nothing of a kind has this name, with the mend where it is certain what was meant."""
    known = [str(one) for one in allowed]
    problem = problem_at(rule, word, unknown(kind, word, known), fallback)
    return problem._replace(edits=renamed(word, known))
