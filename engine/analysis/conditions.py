"""Works out which conditions can hold together, by the questions that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes

from engine.expressions import MISSING, Expression, ExpressionFailed
from engine.frozen import Frozen

if TYPE_CHECKING:
    from datetime import datetime

    from engine.business import Business

MOST_QUESTIONS = 8
"""Of conditions that ask more than so many different things, nothing is claimed."""

NEVER_EMPTY = frozenset(("cart", "settings", "now", "today"))
"""The names of which no attribute is ever empty: where one is not less than another, it is at least that."""

TURNED = {"gt": "lt", "lteq": "gteq"}
"""Comparisons that say the same as another one with its sides exchanged."""

COUNTS = frozenset(("cart.count", "cart.lines", "cart.lines|count", "cart.lines|length"))
NONE_COUNTED = {("eq", 0): True, ("lt", 1): True, ("lteq", 0): True} | {
    ("ne", 0): False,
    ("gt", 0): False,
    ("gteq", 1): False,
}
"""How much is in the cart, and the comparisons of it that say that the cart is empty, or that it is not."""

Literal = tuple[str, bool]
"""A question, and whether it is answered with yes."""

Holds = int
"""The cases in which a condition holds: a bit for each way in which its questions can be answered."""


class Cases(Frozen):
    """The cases in which each of some conditions holds, and all that there are."""

    __slots__ = ("holds", "everything")

    def __init__(self, holds: tuple[Holds, ...], everything: Holds) -> None:
        self.holds: Final = holds
        self.everything: Final = everything


def cases_of(conditions: Sequence[Expression | None]) -> Cases | None:
    """The cases of conditions that are asked at one moment; no condition always holds.

    None where they ask too many different things.
    """
    return cases_among([node_of(one) for one in conditions])


def cases_among(parts: Sequence[nodes.Node]) -> Cases | None:
    """The same of conditions that are parsed."""
    found = [_Found(one) for one in parts]
    questions = dict.fromkeys([question for one in found for question in one.questions])
    if len(questions) > MOST_QUESTIONS:
        return None
    everything = (1 << (1 << len(questions))) - 1
    # The answers to one question change half as often as those to the next.
    answers = {
        question: everything // ((1 << (1 << at)) + 1) << (1 << at) for at, question in enumerate(questions)
    }
    return Cases(tuple(one.holds(answers, everything) for one in found), everything)


def are_closed(conditions: Iterable[Expression | None], given: Expression | None = None) -> bool:
    """Whether one of the conditions always holds, or does so at least wherever `given` holds."""
    every = list(conditions)
    if None in every:
        return True
    if given is None and not any(_denies(one) for one in every):
        return False
    cases = cases_of([*every, given])
    if cases is None:
        return False
    left = cases.holds[-1]
    for holds in cases.holds[:-1]:
        left &= ~holds
    return not left


def literal_of(condition: Expression) -> Literal:
    """The condition as it is compared with others: what asks the same in other words is the same."""
    output = condition.parsed()[0].tree.body[0]
    assert isinstance(output, nodes.Output)  # noqa: S101
    node, holds = output.nodes[0], True
    while isinstance(node, nodes.Not):
        node, holds = node.node, not holds
    question, is_denied = _question(node)
    return question, holds is not is_denied


def never_holds(condition: Expression | None) -> bool:
    """Whether the condition cannot hold, whatever is answered to its questions."""
    cases = cases_of([condition]) if condition is not None else None
    return cases is not None and not cases.holds[0]


def _denies(condition: Expression | None) -> bool:
    """Whether the condition may hold where all that it asks about is false."""
    if condition is None:
        return True
    source = condition.source
    return any(sign in source for sign in ("not", "!=", "<", ">")) or not condition.reads()


def node_of(condition: Expression | None) -> nodes.Node:
    """What was made of the condition; one that reads nothing is worked out, and none always holds."""
    constant = constant_of(condition) if condition is not None else True
    if condition is None or constant is not None:
        return nodes.Const(constant)
    output = condition.parsed()[0].tree.body[0]
    return output.nodes[0] if isinstance(output, nodes.Output) else nodes.Name(condition.source, "load")


class _Found:
    """One condition, taken apart into its questions."""

    def __init__(self, node: nodes.Node) -> None:
        self.node = node
        self.questions: list[str] = []
        self._asked: dict[int, tuple[str, bool]] = {}
        self._ask(node)

    def _ask(self, node: nodes.Node) -> None:
        match node:
            case nodes.Not():
                self._ask(node.node)
            case nodes.And() | nodes.Or():
                self._ask(node.left)
                self._ask(node.right)
            case nodes.Const():
                pass
            case _:
                self._asked[id(node)] = question = _question(node)
                self.questions.append(question[0])

    def holds(self, answers: dict[str, Holds], everything: Holds) -> Holds:
        return self._holds(self.node, answers, everything)

    def _holds(self, node: nodes.Node, answers: dict[str, Holds], everything: Holds) -> Holds:
        match node:
            case nodes.Not():
                return everything & ~self._holds(node.node, answers, everything)
            case nodes.And():
                left = self._holds(node.left, answers, everything)
                return left & self._holds(node.right, answers, everything)
            case nodes.Or():
                left = self._holds(node.left, answers, everything)
                return left | self._holds(node.right, answers, everything)
            case nodes.Const():
                return everything if node.value else 0
            case _:
                question, is_denied = self._asked[id(node)]
                return everything & ~answers[question] if is_denied else answers[question]


def _question(node: nodes.Node) -> tuple[str, bool]:
    """What the node asks, and whether it holds where the answer is no."""
    empty = _says_empty(node)
    if empty is not None:
        return "cart.is_empty", not empty
    if not isinstance(node, nodes.Compare) or len(node.ops) != 1:
        return repr(node), False
    left, sign, right = node.expr, node.ops[0].op, node.ops[0].expr
    if sign in TURNED:
        left, sign, right = right, TURNED[sign], left
    is_denied = sign in ("ne", "notin") or (sign == "gteq" and _is_filled(left) and _is_filled(right))
    if is_denied:
        sign = {"ne": "eq", "notin": "in", "gteq": "lt"}[sign]
    return f"{left!r} {sign} {right!r}", is_denied


def _says_empty(node: nodes.Node) -> bool | None:
    """Whether the node says that the cart is empty, or that it is not; None where it asks something else."""
    if isinstance(node, nodes.Compare) and len(node.ops) == 1 and _spelled(node.expr) in COUNTS:
        constant = node.ops[0].expr
        if not isinstance(constant, nodes.Const) or type(constant.value) is not int:
            return None
        return NONE_COUNTED.get((node.ops[0].op, constant.value))
    said = _spelled(node)
    return True if said == "cart.is_empty" else False if said in COUNTS else None


def _spelled(node: nodes.Node) -> str:
    """A name with its attributes, and a filter behind it, as it is written; empty for anything else."""
    if isinstance(node, nodes.Filter) and node.node is not None and not node.args:
        return f"{_spelled(node.node)}|{node.name}"
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return ""


def _is_filled(node: nodes.Node) -> bool:
    """Whether the part of a comparison is never empty."""
    if isinstance(node, nodes.Const):
        return node.value is not None
    while isinstance(node, (nodes.Getattr, nodes.Call)):
        node = node.node
    return isinstance(node, nodes.Name) and node.name in NEVER_EMPTY


class NoNames:
    """What a condition that reads nothing is worked out with."""

    language = ""

    @property
    def business(self) -> Business:
        raise LookupError("no business is known here")

    @property
    def now(self) -> datetime:
        raise LookupError("no time is known here")

    def resolve(self, name: str) -> Any:
        return MISSING


def constant_of(when: Expression) -> bool | None:
    """What a condition comes to that reads nothing; None for any other."""
    if when.reads():
        return None
    try:
        return bool(when.evaluate(NoNames()))
    except ExpressionFailed:
        return None
