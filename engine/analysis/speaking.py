"""Works out in which cases something comes of a text: its words may all depend on conditions."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

from engine.expressions import Text
from engine.flow import Message

ALWAYS, NEVER = nodes.Const(True), nodes.Const(False)

SILENT = (nodes.Assign, nodes.AssignBlock, nodes.Macro)
"""Statements that say nothing themselves."""


def speaks(message: Message) -> nodes.Node:
    """The condition on which something comes of the message."""
    is_more = message.buttons or message.rows or message.media or message.ask_location or message.products
    if is_more or message.header is not None or message.footer is not None:
        return ALWAYS
    return says(message.text) if message.text is not None else ALWAYS


def says(text: Text) -> nodes.Node:
    """The condition on which the text has words. What a name stands for counts as words."""
    if text.constant is not None:
        return ALWAYS if text.constant.strip() else NEVER
    return any_of(_of_block(parsed.tree.body) for parsed in text.parsed())


def any_of(parts: Iterable[nodes.Node]) -> nodes.Node:
    """The condition that holds where one of these does."""
    found: nodes.Node = NEVER
    for part in parts:
        if part is ALWAYS:
            return ALWAYS
        if part is not NEVER:
            found = part if found is NEVER else nodes.Or(found, part)
    return found


def _of_block(body: Iterable[nodes.Node]) -> nodes.Node:
    return any_of(map(_of_statement, body))


def _of_statement(node: nodes.Node) -> nodes.Node:
    match node:
        case nodes.Output():
            return any_of(map(_of_part, node.nodes))
        case nodes.If():
            return _either(node.test, _of_block(node.body), _of_otherwise(node))
        case nodes.For() if _is_of_shop(node.iter):
            return NEVER if _of_block(node.body) is NEVER else ALWAYS
        case nodes.For():
            return _either(node.iter, _of_block(node.body), _of_block(node.else_))
        case nodes.Scope() | nodes.With() | nodes.FilterBlock():
            return _of_block(node.body)
        case _:
            return NEVER if isinstance(node, SILENT) else ALWAYS


def _is_of_shop(source: nodes.Node) -> bool:
    """Whether a loop goes through what the shop sells or has set: there is always some of it."""
    names = {source.name} if isinstance(source, nodes.Name) else set()
    names |= {one.name for one in source.find_all(nodes.Name)}
    return names <= {"catalog", "settings", "business"}


def _of_otherwise(node: nodes.If) -> nodes.Node:
    """What is said where the test of an `if` fails."""
    found = _of_block(node.else_)
    for other in reversed(node.elif_):
        found = _either(other.test, _of_block(other.body), found)
    return found


def _of_part(node: nodes.Node) -> nodes.Node:
    match node:
        case nodes.TemplateData():
            return ALWAYS if node.data.strip() else NEVER
        case nodes.Const():
            return ALWAYS if str(node.value).strip() else NEVER
        case nodes.CondExpr():
            otherwise = _of_part(node.expr2) if node.expr2 is not None else NEVER
            return _either(node.test, _of_part(node.expr1), otherwise)
        case _:
            return ALWAYS


def _either(test: nodes.Node, then: nodes.Node, otherwise: nodes.Node) -> nodes.Node:
    if then is otherwise:
        return then
    if then is ALWAYS and otherwise is NEVER:
        return test
    return nodes.Or(nodes.And(test, then), nodes.And(nodes.Not(test), otherwise))
