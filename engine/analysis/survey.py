"""Surveys one flow: what is said where, which names each text may read, and what leads where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from engine.actions import ACTIONS
from engine.analysis.walk import Site, Way, ends_of, every_rule, every_way, understood_in
from engine.draft import RESERVED
from engine.expressions import Expression, Read, Text, Value
from engine.flow import Branch, Button, Choices, Flow, Message, Rule, State, Step
from engine.source import Place

NO_NAMES: frozenset[str] = frozenset()
NAMED = ("name", "call")
"""The kinds of read that begin with a name."""


class Said:
    """One use of a message: the word that names it, the names its text may read, where the turn can end."""

    __slots__ = ("message", "names", "ends")

    def __init__(self, message: str, names: frozenset[str], ends: frozenset[str]) -> None:
        self.message: Final = message
        self.names: Final = names
        self.ends: Final = ends


class Told:
    """A message that is sent to a role, and the names that come with it."""

    __slots__ = ("role", "message", "place", "names")

    def __init__(self, role: str, message: str, place: Place, names: frozenset[str]) -> None:
        self.role: Final = role
        self.message: Final = message
        self.place: Final = place
        self.names: Final = names


class Written:
    """A text or an expression, with the names that it may read beside slots and reserved names."""

    __slots__ = ("source", "names", "reads")

    def __init__(
        self, source: Text | Expression | Value, names: frozenset[str], reads: tuple[Read, ...]
    ) -> None:
        self.source: Final = source
        self.names: Final = names
        self.reads: Final = reads

    def beside(self, names: frozenset[str]) -> Written:
        """The same, which may read these names too."""
        return Written(self.source, self.names | names, self.reads) if names else self


class Survey:
    """What can be known of one flow without running it. Everything is worked out at its first use."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        return tuple(every_rule(self.flow))

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        return tuple(every_way(self.flow))

    @cached_property
    def commands(self) -> frozenset[str]:
        """Every command that any state or the flow has."""
        return frozenset(self.flow.commands).union(*(state.commands for state in self.flow.states.values()))

    @cached_property
    def called(self) -> Mapping[str, tuple[tuple[State | None, Rule], ...]]:
        """Command: every rule of this name, the flow's (without a state) and the states' own."""
        found: dict[str, list[tuple[State | None, Rule]]] = {
            name: [(None, rule)] for name, rule in self.flow.commands.items()
        }
        for state in self.flow.states.values():
            for name, rule in state.commands.items():
                found.setdefault(name, []).append((state, rule))
        return {name: tuple(rules) for name, rules in found.items()}

    @cached_property
    def shown_as_lists(self) -> frozenset[str]:
        """Messages whose buttons become the last rows of their state's choices."""
        asks = (state.ask for state in self.flow.states.values() if state.choices is not None)
        return frozenset(ask[-1] for ask in asks if ask)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every use of an action, each once."""
        return tuple(
            step
            for branches in (site.rule.branches for site in self.sites)
            for branch in branches
            for step in branch.do
        ) + tuple(
            step
            for group in (
                *(site.rule.do for site in self.sites),
                *(branch.do for state in self.flow.states.values() for branch in state.branches),
            )
            for step in group
        )

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """Every message as every language has it; one that stands for several languages once."""
        return tuple(
            message
            for by_language in self.flow.messages.values()
            for message in {id(message): message for message in by_language.values()}.values()
        )

    def named_in_steps(self, kind: str) -> Iterator[tuple[str, Place]]:
        """What parameters of actions name literally: a `slot`, `message`, `language` or `role`."""
        for step in self.steps:
            yield from _named(step, kind)

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """Every message that an action sends to a role."""
        found = []
        for way in self.ways:
            for step in way.steps:
                for role, _ in _named(step, "role"):
                    for message, place in _named(step, "message"):
                        found.append(
                            Told(role, message, place, self.names_on(way) | frozenset(self.flow.slots))
                        )
        return tuple(found)

    @cached_property
    def saved_slots(self) -> frozenset[str]:
        """What rules save to, whether or not there is such a slot."""
        return frozenset(slot for site in self.sites for slot, _ in site.rule.save)

    @cached_property
    def read_names(self) -> frozenset[str]:
        """Every name that is read in a text or an expression."""
        every = (*self.written, *(one for _, texts in self.spoken for one in texts))
        found = {read.path[0] for text in every for read in text.reads if read.kind in NAMED}
        return frozenset(found)

    @cached_property
    def filled_names(self) -> frozenset[str]:
        """Parameters of actions that are left out, and take what stands under their own names."""
        return frozenset(name for step in self.steps for name in ACTIONS[step.action].filled(step.parameters))

    @cached_property
    def strange_names(self) -> frozenset[str]:
        """Names that are read and stand for nothing anywhere in the flow: slips of the pen."""
        given = frozenset(name for step in self.steps for name in ACTIONS[step.action].gives)
        return self.read_names - self.known - self.holes - self.lines - given

    # Names

    @cached_property
    def holes(self) -> frozenset[str]:
        """The names of all holes of the flow's patterns, and of the values that its buttons carry."""
        names = {
            hole.name
            for site in self.sites
            for group in site.rule.patterns.values()
            for pattern in group
            for hole in pattern.holes
        }
        return frozenset(names).union(*self.pressed_with.values())

    @cached_property
    def lines(self) -> frozenset[str]:
        """What the lines of `choices` are called."""
        return frozenset(state.choices.name for state in self.flow.states.values() if state.choices)

    @cached_property
    def pressed_with(self) -> Mapping[str, frozenset[str]]:
        """Command: the names that its buttons carry, which stand like holes when one is pressed."""
        found: dict[str, frozenset[str]] = {}
        for message in self.messages:
            for button in (*message.buttons, *message.rows):
                if button.values:
                    found[button.command] = found.get(button.command, NO_NAMES) | frozenset(button.values)
        return found

    def read_by(self, site: Site | None) -> frozenset[str]:
        """The names that stand before a rule's actions: holes, what a button, an event or a pick brings."""
        if site is None:
            return NO_NAMES
        holes = {
            hole.name for group in site.rule.patterns.values() for pattern in group for hole in pattern.holes
        }
        if site.kind == "command":
            return self.pressed_with.get(site.rule.name, NO_NAMES) | holes
        if site.kind == "event":
            return frozenset(holes | {"order"})
        if site.kind == "choices" and site.state is not None and site.state.choices is not None:
            return frozenset(holes | {site.state.choices.name})
        return frozenset(holes)

    def names_on(self, way: Way) -> frozenset[str]:
        """The names that stand at the end of a way."""
        before = (
            self.entered_with.get(way.state.name, NO_NAMES) if way.site is None and way.state else NO_NAMES
        )
        return self.read_by(way.site) | given_by(way.steps) | before

    @cached_property
    def entered_with(self) -> Mapping[str, frozenset[str]]:
        """State: the names that some turn which enters it brings along."""
        found: dict[str, frozenset[str]] = dict.fromkeys(self.flow.states, NO_NAMES)
        passing = []
        for way in self.ways:
            if way.goto not in found:
                continue
            if way.site is None:
                passing.append(way)
            else:
                found[way.goto] |= self.read_by(way.site) | given_by(way.steps)
        changed = True
        while changed:
            changed = False
            for way in passing:
                brought = given_by(way.steps) | (found[way.state.name] if way.state else NO_NAMES)
                if way.goto is not None and not brought <= found[way.goto]:
                    found[way.goto] |= brought
                    changed = True
        return found

    @cached_property
    def asked_with(self) -> Mapping[str, frozenset[str]]:
        """State: the names that its `ask` may read, those of the rules that ask again among them."""
        found = dict(self.entered_with)
        everywhere = NO_NAMES
        for way in self.ways:
            if way.ask_again and way.goto is None:
                if way.state is None:
                    everywhere |= self.names_on(way)
                else:
                    found[way.state.name] |= self.names_on(way)
        return {name: names | everywhere for name, names in found.items()}

    # Messages

    @cached_property
    def said(self) -> Mapping[str, tuple[Said, ...]]:
        """Message: each of its uses in this flow. Names that no message has stand here too."""
        found: dict[str, list[Said]] = {}
        for way in self.ways:
            if way.says:
                names, ends = self.names_on(way), self.ends_on(way)
                for word in way.says:
                    found.setdefault(word, []).append(Said(word, names, ends))
        for state in self.flow.states.values():
            for word in state.ask:
                said = Said(word, self.asked_with[state.name], frozenset((state.name,)))
                found.setdefault(word, []).append(said)
        return {word: tuple(uses) for word, uses in found.items()}

    def ends_on(self, way: Way) -> frozenset[str]:
        """The states in which a turn that goes this way can come to rest."""
        if way.goto is not None:
            return ends_of(self.flow, way.goto)
        if way.state is not None:
            return frozenset((way.state.name,))
        if way.site is None or way.site.kind != "command":
            return frozenset(self.flow.states)
        return frozenset(
            name
            for name, state in self.flow.states.items()
            if understood_in(self.flow, state).get(way.site.rule.name) is way.site.rule
        )

    # Texts and expressions

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """Every text and expression outside of messages."""
        return tuple(self._written())

    def _written(self) -> Iterator[Written]:
        for site in self.sites:
            yield from self._in_rule(site)
        for state in self.flow.states.values():
            entered = self.entered_with[state.name]
            for branch in state.branches:
                yield from _in_branch(branch, entered)
            if state.choices is not None:
                yield from _in_choices(state.choices, self.asked_with[state.name])

    def _in_rule(self, site: Site) -> Iterator[Written]:
        rule = site.rule
        pressed = self.pressed_with.get(rule.name, NO_NAMES) if site.kind == "command" else NO_NAMES
        yield from (written(text, pressed) for text in (*rule.title.values(), *rule.about.values()))
        if rule.when is not None:
            yield written(rule.when, NO_NAMES)
        read = self.read_by(site)
        yield from (written(value, read) for _, value in rule.save if value is not None)
        for check in rule.validate:
            yield from (written(value, read) for value in check.parameters.values())
        yield from _in_steps(rule.do, read)
        given = read | given_by(rule.do)
        for branch in rule.branches:
            yield from _in_branch(branch, given)

    @cached_property
    def spoken(self) -> tuple[tuple[Message, tuple[Written, ...]], ...]:
        """Every message of every language with its texts, which may read what any of its uses here brings."""
        found = []
        for message in self.messages:
            names = NO_NAMES.union(*(said.names for said in self.said.get(message.name, ())))
            found.append((message, tuple(written(text, names) for text in texts_of(message))))
        return tuple(found)

    @cached_property
    def known(self) -> frozenset[str]:
        """The names that stand everywhere in the flow."""
        return RESERVED | frozenset(self.flow.slots)


