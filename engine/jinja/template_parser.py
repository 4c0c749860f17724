"""Parses texts and expressions, puts included files in their places, and refuses what texts may not hold."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser

from engine.jinja.arithmetic import Refused, reckon
from engine.jinja.running import Context
from engine.jinja.sandbox import Environment
from engine.jinja.tokens import Recorded, Token
from engine.nearest import unknown
from engine.source import Place

MAX_DEPTH = 80
"""How deeply expressions and blocks may nest."""
MAX_LOOP_DEPTH = 8

_STATEMENTS = (
    nodes.Output,
    nodes.For,
    nodes.If,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.With,
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Scope,
)
_OF_FILES = (nodes.Include, nodes.Import, nodes.FromImport)
_TRIED = frozenset({"center", "indent", "replace", "join", "wordwrap", "round", "batch", "slice"})
_LONE_INCLUDE = r"\s*\{%[-+]?\s*include\b[^%]*[^-%]%\}\s*"
"""An include that has its line to itself: the line's end, which Jinja trims, is the file's."""


class BadExpression(Exception):
    """What an owner wrote is no expression or text.

    `line` counts from 0 at the first line of the source, `column` from 0 in that line (None where it is not
    known). `file` is a path below `templates/`, if the fault stands in a file that the text includes. `place`
    is where the source begins, where that is one of several that were to be read together.
    """

    def __init__(
        self, message: str, line: int = 0, column: int | None = None, length: int = 1, file: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.length = length
        self.file = file
        self.place: Place | None = None


class Parsed:
    """A source and what was made of it; `file` is its path below `templates/`, or nothing."""

    __slots__ = ("source", "tree", "tokens", "file")

    def __init__(self, source: str, tree: nodes.Template, tokens: list[Token], file: str = "") -> None:
        self.source: Final = source
        self.tree: Final = tree
        self.tokens: Final = tokens
        self.file: Final = file

    def locate(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 0."""
        return _locate(self.source, offset)


def _locate(source: str, offset: int) -> tuple[int, int]:
    starts = [0, *[found.end() for found in re.finditer("\n", source)]]
    line = bisect_right(starts, offset) - 1
    return line, offset - starts[line]


class Files:
    """The files below `templates/`, as one text of one language sees them."""

    def __init__(self, templates: Mapping[str, str], language: str) -> None:
        self._templates = templates
        self._language = language

    def find(self, path: str) -> str | None:
        """The path of the file in the text's language, of the file itself, or None where there is neither."""
        stem, dot, ending = path.rpartition(".")
        translated = f"{stem}.{self._language}.{ending}" if dot else f"{path}.{self._language}"
        return next((each for each in (translated, path) if each in self._templates), None)

    def read(self, path: str) -> str:
        return self._templates[path]

    def unknown(self, path: str) -> str:
        """The sentence on a file that is not there."""
        return unknown("template", path, self._templates)


def parse_text(environment: Environment, source: str, files: Files | None = None, file: str = "") -> Parsed:
    """The text, checked, with the files it includes in their places. Raises BadExpression."""
    parsed = _parse(environment, source, None, file)
    _Check(environment, parsed, files is not None).check()
    if files is not None:
        _inline(environment, parsed, files, (file,))
    return parsed


def parse_expression(environment: Environment, source: str) -> Parsed:
    """The expression, checked, as a tree that puts out its value. Raises BadExpression."""
    stripped = source.strip()
    if stripped.startswith("{{") and stripped.endswith("}}"):
        inner = stripped[2:-2].strip()
        raise BadExpression(f"an expression is written without braces: {inner}", 0, source.index("{{"), 2)
    parsed = _parse(environment, source, "variable", "")
    _Check(environment, parsed, False).check()
    return parsed


def _parse(environment: Environment, source: str, state: str | None, file: str) -> Parsed:
    recorded = Recorded(source)
    tokens: list[Token] = []
    recorded.tokens = tokens
    try:
        parser = Parser(environment, recorded, state=state)
        if state is None:
            tree = parser.parse()
        else:
            value = parser.parse_expression()
            if not parser.stream.eos:
                parser.fail(f"nothing may follow the expression, but `{parser.stream.current.value}` does")
            tree = nodes.Template([nodes.Output([value], lineno=1)], lineno=1)
            tree.set_environment(environment)
    except TemplateSyntaxError as error:
        from engine.jinja.template_words import fault_of

        lines = re.sub("\r\n?", "\n", source)
        fault = fault_of(error.message or "", lines, tokens)
        line, column = _locate(lines, fault.offset) if fault.offset is not None else (error.lineno - 1, None)
        raise BadExpression(fault.message, max(0, line), column, fault.length, file) from error
    except RecursionError as error:
        raise BadExpression("this nests too deeply", file=file) from error
    except ValueError as error:
        raise BadExpression("a number in it is too long", file=file) from error
    return Parsed(source, tree, tokens, file)


