"""Finds comparisons and calculations between values of different kinds, which come to nothing."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from jinja2 import nodes

from engine.analysis.kinds import (
    ATTRIBUTES,
    BOOLEAN,
    NUMBER,
    TEXT,
    UNKNOWN,
    Kind,
    Names,
    element_of,
    is_list,
    reckoned,
)
from engine.analysis.survey import Written
from engine.analysis.walk import Site
from engine.expressions import Part
from engine.flow import Check, Choices
from engine.jinja.template_parser import Parsed
from engine.lint.checked import Checked, Rule
from engine.lint.text_walk import Local, TextWalk, walked
from engine.schema.problems import either
from engine.source import Problem

COMPARED: Mapping[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}
OPERATORS = frozenset((*COMPARED.values(), "+", "-", "*", "/", "//", "%", "**"))
WANTED: Mapping[str, tuple[Kind, ...]] = {
    "money": (NUMBER,),
    "number": (NUMBER,),
    "abs": (NUMBER,),
    "round": (NUMBER,),
    "date": ("date", "moment"),
    "time": ("time", "moment"),
    "length": (TEXT, "list"),
    "count": (TEXT, "list"),
    "bullets": ("list",),
    "numbered": ("list",),
    "first": (TEXT, "list"),
    "last": (TEXT, "list"),
    "sort": (TEXT, "list"),
    "sum": ("list",),
}
"""What a filter can work on."""

LOOKED_AT = OPERATORS | WANTED.keys() | {"in"}
"""The tokens without one of which a text need not be looked at."""

PARAMETERS: Mapping[str, Mapping[str, tuple[Kind, ...]]] = {
    "between": {"value": (NUMBER,), "min": (NUMBER,), "max": (NUMBER,)},
    "length": {"value": (TEXT,), "min": (NUMBER,), "max": (NUMBER,)},
    "date": {"value": ("date", "moment"), "min": ("date", "moment", TEXT), "max": ("date", "moment", TEXT)},
    # A text is none of these, but may be the message itself: then it is asked for this moment.
    "opening_hours": {"value": ("date", "time", "moment", TEXT)},
}
"""What a validator looks at."""

SAID: Mapping[Kind, str] = {
    BOOLEAN: "true or false",
    "order": "an order",
    "order line": "a line of an order",
    "span": "a span of time",
    "business": "the business",
    "customer": "the customer",
    "cart": "the cart",
    "catalog": "the catalog",
    "orders": "the orders",
}
"""Kinds for people, where it is not `a KIND`."""


def check(checked: Checked) -> Iterator[Problem]:
    yield from walked(_Walk, checked, LOOKED_AT)
    for survey in checked.surveys:
        names = checked.names_of(survey)
        for state in survey.flow.states.values():
            if state.choices is not None:
                yield from _chosen_from(names, state.choices)
        for site in survey.sites:
            for one in site.rule.validate:
                if one.validator in PARAMETERS and checked.is_whole(one.place):
                    yield from _in_check(names, site, one)


class _Walk(TextWalk):
    """The pass of this rule: each operator takes its own token."""

    def __init__(self, checked: Checked, names: Names, text: Written, parsed: Parsed) -> None:
        super().__init__(checked, names, text, parsed)
        self.operators: dict[str, deque[int]] = defaultdict(deque)
        for token in parsed.tokens:
            if (token.kind == "operator" and token.text in OPERATORS) or token.text == "in":
                self.operators[token.text].append(token.offset)

    def visit(self, node: nodes.Node, local: Local) -> Iterator[Problem]:
        match node:
            case nodes.Compare():
                yield from self.comparison(node, local)
            case nodes.And() | nodes.Or():
                yield from self.block((node.left, node.right), local)
            case nodes.BinExpr():
                yield from self.calculation(node, local)
            case nodes.Neg() | nodes.Pos():
                self.operator(node.operator)
                yield from self.visit(node.node, local)
            case nodes.Filter(node=nodes.Node() as whole):
                yield from super().visit(node, local)
                yield from self.filtered(node, whole, local)
            case _:
                yield from super().visit(node, local)

    def loop(self, node: nodes.For, local: Local) -> Iterator[Problem]:
        part = self.operator("in")
        kind = self.names.of(node.iter, local)
        if kind and kind != TEXT and not is_list(kind):
            called = _called(node.iter, "what stands here")
            lists = [
                f"`{called.strip('`')}.{name}`"
                for name, one in ATTRIBUTES.get(kind, {}).items()
                if is_list(one)
            ]
            said = f"a loop goes through a list, and {called} is {named(kind)}"
            if lists and called.startswith("`"):
                said += f"; write {either(lists)}"
            yield self.problem(RULE.name, part, len("in"), said)
        yield from super().loop(node, local)

    def comparison(self, node: nodes.Compare, local: Local) -> Iterator[Problem]:
        yield from self.visit(node.expr, local)
        left = node.expr
        for operand in node.ops:
            sign = COMPARED.get(operand.op, "in")
            part = self.operator(sign)
            yield from self.visit(operand.expr, local)
            kinds = self.names.of(left, local), self.names.of(operand.expr, local)
            why = _not_in(*kinds) if sign == "in" else _not_compared(sign, *kinds)
            if why:
                said = f"{_both(left, operand.expr, *kinds)}: {why}{_hint(left, operand.expr, *kinds)}"
                yield self.problem(RULE.name, part, len(sign), said)
            left = operand.expr

    def calculation(self, node: nodes.BinExpr, local: Local) -> Iterator[Problem]:
        yield from self.visit(node.left, local)
        part = self.operator(node.operator)
        yield from self.visit(node.right, local)
        kinds = self.names.of(node.left, local), self.names.of(node.right, local)
        if reckoned(node.operator, *kinds) is None:
            said = f"{_both(node.left, node.right, *kinds)}: `{node.operator}` makes nothing of them"
            said += _hint(node.left, node.right, *kinds)
            if node.operator == "+" and TEXT in kinds:
                said += "; to join texts write `~`"
            yield self.problem(RULE.name, part, len(node.operator), said)

    def filtered(self, node: nodes.Filter, whole: nodes.Node, local: Local) -> Iterator[Problem]:
        kind = self.names.of(whole, local)
        wanted = WANTED.get(node.name)
        if wanted and not _is_one_of(kind, wanted):
            called = _called(whole, "what stands before it")
            said = f"`{node.name}` takes {_alternatives(wanted)}, and {called} is {named(kind)}"
            yield self.problem(RULE.name, self.part_of(node), len(node.name), said)

    def operator(self, sign: str) -> Part:
        waiting = self.operators.get(sign)
        return Part(*self.parsed.locate(waiting.popleft())) if waiting else Part(0, None)


def _chosen_from(names: Names, choices: Choices) -> Iterator[Problem]:
    source = choices.source
    kind = names.of_source(source)
    if kind and not is_list(kind):
        said = f"`from` takes a list, and `{source.source.strip()}` is {named(kind)}"
        yield Problem(source.place, RULE.name, said, max(1, len(source.source.split("\n")[0])))


def _in_check(names: Names, site: Site, check: Check) -> Iterator[Problem]:
    for name, wanted in PARAMETERS[check.validator].items():
        value = check.parameters.get(name)
        if value is None and name != "value":
            continue
        kind = names.of_source(value) if value is not None else _input_of(names, site)
        if not _is_one_of(kind, wanted):
            looked_at = f"its `{name}`" if value is not None else "the input"
            said = f"`{check.validator}` takes {_alternatives(wanted)}, and {looked_at} is {named(kind)}"
            place, length = (check.place, len(check.validator)) if value is None else (value.place, 1)
            if value is not None and isinstance(value.source, str):
                length = len(value.source)
            yield Problem(place, RULE.name, said, length)


def _input_of(names: Names, site: Site) -> Kind:
    """The kind of what a validator without a `value` looks at."""
    saved = [str(slot) for slot, value in site.rule.save if value is None]
    if saved:
        return element_of(names.kinds.get(saved[-1], UNKNOWN)) or names.kinds.get(saved[-1], UNKNOWN)
    return TEXT if site.kind == "input" and site.rule.accepts == ("text",) and not site.rule.save else UNKNOWN


def _not_compared(sign: str, left: Kind, right: Kind) -> str:
    """Why two kinds do not go together; empty where they do, or where one is not known."""
    if not left or not right or left == right or (is_list(left) and is_list(right)):
        return ""
    if {left, right} == {BOOLEAN, NUMBER}:
        return ""
    return "they are never equal" if sign in ("==", "!=") else "they cannot be compared"


def _not_in(left: Kind, right: Kind) -> str:
    if not left or not right:
        return ""
    if right == TEXT:
        return "" if left == TEXT else "that is never in it"
    if is_list(right):
        inside = element_of(right)
        return "" if not inside or _not_compared("==", left, inside) == "" else "that is never in it"
    return "nothing can be in it"


def _is_one_of(kind: Kind, wanted: Sequence[Kind]) -> bool:
    return not kind or kind in wanted or ("list" in wanted and is_list(kind))


def _both(left: nodes.Node, right: nodes.Node, left_kind: Kind, right_kind: Kind) -> str:
    first, second = _called(left, "the left side"), _called(right, "the right side")
    return f"{first} is {named(left_kind)} and {second} {named(right_kind)}"


def _hint(left: nodes.Node, right: nodes.Node, left_kind: Kind, right_kind: Kind) -> str:
    for node, other in ((left, right_kind), (right, left_kind)):
        value = node.value if isinstance(node, nodes.Const) else None
        if other == NUMBER and isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal():
            return f"; write {value.strip()} without quotes"
    return ""


def _called(node: nodes.Node, otherwise: str) -> str:
    """What the part of an expression is called in a sentence."""
    words: list[str] = []
    at = node
    while isinstance(at, nodes.Getattr):
        words.append(at.attr)
        at = at.node
    if isinstance(at, nodes.Name):
        return f"`{'.'.join((at.name, *reversed(words)))}`"
    if isinstance(node, nodes.Const):
        return f'`"{node.value}"`' if isinstance(node.value, str) else f"`{node.value}`"
    return otherwise


def named(kind: Kind) -> str:
    """A kind in words, with its article."""
    return "a list" if is_list(kind) else SAID.get(kind, f"a {kind}")


def _alternatives(kinds: Sequence[Kind]) -> str:
    return " or ".join(map(named, kinds))


RULE = Rule(
    name="type_mismatch",
    about="An expression compares or reckons with values of different types, such as a number with a text.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      add:
        pattern: "{item:number} x {quantity:number}"
        validate: [{check: 'quantity < "10"', else: hello}]
        #                            ^
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      add:
        pattern: "{item:number} x {quantity:number}"
        validate: [{check: "quantity < 10", else: hello}]
        reply: hello
        goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=check,
)
