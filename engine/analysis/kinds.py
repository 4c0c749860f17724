"""Says of which kind the values are that texts and expressions read, as far as that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from engine.analysis.survey import Survey
from engine.expressions import Expression, Value
from engine.flow import Flow

Kind = str
"""`text`, `number`, `product` …, `list of KIND`; `list` of anything; empty where nothing is certain."""

UNKNOWN: Kind = ""
NUMBER, TEXT, BOOLEAN, LIST = "number", "text", "boolean", "list"

OF_TYPE: Mapping[str, Kind] = {
    "text": TEXT,
    "word": TEXT,
    "number": NUMBER,
    "decimal": NUMBER,
    "money": NUMBER,
    "boolean": BOOLEAN,
    "date": "date",
    "time": "time",
    "datetime": "moment",
    "phone": TEXT,
    "email": TEXT,
    "product": "product",
    "order": "order",
}
"""The kind of what a slot or a hole of a type holds."""

ATTRIBUTES: Mapping[Kind, Mapping[str, Kind]] = {
    "business": {
        "name": TEXT,
        "currency": TEXT,
        "languages": "list of text",
        "is_open": BOOLEAN,
        "opens_at": "moment",
        "phone": TEXT,
        "address": TEXT,
    },
    "customer": {
        "name": TEXT,
        "phone": TEXT,
        "address": TEXT,
        "language": TEXT,
        "is_known": BOOLEAN,
        "role": TEXT,
    },
    "cart": {
        "lines": "list of line",
        "total": NUMBER,
        "count": NUMBER,
        "is_empty": BOOLEAN,
        "quantity": UNKNOWN,
    },
    "line": {
        "number": NUMBER,
        "product": "product",
        "quantity": NUMBER,
        "price": NUMBER,
        "total": NUMBER,
        "options": LIST,
        "note": TEXT,
    },
    "catalog": {"available": "list of product", "categories": "list of text", "find": UNKNOWN},
    "product": {
        "number": NUMBER,
        "code": TEXT,
        "name": TEXT,
        "price": NUMBER,
        "stock": NUMBER,
        "category": TEXT,
        "is_available": BOOLEAN,
        "options": LIST,
    },
    "orders": {"last": "order", "open": "list of order", "all": "list of order"},
    "order": {
        "number": TEXT,
        "status": TEXT,
        "total": NUMBER,
        "lines": "list of order line",
        "placed_at": "moment",
    },
    "order line": {
        "number": NUMBER,
        "product": "product",
        "quantity": NUMBER,
        "price": NUMBER,
        "total": NUMBER,
        "note": TEXT,
    },
    # The product may be gone, and is then a text.
    "failure": {"code": TEXT, "product": UNKNOWN, "left": NUMBER},
    "message": {"text": TEXT, "kind": TEXT, "latitude": NUMBER, "longitude": NUMBER, "media": TEXT},
    "date": {"year": NUMBER, "month": NUMBER, "day": NUMBER, "weekday": TEXT},
    "time": {"hour": NUMBER, "minute": NUMBER, "second": NUMBER},
    "moment": {
        "year": NUMBER,
        "month": NUMBER,
        "day": NUMBER,
        "weekday": TEXT,
        "hour": NUMBER,
        "minute": NUMBER,
        "second": NUMBER,
        "date": "date",
        "time": "time",
    },
    "span": {"days": NUMBER, "hours": NUMBER, "minutes": NUMBER},
    "loop": {
        "index": NUMBER,
        "index0": NUMBER,
        "revindex": NUMBER,
        "revindex0": NUMBER,
        "length": NUMBER,
        "first": BOOLEAN,
        "last": BOOLEAN,
    },
}
"""What things of a kind offer, and of which kind that is."""

METHODS: Mapping[tuple[Kind, str], Kind] = {("cart", "quantity"): NUMBER, ("catalog", "find"): "product"}
"""What a method of a thing gives."""

RESERVED_KINDS: Mapping[str, Kind] = {
    **{name: name for name in ("business", "customer", "cart", "catalog", "orders", "failure", "message")},
    "now": "moment",
    "today": "date",
    "suggestion": TEXT,
}
GIVEN_KINDS: Mapping[str, Kind] = {"line": "line", "order": "order"}
"""The kinds of reserved names, and of what actions give."""

TO_TEXT = frozenset(
    ("bullets", "capitalize", "center", "date", "indent", "isolate", "join", "lower", "money", "number")
) | frozenset(
    ("numbered", "replace", "string", "time", "title", "trim", "truncate", "upper", "urlencode", "wordwrap")
)
TO_NUMBER = frozenset(("abs", "count", "float", "int", "length", "round", "wordcount"))
SAME_LIST = frozenset(("list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"))
ONE_OF_LIST = frozenset(("first", "last", "max", "min"))
"""Filters by what comes out of them."""


class Names:
    """The kinds of the names in one flow; a name that stands for different kinds has none."""

    def __init__(self, survey: Survey) -> None:
        flow: Flow = survey.flow
        found: dict[str, Kind] = dict(RESERVED_KINDS)
        for name, slot in flow.slots.items():
            kind = OF_TYPE.get(slot.type, UNKNOWN)
            found[str(name)] = list_of(kind) if slot.is_list else kind
        for name, kind in (*GIVEN_KINDS.items(), *_holes(survey), *self._lines(flow, found)):
            found[name] = kind if found.get(name, kind) == kind else UNKNOWN
        for names in survey.pressed_with.values():
            found.update(dict.fromkeys(map(str, names), UNKNOWN))
        self.kinds: Mapping[str, Kind] = found
        self.settings: Mapping[str, Kind] = {
            str(name): kind_of_constant(value) for name, value in flow.settings.items()
        }

    def _lines(self, flow: Flow, known: Mapping[str, Kind]) -> Iterable[tuple[str, Kind]]:
        """What the lines of `choices` are."""
        self.kinds, self.settings = known, {}
        for state in flow.states.values():
            if state.choices is not None:
                yield str(state.choices.name), element_of(self.of_source(state.choices.source))

    def of_source(self, source: Expression | Value) -> Kind:
        """The kind of what an expression, or a lone `{{ }}`, comes to."""
        if isinstance(source, Value) and source.is_constant:
            return kind_of_constant(source.constant)
        trees = source.parsed()
        if len(trees) != 1 or (isinstance(source, Value) and not source.is_lone):
            return UNKNOWN
        output = trees[0].tree.body[0]
        return self.of(output.nodes[0], {}) if isinstance(output, nodes.Output) else UNKNOWN

    def of(self, node: nodes.Node | None, local: Mapping[str, Kind]) -> Kind:
        """The kind of what a node comes to; `local` are the kinds of the text's own names."""
        match node:
            case nodes.Const():
                return kind_of_constant(node.value)
            case nodes.Name():
                return local[node.name] if node.name in local else self.kinds.get(node.name, UNKNOWN)
            case nodes.Getattr():
                return self._attribute(node.node, node.attr, local)
            case nodes.Getitem():
                return self._item(node, local)
            case nodes.Call():
                inner = node.node
                if isinstance(inner, nodes.Getattr):
                    return METHODS.get((self.of(inner.node, local), inner.attr), UNKNOWN)
                return UNKNOWN
            case nodes.Compare() | nodes.Not() | nodes.Test():
                return BOOLEAN
            case nodes.Concat():
                return TEXT
            case nodes.And() | nodes.Or():
                return common(self.of(node.left, local), self.of(node.right, local))
            case nodes.CondExpr():
                second = self.of(node.expr2, local) if node.expr2 is not None else UNKNOWN
                return common(self.of(node.expr1, local), second)
            case nodes.List() | nodes.Tuple():
                return list_of(common(*(self.of(item, local) for item in node.items)))
            case nodes.Filter():
                return self._filtered(node, local)
            case nodes.Neg() | nodes.Pos():
                return self.of(node.node, local)
            case nodes.BinExpr():
                return (
                    reckoned(node.operator, self.of(node.left, local), self.of(node.right, local)) or UNKNOWN
                )
            case _:
                return UNKNOWN

    def _attribute(self, node: nodes.Node, attribute: str, local: Mapping[str, Kind]) -> Kind:
        if isinstance(node, nodes.Name) and node.name == "settings" and "settings" not in local:
            return self.settings.get(attribute, UNKNOWN)
        return ATTRIBUTES.get(self.of(node, local), {}).get(attribute, UNKNOWN)

    def _item(self, node: nodes.Getitem, local: Mapping[str, Kind]) -> Kind:
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._attribute(node.node, node.arg.value, local)
        whole = self.of(node.node, local)
        if isinstance(node.arg, nodes.Slice) or whole == TEXT:
            return whole
        return element_of(whole)

    def _filtered(self, node: nodes.Filter, local: Mapping[str, Kind]) -> Kind:
        whole = self.of(node.node, local)
        if node.name in TO_TEXT:
            return TEXT
        if node.name in TO_NUMBER:
            return NUMBER
        if node.name in ("default", "d"):
            return common(whole, self.of(node.args[0], local)) if node.args else UNKNOWN
        if node.name in SAME_LIST:
            return whole if is_list(whole) else UNKNOWN
        if node.name in ONE_OF_LIST and not node.kwargs:
            return element_of(whole)
        return UNKNOWN


