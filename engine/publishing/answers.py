"""Says where answers land, and whether two versions of a state ask for the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.actions import ACTIONS
from engine.expressions import Expression, Value
from engine.flow import NOTHING, Flow, Message, Rule, State, Step
from engine.machine import understands
from engine.publishing.fingerprint import meaning
from engine.words import fold

Holes = Mapping[str, str]
"""Name of a hole: what stands for it, so that holes are compared by what they read and not by their names."""


class Landing(NamedTuple):
    """One place where an answer lands: a slot, or a parameter of an action.

    `type` is the slot's, `what` the value that is kept. `is_said` tells those that take something from the
    answer from those that the flow writes itself.
    """

    place: str
    type: str
    what: str
    is_said: bool


class Stand(NamedTuple):
    """A state of one version, with the flow that it stands in."""

    state: State
    flow: Flow

    def commands(self) -> dict[str, Rule]:
        """Everything that is understood here by its name: the state's own commands come first."""
        above = {str(name): rule for name, rule in self.flow.commands.items()
                 if understands(self.flow, self.state, name)}  # fmt: skip
        return {**{str(name): rule for name, rule in self.state.commands.items()}, **above}

    def otherwise(self) -> Rule | None:
        """What takes a message that nothing else understands."""
        return self.state.otherwise or self.flow.otherwise


# Where an answer lands


def landings(rule: Rule | None, flow: Flow, holes: Holes = NOTHING) -> frozenset[Landing]:
    """Where the rule keeps what is said to it."""
    return frozenset(_landings(rule, flow, holes)) if rule is not None else frozenset()


def said(found: frozenset[Landing]) -> frozenset[Landing]:
    """The landings that take something from the answer."""
    return frozenset(landing for landing in found if landing.is_said)


def _landings(rule: Rule, flow: Flow, holes: Holes) -> Iterator[Landing]:
    known = {"message", *holes}
    for name, value in rule.save:
        slot = str(name)
        kind = str(flow.slots[slot].type)
        if value is None:
            # One hole is the answer whatever it is called; of several, the one with the slot's name.
            only = next(iter(holes.values())) if len(holes) == 1 else "message"
            yield Landing(slot, kind, holes.get(slot, only), True)
        else:
            yield Landing(slot, kind, _filled(value, holes), _reads(value, known))
        known.add(slot)
    for step in _steps(rule):
        action = ACTIONS[step.action]
        for name, given in step.parameters.items():
            if _reads(given, known):
                yield Landing(f"{step.action}.{name}", "", _filled(given, holes), True)
        for name, parameter in action.parameters.items():
            if parameter.filled and name not in step.parameters and name in holes:
                yield Landing(f"{step.action}.{name}", "", holes[name], True)


def _steps(rule: Rule) -> Iterator[Step]:
    yield from rule.do
    for branch in rule.branches:
        yield from branch.do


def _reads(value: Value | Expression, names: set[str]) -> bool:
    return any(read.kind in ("name", "call") and read.path[0] in names for read in value.reads())


def _filled(value: Value | Expression, holes: Holes) -> str:
    """The value as it is written, with what stands for the holes in their places."""
    source = "".join(str(value.source).split())
    return re.sub(r"\w+", lambda word: holes.get(word[0], word[0]), source)


# Whether two states ask for the same


def asks_the_same(here: Stand, there: Stand) -> bool:
    """Whether what may be said here is taken there as it is here: as the same answer, as the same command."""
    return (
        _takes_the_same(here, there)
        and not _has_changed_places(here, there)
        and not _means_something_else(here, there)
    )


def _takes_the_same(here: Stand, there: Stand) -> bool:
    old, new = here.state, there.state
    if old.choices is not None and (new.choices is None or _line(here) != _line(there)):
        return False
    if landings(old.input, here.flow) != landings(new.input, there.flow):
        return False
    if said(landings(here.otherwise(), here.flow)) != said(landings(there.otherwise(), there.flow)):
        return False
    before, after = _shapes(here), _shapes(there)
    alone = [{shape: taken for shape, taken in shapes.items() if shape == "{}"} for shapes in (before, after)]
    # A lone hole takes all that is said, as an input does; of any other shape there may be more, or fewer.
    return alone[0] == alone[1] and all(before[one] == after[one] for one in before.keys() & after.keys())


