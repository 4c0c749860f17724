"""Finds states from which nothing that a customer can say leads to an end, to a person or to the start."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

from engine.analysis.journeys import Journeys, Spot
from engine.analysis.moves import Move
from engine.analysis.possibility import Possibility
from engine.analysis.proofs import Proofs
from engine.analysis.survey import Survey
from engine.expressions import Expression
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.dead_end import leads_nowhere
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        found = yield from _among(proofs, proofs.journeys)
        if _asks_for_orders(proofs.survey):
            newcomer = Journeys(Possibility(proofs.moves, newcomer=True))
            yield from _among(proofs, newcomer, found)


def _among(
    proofs: Proofs, journeys: Journeys, known: frozenset[str] = frozenset()
) -> Generator[Problem, None, frozenset[str]]:
    """The traps of which no state is `known`, among what a talk can come to; gives the states found."""
    flow, possibility = proofs.flow, journeys.possibility
    free = leading_out(possibility, unasked=False)
    stranded = [
        spot.state
        for spot in journeys.spots
        if spot.waits and spot.state not in free and journeys.is_possible(spot)
    ]
    found: set[str] = set()
    for trap in _traps(possibility, stranded):
        first = next(name for name in stranded if name in trap)
        state = flow.states[first]
        if not trap.isdisjoint(known) or (len(trap) == 1 and leads_nowhere(flow, state)):
            continue
        found |= trap
        freed = first in leading_out(possibility, unasked=True)
        yield problem_at(
            RULE.name, state.name, _said(trap, freed, _obstacles(possibility, trap)), state.place
        )._replace(conversation=proofs.storyteller.tell(journeys.to(Spot(first)), first))
    return frozenset(found)


def _asks_for_orders(survey: Survey) -> bool:
    """Whether something there depends on orders, and nothing that is said places one."""
    if any(step.action == "place_order" for step in survey.steps):
        return False
    return any(
        isinstance(text.source, Expression) and "orders." in text.source.source for text in survey.written
    )


def leading_out(possibility: Possibility, unasked: bool) -> frozenset[str]:
    """The states from which an end, a person, the start or a reset can be reached by what is said there.

    With `unasked`, by timers, events and failures too. A `when` counts as one that can hold, unless it is
    known that it never does.
    """
    moves = possibility.moves
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
        return possibility.can_happen(move) if unasked else possibility.follows(move)

    for name, state in flow.states.items():
        here = Spot(str(name))
        if state.final or state.human or here.state == start:
            leads(here)
        if possibility.rests(here.state):
            into.setdefault(here, []).append(here._replace(waits=False))
        for move in moves.entering[here.state]:
            if move.goto is not None and counts(move):
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


def _traps(possibility: Possibility, stranded: Sequence[str]) -> Iterator[frozenset[str]]:
    """The groups of states that lead to each other alone; all other stranded ones lead into one."""
    moves = possibility.moves

    def leads(move: Move) -> bool:
        return move.goto is not None and possibility.follows(move)

    above = [move for _, group in moves.above for move in group if leads(move)]
    after: dict[str, list[str]] = {}
    for name in stranded:
        state = moves.flow.states[name]
        gotos = [move.goto for _, group in moves.own[name] for move in group if leads(move)]
        gotos += [move.goto for move in above if move.site and moves.in_force(move.site, state)]
        ends = (possibility.ends_of(goto) for goto in gotos if goto is not None)
        after[name] = sorted(frozenset().union(*ends))
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


def _obstacles(possibility: Possibility, trap: frozenset[str]) -> Sequence[str]:
    """Why what seems to lead out of a trap never does."""
    moves = possibility.moves
    tried = [
        move for name in sorted(trap) for _, group in moves.own[name] for move in group if move.is_spoken
    ]
    passed = dict.fromkeys(move.goto for move in tried if move.goto is not None)
    tried += [move for goto in passed for move in moves.entering[goto]]
    return list(dict.fromkeys(filter(None, map(possibility.obstacle_to, tried))))


def _said(trap: frozenset[str], freed: bool, obstacles: Sequence[str]) -> str:
    """The sentence on a trap; `freed` where a silence, an event or a failure leads out of it."""
    where = "here" if len(trap) == 1 else "in " + listed(sorted(trap))
    said = f"nothing that a customer can say {where} leads to a final state, to a person or back to the start"
    said += "; only a timer, an event or a failure does" if freed else ""
    said += "".join(f"; {one}" for one in obstacles[:2])
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
