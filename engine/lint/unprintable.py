"""Finds what a text shows as a whole, though only parts of it can be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from engine.analysis.kinds import ATTRIBUTES, Kind, Names, element_of, is_list
from engine.analysis.survey import NAMED, Written
from engine.expressions import Text, Value
from engine.lint.checked import Checked, Rule
from engine.lint.text_walk import Local, TextWalk
from engine.source import Problem

WHOLES: Mapping[Kind, tuple[str, str]] = {
    "cart": ("the cart", "total"),
    "catalog": ("the catalog", "available"),
    "orders": ("the orders", "last"),
    "message": ("the message", "text"),
    "failure": ("the failure", "code"),
    "line": ("a line of the cart", "product.name"),
    "order line": ("a line of an order", "product.name"),
}
"""What has neither a name nor a number of its own to show, in words, and what of it can be shown."""

SHOWN_BY = frozenset(
    ("capitalize", "center", "indent", "isolate", "lower", "replace", "string", "title", "trim", "truncate")
) | frozenset(("bullets", "numbered", "upper", "urlencode", "wordcount", "wordwrap"))
"""Filters that make a text of what stands before them; `join` does so unless it is told an attribute."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        names = checked.names_of(survey)
        for text in checked.texts_of(survey):
            if _is_shown(text) and _reads_a_whole(text, names):
                for parsed in text.source.parsed():
                    yield from _Walk(checked, names, text, parsed).findings()


def _is_shown(text: Written) -> bool:
    """Whether what stands there becomes part of a text: a lone `{{ }}` and an expression keep the thing."""
    source = text.source
    if isinstance(source, Value):
        return isinstance(source.source, str) and not source.is_lone
    return isinstance(source, Text)


def _reads_a_whole(text: Written, names: Names) -> bool:
    """Whether a text reads any such thing itself, not only what that offers."""
    for read in text.reads:
        if read.kind in NAMED:
            kind = names.kinds.get(read.path[0], "")
            for attribute in read.path[1:]:
                kind = ATTRIBUTES.get(kind, {}).get(attribute, "")
            if _whole(kind) in WHOLES:
                return True
    return False


def _whole(kind: Kind) -> Kind:
    return element_of(kind) if is_list(kind) else kind


class _Walk(TextWalk):
    def visit(self, node: nodes.Node, local: Local) -> Iterator[Problem]:
        yield from super().visit(node, local)
        match node:
            case nodes.Output() | nodes.Concat():
                for part in node.nodes:
                    yield from self.shown(part, local)
            case nodes.Filter(node=nodes.Node() as whole):
                has_attribute = len(node.args) > 1 or any(one.key == "attribute" for one in node.kwargs)
                if node.name in SHOWN_BY or (node.name == "join" and not has_attribute):
                    yield from self.shown(whole, local)

    def shown(self, node: nodes.Expr, local: Local) -> Iterator[Problem]:
        kind = self.names.of(node, local)
        if _whole(kind) not in WHOLES:
            return
        at: nodes.Node = node
        while not isinstance(at, nodes.Name | nodes.Getattr):
            inner = getattr(at, "node", None) or next(at.find_all(nodes.Name), None)
            if inner is None:
                break
            at = inner
        word = at.attr if isinstance(at, nodes.Getattr) else getattr(at, "name", "?")
        called, part = WHOLES[_whole(kind)]
        of = f"{word}." if at is node and not is_list(kind) else "line." if kind.endswith("line") else ""
        said = f"{called} cannot be shown as a whole: say what of it, such as `{of}{part}`"
        yield self.problem(RULE.name, self.part_of(at), len(word), said)


RULE = Rule(
    name="unprintable",
    about="A text shows the cart, the catalog, the orders or a line as a whole: the turn breaks there.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "Your cart: {{ cart }}"
  #                     ^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "Your cart: {{ cart.total | money }}"
""",
    },
    check=check,
)
