"""Finds messages that fit the patterns of two commands.

An exception before the rule that it is one of (`shop {name}, {address}` before `shop {rest}`) is how patterns
are meant to be written, and no finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.scopes import Scopes, Shaped, pairs
from engine.analysis.shapes import Relation
from engine.analysis.survey import Survey
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        for scope in scopes.every:
            for first, later in pairs(scope.patterns):
                if first.rule.when is not None or not scopes.together(first.rule, later.rule, scope):
                    continue
                relation = checked.shapes.relation(first.pattern, later.pattern)
                if not relation.first_covers and _is_doubtful(relation):
                    states = scopes.with_both(first.rule, later.rule, scope)
                    way = checked.conversation_in(survey, states, str(relation.witness))
                    yield found(later, relation, first, f"'{first.rule.name}' takes it", way)
        yield from _below(survey, scopes, checked)


def _below(survey: Survey, scopes: Scopes, checked: Checked) -> Iterator[Problem]:
    """The patterns of states against those of the flow, which come after them."""
    for scope in scopes.own:
        if scope.state is None:
            continue
        for own in scope.patterns:
            if own.rule.when is not None:
                continue
            others = (one for one in scopes.general.patterns if scopes.in_force(one.rule, scope.state))
            for other in others:
                relation = checked.shapes.relation(own.pattern, other.pattern)
                if _is_doubtful(relation):
                    taken = f"in '{scope.state.name}' '{own.rule.name}' takes it"
                    way = checked.conversation_in(survey, (scope.state.name,), str(relation.witness))
                    yield found(own, relation, other, taken, way)
                    break  # One such message is enough to look at the pattern.


def _is_doubtful(relation: Relation) -> bool:
    """Whether neither of the two is plainly the exception that the first one was meant to be."""
    return relation.witness is not None and not (relation.second_covers or relation.is_exception)


def found(at: Shaped, relation: Relation, other: Shaped, taken: str, way: tuple[str, ...]) -> Problem:
    said = f"'{relation.witness}' fits this and `{other.pattern.source}` of '{other.rule.name}': {taken}"
    return Problem(at.pattern.place, RULE.name, said, len(at.pattern.source), way)


RULE = Rule(
    name="overlapping_patterns",
    about="Some message fits the patterns of two commands, and only the first of them takes it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      table: {pattern: "{guests:number} {name:word}", reply: hello, goto: ordered}
      dish: {pattern: "{dish:word} {count:number}", reply: thanks, goto: ordered}
      #                ^^^^^^^^^^^^^^^^^^^^^^^^^^
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
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
      table: {pattern: "table for {guests:number}", reply: hello, goto: ordered}
      dish: {pattern: "{dish:word} {count:number}", reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
