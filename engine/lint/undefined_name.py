"""Finds texts and actions that take a name which is not set on every way that leads to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.actions import ACTIONS
from engine.analysis.journeys import Journeys, Spot
from engine.analysis.moves import Move
from engine.analysis.presence import Facts
from engine.analysis.proofs import Proofs
from engine.analysis.survey import NAMED, Survey, Written, written
from engine.analysis.uses import Lack, Source, Use
from engine.analysis.watched import EMPTY, KEPT, THIS_TURN, Filled
from engine.draft import RESERVED
from engine.expressions import Expression, Read
from engine.lint.checked import CUSTOMER, Checked, Rule
from engine.nearest import meant
from engine.source import NOWHERE, Place, Problem


def check(checked: Checked) -> Iterator[Problem]:
    filled = {
        slot.place
        for survey in checked.surveys
        for name, slot in survey.flow.slots.items()
        if name in survey.saved_slots
    }
    for proofs in checked.proofs:
        slots = proofs.flow.slots
        unsaved = {str(name) for name, slot in slots.items() if slot.place not in filled}
        yield from _Search(checked, proofs, frozenset(unsaved)).problems()


class _Search:
    """One look through a flow. `unsaved` slots are always empty, which is the finding of another rule."""

    def __init__(self, checked: Checked, proofs: Proofs, unsaved: frozenset[str]) -> None:
        self.checked = checked
        self.proofs = proofs
        self.uses = proofs.uses
        self.presence = proofs.uses.presence
        self.unsaved = unsaved
        self._said: set[tuple[str, str]] = set()
        self._reckoned = frozenset(_reckoned_with(proofs.survey))

    def problems(self) -> Iterator[Problem]:
        survey = self.proofs.survey
        for message, texts in survey.spoken:
            names = self.checked.names_told(survey, message.name)
            uses = [*self.uses.said.get(message.name, ()), *self._told(message.name)]
            for text in texts:
                yield from self._in_text(text.beside(names), uses, message.name)
        named = {id(text.source): text.names for text in survey.written}
        by_source: dict[int, tuple[Source, list[Use]]] = {}
        for source, use in self.uses.written:
            by_source.setdefault(id(source), (source, []))[1].append(use)
        for at, (source, uses) in by_source.items():
            yield from self._in_text(written(source, named.get(at, frozenset())), uses, str(at))
        yield from self._lacking()

    def _lacking(self) -> Iterator[Problem]:
        """The actions that lack what they cannot do without, each parameter once."""
        by_step: dict[tuple[int, str], list[Lack]] = {}
        for lack in self.uses.lacks:
            by_step.setdefault((id(lack.step), lack.parameter), []).append(lack)
        for (_, name), lacks in by_step.items():
            step = lacks[0].step
            if name in self.unsaved or not self.checked.is_whole(step.place):
                continue
            conversation = self._nearest(name, [lack.use for lack in lacks])[1]
            write = f"write `{{{step.action}: {{{name}: …}}}}`"
            if name in self.presence.kept:
                said = f"the slot '{name}', which `{step.action}` takes, may be empty here: ask for it before"
            elif name not in RESERVED and self.presence.bits(name):
                said = f"'{name}', which `{step.action}` takes, may not be set here: {write}"
            else:
                said = f"nothing gives `{step.action}` its `{name}`: {write}"
            place, length = step.place, len(step.action)
            yield Problem(place, RULE.name, said, length, conversation=conversation)

    def _in_text(self, text: Written, uses: Sequence[Use], called: str) -> Iterator[Problem]:
        """The names in a text that some use leaves unset, each once in all texts that are called the same."""
        for read in text.reads:
            name = read.path[0]
            if read.kind == "set":
                yield from self._half_set(text, read, uses, called)
                continue
            bits = self.presence.bits(name)
            if not bits or (called, name) in self._said or not self._harms(text, read):
                continue
            bare = [use for use in uses if not use.facts & bits]
            if bare and self._is_known(name, text):
                self._said.add((called, name))
                yield self._problem(text, read, bare, called in self.proofs.flow.messages)

    def _harms(self, text: Written, read: Read) -> bool:
        """Whether an empty value there shows, or is nothing that an action can reckon with."""
        if harms(text, read):
            return True
        return id(text.source) in self._reckoned and read.kind in NAMED and not read.guarded

    def _half_set(self, text: Written, read: Read, uses: Sequence[Use], called: str) -> Iterator[Problem]:
        """A name that the text itself sets, and that some way through it leaves unset."""
        name = read.path[0]
        is_else_known = bool(self.presence.bits(name)) or name in self.proofs.survey.known
        if is_else_known or not uses or (called, name) in self._said or not is_printed(text):
            return
        self._said.add((called, name))
        said = f"'{name}' is set under a condition only: set it in an `else` too, or test it with `if {name}`"
        shown = ((spot, use) for use in uses if (spot := self._spot(use, name)) is not None)
        spot, use = next(shown, (None, uses[0]))
        conversation = self._conversation(spot, use, name) if spot is not None else ()
        place = self.checked.place_of(text, read)
        yield Problem(place, RULE.name, said, len(name), conversation=conversation)

    def _told(self, message: str) -> Iterator[Use]:
        """The uses of a message that an action of any flow, or the workflow, sends to a role."""
        pack = self.checked.pack
        flows = pack.flows if pack else {}
        for sender in self.checked.proofs:
            for told in sender.uses.told:
                if flows.get(meant(told.role, flows) or "") is self.proofs.flow and told.message == message:
                    yield Use(self._carried(sender, told.facts), None, None, told.place)
        moves = pack.workflow.moves.values() if pack and pack.workflow else ()
        for move in moves:
            if move.tell == message and flows.get(CUSTOMER) is self.proofs.flow:
                yield Use(self.presence.given["order"], None, None, move.place)

    def _carried(self, sender: Proofs, facts: Facts) -> Facts:
        """What a letter of another flow makes sure: it is written with the names of its sender."""
        theirs, carried = sender.uses.presence, 0
        for name, bit in self.presence.given.items():
            carried |= bit if facts & theirs.bits(name) else 0
        return carried

    def _is_known(self, name: str, text: Written) -> bool:
        """Whether something gives the name here at all: the finding of other rules where nothing does."""
        if name in self.presence.kept:
            return name not in self.unsaved
        return name in text.names or name in self.proofs.survey.known

    def _problem(self, text: Written, read: Read, bare: Sequence[Use], is_message: bool) -> Problem:
        name = read.path[0]
        use, conversation = self._nearest(name, bare)
        where = where_said(use, text.source.place.file) if is_message else "here"
        if name in self.presence.kept:
            said = f"the slot '{name}' may be empty {where}: ask for it before, or write `{name} or \"…\"`"
        else:
            said = f"'{name}' may not be set {where}: test it with `if {name}`"
        return Problem(
            self.checked.place_of(text, read), RULE.name, said, len(name), conversation=conversation
        )

    # The conversation

    def _nearest(self, name: str, bare: Sequence[Use]) -> tuple[Use, tuple[str, ...]]:
        """The use that is reached first with the name not set, and the conversation that leads to it."""
        nearest = [(spot, use) for use in bare if (spot := self._spot(use, name)) is not None]
        if not nearest:
            return bare[0], ()
        costs = self._journeys_for(name).cost_of
        spot, use = min(nearest, key=lambda one: costs(one[0]))
        return use, self._conversation(spot, use, name)

    def _journeys_for(self, name: str) -> Journeys:
        return self.proofs.watching(name) if name in self.presence.kept else self.proofs.journeys

    def _spot(self, use: Use, name: str) -> Spot | None:
        """The nearest spot from which the use comes with the name not set; None for a letter."""
        is_slot = name in self.presence.kept
        journeys = self._journeys_for(name)
        waits = use.move is not None and use.move.site is not None
        states = [use.state] if use.state is not None else self._states_of(use)
        reached = [
            Spot(state, waits, filled)
            for state in states
            for filled in ((EMPTY, THIS_TURN, KEPT) if is_slot else (EMPTY,))
            if journeys.reaches(state, waits, filled)
        ]
        # A filled slot shows nothing, unless something on this very way empties it.
        spots = [spot for spot in reached if self._stays_empty(use, name, spot.filled)] or reached
        return min(spots, key=journeys.cost_of, default=None)

    def _conversation(self, spot: Spot, use: Use, name: str) -> tuple[str, ...]:
        path = list(self._journeys_for(name).to(spot))
        end = spot.state
        if use.move is not None and not use.shown:
            path.append((spot.state, use.move))
            end = self._resting(use.move.goto or end)
        return self.proofs.storyteller.tell(path, end, name)

    def _stays_empty(self, use: Use, name: str, filled: Filled) -> bool:
        if use.shown:
            return filled == EMPTY
        if filled == EMPTY:
            return True
        after = self.presence.everything
        if use.move is not None:
            after = self.uses.at_the_end(use.move.goto, self.presence.after(use.move, after))
        return not after & self.presence.bits(name)

    def _resting(self, name: str) -> str:
        """Where a turn comes to rest that enters this state and passes on wherever nothing is asked."""
        passed: set[str] = set()
        while name not in passed and not self.proofs.moves.waits(name):
            passed.add(name)
            ways = [move for move in self.proofs.moves.entering[name] if move.cause == "goes"]
            name = next((move for move in ways if _is_always(move)), ways[-1]).goto or name
        return name

    def _states_of(self, use: Use) -> list[str]:
        """The states in which a rule above all states can be set off."""
        if use.move is None or use.move.site is None:
            return []
        site = use.move.site
        in_force = self.uses.solution.in_force
        index = next(at for at, (one, _) in enumerate(self.proofs.moves.above) if one.rule is site.rule)
        return [name for name, above in in_force.items() if index in above]


def _is_always(move: Move) -> bool:
    return move.branch is not None and move.branch.when is None


def _reckoned_with(survey: Survey) -> Iterator[int]:
    """The values by which actions are told how many: with an empty one the turn breaks."""
    for step in survey.steps:
        for name, parameter in ACTIONS[step.action].parameters.items():
            if parameter.schema.get("type") == "integer" and name in step.parameters:
                yield id(step.parameters[name])


def harms(text: Written, read: Read) -> bool:
    """Whether an empty value there shows, or spoils what is reckoned with it."""
    if read.kind not in NAMED:
        return False
    return read.reckoned or (is_printed(text) and not read.guarded)


def is_printed(text: Written) -> bool:
    """Whether what is written there becomes a text: a condition does not, nor a value that keeps its type."""
    source = text.source
    return not isinstance(source, Expression) and not getattr(source, "is_lone", False)


def where_said(use: Use, file: str) -> str:
    """The words on where a message of this file is said."""
    place = _place_of(use)
    if place.line:
        return f"where line {place.line} says this" if place.file == file else f"where {place} says this"
    return f"when the state '{use.state}' asks this" if use.state else "where this is said"


def _place_of(use: Use) -> Place:
    move = use.move
    if move is None:
        return use.place
    if move.answer is not None:
        return move.answer.place
    if move.branch is not None:
        return move.branch.place
    return move.site.rule.place if move.site is not None else NOWHERE


RULE = Rule(
    name="undefined_name",
    about="A text says, or an action takes, a slot, a hole or what an action gives, and on some way it is"
    " not set there.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
states:
  initial:
    commands:
      skip: {words: [skip], goto: confirming}
    input: {save: name, goto: confirming}
  confirming:
    ask: sure
    input: {reply: hello, goto: initial}
messages:
  hello: Hello!
  sure: "Are you sure, {{ name }}?"
  #                       ^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
states:
  initial:
    commands:
      skip: {words: [skip], goto: confirming}
    input: {save: name, goto: confirming}
  confirming:
    ask: sure
    input: {reply: hello, goto: initial}
messages:
  hello: Hello!
  sure: "Are you sure{% if name %}, {{ name }}{% endif %}?"
""",
    },
    check=check,
    profile="pilot",
)
