"""Walks a flow: every rule with the state it stands in, and every way on which a turn can leave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from engine.analysis.conditions import are_closed
from engine.flow import Answer, Branch, Flow, Rule, State, Step
from engine.frozen import Frozen
from engine.source import Place


class Site(Frozen):
    """A rule and where it stands: its state (None for the flow's own) and its kind.

    Kinds: `command event choices input otherwise then after`.
    """

    __slots__ = ("state", "kind", "rule")

    def __init__(self, state: State | None, kind: str, rule: Rule) -> None:
        self.state: Final = state
        self.kind: Final = kind
        self.rule: Final = rule


class Way(Frozen):
    """One way on which a turn can go: what it says, does and where it leads.

    `state` is None for what stands above all states. `site` is None for the branches of a state that is
    entered, for the `none` of its choices and for the flow's `fails`. A `failing` way is the answer of a
    refusal or a failure.
    """

    __slots__ = ("state", "site", "says", "goto", "ask_again", "steps", "failing", "place")

    def __init__(
        self,
        state: State | None,
        site: Site | None,
        says: tuple[str, ...],
        goto: str | None,
        ask_again: bool,
        steps: tuple[Step, ...],
        failing: bool,
        place: Place,
    ) -> None:
        self.state: Final = state
        self.site: Final = site
        self.says: Final = says
        self.goto: Final = goto
        self.ask_again: Final = ask_again
        self.steps: Final = steps
        self.failing: Final = failing
        self.place: Final = place


def rules_of(state: State) -> Iterator[Site]:
    """The rules of one state."""
    for rule in state.commands.values():
        yield Site(state, "command", rule)
    for rule in state.events.values():
        yield Site(state, "event", rule)
    if state.choices is not None:
        yield Site(state, "choices", state.choices.rule)
    if state.input is not None:
        yield Site(state, "input", state.input)
    if state.otherwise is not None:
        yield Site(state, "otherwise", state.otherwise)
    if state.tries is not None:
        yield Site(state, "then", state.tries.then)
    for rule in state.after:
        yield Site(state, "after", rule)


def rules_above(flow: Flow) -> Iterator[Site]:
    """The rules that stand above all states."""
    for rule in flow.commands.values():
        yield Site(None, "command", rule)
    for rule in flow.events.values():
        yield Site(None, "event", rule)
    if flow.otherwise is not None:
        yield Site(None, "otherwise", flow.otherwise)


def every_rule(flow: Flow) -> Iterator[Site]:
    """All rules of the flow."""
    yield from rules_above(flow)
    for state in flow.states.values():
        yield from rules_of(state)


def states_of(site: Site, flow: Flow) -> Iterator[State]:
    """The states in which the rule is in force."""
    if site.state is not None:
        yield site.state
        return
    for state in flow.states.values():
        if state.human or state.final:
            continue
        if site.kind == "otherwise":
            if state.otherwise is None or state.otherwise.when is not None:
                yield state
        elif site.rule.name not in state.ignore and site.rule.name not in state.commands:
            yield state


def ways_of(site: Site) -> Iterator[Way]:
    """Every way on which the rule can go: its branches, going on without one, and its answers."""
    rule, state = site.rule, site.state
    for branch in rule.branches:
        yield Way(
            state,
            site,
            (*rule.reply, *branch.reply),
            branch.goto if branch.goto is not None else rule.goto,
            rule.ask_again,
            (*rule.do, *branch.do),
            False,
            branch.place,
        )
    if not always_branches(rule.branches):
        yield Way(state, site, rule.reply, rule.goto, rule.ask_again, rule.do, False, rule.place)
    for answer in answers_of(rule):
        yield _answering(state, site, answer, rule.do)
    if site.kind == "choices" and state is not None and state.choices and state.choices.none:
        # Nothing was picked where this is said.
        yield _answering(state, None, state.choices.none, ())


def every_way(flow: Flow) -> Iterator[Way]:
    """All ways of the flow, those of entering a state included."""
    for site in every_rule(flow):
        yield from ways_of(site)
    for answer in flow.fails.values():
        yield _answering(None, None, answer, ())
    for state in flow.states.values():
        for branch in state.branches:
            yield Way(state, None, branch.reply, branch.goto, False, branch.do, False, branch.place)
            for answer in branch.fails.values():
                yield _answering(state, None, answer, branch.do)


def _answering(state: State | None, site: Site | None, answer: Answer, steps: tuple[Step, ...]) -> Way:
    return Way(state, site, answer.reply, answer.goto, answer.ask_again, steps, True, answer.place)


def answers_of(rule: Rule) -> Iterator[Answer]:
    """What is answered where the rule does not go its way."""
    if rule.unreadable is not None:
        yield rule.unreadable
    for check in rule.validate:
        if check.refusal is not None:
            yield check.refusal
    yield from rule.fails.values()
    for branch in rule.branches:
        yield from branch.fails.values()


def always_branches(branches: Iterable[Branch]) -> bool:
    """Whether one of the branches is always taken."""
    return are_closed([branch.when for branch in branches])


def fallbacks(flow: Flow, state: State) -> tuple[Rule, ...]:
    """The rules for what the state did not understand: the first of them that is there is taken."""
    return tuple(rule for rule in (state.otherwise, flow.otherwise) if rule is not None)


def understood_in(flow: Flow, state: State) -> Mapping[str, Rule]:
    """The commands that can be used in a state: its own, and the flow's that it does not ignore."""
    if state.human or state.final:
        return {}
    above = {name: rule for name, rule in flow.commands.items() if name not in state.ignore}
    return {**above, **state.commands}


def leaving(flow: Flow, state: State) -> Iterator[Way]:
    """Every way on which a turn that begins in this state, or enters it, can go."""
    for branch in state.branches:
        yield Way(state, None, branch.reply, branch.goto, False, branch.do, False, branch.place)
        for answer in branch.fails.values():
            yield _answering(state, None, answer, branch.do)
    if state.final:
        return
    for site in rules_of(state):
        if not state.human or site.kind in ("event", "after"):
            yield from ways_of(site)
    for name, rule in flow.events.items():
        if name not in state.events:
            yield from ways_of(Site(None, "event", rule))
    if not state.human:
        for name, rule in understood_in(flow, state).items():
            if name not in state.commands:
                yield from ways_of(Site(None, "command", rule))
        if state.otherwise is None and flow.otherwise is not None:
            yield from ways_of(Site(None, "otherwise", flow.otherwise))
    for answer in flow.fails.values():
        yield _answering(None, None, answer, ())


def ends_of(flow: Flow, name: str) -> frozenset[str]:
    """The states in which a turn that goes to this state can come to rest."""
    ends: set[str] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at in seen or at not in flow.states:
            continue
        seen.add(at)
        state = flow.states[at]
        waiting.extend(branch.goto for branch in state.branches if branch.goto is not None)
        if not always_branches(state.branches) or any(branch.goto is None for branch in state.branches):
            ends.add(at)
    return frozenset(ends)