def _holes(survey: Survey) -> Iterable[tuple[str, Kind]]:
    for site in survey.sites:
        for group in site.rule.patterns.values():
            for pattern in group:
                for hole in pattern.holes:
                    yield str(hole.name), OF_TYPE.get(hole.type, UNKNOWN)


def kind_of_constant(value: Any) -> Kind:
    """The kind of something that is written down."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return TEXT
    if isinstance(value, (int, float, Decimal)):
        return NUMBER
    if isinstance(value, (list, tuple)):
        return list_of(common(*map(kind_of_constant, value)))
    return UNKNOWN


def common(*kinds: Kind) -> Kind:
    """The kind that all of them are."""
    return kinds[0] if kinds and len(set(kinds)) == 1 else UNKNOWN


def is_list(kind: Kind) -> bool:
    return kind == LIST or kind.startswith("list of ")


def list_of(kind: Kind) -> Kind:
    return f"list of {kind}" if kind else LIST


def element_of(kind: Kind) -> Kind:
    """The kind of one of a list."""
    return kind.removeprefix("list of ") if kind.startswith("list of ") else UNKNOWN


def reckoned(operator: str, left: Kind, right: Kind) -> Kind | None:
    """What the operator makes of two kinds; None where it can make nothing of them."""
    if BOOLEAN in (left, right) or not left or not right:
        return UNKNOWN
    if left == right == NUMBER:
        return NUMBER
    moments = ("date", "moment")
    if operator == "+" and (left == right == TEXT or (is_list(left) and is_list(right))):
        return left if left == right else LIST
    if operator == "*" and NUMBER in (left, right):
        other = right if left == NUMBER else left
        return other if other == TEXT or is_list(other) else None
    if operator == "-" and left == right and left in moments:
        return "span"
    if operator in "+-" and right == "span" and left in (*moments, "span"):
        return left
    if operator == "+" and left == "span" and right in moments:
        return right
    return None
