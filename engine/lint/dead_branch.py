"""Finds branches that are never taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.expressions import MISSING, Expression, ExpressionFailed
from engine.flow import Branch
from engine.lint.checked import Checked, Rule
from engine.source import Problem

if TYPE_CHECKING:
    from engine.business import Business

_PLAIN = re.compile(r"[\w.]+")


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        groups = [site.rule.branches for site in survey.sites]
        groups += [state.branches for state in survey.flow.states.values()]
        for branches in groups:
            if branches:
                yield from _among(branches)


def _among(branches: tuple[Branch, ...]) -> Iterator[Problem]:
    seen: set[str] = set()
    always = ""
    for branch in branches:
        when = branch.when
        source = " ".join(when.source.split()) if when is not None else ""
        outcome = constant_of(when) if when is not None else True
        if always:
            yield _dead(branch, f"never taken: the branch {always} always is")
            continue
        if outcome is False:
            yield _dead(branch, f"never taken: `{source}` never holds")
        elif source and source in seen:
            yield _dead(branch, f"never taken: an earlier branch asks for `{source}` already")
        if outcome:
            always = f"with `{source}`" if source else "without `when`"
        elif source and _opposite(source) in seen:
            always = f"with `{source}`, or the one for the opposite,"
        seen.add(source)


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


def _opposite(source: str) -> str:
    """The condition that holds whenever this does not; empty where that takes more than a look."""
    plain = source.removeprefix("not ")
    if not _PLAIN.fullmatch(plain):
        return ""
    return plain if plain != source else f"not {plain}"


def constant_of(when: Expression) -> bool | None:
    """What a condition comes to that reads nothing; None for any other."""
    if when.reads():
        return None
    try:
        return bool(when.evaluate(NoNames()))
    except ExpressionFailed:
        return None


def _dead(branch: Branch, said: str) -> Problem:
    if branch.when is None:
        return Problem(branch.place, RULE.name, said)
    return Problem(branch.when.place, RULE.name, said, max(1, len(branch.when.source.split("\n")[0])))


RULE = Rule(
    name="dead_branch",
    about="A branch is never taken: one before it always is, or its condition never holds or stood before.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      done:
        words: [done]
        branches:
          - {when: cart.is_empty, reply: hello}
          - {goto: ordered}
          - {when: cart.total > 100, reply: thanks, goto: ordered}
          #        ^^^^^^^^^^^^^^^^
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
      done:
        words: [done]
        branches:
          - {when: cart.is_empty, reply: hello}
          - {when: cart.total > 100, reply: thanks, goto: ordered}
          - {goto: ordered}
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
