"""Says which conditions always or never hold: by the settings, and by what nothing in a flow changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jinja2 import nodes

from engine.analysis.conditions import are_closed, never_holds
from engine.analysis.survey import Survey
from engine.expressions import Expression, Value
from engine.jinja.guards import COMPARED, compared

UNSURE = object()
"""A value that depends on the customer, the shop or the day."""

FILLING = frozenset(("add_to_cart", "change_quantity", "fill_cart", "repeat_order"))
"""The actions that may put something into the cart."""

Facts = Mapping[tuple[str, str], Any]
"""What some attributes come to."""

NO_FACTS: Facts = MappingProxyType({})
EMPTY_CART: Facts = {
    ("cart", "is_empty"): True,
    ("cart", "count"): 0,
    ("cart", "lines"): (),
}
NO_ORDERS: Facts = {
    ("orders", "last"): None,
    ("orders", "open"): (),
    ("orders", "all"): (),
}
NOBODY: Facts = {
    **NO_ORDERS,
    ("customer", "is_known"): False,
    ("customer", "name"): "",
    ("customer", "address"): "",
}
"""Who writes for the first time."""

_TURNED = {"lt": "gt", "lteq": "gteq", "gt": "lt", "gteq": "lteq", "eq": "eq"}


class Certainty:
    """What conditions come to in one flow.

    Where nothing puts anything into the cart, it is empty. For a `newcomer` of a flow in which nothing is
    ordered, there are no orders. `facts` are what is known besides.
    """

    def __init__(self, survey: Survey, newcomer: bool = False, facts: Facts = NO_FACTS) -> None:
        flow = survey.flow
        used = {step.action for step in survey.steps}
        # Conversations of an older version come with what they have.
        self.fills_cart = bool(flow.moved) or not used.isdisjoint(FILLING)
        self._facts: dict[tuple[str, str], Any] = {} if self.fills_cart else dict(EMPTY_CART)
        if newcomer:
            self._facts.update(NO_ORDERS)
            if "save_customer" not in used:
                self._facts["customer", "is_known"] = False
        self._facts.update(facts)
        translated = frozenset(name for names in flow.names.values() for name in names)
        for name, value in flow.settings.items():
            if name not in translated:
                self._facts["settings", str(name)] = value
        self._marks = ("settings", " and ", " or ", *{f"{name}." for name, _ in self._facts})
        self._outcomes: dict[str, bool | None] = {}

    def outcome(self, when: Expression | None) -> bool | None:
        """Whether the condition always or never holds; None where it depends."""
        if when is None:
            return True
        source = when.source
        if source not in self._outcomes:
            is_plain = not any(mark in source for mark in self._marks) and bool(when.reads())
            self._outcomes[source] = None if is_plain else self._worked_out(when)
        return self._outcomes[source]

    def _worked_out(self, when: Expression) -> bool | None:
        truth = self._truth(_root(when))
        if truth is None and are_closed([when]):
            return True
        return False if truth is None and never_holds(when) else truth

    def value_of(self, source: Expression | Value | None) -> Any:
        """What a parameter or an expression comes to; UNSURE where it depends."""
        if isinstance(source, Value):
            if source.is_constant:
                return source.constant
            if not source.is_lone:
                return UNSURE
        return UNSURE if source is None else self._value(_root(source))

    def _value(self, node: nodes.Node | None) -> Any:
        match node:
            case nodes.Const():
                return node.value
            case nodes.Getattr() if isinstance(node.node, nodes.Name):
                return self._facts.get((node.node.name, node.attr), UNSURE)
            case nodes.Filter() if node.name in ("length", "count") and not node.args:
                value = self._value(node.node)
                return len(value) if isinstance(value, (str, list, tuple)) else UNSURE
            case nodes.Compare() if len(node.ops) == 1 and node.ops[0].op in COMPARED:
                left, right = self._value(node.expr), self._value(node.ops[0].expr)
                # What is empty is compared in a way of its own.
                is_sure = not any(value is UNSURE or value is None for value in (left, right))
                return compared(node.ops[0].op, left, right) if is_sure else UNSURE
            case nodes.And() | nodes.Or():
                left = self._value(node.left)
                if left is UNSURE:
                    return UNSURE
                return left if bool(left) is isinstance(node, nodes.Or) else self._value(node.right)
            case nodes.Not():
                truth = self._truth(node.node)
                return UNSURE if truth is None else not truth
            case _:
                return UNSURE

    def _truth(self, node: nodes.Node) -> bool | None:
        match node:
            case nodes.Not():
                truth = self._truth(node.node)
                return None if truth is None else not truth
            case nodes.And():
                return self._joined(node, nodes.And, False)
            case nodes.Or():
                return self._joined(node, nodes.Or, True)
            case _:
                value = self._value(node)
                return None if value is UNSURE else bool(value)

    def _joined(self, node: nodes.Node, kind: type[nodes.Node], settled: bool) -> bool | None:
        """An `and`, which one part that never holds settles, or an `or`, which one does that always holds."""
        parts = list(_parts(node, kind))
        truths = [self._truth(part) for part in parts]
        if settled in truths:
            return settled
        if all(truth is not None for truth in truths):
            return not settled
        return settled if not settled and _is_empty(parts) else None


def _root(source: Expression | Value) -> nodes.Node:
    output = source.parsed()[0].tree.body[0]
    assert isinstance(output, nodes.Output)  # noqa: S101
    return output.nodes[0]


def _parts(node: nodes.Node, kind: type[nodes.Node]) -> Iterator[nodes.Node]:
    """The parts of a chain of one `and` or `or`."""
    if isinstance(node, kind) and isinstance(node, (nodes.And, nodes.Or)):
        yield from _parts(node.left, kind)
        yield from _parts(node.right, kind)
    else:
        yield node


def _is_empty(parts: list[nodes.Node]) -> bool:
    """Whether no number lies in all the bounds that the parts set for one name."""
    least: dict[str, tuple[float, bool]] = {}
    most: dict[str, tuple[float, bool]] = {}
    for part in parts:
        if not isinstance(part, nodes.Compare) or len(part.ops) != 1:
            continue
        name, operator, bound = part.expr, part.ops[0].op, part.ops[0].expr
        if isinstance(name, nodes.Const):
            name, operator, bound = bound, _TURNED.get(operator, ""), name
        if not isinstance(bound, nodes.Const) or type(bound.value) not in (int, float):
            continue
        said, number = repr(name), float(bound.value)
        if operator in ("gt", "gteq", "eq"):
            least[said] = max(least.get(said, (number, False)), (number, operator == "gt"))
        if operator in ("lt", "lteq", "eq"):
            most[said] = min(most.get(said, (number, True)), (number, operator != "lt"))
    for said, (low, is_above) in least.items():
        high, may_equal = most.get(said, (low + 1, True))
        if low > high or (low == high and (is_above or not may_equal)):
            return True
    return False
