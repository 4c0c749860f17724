"""Notes every text and expression of a flow with what is sure where it is said or worked out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from engine.actions import ACTIONS
from engine.analysis.fixpoint import Solution
from engine.analysis.moves import Move, Moves
from engine.analysis.presence import Facts, Presence
from engine.analysis.survey import literal_of
from engine.analysis.walk import Site
from engine.draft import RESERVED
from engine.expressions import Expression, Text, Value
from engine.flow import Branch, Choices, Step
from engine.frozen import Frozen
from engine.source import NOWHERE, Place

Source = Text | Expression | Value


class Use(Frozen):
    """Where a text is said or worked out, and what is sure there.

    `state` is None for a rule above all states, `move` None for what a state asks when it is entered. Letters
    to somebody else have neither; they are sent at `place`. A button's title is `shown` before it is pressed.
    """

    __slots__ = ("facts", "state", "move", "place", "shown")

    def __init__(
        self, facts: Facts, state: str | None, move: Move | None, place: Place = NOWHERE, shown: bool = False
    ) -> None:
        self.facts: Final = facts
        self.state: Final = state
        self.move: Final = move
        self.place: Final = place
        self.shown: Final = shown


class TellOf(Frozen):
    """A message that an action sends to a role, with what is sure then."""

    __slots__ = ("role", "message", "facts", "place")

    def __init__(self, role: str, message: str, facts: Facts, place: Place) -> None:
        self.role: Final = role
        self.message: Final = message
        self.facts: Final = facts
        self.place: Final = place


class Lack(Frozen):
    """A parameter that an action cannot do without, that is left out, and that no name is sure to fill."""

    __slots__ = ("step", "parameter", "use")

    def __init__(self, step: Step, parameter: str, use: Use) -> None:
        self.step: Final = step
        self.parameter: Final = parameter
        self.use: Final = use


class Uses:
    """All uses in one flow.

    `said` holds them by message, `written` each text and expression outside of messages, `told` what is sent
    to others, `lacks` what actions may lack.
    """

    def __init__(self, moves: Moves, letters: frozenset[str] = frozenset()) -> None:
        self.moves = moves
        self.presence = Presence(moves, letters)
        self.solution = Solution(self.presence)
        self.said: dict[str, list[Use]] = {}
        self.written: list[tuple[Source, Use]] = []
        self.told: list[TellOf] = []
        self.lacks: list[Lack] = []
        self._taken, self._brought = self._on_the_way()
        for name in self.solution.entering:
            self._note_entering(name)
        for name, facts in self.solution.resting.items():
            for site, group in moves.own[name]:
                self._note_rule(site, group, name, facts)
            self._note_asked_again(name, facts)
        for at, (site, group) in enumerate(moves.above):
            self._note_rule(site, group, None, self.solution.above[at])

    # Rules

    def _note_rule(self, site: Site, group: Sequence[Move], state: str | None, before: Facts) -> None:
        rule, presence = site.rule, self.presence
        first = group[0] if group else None
        read = presence.read(site, before)
        resting = before & presence.slots
        for shown in (*rule.title.values(), *rule.about.values()):
            self._note(shown, Use(read, state, first, shown=True))
        self._note(rule.when, Use(resting, state, first))
        for _, value in rule.save:
            self._note(value, Use(read, state, first))
        facts = presence.saving(rule, read)
        for check in rule.validate:
            for parameter in check.parameters.values():
                self._note(parameter, Use(facts, state, first))
            facts |= presence.passed(check)
        facts = self._note_steps(rule.do, presence.saved(rule, facts), state, first)
        for move in group:
            self._note_branch(move, facts, state)
        for move, after, _ in presence.ends(site, group, before):
            end = self.at_the_end(move.goto, after)
            own = presence.seen_by_refusal(site, move, before)
            for message in move.says:
                self._say(message, Use(end | own, state, move))
            if move.ask_again and move.goto is None and state is not None:
                self._ask(state, end, move)

    def _note_branch(self, move: Move, facts: Facts, state: str | None) -> None:
        if move.cause != "goes" or move.branch is None:
            return
        for branch in move.over:
            facts |= self.presence.implies(branch.when, False)
        self._note(move.branch.when, Use(facts, state, move))
        facts |= self.presence.implies(move.branch.when, True)
        self._note_steps(move.branch.do, facts, state, move)

    def _note_steps(self, steps: Sequence[Step], facts: Facts, state: str | None, move: Move | None) -> Facts:
        for step in steps:
            for value in step.parameters.values():
                self._note(value, Use(facts, state, move))
            for name in left_out(step):
                # What always stands there under its own name fills nothing.
                if name in RESERVED or not facts & self.presence.bits(name):
                    self.lacks.append(Lack(step, name, Use(facts, state, move)))
            if step.action == "tell":
                role, message = [literal_of(step.parameters.get(name)) for name in ("to", "message")]
                if role is not None and message is not None:
                    self.told.append(TellOf(role, message, facts, step.place))
            facts = self.presence.step(step, facts)
        return facts

    def _note_asked_again(self, name: str, facts: Facts) -> None:
        """What a state asks when a rule above all states asks again."""
        state = self.moves.flow.states[name]
        if not state.ask:
            return
        for at in self.solution.in_force.get(name, ()):
            site, group = self.moves.above[at]
            if any(move.ask_again and move.goto is None for move in group):
                for move, after, _ in self.presence.ends(site, group, facts):
                    if move.ask_again and move.goto is None:
                        self._ask(name, after, move)

    # States

    def _note_entering(self, name: str) -> None:
        state = self.moves.flow.states[name]
        entry = self.solution.entering[name]
        for one in self.moves.entering[name]:
            if one.cause == "goes":
                self._note_branch(one, entry.facts, name)
            elif one.cause == "fails" and one.goto is None:
                for message in one.says:
                    self._say(message, Use(self.presence.entered(one, entry.before), name, one))
        for move, facts, goto, _ in self.solution.passing(name):
            if move is not None:
                end = self.at_the_end(goto, facts)
                for message in move.says:
                    self._say(message, Use(end, name, move))
            if goto is None and (move is None or move.cause != "none"):
                self._ask(name, facts, move)
                if state.choices is not None:
                    self._note_choices(state.choices, Use(facts, name, move))

    def _note_choices(self, choices: Choices, use: Use) -> None:
        self._note(choices.source, use)
        inside = use.replaced(facts=use.facts | self.presence.given[str(choices.name)])
        texts: tuple[Source, ...] = (*choices.title.values(), *choices.about.values(), choices.value)
        for text in texts:
            self._note(text, inside)

    # What is noted

    def _ask(self, name: str, facts: Facts, move: Move | None) -> None:
        for message in self.moves.flow.states[name].ask:
            self._say(message, Use(facts, name, move))

    def _say(self, message: str, use: Use) -> None:
        self.said.setdefault(str(message), []).append(use)

    def _note(self, source: Source | None, use: Use) -> None:
        if source is not None:
            self.written.append((source, use))

    # A turn's replies are worked out at its end

    def at_the_end(self, goto: str | None, facts: Facts) -> Facts:
        """What is sure when the turn that goes there is over: the states it passed did their part."""
        if goto is None:
            return facts
        taken = self.presence.standing(self._taken.get(goto, 0))
        return facts & ~taken | self._brought.get(goto, 0)

    def _on_the_way(self) -> tuple[Mapping[str, Facts], Mapping[str, Facts]]:
        """By state that is entered: what passing on from it may take away, and what it brings for sure."""
        flow, everything = self.moves.flow, self.presence.everything
        acting = any(branch.do for state in flow.states.values() for branch in state.branches)
        if not acting:
            return {}, {}
        taken: dict[str, Facts] = dict.fromkeys(self.moves.entering, 0)
        brought: dict[str, Facts] = dict.fromkeys(self.moves.entering, everything & ~self.presence.slots)
        passing = [name for name, group in self.moves.entering.items() if group]
        for name in self.moves.entering.keys() - set(passing):
            brought[name] = 0
        ways = {name: tuple(self._passed_on(name)) for name in passing}
        before: dict[str, list[str]] = {}
        for name, onward in ways.items():
            for _, _, goto in onward:
                if goto is not None:
                    before.setdefault(goto, []).append(name)
        # Those that a state leads to mostly stand below it: seen from there, a chain is done in one go.
        waiting = list(passing)
        while waiting:
            name = waiting.pop()
            lost, gained = taken[name], brought[name]
            for removes, gives, goto in ways[name]:
                lost |= removes | (taken[goto] if goto is not None else 0)
                gained &= gives | (brought[goto] if goto is not None else 0)
            if (lost, gained) != (taken[name], brought[name]):
                taken[name], brought[name] = lost, gained
                waiting.extend(before.get(name, ()))
        return taken, brought

    def _passed_on(self, name: str) -> Iterator[tuple[Facts, Facts, str | None]]:
        """Each way on from entering the state: what it takes away, what it gives, and where it leads."""
        everything, slots = self.presence.everything, self.presence.slots
        waits = self.moves.waits(name)
        for move in self.moves.entering[name]:
            if move.cause == "goes" and move.branch is not None:
                gives = self._given_by(move.branch)
                after = self.presence.branched(move, everything)
                yield slots & ~after, gives, move.goto
            elif move.cause == "none" and move.goto is not None:
                yield 0, 0, move.goto
        if waits:
            yield 0, 0, None

    def _given_by(self, branch: Branch) -> Facts:
        facts = 0
        for step in branch.do:
            facts = self.presence.step(step, facts)
        return facts & ~self.presence.slots


def left_out(step: Step) -> Iterator[str]:
    """The parameters that the action cannot do without, and that a name has to fill."""
    action = ACTIONS[step.action]
    yield from [name for name in action.filled(step.parameters) if action.parameters[name].required]
