"""Walks through a text or an expression in the order of its source, and knows of which kind its names are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property

from jinja2 import nodes

from engine.analysis.kinds import TEXT, UNKNOWN, Kind, Names, element_of
from engine.analysis.survey import Written
from engine.expressions import Part, Read
from engine.jinja.places import places_of
from engine.jinja.template_parser import Parsed
from engine.lint.checked import Checked
from engine.source import Problem

Local = dict[str, Kind]
"""The kinds of the names that the text itself sets, at a point of it."""


class TextWalk:
    """One pass over a text and what it includes, in which each word takes the next token that reads like it.

    Rules add to `visit`, which yields what they find.
    """

    def __init__(self, checked: Checked, names: Names, text: Written, parsed: Parsed) -> None:
        self.checked = checked
        self.names = names
        self.text = text
        self.parsed = parsed
        self._taken: list[tuple[str, str, nodes.Node]] = []

    def findings(self) -> Iterator[Problem]:
        """What is found in the whole text."""
        return self.block(self.parsed.tree.body, {})

    def block(self, body: Sequence[nodes.Node], local: Local) -> Iterator[Problem]:
        for node in body:
            yield from self.visit(node, local)

    def visit(self, node: nodes.Node, local: Local) -> Iterator[Problem]:
        inner: Parsed | None = getattr(node, "parsed", None)
        if inner is not None and inner is not self.parsed:
            walk = type(self)(self.checked, self.names, self.text, inner)
            if isinstance(node, nodes.Macro):
                local[node.name] = UNKNOWN
            yield from walk.visit(_own(node), dict(local))
            return
        match node:
            case nodes.If():
                yield from self.condition(node, local)
            case nodes.For():
                yield from self.loop(node, local)
            case nodes.Assign():
                own = self.bound(node.target, self.names.of(node.node, local))
                yield from self.visit(node.node, local)
                local.update(own)
            case nodes.AssignBlock():
                own = self.bound(node.target, TEXT)
                yield from self.block([node.filter] if node.filter else [], local)
                yield from self.block(node.body, dict(local))
                local.update(own)
            case nodes.With():
                own = dict(local)
                for target, value in zip(node.targets, node.values, strict=True):
                    own |= self.bound(target, self.names.of(value, local))
                    yield from self.visit(value, local)
                yield from self.block(node.body, own)
            case nodes.Macro():
                local[node.name] = UNKNOWN
                own = {**local, **self.parameters(node)}
                yield from self.block([*node.defaults, *node.body], own)
            case nodes.CallBlock():
                own = {**local, **self.parameters(node)}
                yield from self.visit(node.call, local)
                yield from self.block([*node.defaults, *node.body], own)
            case nodes.CondExpr():
                yield from self.block((node.expr1, node.test), local)
                if node.expr2 is not None:
                    yield from self.visit(node.expr2, local)
            case nodes.Filter():
                if node.node is not None:
                    yield from self.visit(node.node, local)
                self.take("filter", node.name, node)
                yield from self.block([*node.args, *node.kwargs], local)
            case nodes.Name():
                self.take("name", node.name, node)
            case nodes.Getattr():
                yield from self.visit(node.node, local)
                self.take("attribute", node.attr, node)
            case _:
                yield from self.block(list(node.iter_child_nodes()), local)

    def condition(self, node: nodes.If, local: Local) -> Iterator[Problem]:
        yield from self.visit(node.test, local)
        before = dict(local)
        for branch in (node.body, node.elif_, node.else_):
            own = dict(before)
            yield from self.block(branch, own)
            local.update((name, UNKNOWN) for name, kind in own.items() if before.get(name) != kind)

    def loop(self, node: nodes.For, local: Local) -> Iterator[Problem]:
        own = {
            **local,
            "loop": "loop",
            **self.bound(node.target, element_of(self.names.of(node.iter, local))),
        }
        yield from self.visit(node.iter, local)
        if node.test is not None:
            yield from self.visit(node.test, own)
        yield from self.block(node.body, own)
        yield from self.block(node.else_, dict(local))

    def bound(self, target: nodes.Node, kind: Kind) -> Local:
        """The names that are set there; those of a group are of no certain kind."""
        if isinstance(target, nodes.Name):
            self.take("name", target.name, target)
            return {target.name: kind}
        names = list(target.find_all(nodes.Name))
        for name in names:
            self.take("name", name.name, name)
        return dict.fromkeys((name.name for name in names), UNKNOWN)

    def parameters(self, node: nodes.Macro | nodes.CallBlock) -> Local:
        """The parameters of a macro: the tokens of those with a default are none of names."""
        for one in node.args[: len(node.args) - len(node.defaults)]:
            self.take("name", one.name, one)
        return dict.fromkeys((one.name for one in node.args), UNKNOWN)

    def take(self, group: str, word: str, node: nodes.Node) -> None:
        """Notes that the word of a node comes next: a `name`, an `attribute` or a `filter`."""
        self._taken.append((group, word, node))

    @cached_property
    def places(self) -> Mapping[tuple[str, str], Sequence[int]]:
        """Where each word of the text stands, of those that read alike in their order."""
        return places_of(self.parsed)

    def part_of(self, node: nodes.Node) -> Part:
        """Where the word of a node that was taken stands; of any other, where the text begins."""
        before: Counter[tuple[str, str]] = Counter()
        for group, word, taken in self._taken:
            if taken is node:
                offsets = self.places.get((group, word), ())
                nth = before[group, word]
                return Part(*self.parsed.locate(offsets[nth])) if nth < len(offsets) else Part(0, None)
            before[group, word] += 1
        return Part(0, None)

    def problem(self, rule: str, part: Part, length: int, said: str) -> Problem:
        """A finding at a part of this text."""
        read = Read("name", ("",), (part,), False, self.parsed.file)
        return Problem(self.checked.place_of(self.text, read), rule, said, length)


def walked(walk: type[TextWalk], checked: Checked, looked_at: Container[str]) -> Iterator[Problem]:
    """What a walk finds in the texts with one of the tokens; of equal ones without a fault, it takes one."""
    for survey in checked.surveys:
        names = checked.names_of(survey)
        clean: dict[int, Parsed] = {}
        for text in checked.texts_of(survey):
            for parsed in text.source.parsed():
                if id(parsed) in clean:
                    continue
                found: list[Problem] = []
                if any(token.text in looked_at for token in parsed.tokens):
                    found += walk(checked, names, text, parsed).findings()
                yield from found
                if not found:
                    clean[id(parsed)] = parsed


def _own(node: nodes.Node) -> nodes.Node:
    """The node as its own file has it, so that it is walked with the tokens of that file."""
    if isinstance(node, nodes.Macro):
        return nodes.Macro(node.name, node.args, node.defaults, node.body, lineno=node.lineno)
    return nodes.Scope(node.body, lineno=node.lineno)  # type: ignore[attr-defined]