def _line(stand: Stand) -> tuple[frozenset[Landing], str]:
    """What a pick from the state's choices stands for, and where it is kept."""
    choices = stand.state.choices
    assert choices is not None  # noqa: S101
    return landings(choices.rule, stand.flow, {str(choices.name): "pick"}), str(choices.value.source)


def _shapes(stand: Stand) -> dict[str, frozenset[Landing]]:
    """Where the holes of each pattern land, by the pattern without their names."""
    found: dict[str, frozenset[Landing]] = {}
    for rule in stand.commands().values():
        for pattern in (one for group in rule.patterns.values() for one in group):
            shape = "".join(re.sub(r"\{[^{}]*\}", "{}", pattern.source).split())
            holes = {hole.name: f"{at}:{hole.type}" for at, hole in enumerate(pattern.holes)}
            taken = landings(rule, stand.flow, holes)
            if shape != "{}" or taken:
                found.setdefault(shape, taken)
    return found


# Questions


def _has_changed_places(here: Stand, there: Stand) -> bool:
    """Whether the question of this state is another state's now, by all that can be told.

    Texts are mended all the time, and an answer that lands where it did is still in its place. In a list that
    several questions fill, though, every answer lands in one place.
    """
    if not is_reworded(here, there):
        return False
    lost = _asked(here) - _asked(there)
    kept = {landing.place for landing in landings(there.state.input, there.flow)}
    led_to = set(there.flow.moved.values())
    for name, state in there.flow.states.items():
        if name == there.state.name:
            continue
        before = here.flow.states.get(name)
        if before is None:
            fills = {landing.place for landing in landings(state.input, there.flow)}
            if name not in led_to and fills & kept:
                return True
            asked_before = frozenset[str]()
        else:
            asked_before = _asked(Stand(before, here.flow))
        if lost & (_asked(Stand(state, there.flow)) - asked_before):
            return True
    return False


def is_reworded(here: Stand, there: Stand) -> bool:
    """Whether the question has other words, in a language that both versions speak."""
    common = [one for one in here.flow.languages if one in there.flow.languages]
    return any(_words(here, language) != _words(there, language) for language in common)


def _asked(stand: Stand) -> frozenset[str]:
    """The messages that ask here, by their names and by their words."""
    words = {text for language in stand.flow.languages for text in _words(stand, language)}
    return frozenset(words | {f"`{name}`" for name in stand.state.ask})


def _words(stand: Stand, language: str) -> tuple[str, ...]:
    messages: list[Mapping[str, Message]] = [stand.flow.messages.get(name, {}) for name in stand.state.ask]
    texts = [one[language].text for one in messages if language in one]
    return tuple(str(text.source) for text in texts if text is not None)


# Commands


def _means_something_else(here: Stand, there: Stand) -> bool:
    """Whether a word or a button would do there what it was not pressed or said for here."""
    before, after = here.commands(), there.commands()
    if any(_is_exchanged(name, before, after) for name in before.keys() & after.keys()):
        return True
    own = here.state.commands.keys() & there.state.commands.keys()
    if is_reworded(here, there) and any(_deeds(before[name]) != _deeds(after[name]) for name in own):
        return True
    old, new = _by_word(before), _by_word(after)
    return any(
        old[word] != new[word] and not do_the_same(before[old[word]], after[new[word]])
        for word in old.keys() & new.keys()
    )


def _is_exchanged(name: str, before: Mapping[str, Rule], after: Mapping[str, Rule]) -> bool:
    """Whether the command does what another did, and another does what it did.

    A command that does something new is a command that was mended.
    """
    if do_the_same(before[name], after[name]):
        return False
    others = (before.keys() | after.keys()) - {name}
    return any(one in before and do_the_same(before[one], after[name]) for one in others) and any(
        one in after and do_the_same(before[name], after[one]) for one in others
    )


def _by_word(commands: Mapping[str, Rule]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, rule in commands.items():
        for word in (one for words in rule.words.values() for one in words):
            found.setdefault(fold(word), name)
    return found


def do_the_same(one: Rule, other: Rule) -> bool:
    """Whether two rules do the same and lead to the same state, whatever they say."""
    ways = [[rule.goto, [branch.goto for branch in rule.branches]] for rule in (one, other)]
    return ways[0] == ways[1] and _deeds(one) == _deeds(other)


def _deeds(rule: Rule) -> object:
    return meaning([rule.save, rule.do, [[branch.when, branch.do] for branch in rule.branches]])
