"""Makes rules, answers, branches, checks and steps from what stands in a flow file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.actions import ACTIONS
from engine.declarations import Parameter
from engine.durations import read_duration
from engine.expressions import BadExpression, Expression, Sandbox, Text, Value
from engine.flow import NOTHING, Answer, Branch, Check, Choices, Rule, Step, Tries
from engine.patterns import BadPattern, Pattern
from engine.source import Listed, Mapped, Place, Problem, Word
from engine.types import TYPES
from engine.validators import VALIDATORS

EMPTY = Mapped()


def mapped(value: Any) -> Mapped:
    """The value where it is a mapping, else one without keys: what is wrong with it is told elsewhere."""
    return value if isinstance(value, Mapped) else EMPTY


def listed(value: Any) -> list[Any]:
    """A list as it is, a single value as a list of one, nothing as an empty list."""
    if isinstance(value, Listed):
        return value
    return [] if value is None else [value]


def names(value: Any) -> tuple[str, ...]:
    """The names in a text or a list of texts, each remembering its place."""
    return tuple(one for one in listed(value) if isinstance(one, Word))


def name(value: Any) -> str | None:
    """The name, where a text stands; else None."""
    return value if isinstance(value, Word) else None


def words(value: Any) -> tuple[str, ...]:
    """Texts to compare a message with; a bare whole number counts as the text it is."""
    return tuple(
        one if isinstance(one, str) else str(one) for one in listed(value) if type(one) in (Word, int)
    )


def frozen(values: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(values) if values else NOTHING


class RuleReader:
    """Reads rules in one flow; what cannot be read is left out and stands in `problems`.

    `translations` holds, by language, the `words`, `patterns` and `titles` of the other languages.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        languages: tuple[str, ...],
        translations: Mapping[str, Mapping[str, Mapped]],
        problems: list[Problem],
    ) -> None:
        self.sandbox = sandbox
        self.languages = languages
        self.language = languages[0]
        self.translations = translations
        self.problems = problems

    # Texts and expressions

    def expression(self, source: Any) -> Expression | None:
        if not isinstance(source, Word):
            return None
        try:
            return self.sandbox.expression(source, source.inner)
        except BadExpression as error:
            self._bad(error, source.inner)
            return None

    def text(self, source: Any, language: str) -> Text | None:
        if not isinstance(source, Word):
            return None
        try:
            return self.sandbox.text(source, source.inner, language)
        except BadExpression as error:
            self._bad(error, source.inner)
            return None

    def value(self, source: Any, place: Place) -> Value | None:
        place = source.inner if isinstance(source, Word) else place
        try:
            return self.sandbox.value(source, place, self.language)
        except BadExpression as error:
            self._bad(error, place)
            return None

    def _bad(self, error: BadExpression, place: Place) -> None:
        there = (error.place or place).within(error.line, (error.column or 0) + 1)
        self.problems.append(Problem(there, "expression", error.message, error.length))

    def parameter(self, declared: Parameter | None, source: Any, place: Place) -> Value | Expression | None:
        """What a parameter is given: an expression where it declares that it takes one."""
        if (
            declared is not None
            and declared.schema.get("format") == "expression"
            and isinstance(source, Word)
        ):
            return self.expression(source)
        return self.value(source, place)

    def values(self, given: Mapped) -> Mapping[str, Value]:
        """The values of a mapping, without those that cannot be read."""
        read = {key: self.value(value, given.spans[key].place) for key, value in given.items()}
        return frozen({key: value for key, value in read.items() if value is not None})

    def patterns(self, sources: Any) -> tuple[Pattern, ...]:
        found = []
        for source in listed(sources):
            if not isinstance(source, Word):
                continue
            try:
                found.append(Pattern.compile(source, source.inner))
            except BadPattern as error:
                self._bad_pattern(error, source)
        return tuple(found)

    def _bad_pattern(self, error: BadPattern, source: Word) -> None:
        for hole in re.finditer(r"\{\s*\w+\s*:\s*(\w+)\s*\}", source):
            if hole[1] not in TYPES:
                from engine.nearest import renamed, unknown

                place = source.inner.within(0, hole.start(1) + 1)
                readable = [type.name for type in TYPES.values() if type.shape]
                edits = renamed(hole[1], readable, place)
                message = unknown("type", hole[1], readable)
                self.problems.append(Problem(place, "unknown_type", message, len(hole[1]), edits=edits))
                return
        place = source.inner.within(0, error.column + 1)
        self.problems.append(Problem(place, "pattern", error.message, error.length))

    # Answers and steps

    def answer(self, value: Any, place: Place) -> Answer | None:
        """An answer in its short or its long form; None where neither stands."""
        if isinstance(value, Mapped):
            return Answer(
                names(value.get("reply")),
                value.get("ask_again") is True,
                name(value.get("goto")),
                value.place,
            )
        said = names(value)
        return Answer(said, place=getattr(value, "place", place)) if said else None

    def fails(self, value: Any) -> Mapping[str, Answer]:
        given = mapped(value)
        answers = {code: self.answer(answer, given.spans[code].place) for code, answer in given.items()}
        return frozen({code: answer for code, answer in answers.items() if answer is not None})

    def do(self, value: Any) -> tuple[Step, ...]:
        steps = []
        for one in listed(value):
            if isinstance(one, Word) and one in ACTIONS:
                steps.append(Step(one, NOTHING, one.place))
            elif isinstance(one, Mapped) and len(one) == 1:
                (called,) = one
                if called in ACTIONS:
                    first = next(iter(ACTIONS[called].parameters), None)
                    given = self._parameters(one, called, ACTIONS[called].parameters, first)
                    steps.append(Step(called, given, one.word(called).place))
        return tuple(steps)

    def checks(self, value: Any) -> tuple[Check, ...]:
        found = []
        for one in listed(value):
            entry = mapped(one)
            for called in entry:
                if called in VALIDATORS:
                    refusal = None
                    if "else" in entry:
                        refusal = self.answer(entry["else"], entry.spans["else"].place)
                    declared = VALIDATORS[called]
                    given = self._parameters(entry, called, declared.parameters, declared.single)
                    found.append(Check(called, given, refusal, entry.word(called).place))
                    break
        return tuple(found)

    def _parameters(
        self, entry: Mapped, called: str, declared: Mapping[str, Parameter], single: str | None
    ) -> Mapping[str, Value | Expression]:
        """The parameters as written; a single value stands for the one called `single`."""
        given = entry[called]
        if isinstance(given, Mapped):
            sources = [(key, one, given.spans[key].place) for key, one in given.items()]
        elif given is None or single is None:
            sources = []
        else:
            sources = [(single, given, entry.spans[called].place)]
        read = {key: self.parameter(declared.get(key), one, place) for key, one, place in sources}
        return frozen({key: value for key, value in read.items() if value is not None})

    # Rules

    def branches(self, value: Any) -> tuple[Branch, ...]:
        return tuple(self._branch(one) for one in listed(value) if isinstance(one, Mapped))

    def _branch(self, value: Mapped) -> Branch:
        return Branch(
            when=self.expression(value.get("when")),
            do=self.do(value.get("do")),
            fails=self.fails(value.get("fails")),
            reply=names(value.get("reply")),
            goto=name(value.get("goto")),
            place=value.place,
        )

    def save(self, value: Any) -> tuple[tuple[str, Value | None], ...]:
        if isinstance(value, Word):
            return ((value, None),)
        given = mapped(value)
        saved = []
        for slot, source in given.items():
            read = self.value(source, given.spans[slot].place)
            if read is not None:
                saved.append((given.word(slot), read))
        return tuple(saved)

    def rule(self, called: str, value: Any, place: Place) -> Rule:
        """A rule in its long form, or in the short one that only replies."""
        if not isinstance(value, Mapped):
            return Rule(called, reply=names(value), place=place)
        wait = value.get("wait")
        else_span = value.spans.get("else")
        return Rule(
            name=called,
            words=self._by_language("words", called, value.get("words"), words),
            patterns=self._by_language("patterns", called, value.get("pattern"), self.patterns),
            title=self._titles(called, value.get("title")),
            about=self.texts(value.get("about")),
            when=self.expression(value.get("when")),
            accepts=names(value["accepts"]) if "accepts" in value else ("text",),
            save=self.save(value.get("save")),
            unreadable=self.answer(value["else"], else_span.place) if else_span else None,
            validate=self.checks(value.get("validate")),
            do=self.do(value.get("do")),
            fails=self.fails(value.get("fails")),
            branches=self.branches(value.get("branches")),
            reply=names(value.get("reply")),
            ask_again=value.get("ask_again") is True,
            goto=name(value.get("goto")),
            wait=read_duration(wait) if isinstance(wait, str) else None,
            place=place,
        )

    def _by_language(self, key: str, command: str, own: Any, read: Any) -> Mapping[str, Any]:
        """What the flow file says in the first language, and what the translations say in theirs."""
        found = {self.language: read(own)} if own is not None else {}
        for language, translation in self.translations.items():
            translated = mapped(translation.get(key)).get(command)
            if translated is not None:
                found[language] = read(translated)
        return frozen(found)

    def texts(self, source: Any) -> Mapping[str, Text]:
        """One text for all languages; one that puts values in is made for each, to run in its direction."""
        if isinstance(source, Word) and "{" not in source:
            made = self.text(source, self.language)
            return NOTHING if made is None else frozen(dict.fromkeys(self.languages, made))
        texts = {language: self.text(source, language) for language in self.languages}
        return frozen({language: text for language, text in texts.items() if text is not None})

    def _titles(self, command: str, own: Any) -> Mapping[str, Text]:
        titles = dict(self.texts(own))
        for language, translation in self.translations.items():
            translated = self.text(mapped(translation.get("titles")).get(command), language)
            if translated is not None:
                titles[language] = translated
        return frozen(titles)

    def rules(self, value: Any) -> Mapping[str, Rule]:
        """Named rules: commands or events."""
        given = mapped(value)
        return frozen(
            {key: self.rule(given.word(key), one, given.word(key).place) for key, one in given.items()}
        )

    def tries(self, value: Any, place: Place) -> Tries | None:
        given = mapped(value)
        limit, then = given.get("limit"), given.get("then")
        if type(limit) is not int or then is None:
            return None
        return Tries(limit, self.rule("then", then, given.word("then").place), place)

    def after(self, value: Any) -> tuple[Rule, ...]:
        given = [one for one in listed(value) if isinstance(one, Mapped)]
        rules = [self.rule(f"after {number}", one, one.place) for number, one in enumerate(given, 1)]
        return tuple(rule for rule in rules if rule.wait is not None)

    def choices(self, value: Any, place: Place) -> Choices | None:
        given = mapped(value)
        source = self.expression(given.get("from"))
        called = name(given.get("as"))
        value_span = given.spans.get("value")
        if source is None or called is None or value_span is None:
            return None
        picked = self.value(given["value"], value_span.place)
        if picked is None:
            return None
        none = given.spans.get("none")
        rule = Mapped(given.place)
        for key, one in given.items():
            if key not in ("from", "as", "title", "about", "value", "none"):
                rule.put(given.word(key), one, given.spans[key])
        return Choices(
            source=source,
            name=called,
            title=self.texts(given.get("title")),
            about=self.texts(given.get("about")),
            value=picked,
            rule=self.rule("choices", rule, place),
            none=self.answer(given["none"], none.place) if none else None,
            place=place,
        )
