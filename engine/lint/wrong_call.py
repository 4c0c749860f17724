"""Finds methods, filters and macros that are given what they do not take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from jinja2 import nodes

from engine.analysis.kinds import METHODS, NUMBER
from engine.currencies import CURRENCIES
from engine.lint.checked import Checked, Rule
from engine.lint.text_walk import Local, TextWalk, walked
from engine.nearest import unknown
from engine.source import Problem


class Takes:
    """What may stand between the brackets: names in their order, the first `needed` of which must.

    An empty name can be given by its position only.
    """

    __slots__ = ("names", "needed")

    def __init__(self, names: tuple[str, ...] = (), needed: int = 0) -> None:
        self.names: Final = names
        self.needed: Final = needed


OF_METHODS: Mapping[str, Takes] = dict.fromkeys((name for _, name in METHODS), Takes(("item",), 1))
OF_FILTERS: Mapping[str, Takes] = {
    **dict.fromkeys(
        ("abs", "bullets", "capitalize", "count", "first", "isolate", "items", "last", "length", "list"),
        Takes(),
    ),
    **dict.fromkeys(
        ("lower", "numbered", "reverse", "string", "title", "upper", "urlencode", "wordcount"), Takes()
    ),
    "batch": Takes(("size", "fill_with"), 1),
    "center": Takes(("width",)),
    "d": Takes(("default_value", "boolean")),
    "date": Takes(("style",)),
    "default": Takes(("default_value", "boolean")),
    "dictsort": Takes(("case_sensitive", "by", "reverse")),
    "float": Takes(("default",)),
    "groupby": Takes(("attribute", "default", "case_sensitive"), 1),
    "indent": Takes(("width", "first", "blank")),
    "int": Takes(("default", "base")),
    "join": Takes(("separator", "attribute")),
    "max": Takes(("case_sensitive", "attribute")),
    "min": Takes(("case_sensitive", "attribute")),
    "money": Takes(("currency",)),
    "number": Takes(("digits",)),
    "replace": Takes(("old", "new", "count"), 2),
    "round": Takes(("precision", "method")),
    "slice": Takes(("parts", "fill_with"), 1),
    "sort": Takes(("reverse", "case_sensitive", "attribute")),
    "sum": Takes(("attribute", "start")),
    "time": Takes(("style",)),
    "trim": Takes(("",)),
    "truncate": Takes(("length", "killwords", "end")),
    "unique": Takes(("case_sensitive", "attribute")),
    "wordwrap": Takes(("width", "break_long_words")),
}
"""Every filter but those that hand on what they are given (`map select reject …`)."""

STYLES = ("short", "medium", "long", "full")
WORDS: Mapping[tuple[str, str], tuple[str, Sequence[str]]] = {
    ("date", "style"): ("style", STYLES),
    ("time", "style"): ("style", STYLES),
    ("round", "method"): ("method", ("common", "ceil", "floor")),
    ("money", "currency"): ("currency", sorted(CURRENCIES)),
}
"""Filter and parameter that take a word out of a list, and what such a word is called."""

COUNTS = frozenset(("count", "digits", "length", "parts", "precision", "size", "width"))
"""Parameters of filters that take a number."""

LOOKED_AT = frozenset(("(", "call", *(name for _, name in METHODS))) | frozenset(
    name for name, takes in OF_FILTERS.items() if takes.needed
)
"""The tokens without one of which a text need not be looked at."""


def check(checked: Checked) -> Iterator[Problem]:
    yield from walked(_Walk, checked, LOOKED_AT)


class _Walk(TextWalk):
    def visit(self, node: nodes.Node, local: Local) -> Iterator[Problem]:
        match node:
            case nodes.Call(node=nodes.Getattr() as called):
                yield from self.visit(called.node, local)
                self.take("attribute", called.attr, called)
                yield from self.block([*node.args, *node.kwargs], local)
                if (self.names.of(called.node, local), called.attr) in METHODS:
                    said = _not_taken(f"`{called.attr}(…)`", OF_METHODS[called.attr], node)
                    yield from self.told(called, called.attr, said)
            case nodes.Getattr():
                yield from super().visit(node, local)
                if (self.names.of(node.node, local), node.attr) in METHODS:
                    takes = ", ".join(OF_METHODS[node.attr].names)
                    said = f"`{node.attr}` answers for something: write `{node.attr}({takes})`"
                    yield from self.told(node, node.attr, said)
            case nodes.Call(node=nodes.Name() as called) if called.name in self.macros:
                yield from super().visit(node, local)
                word = self.written(called.name)
                yield from self.told(called, word, self.not_taken_by(self.macros[called.name], word, node))
            case nodes.Macro():
                yield from super().visit(node, local)
                if getattr(node, "parsed", self.parsed) is self.parsed:
                    yield from self.endless(node)
            case nodes.Filter() if node.name in OF_FILTERS:
                yield from super().visit(node, local)
                said = _not_taken(f"`{node.name}`", OF_FILTERS[node.name], node) or self.wrong_value(
                    node, local
                )
                yield from self.told(node, node.name, said)
            case _:
                yield from super().visit(node, local)

    def told(self, node: nodes.Node, word: str, said: str) -> Iterator[Problem]:
        if said:
            yield self.problem(RULE.name, self.part_of(node), len(word), said)

    @cached_property
    def macros(self) -> Mapping[str, nodes.Macro]:
        """The text's macros whose names stand for nothing else in it."""
        macros = list(self.parsed.tree.find_all(nodes.Macro))
        if not macros:
            return {}
        names = Counter(macro.name for macro in macros)
        names.update(name.name for name in self.parsed.tree.find_all(nodes.Name) if name.ctx != "load")
        return {macro.name: macro for macro in macros if names[macro.name] == 1}

    def written(self, macro: str) -> str:
        """The name of a macro as the text has it: one of another file stands under a longer one."""
        if ("name", macro) in self.places:
            return macro
        own = (
            word
            for group, word in self.places
            if group in ("name", "attribute") and macro.endswith(f"_{word}")
        )
        return max(own, key=len, default=macro)

    def not_taken_by(self, macro: nodes.Macro, word: str, call: nodes.Call) -> str:
        """What a macro is given that it does not take; what is left out is empty there."""
        if call.dyn_args is not None or call.dyn_kwargs is not None:
            return ""
        read = {name.name for name in macro.find_all(nodes.Name)}
        most = None if "varargs" in read else len(macro.args)
        if most is not None and len(call.args) > most:
            return f"`{word}` takes {_count(most)}, and is given {len(call.args)}"
        names = [one.name for one in macro.args]
        wrong = next((str(one.key) for one in call.kwargs if one.key not in names), None)
        if wrong is not None and "kwargs" not in read:
            return f"`{word}` has {unknown('parameter', wrong, names)}"
        return ""

    def endless(self, macro: nodes.Macro) -> Iterator[Problem]:
        """The calls by which a macro calls itself whatever it is given."""
        for node in _always(macro.body):
            if (
                isinstance(node, nodes.Call)
                and isinstance(node.node, nodes.Name)
                and node.node.name == macro.name
            ):
                word = self.written(macro.name)
                said = f"`{word}` calls itself each time, and so never ends: let an `if` end it"
                yield from self.told(node.node, word, said)

    def wrong_value(self, node: nodes.Filter, local: Local) -> str:
        """What a filter is given in the place of something else."""
        given = dict(zip(OF_FILTERS[node.name].names, node.args, strict=False))
        given.update((str(one.key), one.value) for one in node.kwargs)
        for name, value in given.items():
            constant = value.value if isinstance(value, nodes.Const) else None
            called, words = WORDS.get((node.name, name), ("", ()))
            if called and isinstance(constant, str) and constant not in words:
                return f"`{node.name}` knows {unknown(called, constant, words)}"
            kind = self.names.of(value, local)
            if name in COUNTS and kind not in ("", NUMBER):
                return f"`{name}` of `{node.name}` takes a number"
        return ""