class _Check:
    """One walk over a parsed text that raises BadExpression at the first thing no text may hold."""

    def __init__(self, environment: Environment, parsed: Parsed, is_file: bool) -> None:
        self.environment = environment
        self.parsed = parsed
        self.is_file = is_file

    def check(self) -> None:
        self._visit(self.parsed.tree, 0, 0)

    def _visit(self, node: nodes.Node, depth: int, loops: int) -> None:
        if depth > MAX_DEPTH:
            self._fail(node, f"this nests more than {MAX_DEPTH} deep")
        if isinstance(node, nodes.Stmt):
            self._statement(node, loops)
            loops += isinstance(node, nodes.For)
        elif isinstance(node, nodes.Getattr):
            self._closed(node, node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            self._closed(node, node.arg.value)
        elif isinstance(node, nodes.NSRef):
            self._fail(node, "attributes cannot be set in a text", node.attr)
        elif isinstance(node, nodes.Name) and node.name == "self":
            self._fail(node, "`self` is not part of texts", "self")
        elif (
            isinstance(node, nodes.Const) and isinstance(node.value, float) and node.value in (float("inf"),)
        ):
            self._fail(node, "the number is too large")
        elif isinstance(node, (nodes.BinExpr, nodes.Concat, nodes.Filter)):
            self._try(node)
        for child in node.iter_child_nodes():
            self._visit(child, depth + 1, loops)

    def _statement(self, node: nodes.Stmt, loops: int) -> None:
        name = node.__class__.__name__.lower()
        if not isinstance(node, _STATEMENTS):
            said = {"scopedevalcontextmodifier": "autoescape"}.get(name, name)
            self._fail(node, f"`{{% {said} %}}` is not part of texts", said)
        if isinstance(node, _OF_FILES) and not self.is_file:
            said = "from" if isinstance(node, nodes.FromImport) else name
            self._fail(node, f"`{{% {said} %}}` works in template files only", said)
        if isinstance(node, nodes.For) and node.recursive:
            self._fail(node, "loops cannot be recursive in a text", "recursive")
        if loops >= MAX_LOOP_DEPTH:
            self._fail(node, f"loops nest at most {MAX_LOOP_DEPTH} deep")

    def _closed(self, node: nodes.Node, name: object) -> None:
        if isinstance(name, str) and name.startswith("_"):
            self._fail(node, f"`{name}` is not for texts: names that start with `_` are closed", name)

    def _try(self, node: nodes.Expr) -> None:
        """Works out what is made of constants alone, so that a fault in it is found while reading."""
        sign = (
            "~"
            if isinstance(node, nodes.Concat)
            else getattr(node, "operator", "") or getattr(node, "name", "")
        )
        try:
            _constant(self.environment, node)
        except nodes.Impossible:
            return
        except Refused as error:
            self._fail(node, str(error), sign)
        except ZeroDivisionError:
            self._fail(node, "this divides by zero", sign)
        except RecursionError:
            self._fail(node, f"this nests more than {MAX_DEPTH} deep")
        except (ArithmeticError, TypeError, ValueError) as error:
            self._fail(node, f"this cannot be worked out: {error}", sign)

    def _fail(self, node: nodes.Node, message: str, text: str = "") -> None:
        for token in self.parsed.tokens if text else ():
            is_quoted = token.kind == "string" and token.text[1:-1] == text
            line, column = self.parsed.locate(token.offset + is_quoted)
            if (token.text == text or is_quoted) and line >= node.lineno - 1:
                raise BadExpression(message, line, column, len(text), self.parsed.file)
        raise BadExpression(message, node.lineno - 1, None, 1, self.parsed.file)


class _NoNames:
    language = ""

    def resolve(self, name: str) -> Any:
        raise nodes.Impossible


def _constant(environment: Environment, node: nodes.Node) -> Any:
    def of(inner: nodes.Node) -> Any:
        return _constant(environment, inner)

    if isinstance(node, nodes.Const):
        return Decimal(str(node.value)) if isinstance(node.value, float) else node.value
    if isinstance(node, nodes.List):
        return [of(item) for item in node.items]
    if isinstance(node, nodes.BinExpr) and node.operator not in ("and", "or"):
        return reckon(node.operator, of(node.left), of(node.right))
    if isinstance(node, nodes.Neg):
        return -of(node.node)
    if isinstance(node, nodes.Concat):
        return "".join(str(of(part)) for part in node.nodes)
    if (
        isinstance(node, nodes.Filter)
        and node.name in _TRIED
        and node.node
        and not (node.dyn_args or node.dyn_kwargs)
    ):
        arguments = [of(node.node), *map(of, node.args)]
        named = {str(pair.key): of(pair.value) for pair in node.kwargs}
        change = environment.filters[node.name]
        context = (Context(environment, _NoNames()),) if hasattr(change, "jinja_pass_arg") else ()
        return change(*context, *arguments, **named)
    raise nodes.Impossible


def _inline(environment: Environment, parsed: Parsed, files: Files, above: tuple[str, ...]) -> None:
    """Puts the files that a text includes or imports into its tree, where the statement stands."""
    for node in [parsed.tree, *parsed.tree.find_all(nodes.Stmt)]:
        for field, value in list(node.iter_fields()):
            if isinstance(value, list) and any(isinstance(one, _OF_FILES) for one in value):
                setattr(
                    node,
                    field,
                    [new for one in value for new in _replaced(environment, parsed, files, above, one)],
                )


def _replaced(
    environment: Environment, parsed: Parsed, files: Files, above: tuple[str, ...], node: nodes.Node
) -> list[nodes.Node]:
    if not isinstance(node, _OF_FILES):
        return [node]
    line = node.lineno - 1
    written = node.template
    if not (isinstance(written, nodes.Const) and isinstance(written.value, str)):
        raise BadExpression("name the file as a text between quotes", line, None, 1, parsed.file)
    path = files.find(written.value)
    if path is None:
        if isinstance(node, nodes.Include) and node.ignore_missing:
            return []
        at = next((token.offset for token in parsed.tokens if token.text[1:-1] == written.value), None)
        line, column = (line, None) if at is None else parsed.locate(at + 1)
        raise BadExpression(files.unknown(written.value), line, column, len(written.value), parsed.file)
    if path in above:
        raise BadExpression(f"'{path}' includes itself", line, None, 1, parsed.file)
    inner = _parse(environment, files.read(path), None, path)
    _Check(environment, inner, True).check()
    _inline(environment, inner, files, (*above, path))
    for each in inner.tree.find_all(nodes.Node):
        each.lineno = node.lineno
    if isinstance(node, nodes.Include):
        scope = nodes.Scope(inner.tree.body, lineno=node.lineno)
        if re.fullmatch(_LONE_INCLUDE, parsed.source.split("\n")[line]):
            scope.body = [*scope.body, nodes.Output([nodes.TemplateData("\n")], lineno=node.lineno)]
            scope.set_environment(environment)
        setattr(scope, "parsed", inner)  # noqa: B010 - Jinja's nodes declare no such attribute
        return [scope]
    return _imported(parsed, inner, node)


def _imported(parsed: Parsed, inner: Parsed, node: nodes.Import | nodes.FromImport) -> list[nodes.Node]:
    """The macros of a file under names of their own, and the importing text's names changed to these."""
    macros = {one.name: one for one in inner.tree.body if isinstance(one, nodes.Macro)}
    prefix = "_" + re.sub(r"\W", "_", inner.file) + "_"
    for used in inner.tree.find_all(nodes.Name):
        if used.name in macros:
            used.name = prefix + used.name
    for name, macro in macros.items():
        macro.name = prefix + name
        setattr(macro, "parsed", inner)  # noqa: B010 - Jinja's nodes declare no such attribute
    if isinstance(node, nodes.FromImport):
        wanted = [one if isinstance(one, tuple) else (one, one) for one in node.names]
        aliases = {alias: prefix + name for name, alias in wanted}
        missing = next((name for name, _ in wanted if name not in macros), None)
        if missing is not None:
            said = f"'{inner.file}' has no macro `{missing}`"
            raise BadExpression(said, node.lineno - 1, None, 1, parsed.file)
        for used in parsed.tree.find_all(nodes.Name):
            used.name = aliases.get(used.name, used.name)
    else:
        _through_module(parsed.tree, node.target, prefix, macros)
    return list(macros.values())


def _through_module(tree: nodes.Node, module: str, prefix: str, macros: Mapping[str, Any]) -> None:
    for node in list(tree.find_all(nodes.Call)):
        called: Any = node.node
        is_of_module = isinstance(called, nodes.Getattr) and isinstance(called.node, nodes.Name)
        if is_of_module and called.node.name == module and called.attr in macros:
            node.node = nodes.Name(prefix + called.attr, "load", lineno=called.lineno)
