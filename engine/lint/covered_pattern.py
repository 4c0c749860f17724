"""Finds patterns that are never read, because one before them takes all their messages."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.scopes import pairs
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for _, scopes in checked.scopes:
        for scope in scopes.every:
            for first, later in pairs(scope.patterns):
                if first.rule.when is not None or not scopes.together(first.rule, later.rule, scope):
                    continue
                if checked.shapes.relation(first.pattern, later.pattern).first_covers:
                    said = (
                        f"whatever fits this fits `{first.pattern.source}` of '{first.rule.name}' too,"
                        " which comes first: put it after this"
                    )
                    yield Problem(later.pattern.place, RULE.name, said, len(later.pattern.source))


RULE = Rule(
    name="covered_pattern",
    about="Every message that fits a pattern fits one of another command before it, which takes them all.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      ask: {pattern: "{words}", reply: asked}
      order: {pattern: "order {what}", goto: ordered}
      #                 ^^^^^^^^^^^^
  ordered: {final: true}
messages:
  hello: Hello!
  asked: Somebody will answer that soon.
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
      order: {pattern: "order {what}", goto: ordered}
      ask: {pattern: "{words}", reply: asked}
  ordered: {final: true}
messages:
  hello: Hello!
  asked: Somebody will answer that soon.
""",
    },
    check=check,
)
