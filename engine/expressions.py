"""What texts and expressions of a flow come to, in one sandbox: they read names, and touch nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import TemplateError, nodes

from engine.jinja.arithmetic import Refused
from engine.jinja.empty import EMPTY
from engine.jinja.filters import FILTERS, TESTS, format_money
from engine.jinja.guards import Path
from engine.jinja.isolation import is_right_to_left
from engine.jinja.reads import Part, Read, implied, may_be_nothing, reads_of
from engine.jinja.running import MISSING, Context, join_parts, taken
from engine.jinja.sandbox import Environment
from engine.jinja.template_code import compile_tree, line_of_failure
from engine.jinja.template_parser import BadExpression, Files, Parsed, parse_expression, parse_text
from engine.source import NOWHERE, Place

if TYPE_CHECKING:
    from engine.business import Business

__all__ = [
    "FILTERS",
    "MISSING",
    "TESTS",
    "BadExpression",
    "Expression",
    "ExpressionFailed",
    "Names",
    "Part",
    "Read",
    "Sandbox",
    "Text",
    "Value",
    "format_money",
]

_FAILURES = (TemplateError, Refused, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)


class ExpressionFailed(Exception):
    """A text could not be worked out; `place` is where its source begins, `line` counts from there."""

    def __init__(self, message: str, place: Place, line: int = 0) -> None:
        super().__init__(f"{place}: {message}" if place.file else message)
        self.message = message
        self.place = place
        self.line = line


class Names(Protocol):
    """Where names come from, and in which language, money and time a text speaks: a `Draft`."""

    @property
    def language(self) -> str: ...

    @property
    def business(self) -> Business: ...

    @property
    def now(self) -> datetime: ...

    def resolve(self, name: str) -> Any:
        """What the name stands for; MISSING where there is nothing."""


class _Made:
    """What was made of a source, the same for all places where it stands."""

    __slots__ = ("parsed", "_reads")

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self._reads: tuple[Read, ...] | None = None

    def reads(self) -> tuple[Read, ...]:
        """What it reads, as values of their own: who asks may tell them from those of another place."""
        if self._reads is None:
            self._reads = reads_of(self.parsed)
        return tuple(read.copied() for read in self._reads)


class _Compiled:
    """A source that was parsed, and is compiled at its first use."""

    __slots__ = ("source", "place", "_environment", "_parse", "_made", "_reads", "_root", "_debug_info")

    def __init__(
        self,
        source: str,
        place: Place,
        environment: Environment,
        parse: Callable[[], Parsed],
        made: _Made,
    ) -> None:
        self.source = source
        self.place = place
        self._environment = environment
        self._parse = parse
        self._made: _Made | None = made
        self._reads: tuple[Read, ...] | None = None
        self._root: Callable[[Any], Any] | None = None
        self._debug_info = ""

    def parsed(self) -> tuple[Parsed, ...]:
        """What was made of it, for those who look at it without running it."""
        return (self._again().parsed,)

    def beginning_of(self, read: Read) -> Place:
        """Where the source begins in which this is read."""
        return self.place

    def reads(self) -> tuple[Read, ...]:
        """Everything it reads from outside, in the order of the source."""
        if self._reads is None:
            self._reads = self._again().reads()
        return self._reads

    def _again(self) -> _Made:
        """What was made of it; once it is compiled, that is made anew."""
        return self._made or _Made(self._parse())

    def _compile(self, show: str) -> Callable[[Any], Any]:
        try:
            tree = self._again().parsed.tree
            self._root, self._debug_info = compile_tree(self._environment, tree, show)
        except (TemplateError, SyntaxError, RecursionError, MemoryError) as error:
            said = getattr(error, "message", None) or str(error)
            raise ExpressionFailed(f"this cannot be compiled: {said}", self.place) from error
        self._made = None
        return self._root

    def _failed(self, error: Exception) -> ExpressionFailed:
        line = line_of_failure(error, self._debug_info)
        said = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        said = "it divides by zero" if isinstance(error, ZeroDivisionError) else said
        return ExpressionFailed(
            f"{said or type(error).__name__} (in `{_line(self.source, line)}`)", self.place, line
        )


class Expression(_Compiled):
    """A Jinja expression without braces."""

    __slots__ = ("_chain", "_is_negated")

    def __init__(
        self,
        source: str,
        place: Place,
        environment: Environment,
        parse: Callable[[], Parsed],
        made: _Made,
    ) -> None:
        super().__init__(source, place, environment, parse, made)
        self._chain, self._is_negated = _chain(made.parsed.tree)

    def compile(self) -> None:
        """Does now what would be done at the first use."""
        if not self._chain and self._root is None:
            self._compile("")

    def implies(self, holds: bool) -> frozenset[Path]:
        """The names, with their attributes, that hold something where the expression does, or does not."""
        return implied(self._again().parsed, holds)

    @property
    def may_be_nothing(self) -> bool:
        """Whether a condition without an `else` may leave it without a value."""
        return may_be_nothing(self._again().parsed)

    def evaluate(self, names: Names) -> Any:
        """Its value; None where that is empty. Raises ExpressionFailed."""
        chain = self._chain
        try:
            if chain:
                value = names.resolve(chain[0])
                if value is MISSING:
                    value = None
                for attribute in chain[1:]:
                    if value is None or value is EMPTY:
                        break
                    value = self._environment.getattr(value, attribute)
                if self._is_negated:
                    return not value
            else:
                root = self._root or self._compile("")
                value = root(Context(self._environment, names))
            cls = value.__class__
            if cls is bool or cls is str or cls is int:
                return value
            if value is EMPTY:
                return None
            return taken(value) if cls is GeneratorType else value
        except _FAILURES as error:
            raise self._failed(error) from error

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


class Text:
    """A text with or without `{{ }}`; `constant` is what one without says, else None."""

    __slots__ = ("source", "place", "language", "constant", "_compiled", "_show")

    def __init__(
        self, source: str, place: Place, language: str, compiled: _Compiled | None, show: str
    ) -> None:
        self.source = source
        self.place = place
        self.language = language
        self._compiled = compiled
        self._show = show
        self.constant: str | None = source.rstrip("\n") if compiled is None else None

    @property
    def is_constant(self) -> bool:
        return self._compiled is None

    def compile(self) -> None:
        """Does now what would be done at the first use."""
        if self._compiled is not None and self._compiled._root is None:
            self._compiled._compile(self._show)

    def parsed(self) -> tuple[Parsed, ...]:
        """What was made of it; nothing where it holds no `{{ }}`."""
        return self._compiled.parsed() if self._compiled is not None else ()

    def beginning_of(self, read: Read) -> Place:
        """Where the source begins in which this is read."""
        return self.place

    def reads(self) -> tuple[Read, ...]:
        """Everything it reads from outside, in the order of the source."""
        return self._compiled.reads() if self._compiled is not None else ()

    def render(self, names: Names) -> str:
        """The text as it is said, without line ends after it. Raises ExpressionFailed."""
        compiled = self._compiled
        if compiled is None:
            return self.constant or ""
        root = compiled._root or compiled._compile(self._show)
        try:
            return join_parts(root(Context(compiled._environment, names))).rstrip("\n")
        except _FAILURES as error:
            raise compiled._failed(error) from error

    def __repr__(self) -> str:
        return f"Text({self.source!r})"


class Value:
    """A parameter as written: a constant, a text, a lone `{{ x }}`, or lists and dictionaries of these."""

    __slots__ = ("source", "place", "constant", "is_constant", "_evaluate", "_parts")

    def __init__(
        self, source: Any, place: Place, parts: tuple[Any, ...], evaluate: Callable[[Any], Any] | None
    ) -> None:
        self.source = source
        self.place = place
        self.is_constant = evaluate is None
        self.constant = source if evaluate is None else None
        self._evaluate = evaluate
        self._parts = parts

    def compile(self) -> None:
        """Does now what would be done at the first use."""
        for part in self._parts:
            part.compile()

    @property
    def is_lone(self) -> bool:
        """Whether it is one `{{ }}`, which keeps its type."""
        return len(self._parts) == 1 and isinstance(self._parts[0], Expression)

    @property
    def may_be_nothing(self) -> bool:
        """Whether it is one `{{ }}` that a condition without an `else` may leave without a value."""
        return self.is_lone and self._parts[0].may_be_nothing is True

    def parsed(self) -> tuple[Parsed, ...]:
        """What was made of each text in it."""
        return tuple(parsed for part in self._parts for parsed in part.parsed())

    def beginning_of(self, read: Read) -> Place:
        """Where the source begins in which this is read: of a list or a dictionary, one of the texts."""
        reading = [part for part in self._parts if any(one is read for one in part.reads())]
        return reading[0].beginning_of(read) if reading else self.place

    def reads(self) -> tuple[Read, ...]:
        """Everything it reads from outside."""
        return tuple(read for part in self._parts for read in part.reads())

    def evaluate(self, names: Names) -> Any:
        """Its value in its own type, never isolated; None where it is empty. Raises ExpressionFailed."""
        return self.constant if self._evaluate is None else self._evaluate(names)

    def __repr__(self) -> str:
        return f"Value({self.source!r})"


class Sandbox:
    """Makes texts, expressions and values of what owners write. All of them raise BadExpression.

    `templates` maps paths below `templates/` to what stands in the files.
    """

    def __init__(self, templates: Mapping[str, str] | None = None) -> None:
        self.templates: Mapping[str, str] = templates or {}
        self.environment = Environment(FILTERS, TESTS)
        self._known: dict[tuple[str, bool], _Made] = {}

    def expression(self, source: str, place: Place = NOWHERE) -> Expression:
        """An expression without braces, as in `when`, `check` and `from`."""
        environment = self.environment

        def parse() -> Parsed:
            return parse_expression(environment, source)

        return Expression(source, place, environment, parse, self._once(source, True, parse))

    def text(self, source: str, place: Place = NOWHERE, language: str = "") -> Text:
        """A text that is said in this language: a right-to-left one isolates what is put in."""
        return self._text(source, place, language, None, "")

    def template(self, path: str, place: Place = NOWHERE, language: str = "") -> Text:
        """The text of a file, in its translation where there is one; it may include and import others."""
        files = Files(self.templates, language)
        found = files.find(path)
        if found is None:
            raise BadExpression(files.unknown(path), 0, 0, len(path))
        return self._text(files.read(found), place, language, files, found)

    def value(self, source: Any, place: Place = NOWHERE, language: str = "") -> Value:
        """A parameter: texts in it are rendered, a lone `{{ x }}` keeps its type, all else stays."""
        if isinstance(source, str):
            return self._value_of_text(source, place)
        if isinstance(source, Mapping):
            inner = {key: self.value(one, _place_of(one, place)) for key, one in source.items()}
            if all(one.is_constant for one in inner.values()):
                return Value(source, place, (), None)
            parts = tuple(inner.values())
            return Value(
                source, place, parts, lambda names: {key: one.evaluate(names) for key, one in inner.items()}
            )
        if isinstance(source, (list, tuple)):
            items = tuple(self.value(one, _place_of(one, place)) for one in source)
            if all(one.is_constant for one in items):
                return Value(source, place, (), None)
            return Value(source, place, items, lambda names: [one.evaluate(names) for one in items])
        return Value(source, place, (), None)

    def _value_of_text(self, source: str, place: Place) -> Value:
        if not _has_braces(source):
            return Value(source, place, (), None)
        environment, stripped = self.environment, source.strip()
        before = source[: len(source) - len(source.lstrip())]
        begins = place.within(before.count("\n"), len(before) - before.rfind("\n")) if before else place

        def parse() -> Parsed:
            return parse_text(environment, stripped)

        try:
            made = self._once(stripped, False, parse)
        except BadExpression as error:
            error.place = begins
            raise
        if _is_lone(made.parsed.tree):
            expression = Expression(source, begins, environment, parse, made)
            return Value(source, place, (expression,), expression.evaluate)
        text = self._text(source, place, "", None, "")
        return Value(source, place, (text,), text.render)

    def _text(self, source: str, place: Place, language: str, files: Files | None, file: str) -> Text:
        if not _has_braces(source):
            return Text(source, place, language, None, "")
        environment = self.environment

        def parse() -> Parsed:
            return parse_text(environment, source, files, file)

        made = self._once(source, False, parse) if files is None else _Made(parse())
        compiled = _Compiled(source, place, environment, parse, made)
        return Text(
            source, place, language, compiled, "isolated" if is_right_to_left(language) else "printed"
        )

    def _once(self, source: str, is_expression: bool, parse: Callable[[], Parsed]) -> _Made:
        """What is made of a source: nobody changes it, so what stands in many places is parsed once.

        It is forgotten with the sandbox, which nothing that it made holds.
        """
        known = self._known.get((source, is_expression))
        if known is None:
            known = self._known[source, is_expression] = _Made(parse())
        return known


def _has_braces(source: str) -> bool:
    return "{" in source and ("{{" in source or "{%" in source or "{#" in source)


def _is_lone(tree: nodes.Template) -> bool:
    """Whether the text is one `{{ }}` and nothing else."""
    if len(tree.body) != 1 or not isinstance(output := tree.body[0], nodes.Output):
        return False
    return len(output.nodes) == 1 and not isinstance(output.nodes[0], nodes.TemplateData)


def _place_of(source: Any, outer: Place) -> Place:
    return getattr(source, "inner", None) or getattr(source, "place", None) or outer


def _line(source: str, line: int) -> str:
    lines = source.split("\n")
    return lines[line].strip() if line < len(lines) else lines[0].strip()


def _chain(tree: nodes.Template) -> tuple[tuple[str, ...], bool]:
    """The name and its attributes, and whether it is negated, where that is all; else nothing."""
    output = tree.body[0]
    assert isinstance(output, nodes.Output)  # noqa: S101
    node: Any = output.nodes[0]
    is_negated = isinstance(node, nodes.Not)
    if is_negated:
        node = node.node
    words: list[str] = []
    while isinstance(node, nodes.Getattr):
        words.append(node.attr)
        node = node.node
    if not isinstance(node, nodes.Name):
        return (), False
    return (node.name, *reversed(words)), is_negated
