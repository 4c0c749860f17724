"""Finds words that mean two commands, the second of which can never be meant."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.scopes import Scope, Scopes
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for _, scopes in checked.scopes:
        for scope in scopes.every:
            yield from _in(scope, scopes)


def _in(scope: Scope, scopes: Scopes) -> Iterator[Problem]:
    for heard in scope.words.values():
        first = None
        for one in heard if len(heard) > 1 else ():
            if first is None:
                # One with a `when` leaves the word to the next while that does not hold.
                first = one.rule if one.rule.when is None else None
            elif one.rule is not first and scopes.together(first, one.rule, scope):
                said = f"'{one.word}' means '{first.name}' already, so that it never means '{one.rule.name}'"
                yield problem_at(RULE.name, one.word, said, one.rule.place)


RULE = Rule(
    name="same_word",
    about="Two commands of one place have the same word, and the second is never understood by it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      hours: {words: [open, hours], reply: hours}
      order: {words: [order, Open!], goto: ordered}
      #                      ^^^^^
  ordered: {final: true}
messages:
  hello: Hello!
  hours: We are open from 9 to 17.
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
      again: {words: [order], when: orders.last, reply: again, goto: ordered}
      order: {words: [order], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  again: Welcome back!
""",
    },
    check=check,
)
