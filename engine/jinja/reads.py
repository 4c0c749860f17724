"""Lists what a text or expression reads: names, filters, tests and calls, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from jinja2 import nodes

from engine.jinja.guards import NO_GUARDS, Own, Path, Paths, may_come_to_nothing, when_false, when_true
from engine.jinja.places import places_of
from engine.jinja.template_parser import Parsed

Names = dict[str, Own]
"""The names that a text sets itself, with what is known of each at this point of it."""

KEPT = Own()
"""A name that a loop or a macro sets, of which nothing more is known."""

ANSWERED = frozenset(("count", "d", "default", "length"))
"""Filters that have an answer for what is empty."""


class Part:
    """Where one word of a path stands: line from 0, column from 0 in it (None if it is not known)."""

    __slots__ = ("line", "column")

    def __init__(self, line: int, column: int | None) -> None:
        self.line: Final = line
        self.column: Final = column


class Read:
    """One use of something that stands outside the text.

    `path` is the name with its attributes (`("cart", "total")`), or the one word of a filter or test; a call
    on no name has a path that starts with "". `parts` are the places of its words, `file` the path below
    `templates/` if the use stands in an included file. `guarded` says that an empty value does no harm here:
    it is tested, has a default, or stands behind a test of the same name. `reckoned` says that it stands in a
    calculation without any of these, which comes to nothing where it is empty. A `set` is the use of a name
    that the text itself sets, but not on every way through it.
    """

    __slots__ = ("kind", "path", "parts", "guarded", "file", "reckoned")

    def __init__(
        self,
        kind: Literal["name", "set", "filter", "test", "call"],
        path: Path,
        parts: tuple[Part, ...],
        guarded: bool = False,
        file: str = "",
        reckoned: bool = False,
    ) -> None:
        self.kind: Final = kind
        self.path: Final = path
        self.parts: Final = parts
        self.guarded: Final = guarded
        self.file: Final = file
        self.reckoned: Final = reckoned

    def copied(self) -> Read:
        """The same use as a value of its own."""
        return Read(self.kind, self.path, self.parts, self.guarded, self.file, self.reckoned)

    @property
    def line(self) -> int:
        return self.parts[0].line

    @property
    def column(self) -> int | None:
        return self.parts[0].column


def reads_of(parsed: Parsed) -> tuple[Read, ...]:
    """Every read of the text, in its order; names that the text itself sets are left out."""
    found: list[Read] = []
    _Walk(parsed, found, []).block(parsed.tree.body, {}, NO_GUARDS)
    return tuple(found)


class _Walk:
    """One pass in the order of the source, in which each word takes the next token that reads like it.

    What a name of the text's own comes from is read where that name is printed: `collected` holds the reads
    of a value that is only kept. `marks` say of each parameter of a macro whether it is printed; among the
    origins their indexes are inverted. `depth` counts the conditions that a place stands below.
    """

    def __init__(self, parsed: Parsed, found: list[Read], marks: list[bool], depth: int = 0) -> None:
        self.parsed = parsed
        self.found = found
        self.marks = marks
        self.depth = depth
        self.places = places_of(parsed)
        self.collected: list[int] | None = None

    def place(self, group: str, word: str, node: nodes.Node) -> Part:
        waiting = self.places.get((group, word))
        return Part(*self.parsed.locate(waiting.popleft())) if waiting else Part(node.lineno - 1, None)

    def add(
        self, kind: str, path: Path, parts: Iterable[Part], guarded: bool = False, reckoned: bool = False
    ) -> None:
        if not path[0].startswith("_"):
            read = Read(kind, path, tuple(parts), guarded, self.parsed.file, reckoned)  # type: ignore[arg-type]
            self.found.append(read)

    def block(self, body: Sequence[nodes.Node], local: Names, guards: Paths) -> None:
        for node in body:
            self.statement(node, local, guards)

    def below(self, body: Sequence[nodes.Node], local: Names, guards: Paths) -> None:
        """What stands below a condition."""
        self.depth += 1
        self.block(body, local, guards)
        self.depth -= 1

    def statement(self, node: nodes.Node, local: Names, guards: Paths) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    self.value(part, local, guards)
            case nodes.If():
                self.condition(node, local, guards)
            case nodes.For():
                inner = {**local, "loop": KEPT}
                inner.update(dict.fromkeys(self.targets(node.target), KEPT))
                self.value(node.iter, local, guards, True)
                within = guards
                if node.test:
                    self.value(node.test, inner, guards, True)
                    within = guards | when_true(node.test, inner)
                self.below(node.body, inner, within)
                self.below(node.else_, dict(local), guards)
            case nodes.Assign():
                names = self.targets(node.target)
                own = self.kept(node.node, local, guards)
                local.update(dict.fromkeys(names, own))
            case nodes.AssignBlock():
                names = self.targets(node.target)
                if node.filter:
                    self.value(node.filter, local, guards)
                self.block(node.body, dict(local), guards)
                local.update(dict.fromkeys(names, KEPT))
            case nodes.With():
                inner = dict(local)
                for target, value in zip(node.targets, node.values, strict=True):
                    names = self.targets(target)
                    inner.update(dict.fromkeys(names, self.kept(value, local, guards)))
                self.block(node.body, inner, guards)
            case nodes.Macro() | nodes.CallBlock():
                self.macro(node, local, guards)
            case nodes.FilterBlock():
                self.value(node.filter, local, guards)
                self.block(node.body, dict(local), guards)
            case nodes.Scope():
                self.within(node).block(node.body, dict(local), guards)

    def condition(self, node: nodes.If, local: Names, guards: Paths) -> None:
        """The branches of an `if`, and what is known of the names that some of them set."""
        before = dict(local)
        ends: list[Names] = []
        for one in (node, *node.elif_):
            self.value(one.test, before, guards, True)
            ends.append(dict(before))
            self.below(one.body, ends[-1], guards | when_true(one.test, before))
            guards |= when_false(one.test, before)
        ends.append(dict(before))
        self.below(node.else_, ends[-1], guards)
        for name in dict.fromkeys(name for end in ends for name in end):
            known = [end[name] for end in ends if name in end]
            if all(own is before.get(name) for own in known):
                continue
            # What two conditions set is set by both, for all that can be told by a look.
            is_sure = name in before or (len(known) == len(ends) and all(own.depth is None for own in known))
            local[name] = Own(
                tuple(dict.fromkeys(origin for own in known for origin in own.origins)),
                frozenset.intersection(*(own.holds for own in known)),
                frozenset.intersection(*(own.fails for own in known)),
                None if is_sure else self.depth,
            )

    def macro(self, node: nodes.Macro | nodes.CallBlock, local: Names, guards: Paths) -> None:
        walk = self.within(node)
        if isinstance(node, nodes.Macro):
            local[node.name] = KEPT
            inner = {**local, "varargs": KEPT, "kwargs": KEPT, "caller": KEPT}
        else:
            self.value(node.call, local, guards)
            inner = dict(local)
        parameters: list[tuple[str, int]] = []
        defaults = [None] * (len(node.args) - len(node.defaults)) + list(node.defaults)
        names = [name for parameter in node.args for name in walk.targets(parameter)]
        for name, default in zip(names, defaults, strict=True):
            parameters.append((name, len(self.marks)))
            origins = walk.kept(default, local, guards).origins if default is not None else ()
            inner[name] = Own((~len(self.marks), *origins))
            self.marks.append(False)
        walk.below(node.body, inner, guards)
        if isinstance(node, nodes.Macro):
            local[node.name] = Own(parameters=tuple(parameters))

    def within(self, node: nodes.Node) -> _Walk:
        """The walk through the file that the node stands in."""
        parsed = getattr(node, "parsed", None)
        return _Walk(parsed, self.found, self.marks, self.depth) if parsed else self

    def targets(self, node: nodes.Node) -> list[str]:
        """The names that are set there."""
        names = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
        for name in names:
            self.place("name", name.name, name)
        return [name.name for name in names]

    def kept(self, node: nodes.Node, local: Names, guards: Paths) -> Own:
        """Visits a value that is kept under a name; whether it does harm shows where that is printed."""
        above, self.collected = self.collected, []
        self.value(node, local, guards)
        origins, self.collected = tuple(self.collected), above
        return Own(origins, when_true(node, local), when_false(node, local))

    def harm(self, origins: Iterable[int], reckoned: bool) -> None:
        """Notes that what comes from these reads is printed, or reckoned with."""
        for origin in origins:
            if self.collected is not None:
                self.collected.append(origin)
            elif origin < 0:
                self.marks[~origin] = True
            else:
                read = self.found[origin]
                reckoned_with = read.reckoned or reckoned
                self.found[origin] = Read(read.kind, read.path, read.parts, False, read.file, reckoned_with)

    def value(
        self,
        node: nodes.Node,
        local: Names,
        guards: Paths,
        soft: bool = False,
        reckoned: bool = False,
    ) -> None:
        """Visits an expression; `soft` where an empty value does no harm, `reckoned` in a calculation."""
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                self.path(node, "name", local, guards, soft, reckoned)
            case nodes.Call():
                self.path(node.node, "call", local, guards, soft, reckoned)
                self.called(node, local, guards)
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
                self.perhaps(node.right, local, guards | when_true(node.left, local), soft)
            case nodes.Or():
                self.value(node.left, local, guards, True)
                self.perhaps(node.right, local, guards | when_false(node.left, local), soft)
            case nodes.Not():
                self.value(node.node, local, guards, True)
            case nodes.Compare():
                self.value(node.expr, local, guards, True)
                for operand in node.ops:
                    self.value(operand.expr, local, guards, True)
            case nodes.CondExpr():
                self.perhaps(node.expr1, local, guards | when_true(node.test, local), soft)
                self.value(node.test, local, guards, True)
                if node.expr2:
                    self.perhaps(node.expr2, local, guards | when_false(node.test, local), soft)
            case _:
                for child in node.iter_child_nodes():
                    self.value(child, local, guards, soft)

    def perhaps(self, node: nodes.Node, local: Names, guards: Paths, soft: bool) -> None:
        """Visits what is worked out under a condition only."""
        self.depth += 1
        self.value(node, local, guards, soft)
        self.depth -= 1

    def called(self, node: nodes.Call, local: Names, guards: Paths) -> None:
        own = local.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        spread = node.dyn_args is not None or node.dyn_kwargs is not None
        if own is None or own.parameters is None or spread or len(node.args) > len(own.parameters):
            # A method that is given nothing finds nothing: that is an answer too.
            self.arguments(node, local, guards, isinstance(node.node, nodes.Getattr))
            return
        marks = dict(own.parameters)
        named = [(name, one) for (name, _), one in zip(own.parameters, node.args, strict=False)]
        for name, argument in (*named, *((one.key, one.value) for one in node.kwargs)):
            self.value(argument, local, guards, name in marks and not self.marks[marks[name]])

    def applied(
        self,
        node: nodes.Filter | nodes.Test,
        local: Names,
        guards: Paths,
        soft: bool,
        reckoned: bool,
    ) -> None:
        kind = "filter" if isinstance(node, nodes.Filter) else "test"
        # A `select` without a test leaves out what is empty.
        is_sifted = node.name == "select" and not node.args
        has_answer = kind == "test" or node.name in ANSWERED or is_sifted
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

    def arguments(self, node: Any, local: Names, guards: Paths, soft: bool = False) -> None:
        for argument in (*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs):
            if argument is not None:
                self.value(argument, local, guards, soft)

    def path(
        self,
        node: Any,
        kind: str,
        local: Names,
        guards: Paths,
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
        is_tested = any(one[0] == words[0] for one in guards)
        if words[0] in local:
            if kind == "call" and is_path and len(words) > 1 and words != ["loop", "cycle"]:
                self.add(kind, ("", words[-1]), [parts[-1], parts[-1]])
            if not soft and not is_tested:
                own = local[words[0]]
                self.harm(own.origins, reckoned)
                if own.depth == self.depth:
                    self.add("set", (words[0],), parts[:1])
            return
        is_kept = self.collected is not None and not soft and not is_tested
        count = len(self.found)
        is_soft = soft or is_tested or is_kept
        self.add(kind if is_path else "name", tuple(words), parts, is_soft, reckoned and not is_tested)
        if is_kept:
            self.harm(range(count, len(self.found)), reckoned)


def implied(parsed: Parsed, holds: bool) -> Paths:
    """The paths that hold something where the expression does, or does not."""
    output = parsed.tree.body[0]
    if not isinstance(output, nodes.Output):
        return NO_GUARDS
    return (when_true if holds else when_false)(output.nodes[0])


def may_be_nothing(parsed: Parsed) -> bool:
    """Whether a condition without an `else` may leave the expression without a value."""
    output = parsed.tree.body[0]
    return isinstance(output, nodes.Output) and may_come_to_nothing(output.nodes[0])
