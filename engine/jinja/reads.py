"""Lists what a text or expression reads: names, filters, tests and calls, each with its place."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from jinja2 import nodes

from engine.jinja.template_parser import Parsed

Path = tuple[str, ...]
_NO_GUARDS: frozenset[Path] = frozenset()


class Part(NamedTuple):
    """Where one word of a path stands: line from 0, column from 0 in it (None if it is not known)."""

    line: int
    column: int | None


class Read(NamedTuple):
    """One use of something that stands outside the text.

    `path` is the name with its attributes (`("cart", "total")`), or the one word of a filter or test; a call
    on no name has a path that starts with "". `parts` are the places of its words, `file` the path below
    `templates/` if the use stands in an included file. `guarded` says that an empty value does no harm here:
    it is tested, has a default, or stands behind a test of the same name. `reckoned` says that it stands in a
    calculation without any of these, which comes to nothing where it is empty.
    """

    kind: Literal["name", "filter", "test", "call"]
    path: Path
    parts: tuple[Part, ...]
    guarded: bool = False
    file: str = ""
    reckoned: bool = False

    @property
    def line(self) -> int:
        return self.parts[0].line

    @property
    def column(self) -> int | None:
        return self.parts[0].column


def reads_of(parsed: Parsed) -> tuple[Read, ...]:
    """Every read of the text, in its order; names that the text itself sets are left out."""
    found: list[Read] = []
    _Walk(parsed, found).block(parsed.tree.body, set(), _NO_GUARDS)
    return tuple(found)


class _Walk:
    """One pass in the order of the source, in which each word takes the next token that reads like it."""

    def __init__(self, parsed: Parsed, found: list[Read]) -> None:
        self.parsed = parsed
        self.found = found
        self.places = _places(parsed)

    def place(self, group: str, word: str, node: nodes.Node) -> Part:
        waiting = self.places.get((group, word))
        return Part(*self.parsed.locate(waiting.popleft())) if waiting else Part(node.lineno - 1, None)

    def add(
        self, kind: str, path: Path, parts: Iterable[Part], guarded: bool = False, reckoned: bool = False
    ) -> None:
        if not path[0].startswith("_"):
            read = Read(kind, path, tuple(parts), guarded, self.parsed.file, reckoned)  # type: ignore[arg-type]
            self.found.append(read)

    def block(self, body: Sequence[nodes.Node], local: set[str], guards: frozenset[Path]) -> None:
        for node in body:
            self.statement(node, local, guards)

    def statement(self, node: nodes.Node, local: set[str], guards: frozenset[Path]) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    self.value(part, local, guards)
            case nodes.If():
                self.value(node.test, local, guards, True)
                self.block(node.body, local, guards | _when_true(node.test))
                otherwise = guards | _when_false(node.test)
                self.block(node.elif_, local, otherwise)
                self.block(node.else_, local, otherwise)
            case nodes.For():
                inner = local | {"loop"}
                self.target(node.target, inner)
                self.value(node.iter, local, guards, True)
                within = guards
                if node.test:
                    self.value(node.test, inner, guards, True)
                    within = guards | _when_true(node.test)
                self.block(node.body, inner, within)
                self.block(node.else_, local, guards)
            case nodes.Assign():
                self.target(node.target, local)
                self.value(node.node, local, guards)
            case nodes.AssignBlock():
                self.target(node.target, local)
                if node.filter:
                    self.value(node.filter, local, guards)
                self.block(node.body, set(local), guards)
            case nodes.With():
                inner = set(local)
                for target, value in zip(node.targets, node.values, strict=True):
                    self.target(target, inner)
                    self.value(value, local, guards)
                self.block(node.body, inner, guards)
            case nodes.Macro() | nodes.CallBlock():
                self.macro(node, local, guards)
            case nodes.FilterBlock():
                self.value(node.filter, local, guards)
                self.block(node.body, set(local), guards)
            case nodes.Scope():
                inner_parsed = getattr(node, "parsed", None)
                walk = _Walk(inner_parsed, self.found) if inner_parsed else self
                walk.block(node.body, set(local), guards)

    def macro(self, node: nodes.Macro | nodes.CallBlock, local: set[str], guards: frozenset[Path]) -> None:
        inner_parsed = getattr(node, "parsed", None)
        walk = _Walk(inner_parsed, self.found) if inner_parsed else self
        if isinstance(node, nodes.Macro):
            local.add(node.name)
            inner = local | {"varargs", "kwargs", "caller"}
        else:
            self.value(node.call, local, guards)
            inner = set(local)
        for parameter in node.args:
            walk.target(parameter, inner)
        for default in node.defaults:
            walk.value(default, local, guards)
        walk.block(node.body, inner, guards)

    def target(self, node: nodes.Node, local: set[str]) -> None:
        for name in [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name):
            self.place("name", name.name, name)
            local.add(name.name)

    def value(
        self,
        node: nodes.Node,
        local: set[str],
        guards: frozenset[Path],
        soft: bool = False,
        reckoned: bool = False,
    ) -> None:
        """Visits an expression; `soft` where an empty value does no harm, `reckoned` in a calculation."""
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                self.path(node, "name", local, guards, soft, reckoned)
            case nodes.Call():
                self.path(node.node, "call", local, guards, soft, reckoned)
                # A method that is given nothing finds nothing: that is an answer too.
                self.arguments(node, local, guards, isinstance(node.node, nodes.Getattr))
            case nodes.Filter() | nodes.Test():
                self.applied(node, local, guards, soft, reckoned)
            case (
                nodes.Add()
                | nodes.Sub()
                | nodes.Mul()
                | nodes.Div()
                | nodes.FloorDiv()
                | nodes.Mod()
                | nodes.Pow()
            ):
                self.value(node.left, local, guards, soft, True)
                self.value(node.right, local, guards, soft, True)
            case nodes.And():
                self.value(node.left, local, guards, soft)
                self.value(node.right, local, guards | _when_true(node.left), soft)
            case nodes.Or():
                self.value(node.left, local, guards, True)
                self.value(node.right, local, guards | _when_false(node.left), soft)
            case nodes.Not():
                self.value(node.node, local, guards, True)
            case nodes.Compare():
                self.value(node.expr, local, guards, True)
                for operand in node.ops:
                    self.value(operand.expr, local, guards, True)
            case nodes.CondExpr():
                self.value(node.expr1, local, guards | _when_true(node.test), soft)
                self.value(node.test, local, guards, True)
                if node.expr2:
                    self.value(node.expr2, local, guards | _when_false(node.test), soft)
            case _:
                for child in node.iter_child_nodes():
                    self.value(child, local, guards, soft)

    def applied(
        self,
        node: nodes.Filter | nodes.Test,
        local: set[str],
        guards: frozenset[Path],
        soft: bool,
        reckoned: bool,
    ) -> None:
        kind = "filter" if isinstance(node, nodes.Filter) else "test"
        has_answer = kind == "test" or node.name in ("default", "d")
        if node.node is not None:
            self.value(node.node, local, guards, soft or has_answer, reckoned and not has_answer)
        self.add(kind, (node.name,), [self.place(kind, node.name, node)])
        self.arguments(node, local, guards)
        for at, named in {"map": (0, "filter"), "select": (0, "test"), "reject": (0, "test")}.items():
            if kind == "filter" and node.name in (at, f"{at}attr"):
                index = named[0] + node.name.endswith("attr")
                word = node.args[index] if index < len(node.args) else None
                if isinstance(word, nodes.Const) and isinstance(word.value, str):
                    self.add(named[1], (word.value,), [self.place("string", word.value, word)])

    def arguments(self, node: Any, local: set[str], guards: frozenset[Path], soft: bool = False) -> None:
        for argument in (*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs):
            if argument is not None:
                self.value(argument, local, guards, soft)

    def path(
        self,
        node: Any,
        kind: str,
        local: set[str],
        guards: frozenset[Path],
        soft: bool,
        reckoned: bool = False,
    ) -> None:
        """A chain of attributes: its longest beginning that is a path is one read, the rest only tokens."""
        links: list[Any] = []
        while isinstance(node, (nodes.Getattr, nodes.Getitem)):
            links.append(node)
            node = node.node
        words: list[str] = []
        parts: list[Part] = []
        is_name = isinstance(node, nodes.Name)
        if is_name:
            words, parts = [node.name], [self.place("name", node.name, node)]
        else:
            self.value(node, local, guards, soft)
        is_path = is_name
        for link in reversed(links):
            if isinstance(link, nodes.Getattr):
                word, part = link.attr, self.place("attribute", link.attr, link)
            elif isinstance(link.arg, nodes.Const) and isinstance(link.arg.value, str):
                word, part = link.arg.value, self.place("string", link.arg.value, link)
            else:
                self.value(link.arg, local, guards)
                is_path = False
                continue
            if is_path:
                words.append(word)
                parts.append(part)
            elif kind == "call" and link is links[0]:
                self.add(kind, ("", word), [part, part])
        if not is_name:
            return
        if words[0] in local:
            if kind == "call" and is_path and len(words) > 1 and words != ["loop", "cycle"]:
                self.add(kind, ("", words[-1]), [parts[-1], parts[-1]])
            return
        read = tuple(words)
        is_tested = any(one[0] == read[0] for one in guards)
        self.add(kind if is_path else "name", read, parts, soft or is_tested, reckoned and not is_tested)


def _places(parsed: Parsed) -> dict[tuple[str, str], deque[int]]:
    places: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    tokens = [token for token in parsed.tokens if token.kind not in ("whitespace", "data")]
    depth = 0
    is_importing = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
        elif token.kind == "string":
            places["string", token.text[1:-1]].append(token.offset + 1)
        elif token.kind in ("block_begin", "block_end"):
            is_importing, depth = False, 0
        elif token.kind == "name":
            is_importing = is_importing or (token.text == "import" and before != ".")
            is_negated = before == "not" and index > 1 and tokens[index - 2].text == "is"
            if before == ".":
                group = "attribute"
            elif before == "|" or (before == "filter" and tokens[index - 2].kind == "block_begin"):
                group = "filter"
            elif before == "is" or is_negated:
                group = "test"
            elif is_importing or before == "macro" or (after == "=" and depth > 0):
                continue
            else:
                group = "name"
            places[group, token.text].append(token.offset)
    return places


def _path_of(node: nodes.Node | None) -> frozenset[Path]:
    words: list[str] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem, nodes.Filter)):
        if isinstance(node, nodes.Getattr):
            words.append(node.attr)
        elif isinstance(node, nodes.Getitem):
            if not (isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)):
                words.clear()
            else:
                words.append(node.arg.value)
        node = node.node
    return frozenset({(node.name, *reversed(words))}) if isinstance(node, nodes.Name) else _NO_GUARDS


def implied(parsed: Parsed, holds: bool) -> frozenset[Path]:
    """The paths that hold something where the expression does, or does not."""
    output = parsed.tree.body[0]
    if not isinstance(output, nodes.Output):
        return _NO_GUARDS
    return (_when_true if holds else _when_false)(output.nodes[0])


def _when_true(test: nodes.Node) -> frozenset[Path]:
    """The paths that hold something where the test is true."""
    match test:
        case nodes.Not():
            return _when_false(test.node)
        case nodes.And():
            return _when_true(test.left) | _when_true(test.right)
        case nodes.Or():
            return _when_true(test.left) & _when_true(test.right)
        case nodes.Test():
            return _NO_GUARDS if test.name in ("undefined", "none", "false") else _path_of(test.node)
        case nodes.Compare():
            filled = [test.expr, *(one.expr for one in test.ops)]
            is_sure = all(one.op not in ("ne", "notin") for one in test.ops)
            return frozenset().union(*map(_path_of, filled)) if is_sure else _NO_GUARDS
        case _:
            return _path_of(test)


def _when_false(test: nodes.Node) -> frozenset[Path]:
    """The paths that hold something where the test is false."""
    match test:
        case nodes.Not():
            return _when_true(test.node)
        case nodes.Or():
            return _when_false(test.left) | _when_false(test.right)
        case nodes.Test():
            return _path_of(test.node) if test.name in ("undefined", "none") else _NO_GUARDS
        case _:
            return _NO_GUARDS
