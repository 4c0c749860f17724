"""Finds words of a state that silence a word of the flow there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.scopes import Scopes
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for _, scopes in checked.scopes:
        yield from _in(scopes)


def _in(scopes: Scopes) -> Iterator[Problem]:
    general = scopes.general.words
    for scope in scopes.own:
        state = scope.state
        if state is None:
            continue
        for folded, heard in scope.words.items():
            own = next((one for one in heard if one.rule.when is None), None)
            others = [one.rule for one in general.get(folded, ()) if scopes.in_force(one.rule, state)]
            if own is not None and others:
                said = f"'{own.word}' means '{own.rule.name}' here, and '{others[0].name}' in other states"
                yield problem_at(RULE.name, own.word, said, own.rule.place)


RULE = Rule(
    name="shadowed_word",
    about="A word of a state's command is a word of another command of the flow, which it silences there.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  cancel: {words: [cancel, "no"], reply: hello, goto: initial}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: extras
    commands:
      without: {words: [without, "no"], goto: ordered}
      #                          ^^
  ordered: {final: true}
messages:
  hello: Hello!
  extras: Anything to go with it?
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  cancel: {words: [cancel, "no"], reply: hello, goto: initial}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: extras
    ignore: [cancel]
    commands:
      without: {words: [without, "no"], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  extras: Anything to go with it?
""",
    },
    check=check,
    severity="information",
    profile="pilot",
)
