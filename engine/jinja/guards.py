"""Says what a test in a text makes sure: the names that hold something where it is true, or false."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from jinja2 import nodes

Path = tuple[str, ...]
Paths = frozenset[Path]
NO_GUARDS: Paths = frozenset()

_NOTHING = object()
"""What an empty name is: never equal to anything, nor less or more."""

COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "lteq": le,
    "gt": gt,
    "gteq": ge,
}
_COUNTING = frozenset(("count", "float", "int", "length", "wordcount"))
"""Filters that make 0 of nothing."""


class Own:
    """A name that the text itself sets.

    `origins` are the reads that its value comes from. `holds` and `fails` are what holds something where the
    name does, and where it does not. `depth` says, of a name that some way leaves unset, below how many
    conditions that was; None where it is set for sure. A macro's `parameters` are their names, each with the
    mark that says whether it is printed.
    """

    __slots__ = ("origins", "holds", "fails", "depth", "parameters")

    def __init__(
        self,
        origins: tuple[int, ...] = (),
        holds: Paths = NO_GUARDS,
        fails: Paths = NO_GUARDS,
        depth: int | None = None,
        parameters: tuple[tuple[str, int], ...] | None = None,
    ) -> None:
        self.origins: Final = origins
        self.holds: Final = holds
        self.fails: Final = fails
        self.depth: Final = depth
        self.parameters: Final = parameters


Names = Mapping[str, Own]
NO_NAMES: Names = {}


def when_true(test: nodes.Node, own: Names = NO_NAMES) -> Paths:
    """The paths that hold something where the test is true."""
    match test:
        case nodes.Not():
            return when_false(test.node, own)
        case nodes.And():
            return when_true(test.left, own) | when_true(test.right, own)
        case nodes.Or():
            left = when_true(test.left, own)
            is_empty = isinstance(test.right, nodes.Const) and not test.right.value
            return left if is_empty else left & when_true(test.right, own)
        case nodes.Test():
            unsure = test.name in ("undefined", "none", "false")
            return NO_GUARDS if unsure else _when_filled(test.node, own)[0]
        case nodes.Compare():
            return _compared(test, own)
        case _:
            paths, otherwise = _when_filled(test, own)
            return paths if otherwise is _NOTHING or not otherwise else NO_GUARDS


def when_false(test: nodes.Node, own: Names = NO_NAMES) -> Paths:
    """The paths that hold something where the test is false."""
    match test:
        case nodes.Not():
            return when_true(test.node, own)
        case nodes.Or():
            return when_false(test.left, own) | when_false(test.right, own)
        case nodes.Test():
            is_sure = test.name in ("undefined", "none")
            return _when_filled(test.node, own)[0] if is_sure else NO_GUARDS
        case nodes.Name():
            return own[test.name].fails if test.name in own else NO_GUARDS
        case _:
            return NO_GUARDS


def _compared(test: nodes.Compare, own: Names) -> Paths:
    """What holds something where a comparison does: what it would not hold for, were that empty."""
    sides = [test.expr, *(one.expr for one in test.ops)]
    if len(test.ops) == 1:
        for side, other in ((0, 1), (1, 0)):
            paths, otherwise = _when_filled(sides[side], own)
            if otherwise is not _NOTHING:
                constant = sides[other]
                if not isinstance(constant, nodes.Const):
                    continue
                values = (otherwise, constant.value) if side == 0 else (constant.value, otherwise)
                operator = test.ops[0].op
                return paths if operator in COMPARED and not compared(operator, *values) else NO_GUARDS
    if any(one.op in ("ne", "notin") for one in test.ops):
        return NO_GUARDS
    filled = [_when_filled(side, own) for side in sides]
    return frozenset().union(*(paths for paths, otherwise in filled if otherwise is _NOTHING))


def compared(operator: str, left: Any, right: Any) -> bool:
    """Whether one of the COMPARED operators holds between two values."""
    try:
        return bool(COMPARED[operator](left, right))
    except TypeError:
        return False


def _when_filled(node: nodes.Node | None, own: Names) -> tuple[Paths, Any]:
    """The paths that hold something where this does not come to the second, its value for what is empty."""
    if isinstance(node, nodes.Filter):
        paths, otherwise = _when_filled(node.node, own)
        if node.name in _COUNTING:
            return (paths, 0) if otherwise is _NOTHING or otherwise in ("", 0) else (NO_GUARDS, _NOTHING)
        if node.name in ("default", "d") and otherwise is _NOTHING:
            given = node.args[0] if node.args else nodes.Const("")
            return (paths, given.value) if isinstance(given, nodes.Const) else (NO_GUARDS, _NOTHING)
        return paths, otherwise
    if isinstance(node, nodes.Or) and isinstance(node.right, (nodes.Const, nodes.List)):
        paths, otherwise = _when_filled(node.left, own)
        value = node.right.value if isinstance(node.right, nodes.Const) else "" if not node.right.items else 1
        return (paths, value) if otherwise is _NOTHING or not otherwise else (paths, otherwise)
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
    if not isinstance(node, nodes.Name):
        return NO_GUARDS, _NOTHING
    paths = frozenset({(node.name, *reversed(words))})
    return (paths | own[node.name].holds if node.name in own else paths), _NOTHING


def may_come_to_nothing(node: nodes.Node) -> bool:
    """Whether a condition without an `else` may leave the expression without a value."""
    if isinstance(node, nodes.CondExpr):
        return node.expr2 is None or may_come_to_nothing(node.expr1) or may_come_to_nothing(node.expr2)
    return isinstance(node, nodes.Or) and may_come_to_nothing(node.right)