def written(source: Text | Expression | Value, names: frozenset[str]) -> Written:
    """The text or expression with what it reads."""
    return Written(source, names, source.reads())


def literal_of(value: Text | Expression | Value | None) -> str | None:
    """What a text without any `{{ }}` says; None for any other."""
    constant = getattr(value, "constant", None)
    return constant if isinstance(constant, str) else None


def given_by(steps: Iterable[Step]) -> frozenset[str]:
    """The names that the actions give to the rest of the turn."""
    return frozenset(name for step in steps for name in ACTIONS[step.action].gives)


def _named(step: Step, kind: str) -> Iterator[tuple[str, Place]]:
    parameters = ACTIONS[step.action].parameters
    for name, value in step.parameters.items():
        if name in parameters and parameters[name].schema.get("format") == kind:
            literal = literal_of(value)
            if literal is not None:
                yield literal, value.place


def _in_branch(branch: Branch, names: frozenset[str]) -> Iterator[Written]:
    if branch.when is not None:
        yield written(branch.when, names)
    yield from _in_steps(branch.do, names)


def _in_steps(steps: Iterable[Step], names: frozenset[str]) -> Iterator[Written]:
    for step in steps:
        for value in step.parameters.values():
            yield written(value, names)
        names |= given_by((step,))


def _in_choices(choices: Choices, names: frozenset[str]) -> Iterator[Written]:
    yield written(choices.source, names)
    inside = names | {choices.name}
    lines: tuple[Text | Value, ...] = (*choices.title.values(), *choices.about.values(), choices.value)
    for text in lines:
        yield written(text, inside)


def texts_of(message: Message) -> Iterator[Text | Value]:
    """Every text of a message, the values of its buttons included."""
    for text in (message.text, message.list_button, message.header, message.footer, message.products):
        if text is not None:
            yield text
    if message.media is not None:
        yield message.media[1]
    for button in (*message.buttons, *message.rows):
        yield from button.values.values()


def offers_of(message: Message) -> tuple[Button, ...]:
    """The commands that a message offers, as buttons or as rows."""
    return (*message.buttons, *message.rows)
