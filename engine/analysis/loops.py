"""Says what a text reads of the lines that its loops go through, whatever it calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jinja2 import nodes

from engine.expressions import Text

Path = tuple[str, ...]
"""A name with its attributes; `*` stands for each line of what stands before it."""

EACH = "*"


class Loop(NamedTuple):
    """What is read of each line: `said` of it is shown, `read` is all; `is_whole` where it is handed on.

    `name` is what the text calls a line.
    """

    name: str
    said: set[Path]
    read: set[Path]
    is_whole: list[bool]


def loops_of(text: Text) -> Mapping[Path, Loop]:
    """What the text goes through, with what it reads of each line; not what is worked out on the spot."""
    found: dict[Path, Loop] = {}
    if "{%" in text.source:
        for parsed in text.parsed():
            _walk(parsed.tree, {}, found, True)
    return found


def _walk(node: nodes.Node, lines: Mapping[str, Path], found: dict[Path, Loop], is_said: bool) -> None:
    match node:
        case nodes.For():
            _loop(node, lines, found, is_said)
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            _read(node, lines, found, is_said)
        case nodes.If() | nodes.CondExpr():
            for child in node.iter_child_nodes():
                _walk(child, lines, found, is_said and child is not node.test)
        case _:
            for child in node.iter_child_nodes():
                _walk(child, lines, found, is_said)


def _loop(node: nodes.For, lines: Mapping[str, Path], found: dict[Path, Loop], is_said: bool) -> None:
    _walk(node.iter, lines, found, False)
    source = _path(node.iter, lines)
    own = {
        name.name for name in (node.target, *node.target.find_all(nodes.Name)) if isinstance(name, nodes.Name)
    }
    inner = {name: path for name, path in lines.items() if name not in own}
    if isinstance(node.target, nodes.Name) and source:
        inner[node.target.name] = (*source, EACH)
        found.setdefault((*source, EACH), Loop(node.target.name, set(), set(), []))
    if node.test is not None:
        _walk(node.test, inner, found, False)
    for child in node.body:
        _walk(child, inner, found, is_said)
    for child in node.else_:
        _walk(child, lines, found, is_said)


def _read(node: nodes.Expr, lines: Mapping[str, Path], found: dict[Path, Loop], is_said: bool) -> None:
    path = _path(node, lines)
    if not path:
        for child in node.iter_child_nodes():
            _walk(child, lines, found, is_said)
        return
    if EACH not in path:
        return
    at = len(path) - path[::-1].index(EACH)
    loop, attributes = found.get(path[:at]), path[at:]
    if loop is None:
        return
    if not attributes:
        loop.is_whole.append(True)
        return
    loop.read.add(attributes)
    if is_said:
        loop.said.add(attributes)


def _path(node: nodes.Node | None, lines: Mapping[str, Path]) -> Path:
    """The path that an expression is, but for filters on it; empty for any other."""
    words: list[str] = []
    while True:
        match node:
            case nodes.Getattr():
                words.append(node.attr)
                node = node.node
            case nodes.Filter():
                if words:
                    return ()
                node = node.node
            case nodes.Name():
                return (*lines.get(node.name, (node.name,)), *reversed(words))
            case _:
                return ()
