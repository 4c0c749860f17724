"""Finds texts that say the customer's name, or an order, to who is new and has neither.

Found is only what a conversation shows in which nothing was saved or ordered, and nothing asked about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.analysis.certainty import NOBODY
from engine.analysis.journeys import Journeys, Spot
from engine.analysis.moves import Move
from engine.analysis.possibility import Possibility
from engine.analysis.proofs import Proofs
from engine.analysis.survey import Written
from engine.analysis.uses import Use
from engine.expressions import Expression, Read
from engine.lint.checked import CUSTOMER, Checked, Rule
from engine.lint.undefined_name import harms, where_said
from engine.source import Problem

EMPTY = frozenset({("customer", "name"), ("customer", "address"), ("orders", "last")})
"""What somebody has only after something was saved, or ordered."""

FILLING = frozenset({"save_customer", "place_order", "repeat_order", "cancel_order"})
"""Actions that fill it, or that only somebody with an order gets to."""


class Shown:
    """Where a message says what may be empty."""

    __slots__ = ("message", "text", "read")

    def __init__(self, message: str, text: Written, read: Read) -> None:
        self.message: Final = message
        self.text: Final = text
        self.read: Final = read


def check(checked: Checked) -> Iterator[Problem]:
    for proofs in checked.proofs:
        shown = list(_shown(proofs)) if proofs.role == CUSTOMER else []
        if shown:
            yield from _Newcomer(checked, proofs).problems(shown)


def _shown(proofs: Proofs) -> Iterator[Shown]:
    known: set[tuple[str, tuple[str, ...]]] = set()
    for message, texts in proofs.survey.spoken:
        for text in texts:
            for read in text.reads:
                key = (str(message.name), read.path[:2])
                if key[1] in EMPTY and key not in known and harms(text, read):
                    known.add(key)
                    yield Shown(key[0], text, read)


class _Newcomer:
    """What somebody meets who writes for the first time."""

    def __init__(self, checked: Checked, proofs: Proofs) -> None:
        self.checked = checked
        self.proofs = proofs
        self.possibility = Possibility(proofs.moves, newcomer=True, facts=NOBODY)
        self.journeys = Journeys(self.possibility)
        self._new: dict[Spot, bool] = {}

    def problems(self, shown: Sequence[Shown]) -> Iterator[Problem]:
        for at in shown:
            text, read = at.text, at.read
            met = (one for use in self.proofs.uses.said.get(at.message, ()) for one in self._meetings(use))
            first = next(met, None)
            if first is None:
                continue
            use, came = first
            name = ".".join(read.path)
            where = where_said(use, text.source.place.file)
            said = f"'{name}' is empty {where}, for who is new: test it with `if {'.'.join(read.path[:2])}`"
            end = came[-1][1].goto or came[-1][0] if came else str(use.state)
            way = self.proofs.storyteller.tell(came, end)
            yield Problem(self.checked.place_of(text, read), RULE.name, said, len(name), conversation=way)

    def _meetings(self, use: Use) -> Iterator[tuple[Use, Sequence[tuple[str, Move]]]]:
        """The ways on which a newcomer is told this; at most one from each state."""
        move = use.move
        waits = move is not None and move.site is not None
        states = [use.state] if use.state is not None else self._states_of(use)
        for state in states:
            spot = Spot(str(state), waits)
            if not self.journeys.reaches(*spot[:2]) or not self.journeys.is_possible(spot):
                continue
            if not self._is_new_at(spot) or (move is not None and not self._is_new_after(move)):
                continue
            came = (*self.journeys.to(spot), *(((str(state), move),) if move is not None else ()))
            if self._passes(came):
                yield use, came
                return

    def _is_new_at(self, spot: Spot) -> bool:
        """Whether every move on the way to the spot is sure to be made by somebody new."""
        way: list[tuple[Spot, Spot, Move | None]] = []
        at = spot
        while at not in self._new:
            came = self.journeys.before(at)
            if came is None:
                self._new[at] = True
            else:
                way.append((at, *came))
                at = came[0]
        for at, earlier, move in reversed(way):
            self._new[at] = self._new[earlier] and (move is None or self._is_new_after(move))
        return self._new[spot]

    def _states_of(self, use: Use) -> list[str]:
        """The states in which a rule above all states can be set off, the nearest first."""
        site = use.move.site if use.move is not None else None
        states = self.proofs.flow.states
        near = (spot.state for spot in self.journeys.spots if spot.waits)
        return [name for name in near if site and self.proofs.moves.in_force(site, states[name])]

    def _is_new_after(self, move: Move) -> bool:
        """Whether the move is sure to be made by somebody new, who stays so."""
        if move.cause not in ("goes", "unreadable", "refused", "none"):
            return False
        rule = move.site.rule if move.site is not None else None
        if move.site is not None and move.site.kind == "event":
            return False
        steps = (*(rule.do if rule else ()), *(move.branch.do if move.branch else ()))
        if any(step.action in FILLING for step in steps):
            return False
        held = [rule.when if rule else None, move.branch.when if move.branch else None]
        checks = rule.validate if rule is not None else ()
        asked = (value for check in checks for value in check.parameters.values())
        return (
            all(self._may_be(when, True) for when in held)
            and all(self._may_be(branch.when, False) for branch in move.over)
            and not any(_asks(value.reads()) for value in asked)
        )

    def _may_be(self, when: Expression | None, wanted: bool) -> bool:
        """Whether the condition may come to this for a newcomer: it does, or asks about something else."""
        outcome = self.possibility.certainty.outcome(when)
        return outcome is wanted or (outcome is None and when is not None and not _asks(when.reads()))

    def _passes(self, came: Sequence[tuple[str, Move]]) -> bool:
        """Whether nothing is filled in the states that the turn passes after its last move."""
        waiting = [came[-1][1].goto] if came else []
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name is None or name in seen:
                continue
            seen.add(name)
            for move in self.proofs.moves.entering[name]:
                if any(step.action in FILLING for step in (move.branch.do if move.branch else ())):
                    return False
                waiting.append(move.goto)
        return True


def _asks(reads: Sequence[Read]) -> bool:
    return any(read.path[0] in ("customer", "orders") for read in reads)


RULE = Rule(
    name="empty_for_newcomer",
    about="A text says the customer's name, address or last order to who is new and has none.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {name: text}
states:
  initial:
    otherwise: {reply: welcome, goto: asking}
  asking:
    ask: who
    input: {save: name, do: save_customer, reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  welcome: "Good to see you, {{ customer.name }}!"
  #                             ^^^^^^^^^^^^^
  who: Who are you?
  thanks: "Thank you, {{ customer.name }}!"
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {name: text}
states:
  initial:
    otherwise: {reply: welcome, goto: asking}
  asking:
    ask: who
    input: {save: name, do: save_customer, reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  welcome: "Good to see you{% if customer.is_known %}, {{ customer.name }}{% endif %}!"
  who: Who are you?
  thanks: "Thank you, {{ customer.name }}!"
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
