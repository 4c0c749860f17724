"""Finds comments that leave findings alone without a reason, without a rule, or where there is no finding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from engine.lint.checked import Checked, Rule
from engine.nearest import unknown
from engine.source import Problem

if TYPE_CHECKING:
    from engine.lint.ignores import Ignore

SHAPE = "# flow-lint: ignore[RULE] why"


def check(checked: Checked) -> Iterator[Problem]:
    for ignore in checked.ignores:
        if not ignore.rules:
            said = f"a comment for flow-lint says which rule it leaves alone, and why: `{SHAPE}`"
            yield Problem(ignore.place, RULE.name, said, ignore.length)
        elif not ignore.why:
            said = "say why behind the brackets, for who reads this next; until then it counts for nothing"
            yield Problem(ignore.place, RULE.name, said, ignore.length)


def misnamed(ignores: Iterable[Ignore], rules: Collection[str], fixed: Collection[str]) -> Iterator[Problem]:
    """Names that no rule has, and `fixed` ones, which cannot be ignored."""
    for ignore in ignores:
        for name, place in ignore.rules or ():
            if name in fixed:
                said = f"{name} cannot be ignored: no flow can run with what it finds"
                yield Problem(place, RULE.name, said, len(name))
            elif name not in rules:
                yield Problem(place, RULE.name, unknown("rule", name, rules), len(name))


def needless(
    ignores: Iterable[Ignore], used: Collection[tuple[Ignore, str]], asked: Collection[str]
) -> Iterator[Problem]:
    """Comments that leave nothing alone; of rules that were not asked, nobody knows."""
    for ignore in ignores:
        if not ignore.why:
            continue
        idle = [(name, place) for name, place in ignore.rules or () if (ignore, name) not in used]
        edits = (ignore.whole,) if len(idle) == len(ignore.rules or ()) else ()
        for name, place in idle:
            if name in asked:
                said = f"there is nothing here that {name} would find; take the comment away"
                yield Problem(place, RULE.name, said, len(name), edits=edits)


RULE = Rule(
    name="wrong_ignore",
    about="A `# flow-lint: ignore[rule] why` names no rule, gives no reason, or leaves nothing alone.",
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
  hello: Hello!  # flow-lint: ignore[unused_message] for the summer sale
  #                                  ^^^^^^^^^^^^^^
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
  hello: Hello!
  sale: Everything for half!  # flow-lint: ignore[unused_message] for the summer sale
""",
    },
    check=check,
    severity="warning",
)
