"""Finds answers of which nothing comes where some condition fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from engine.analysis.conditions import cases_among, node_of
from engine.analysis.moves import SPOKEN, Move
from engine.analysis.proofs import Proofs
from engine.analysis.speaking import ALWAYS, any_of, speaks
from engine.flow import Message
from engine.lint.checked import Checked, Rule
from engine.source import Place, Problem

Spoken = Mapping[int, nodes.Node]
"""The condition on which something comes of a message, of those that have one."""


def check(checked: Checked) -> Iterator[Problem]:
    found: set[Place] = set()
    for proofs in checked.proofs:
        speaking = {id(one): speaks(one) for one in proofs.survey.messages}
        speaking = {at: condition for at, condition in speaking.items() if condition is not ALWAYS}
        for move in _answers(proofs) if speaking else ():
            for message in _unsaid(proofs, move, speaking):
                if message.text is not None and message.text.place not in found:
                    found.add(message.text.place)
                    yield _problem(message, message.text.place, move)


def _answers(proofs: Proofs) -> Iterator[Move]:
    """The moves after which a customer waits for words, and hears no others than the move's own."""
    groups = [group for of_state in proofs.moves.own.values() for group in of_state]
    for site, moves in (*groups, *proofs.moves.above):
        if site.kind in SPOKEN:
            yield from (move for move in moves if move.says and move.goto is None and not move.ask_again)


def _unsaid(proofs: Proofs, move: Move, speaking: Spoken) -> Iterator[Message]:
    """By language, the first message of an answer of which nothing comes in some case."""
    by_name = [proofs.flow.messages.get(name) for name in move.says]
    for language in proofs.flow.languages:
        messages = [one[language] for one in by_name if one is not None]
        if len(messages) < len(by_name) or not all(id(one) in speaking for one in messages):
            continue
        said = any_of(speaking[id(one)] for one in messages)
        cases = cases_among([said, *_known(move)])
        if cases is None or not cases.holds[0]:
            continue
        left = cases.everything & ~cases.holds[0]
        for known in cases.holds[1:]:
            left &= known
        if left:
            yield messages[0]


def _known(move: Move) -> Iterator[nodes.Node]:
    """What is known to hold where the answer is given; nothing where an action may have changed it."""
    if move.site is None or move.site.rule.do or move.site.rule.save or (move.branch and move.branch.do):
        return
    yield node_of(move.site.rule.when)
    if move.cause == "goes":
        yield from (nodes.Not(node_of(one.when)) for one in move.over)
        if move.branch is not None:
            yield node_of(move.branch.when)


def _problem(message: Message, place: Place, move: Move) -> Problem:
    at = move.answer.place if move.answer else move.branch.place if move.branch else None
    at = at or (move.site.rule.place if move.site is not None else place)
    where = f"line {at.line}" if at.file == place.file else str(at)
    said = (
        f"nothing comes of '{message.name}' where its conditions fail, and {where} answers with nothing else:"
        " add an `else`"
    )
    return Problem(place, RULE.name, said)


RULE = Rule(
    name="conditional_reply",
    about="A rule answers with a text that has no words where a condition fails, so that the customer hears"
    " nothing.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      cart: {words: [cart], reply: cart}
      done: {words: [done], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  cart: "{% if not cart.is_empty %}{{ cart.count }} in your cart.{% endif %}"
         ^
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
      cart: {words: [cart], reply: cart}
      done: {words: [done], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  cart: "{% if not cart.is_empty %}{{ cart.count }} in your cart.{% else %}Your cart is empty.{% endif %}"
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
