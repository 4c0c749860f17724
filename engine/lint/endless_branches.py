"""Finds states that pass a turn on to each other for ever, or to too many others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.analysis.journeys import Journeys, Spot
from engine.analysis.proofs import Proofs
from engine.analysis.rings import Ring, Rings
from engine.analysis.watched import EMPTY, KEPT, THIS_TURN, Filled
from engine.flow import MOST_STATES_PASSED
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.stranded_customer import listed
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        rings = Rings(proofs.possibility)
        found: set[str] = set()
        for ring in rings.all():
            entered = _entered(proofs, ring)
            if entered is None or not found.isdisjoint(ring.states):
                continue
            found.update(ring.states)
            spot, conversation = entered
            at = ring.states.index(spot.state)
            said = _circle((*ring.states[at:], *ring.states[:at]))
            said = f"{said}{ring.when}: one of them has to ask something and wait"
            yield _problem(proofs, spot, said, conversation)
        yield from _too_long(proofs, rings)


def _too_long(proofs: Proofs, rings: Rings) -> Iterator[Problem]:
    """The chains of states that no turn gets through."""
    if max(rings.lengths.values(), default=0) <= MOST_STATES_PASSED:
        return
    found: set[str] = set()
    for spot in proofs.journeys.spots:
        length = rings.lengths[spot.state]
        if not spot.waits and spot.state not in found and length > MOST_STATES_PASSED:
            found.update(rings.chain(spot.state))
            said = (
                f"a turn that comes here goes through {length} states, and {MOST_STATES_PASSED} are the most:"
                " one of them has to ask something and wait"
            )
            yield _problem(proofs, spot, said, proofs.conversation_to(spot))


def _entered(proofs: Proofs, ring: Ring) -> tuple[Spot, tuple[str, ...]] | None:
    """The nearest state of the circle, where what keeps it going holds if that can be told."""
    for slot in _slots(proofs, ring):
        journeys = proofs.watching(slot)
        spot = _nearest(journeys, ring, (KEPT, THIS_TURN))
        if spot is not None:
            return spot, proofs.storyteller.tell(journeys.to(spot), spot.state)
    spot = _nearest(proofs.journeys, ring, (EMPTY,))
    return None if spot is None else (spot, proofs.conversation_to(spot))


def _nearest(journeys: Journeys, ring: Ring, filled: Sequence[Filled]) -> Spot | None:
    spots = [Spot(name, False, one) for name in ring.states for one in filled]
    reached = (spot for spot in spots if journeys.reaches(*spot) and journeys.is_possible(spot))
    return min(reached, key=journeys.cost_of, default=None)


def _slots(proofs: Proofs, ring: Ring) -> Iterator[str]:
    for path in sorted(ring.held.implies(True)) if ring.held is not None else ():
        if path[0] in proofs.flow.slots:
            yield path[0]


def _problem(proofs: Proofs, spot: Spot, said: str, conversation: tuple[str, ...]) -> Problem:
    state = proofs.flow.states[spot.state]
    return problem_at(RULE.name, state.name, said, state.place)._replace(conversation=conversation)


def _circle(ring: Sequence[str]) -> str:
    if len(ring) == 1:
        return f"the state '{ring[0]}' passes every turn on to itself"
    return f"the states {listed(ring)} pass a turn on to each other"


RULE = Rule(
    name="endless_branches",
    about="States pass a turn on to each other for ever, or through more of them than one turn may enter.",
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
      - {when: customer.is_known, goto: choosing}
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
      - {when: customer.is_known, goto: choosing}
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
