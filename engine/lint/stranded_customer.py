"""Finds states from which nothing that a customer can say leads to an end, to a person or to the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.analysis.journeys import Spot
from engine.analysis.moves import Move, Moves
from engine.analysis.walk import ends_of
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.dead_end import leads_nowhere
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        moves, flow = proofs.moves, proofs.flow
        free = leading_out(moves, unasked=False)
        stranded = [spot.state for spot in proofs.journeys.spots if spot.waits and spot.state not in free]
        for trap in _traps(moves, stranded):
            first = next(name for name in stranded if name in trap)
            state = flow.states[first]
            if len(trap) == 1 and leads_nowhere(flow, state):
                continue
            freed = first in leading_out(moves, unasked=True)
            yield problem_at(RULE.name, state.name, _said(trap, freed), state.place)._replace(
                conversation=proofs.conversation_to(Spot(first))
            )


def leading_out(moves: Moves, unasked: bool) -> frozenset[str]:
    """The states from which an end, a person, the start or a reset can be reached by what is said there.

    With `unasked`, by timers, events and failures too. A `when` counts as one that can hold.
    """
    flow = moves.flow
    start = moves.resolved(flow.start)
    into: dict[Spot, list[Spot]] = {}
    found: set[Spot] = set()
    waiting: list[Spot] = []

    def leads(spot: Spot) -> None:
        if spot not in found:
            found.add(spot)
            waiting.append(spot)

    def counts(move: Move) -> bool:
        return unasked or move.is_spoken

    for name, state in flow.states.items():
        here = Spot(str(name))
        if state.final or state.human or here.state == start:
            leads(here)
        if moves.waits(here.state):
            into.setdefault(here, []).append(here._replace(waits=False))
        for move in moves.entering[here.state]:
            if move.goto is not None and (unasked or move.cause == "goes"):
                into.setdefault(Spot(move.goto, False), []).append(here._replace(waits=False))
        for _, group in moves.own[here.state]:
            for move in filter(counts, group):
                if resets(move):
                    leads(here)
                elif move.goto is not None:
                    into.setdefault(Spot(move.goto, False), []).append(here)
    # What stands above all states is looked at again only once it leads out, and by those still captive.
    above = [move for _, group in moves.above for move in filter(counts, group) if resets(move) or move.goto]
    captive = list(flow.states.values())
    while True:
        while waiting:
            for before in into.get(waiting.pop(), ()):
                leads(before)
        opened = [move for move in above if resets(move) or Spot(str(move.goto), False) in found]
        if not opened:
            return frozenset(spot.state for spot in found if spot.waits)
        above = [move for move in above if not (resets(move) or Spot(str(move.goto), False) in found)]
        captive = [state for state in captive if Spot(str(state.name)) not in found]
        for state in captive:
            if any(move.site and moves.in_force(move.site, state) for move in opened):
                leads(Spot(str(state.name)))


def resets(move: Move) -> bool:
    """Whether the move drops all that was said so far, which ends the talk where it is."""
    if move.cause != "goes":
        return False
    steps = (*(move.site.rule.do if move.site else ()), *(move.branch.do if move.branch else ()))
    return any(step.action == "reset" for step in steps)


def _traps(moves: Moves, stranded: Sequence[str]) -> Iterator[frozenset[str]]:
    """The groups of states that lead to each other alone; all other stranded ones lead into one."""
    above = [move for _, group in moves.above for move in group if move.is_spoken and move.goto]
    ends: dict[str, frozenset[str]] = {}
    after: dict[str, list[str]] = {}
    for name in stranded:
        state = moves.flow.states[name]
        gotos = [move.goto for _, group in moves.own[name] for move in group if move.is_spoken and move.goto]
        gotos += [move.goto for move in above if move.goto and move.site and moves.in_force(move.site, state)]
        for goto in gotos:
            if goto not in ends:
                ends[goto] = frozenset(map(str, ends_of(moves.flow, goto)))
        after[name] = sorted(frozenset().union(*(ends[goto] for goto in gotos)))
    for group in groups_of(after):
        if all(name in group for member in group for name in after[member]):
            yield group


def groups_of(after: Mapping[str, Sequence[str]]) -> Iterator[frozenset[str]]:
    """The strongly connected components of a graph, by Tarjan's algorithm without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    for root in after:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        open_[root] = None
        path = [(root, iter(after[root]))]
        while path:
            at, onward = path[-1]
            for name in onward:
                if name not in index:
                    index[name] = low[name] = len(index)
                    open_[name] = None
                    path.append((name, iter(after.get(name, ()))))
                    break
                if name in open_:
                    low[at] = min(low[at], index[name])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[at])
                if low[at] == index[at]:
                    group = set()
                    while at not in group:
                        group.add(open_.popitem()[0])
                    yield frozenset(group)


def _said(trap: frozenset[str], freed: bool) -> str:
    """The sentence on a trap; `freed` where a silence, an event or a failure leads out of it."""
    where = "here" if len(trap) == 1 else "in " + listed(sorted(trap))
    said = f"nothing that a customer can say {where} leads to a final state, to a person or back to the start"
    said += "; only a timer, an event or a failure does" if freed else ""
    return f"{said}: add a command such as `cancel` with a goto"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names for people: 'a', 'b' and 'c'."""
    shown = [f"'{name}'" for name in names]
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(names) - most + 1} other states"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


RULE = Rule(
    name="stranded_customer",
    about="From a state that waits, nothing that a customer can say leads to a final state, to a person or"
    " back to the start.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: {reply: hello, ask_again: true}
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
  ^^^^^^^^
    ask: which
    commands:
      back: {words: [back], goto: asking}
    after: [{wait: 1 day, goto: ordered}]
  asking:
    ask: which
    input: {goto: choosing}
  ordered: {final: true}
messages:
  hello: Hello!
  which: Which one would you like?
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: {reply: hello, ask_again: true}
commands:
  cancel: {words: [cancel], reply: hello, goto: initial}
states:
  initial:
    ignore: [cancel]
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: which
    commands:
      back: {words: [back], goto: asking}
    after: [{wait: 1 day, goto: ordered}]
  asking:
    ask: which
    input: {goto: choosing}
  ordered: {final: true}
messages:
  hello: Hello!
  which: Which one would you like?
""",
    },
    check=check,
    profile="pilot",
)
