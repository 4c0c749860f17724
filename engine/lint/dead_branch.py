"""Finds branches, and rules with a `when`, that are never taken."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.conditions import Holds, cases_of, never_holds
from engine.flow import Branch
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        groups = [site.rule.branches for site in survey.sites]
        groups += [state.branches for state in survey.flow.states.values()]
        for branches in groups:
            if branches:
                yield from _among(branches)
        for site in survey.sites:
            when = site.rule.when
            if when is not None and never_holds(when):
                said = f"never taken: `{' '.join(when.source.split())}` never holds"
                yield Problem(when.place, RULE.name, said, max(1, len(when.source.split("\n")[0])))


def _among(branches: tuple[Branch, ...]) -> Iterator[Problem]:
    cases = cases_of([branch.when for branch in branches]) if len(branches) > 1 or branches[0].when else None
    if cases is None:
        return
    left = cases.everything
    always = ""
    before: list[tuple[str, Holds]] = []
    for branch, holds in zip(branches, cases.holds, strict=True):
        source = " ".join(branch.when.source.split()) if branch.when is not None else ""
        if not left:
            yield _dead(branch, f"never taken: the branch {always} always is")
            continue
        if not holds:
            yield _dead(branch, f"never taken: `{source}` never holds")
        elif not holds & left:
            covering = next((one for one, taken in before if not holds & ~taken), "")
            if covering == source:
                said = f"an earlier branch asks for `{source}` already"
            elif covering:
                said = f"where `{source}` holds, so does `{covering}` of an earlier branch"
            else:
                said = f"where `{source}` holds, an earlier branch is taken"
            yield _dead(branch, f"never taken: {said}")
        left &= ~holds
        if not left:
            always = f"with `{source}`" if source else "without `when`"
            if holds != cases.everything:
                always += ", or one before it,"
        before.append((source, holds))


def _dead(branch: Branch, said: str) -> Problem:
    if branch.when is None:
        return Problem(branch.place, RULE.name, said)
    return Problem(branch.when.place, RULE.name, said, max(1, len(branch.when.source.split("\n")[0])))


RULE = Rule(
    name="dead_branch",
    about="A branch or a rule is never taken: its condition never holds, or one before it takes every case.",
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
