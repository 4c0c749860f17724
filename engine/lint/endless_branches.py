"""Finds states that pass a turn on to each other for ever, so that it never comes to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from engine.analysis.moves import Moves
from engine.analysis.walk import always_branches
from engine.flow import Branch, State
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.stranded_customer import listed
from engine.source import Problem

Ring = tuple[str, ...]
"""The states of a circle, in the order in which they are passed."""


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        found: set[str] = set()
        for ring, where in rings(proofs.moves):
            entered = next(
                (spot for spot in proofs.journeys.spots if not spot.waits and spot.state in ring), None
            )
            if entered is None or not found.isdisjoint(ring):
                continue
            found.update(ring)
            at = ring.index(entered.state)
            state = proofs.flow.states[entered.state]
            said = f"{_circle((*ring[at:], *ring[:at]))}{where}: one of them has to ask something and wait"
            yield problem_at(RULE.name, state.name, said, state.place)._replace(
                conversation=proofs.conversation_to(entered)
            )


def rings(moves: Moves) -> Iterator[tuple[Ring, str]]:
    """Every circle of states that are passed through, and the words on when it is endless."""
    states = moves.flow.states

    def fallback(name: str) -> str | None:
        """Where the state leads when none of its conditions holds; None where it waits then."""
        branches = states[name].branches
        if not always_branches(branches):
            return None
        last = next((branch for branch in branches if branch.when is None), branches[-1])
        return moves.resolved(last.goto)

    for ring in _circles(map(str, states), fallback):
        tried = [branch for name in ring for branch in _conditional(states[name])]
        exits = [branch for branch in tried if moves.resolved(branch.goto) not in ring]
        if not exits:
            yield ring, " for ever"
        elif not any(branch.do for name in ring for branch in states[name].branches):
            conditions = dict.fromkeys(
                f"`{branch.when.source.strip()}`" for branch in exits if branch.when is not None
            )
            yield ring, f", perhaps for ever: as long as none of {', '.join(conditions)} holds"

    by_condition: dict[str, list[str]] = {}
    for name, state in states.items():
        condition = _condition(state.branches[0]) if state.branches else ""
        if condition:
            by_condition.setdefault(condition, []).append(str(name))
    for held, names in by_condition.items():

        def onward(name: str, held: str = held) -> str | None:
            """Where it leads while the condition holds, if nothing is done that may change that."""
            first = next(iter(states[name].branches), None)
            is_taken = first is not None and not first.do and _condition(first) in ("", held)
            return moves.resolved(first.goto) if first is not None and is_taken else None

        for ring in _circles(names, onward):
            yield ring, f" for ever, as long as `{held}` holds"


def _conditional(state: State) -> Iterator[Branch]:
    """The branches before the one that is always taken."""
    for branch in state.branches:
        if branch.when is None:
            return
        yield branch


def _condition(branch: Branch) -> str:
    return branch.when.source.strip() if branch.when is not None else ""


def _circles(starts: Iterable[str], onward: Callable[[str], str | None]) -> Iterator[Ring]:
    """Every circle that is run into from one of the names, each once."""
    seen: set[str] = set()
    for start in starts:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path[at] = None
            at = onward(at)
        if at is not None and at in path:
            names = list(path)
            yield tuple(names[names.index(at) :])


def _circle(ring: Ring) -> str:
    if len(ring) == 1:
        return f"the state '{ring[0]}' passes every turn on to itself"
    return f"the states {listed(ring)} pass a turn on to each other"


RULE = Rule(
    name="endless_branches",
    about="States pass a turn on to each other by their `branches`, and none of them ever waits.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: checking}
  checking:
  ^^^^^^^^
    branches:
      - {when: cart.is_empty, goto: choosing}
      - {goto: paying}
  choosing:
    branches: [{goto: checking}]
  paying:
    ask: hello
    input: {reply: hello, goto: initial}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: checking}
  checking:
    branches:
      - {when: cart.is_empty, goto: choosing}
      - {goto: paying}
  choosing:
    ask: hello
    input: {goto: checking}
  paying:
    ask: hello
    input: {reply: hello, goto: initial}
messages:
  hello: Hello!
""",
    },
    check=check,
    profile="pilot",
)
