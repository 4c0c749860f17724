"""Says which moves of a flow can happen at all, and where a turn that enters a state can come to rest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from engine.analysis.certainty import FILLING, NO_FACTS, UNSURE, Certainty, Facts
from engine.analysis.moves import Move, Moves
from engine.analysis.presence import NEVER_UNREADABLE
from engine.analysis.scopes import NUMERIC
from engine.expressions import Expression
from engine.flow import Check, Rule, State, Step
from engine.schema.flow import ACCEPTED
from engine.validators.between import is_number


class Possibility:
    """What can happen in one flow.

    For a `newcomer` there are no orders, if nothing is ordered in the flow. `facts` are known besides.
    """

    def __init__(self, moves: Moves, newcomer: bool = False, facts: Facts = NO_FACTS) -> None:
        self.moves = moves
        self.newcomer = newcomer
        self.certainty = Certainty(moves.survey, newcomer, facts)
        self._rules: dict[int, str] = {}
        self._ends: dict[str, frozenset[str]] = {}

    def can_happen(self, move: Move) -> bool:
        """Whether nothing is known that forbids the move."""
        return not self.obstacle_to(move)

    def obstacle_to(self, move: Move) -> str:
        """Why the move never happens; empty where nothing is known that forbids it."""
        if move.site is not None:
            obstacle = self._obstacle_to_rule(move)
            if obstacle:
                return obstacle
        if move.cause == "none":
            choices = move.state.choices if move.state is not None else None
            value = UNSURE if choices is None else self.certainty.value_of(choices.source)
            return "" if value is UNSURE or not value else "there is always something to choose"
        if move.cause != "goes":
            return ""
        for branch in move.over:
            if branch.when is not None and self.certainty.outcome(branch.when) is True:
                return f"`{branch.when.source.strip()}` always holds"
        when = move.branch.when if move.branch is not None else None
        if when is not None and self.certainty.outcome(when) is False:
            return self._never(when)
        return "nothing was put into the cart" if self._orders_nothing(move) else ""

    def _never(self, when: Expression) -> str:
        depends = self.newcomer and Certainty(self.moves.survey).outcome(when) is None
        who = " for who has ordered nothing" if depends else ""
        return f"`{when.source.strip()}` never holds{who}"

    def follows(self, move: Move) -> bool:
        """Whether the move can be brought about by what is said, or happens by itself on entering a state.

        What the shop refuses counts only where it is known to refuse it every time.
        """
        if move.cause == "none":
            follows = self._chooses_nothing(move.state)
        elif move.cause == "fails":
            follows = move.detail == "cart_empty" and self._has_no_cart(move)
        else:
            follows = move.cause == "goes" if move.site is None else move.is_spoken
        return follows and self.can_happen(move)

    def rests(self, name: str) -> bool:
        """Whether a turn that enters the state can come to rest there."""
        state = self.moves.flow.states[name]
        for branch in state.branches:
            if self.certainty.outcome(branch.when) is True:
                return self.moves.resolved(branch.goto) is None
        if state.choices is not None and state.choices.none is not None and self._chooses_nothing(state):
            return self.moves.resolved(state.choices.none.goto) is None
        return self.moves.waits(name)

    def _chooses_nothing(self, state: State | None) -> bool:
        """Whether the state's choices are empty for sure."""
        if state is None or state.choices is None:
            return False
        value = self.certainty.value_of(state.choices.source)
        return value is not UNSURE and not value

    def ends_of(self, name: str) -> frozenset[str]:
        """The states in which a turn that goes to this one can come to rest."""
        known = self._ends.get(name)
        if known is None:
            ends: set[str] = set()
            seen: set[str] = set()
            waiting = [name]
            while waiting:
                at = waiting.pop()
                if at in seen:
                    continue
                seen.add(at)
                moves = (one for one in self.moves.entering[at] if self.follows(one))
                waiting.extend(one.goto for one in moves if one.goto is not None)
                if self.moves.waits(at) and self.rests(at):
                    ends.add(at)
            known = self._ends[name] = frozenset(ends)
        return known

    # Rules

    def _obstacle_to_rule(self, move: Move) -> str:
        """Why the rule is never set off; if the move goes its way, why nothing is read or let pass there."""
        site, state = move.site, move.state
        if site is None:
            return ""
        rule = site.rule
        if rule.when is not None and self.certainty.outcome(rule.when) is False:
            return self._never(rule.when)
        if site.kind == "choices" and state and state.choices and self._chooses_nothing(state):
            return f"`{state.choices.source.source.strip()}` may stay empty"
        if site.kind == "then" and state is not None and not self._may_miss(state):
            return "whatever is said there is understood, so that `tries` counts nothing"
        if move.cause not in ("goes", "fails"):
            return ""
        known = self._rules.get(id(rule))
        if known is None:
            known = self._rules[id(rule)] = self._unreadable(rule) or self._refused(rule)
        return known

    def _unreadable(self, rule: Rule) -> str:
        """What the rule saves although it is no value of its slot."""
        slots = self.moves.flow.slots
        for slot, value in rule.save:
            constant = getattr(value, "constant", None)
            if not isinstance(constant, str) or slot not in slots or any(map(str.isdigit, constant)):
                continue
            if slots[slot].type in NUMERIC:
                return f"'{constant}' is no {slots[slot].type}"
        return ""

    def _refused(self, rule: Rule) -> str:
        """The validator that lets nothing pass."""
        bounds: dict[str, tuple[list[float], list[float]]] = {}
        for check in rule.validate:
            if check.validator in ("between", "length"):
                looked_at = check.parameters.get("value")
                key = f"{check.validator} {looked_at.source if looked_at is not None else ''}"
                least, most = bounds.setdefault(key, ([], []))
                least += self._numbers(check, "min")
                most += self._numbers(check, "max")
                if least and most and max(least) > min(most):
                    return f"`{check.validator}` lets nothing pass"
            elif check.validator in ("check", "one_of"):
                name = "expression" if check.validator == "check" else "values"
                value = self.certainty.value_of(check.parameters.get(name))
                if value is not UNSURE and not value:
                    return f"`{check.validator}` lets nothing pass"
        return ""

    def _numbers(self, check: Check, name: str) -> list[float]:
        value = self.certainty.value_of(check.parameters.get(name))
        return [float(value)] if is_number(value) else []

    # The cart

    def _orders_nothing(self, move: Move) -> bool:
        """Whether the move places an order although nothing on any way there fills the cart."""
        steps = _steps_of(move)
        return any(step.action == "place_order" for step in steps) and self._has_no_cart(move)

    def _has_no_cart(self, move: Move) -> bool:
        """Whether the cart is empty for sure where the move begins, and stays so on its way."""
        if not self.certainty.fills_cart:
            return True
        return move.state is not None and move.state.name not in self._with_cart and not _fills(move)

    @cached_property
    def _with_cart(self) -> frozenset[str]:
        """The states in which there may be something in the cart."""
        moves = self.moves
        groups = {
            name: [*moves.entering[name], *(move for _, group in own for move in group)]
            for name, own in moves.own.items()
        }
        above = [move for _, group in moves.above for move in group]
        waiting = [goto for new in moves.flow.moved.values() if (goto := moves.resolved(new)) is not None]
        for name, group in groups.items():
            waiting += [move.goto or name for move in group if _fills(move)]
        if any(_fills(move) for move in above):
            return frozenset(groups)
        onward = [move.goto for move in above]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                gotos = [move.goto for move in groups[name]] + onward
                waiting += [goto for goto in gotos if goto is not None and goto not in found]
                onward = []
                # Who was called hands the talk back to where it came from.
                if name in moves.unhandled and any(_fills(move) for move in groups[name]):
                    return frozenset(groups)
        return frozenset(found)

    # What `tries` counts

    def _may_miss(self, state: State) -> bool:
        """Whether something can be said there that is not understood, not read, or refused."""
        rule = state.input
        if rule is None or not set(rule.accepts).issuperset(ACCEPTED):
            return True
        if self.certainty.outcome(rule.when) is not True:
            return True
        return any(self._may_be_refused(one) for one in (rule, *self._commands_in(state)))

    def _commands_in(self, state: State) -> Iterator[Rule]:
        for site, _ in self.moves.own[state.name]:
            if site.kind in ("command", "choices"):
                yield site.rule
        for site, _ in self.moves.above:
            if site.kind == "command" and self.moves.in_force(site, state):
                yield site.rule

    def _may_be_refused(self, rule: Rule) -> bool:
        slots = self.moves.flow.slots
        types = [slots[slot].type for slot, _ in rule.save if slot in slots]
        types += [hole.type for group in rule.patterns.values() for one in group for hole in one.holes]
        return bool(rule.validate) or any(name not in NEVER_UNREADABLE for name in types)


def _steps_of(move: Move) -> tuple[Step, ...]:
    return (*(move.site.rule.do if move.site else ()), *(move.branch.do if move.branch else ()))


def _fills(move: Move) -> bool:
    return any(step.action in FILLING for step in _steps_of(move))
