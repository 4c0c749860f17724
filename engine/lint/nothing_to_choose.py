"""Finds lists to choose from that may be empty, where nothing says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.analysis.journeys import Journeys, Spot
from engine.analysis.moves import Move
from engine.analysis.possibility import Possibility
from engine.analysis.proofs import Proofs
from engine.flow import Choices, Flow, State
from engine.lint.checked import Checked, Rule
from engine.pack import Pack
from engine.source import Problem

if TYPE_CHECKING:
    from engine.analysis.emptiest import Emptiest

SHOP = frozenset({"orders", "catalog", "settings"})
"""What a list is made of, if it can be told that it is empty."""


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        emptiest: Emptiest | None = None
        newcomer: Journeys | None = None
        for state in proofs.flow.states.values():
            choices = state.choices
            if choices is None or choices.none is not None or checked.pack is None or not state.ask:
                continue
            roots = {read.path[0] for read in choices.source.reads() if read.kind in ("name", "call")}
            if not roots or not roots <= SHOP or ("catalog" in roots and not checked.pack.products):
                continue
            emptiest = emptiest or _emptiest(checked.pack, proofs.flow)
            if not emptiest.has_none(choices.source) or _is_asked_about(proofs, state, roots):
                continue
            if "orders" not in roots:
                if proofs.journeys.reaches(state.name):
                    way = proofs.conversation_to(Spot(state.name))
                    yield _problem(choices, "once all that is counted is sold", way)
                continue
            newcomer = newcomer or Journeys(Possibility(proofs.moves, newcomer=True))
            spot = Spot(state.name)
            if newcomer.reaches(state.name) and newcomer.is_possible(spot):
                came = newcomer.to(spot)
                if not any(_orders(move) for _, move in came):
                    way = proofs.storyteller.tell(came, state.name)
                    yield _problem(choices, "for who has ordered nothing", way)


def _emptiest(pack: Pack, flow: Flow) -> Emptiest:
    from engine.analysis.emptiest import Emptiest  # most flows have no list that could be empty

    return Emptiest(pack, flow)


def _problem(choices: Choices, when: str, way: Sequence[str]) -> Problem:
    said = f"`{choices.source.source.strip()}` is empty {when}: then nothing is offered; add `none`"
    return Problem(choices.place, RULE.name, said, len("choices"), tuple(way))


def _orders(move: Move) -> bool:
    """Whether something is ordered on this way."""
    steps = (*(move.site.rule.do if move.site else ()), *(move.branch.do if move.branch else ()))
    return any(step.action in ("place_order", "repeat_order") for step in steps)


def _is_asked_about(proofs: Proofs, state: State, roots: set[str]) -> bool:
    """Whether a condition on the way in asks for the same: it may see to it that there is something."""
    moves = proofs.moves
    every = (
        *(move for group in moves.entering.values() for move in group),
        *(move for groups in moves.own.values() for _, group in groups for move in group),
        *(move for _, group in moves.above for move in group),
    )
    conditions = [branch.when for branch in state.branches]
    for move in every:
        if move.goto == state.name:
            conditions += [branch.when for branch in (*move.over, *((move.branch,) if move.branch else ()))]
            conditions += [move.site.rule.when] if move.site else []
    asked = {read.path[0] for when in conditions if when is not None for read in when.reads()}
    return not asked.isdisjoint(roots - {"settings"})


RULE = Rule(
    name="nothing_to_choose",
    about="A list to choose from may be empty, and no `none` answers then.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: order}
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: which
    commands: {leave: {words: [leave], reply: hello, goto: asked}}
    choices:
    ^^^^^^^
      from: orders.all
      as: order
      title: "{{ order.number }}"
      value: "{{ order.number }}"
      save: wanted
      reply: taken
      goto: asked
  asked: {final: true}
messages:
  hello: Hello!
  which: About which order?
  taken: We look after it.
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: order}
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: which
    commands: {leave: {words: [leave], reply: hello, goto: asked}}
    choices:
      from: orders.all
      as: order
      title: "{{ order.number }}"
      value: "{{ order.number }}"
      save: wanted
      none: {reply: nothing, goto: asked}
      reply: taken
      goto: asked
  asked: {final: true}
messages:
  hello: Hello!
  which: About which order?
  taken: We look after it.
  nothing: You have not ordered anything yet.
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