def _not_taken(called: str, takes: Takes, node: nodes.Call | nodes.Filter) -> str:
    """What is given that is not taken, or is lacking; empty where all is well or cannot be told."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return ""
    if len(node.args) > len(takes.names):
        return f"{called} takes {_count(len(takes.names))}, and is given {len(node.args)}"
    for one in node.kwargs:
        if one.key not in takes.names:
            return (
                f"{called} has {unknown('parameter', str(one.key), [name for name in takes.names if name])}"
            )
        if one.key in takes.names[: len(node.args)]:
            return f"{called} is given its `{one.key}` twice"
    given = {*takes.names[: len(node.args)], *(one.key for one in node.kwargs)}
    lacking = [name for name in takes.names[: takes.needed] if name not in given]
    if lacking:
        return f"{called} needs " + " and ".join(f"`{name}`" for name in lacking)
    return ""


def _count(number: int) -> str:
    if not number:
        return "nothing between brackets"
    return "1 value" if number == 1 else f"at most {number} values"


def _always(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    """Everything in it that stands under no condition and in no loop."""
    for node in body:
        if isinstance(node, nodes.If | nodes.For | nodes.CondExpr | nodes.And | nodes.Or | nodes.Macro):
            continue
        yield node
        yield from _always(list(node.iter_child_nodes()))


RULE = Rule(
    name="wrong_call",
    about="A text or an expression gives a method, a filter or a macro what it does not take: the turn breaks"
    " there.",
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
  hello: "It is {{ now | date('yyyy') }}."
  #                      ^^^^
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
  hello: "It is {{ now | date('long') }}."
""",
    },
    check=check,
)
