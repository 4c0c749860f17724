"""Lists the moves of a flow: each outcome that a rule, or entering a state, can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, Literal

from engine.actions import ACTIONS
from engine.analysis.survey import Survey, offers_of
from engine.analysis.walk import Site, always_branches, ends_of, rules_above, rules_of
from engine.flow import Answer, Branch, Flow, Rule, State, Step
from engine.nearest import meant
from engine.words import fold

Cause = Literal["goes", "unreadable", "refused", "fails", "none", "handed_back"]

SPOKEN = frozenset(("command", "choices", "input", "otherwise", "then"))
"""The kinds of rules that a customer sets off by what is said."""


class Move:
    """One outcome.

    `site` is None where a state is entered (or has nothing to choose from); `state` is None above all states.
    It `goes` its way, or an `answer` is given instead: the input is `unreadable` or `refused`, an action
    `fails`, there are `none` to choose from. `detail` is then the validator or the failure's code. `over` are
    the branches before `branch` that do not hold. `goto` is a state that is there, None to stay. A person may
    have `handed_back` the talk, which then returns to where it came from.
    """

    __slots__ = ("state", "site", "cause", "goto", "says", "ask_again", "branch", "over", "answer", "detail")

    def __init__(
        self,
        state: State | None,
        site: Site | None,
        cause: Cause,
        goto: str | None,
        says: tuple[str, ...] = (),
        ask_again: bool = False,
        branch: Branch | None = None,
        over: tuple[Branch, ...] = (),
        answer: Answer | None = None,
        detail: str = "",
    ) -> None:
        self.state: Final = state
        self.site: Final = site
        self.cause: Final = cause
        self.goto: Final = goto
        self.says: Final = says
        self.ask_again: Final = ask_again
        self.branch: Final = branch
        self.over: Final = over
        self.answer: Final = answer
        self.detail: Final = detail

    @property
    def is_spoken(self) -> bool:
        """Whether it follows from what a customer says, and from nothing that the shop may refuse."""
        return self.site is not None and self.site.kind in SPOKEN and self.cause not in ("fails", "none")


class Moves:
    """All moves of one flow. Everything is worked out at its first use."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.flow: Flow = survey.flow
        self._known: dict[str, str | None] = {}
        self._own_words: dict[str, frozenset[str]] = {}

    @cached_property
    def above(self) -> tuple[tuple[Site, tuple[Move, ...]], ...]:
        """The rules above all states, with their moves."""
        return tuple((site, tuple(self._of(site))) for site in rules_above(self.flow))

    @cached_property
    def own(self) -> Mapping[str, tuple[tuple[Site, tuple[Move, ...]], ...]]:
        """By state, its own rules that can be set off there, with their moves."""
        return {
            str(name): tuple(
                (site, tuple(self._of(site)))
                for site in rules_of(state)
                if _hears(state, site.kind)
                and (site.kind != "command" or self.can_be_said(site))
                and (site.kind != "input" or not self._is_never_asked(state, site.rule))
            )
            for name, state in self.flow.states.items()
        }

    @cached_property
    def entering(self) -> Mapping[str, tuple[Move, ...]]:
        """By state, what may happen on entering it before it waits."""
        return {str(name): tuple(self._entering(state)) for name, state in self.flow.states.items()}

    @cached_property
    def unhandled(self) -> frozenset[str]:
        """The human states from which a talk that is handed back returns to where it came from."""
        flow = self.flow
        return frozenset(
            str(name)
            for name, state in flow.states.items()
            if state.human and "handed_back" not in state.events and "handed_back" not in flow.events
        )

    @cached_property
    def calling(self) -> frozenset[str]:
        """The states whose entering may lead to a person, from where the talk may return."""
        if not self.unhandled:
            return frozenset()
        gotos = {move.goto for group in self.own.values() for _, moves in group for move in moves}
        gotos |= {move.goto for _, moves in self.above for move in moves}
        return frozenset(
            goto for goto in gotos if goto is not None and self.unhandled & ends_of(self.flow, goto)
        )

    def waits(self, name: str) -> bool:
        """Whether a turn can come to rest in the state when it enters it."""
        moves = [move for move in self.entering[name] if move.cause == "goes"]
        return any(move.goto is None for move in moves) or not always_branches(
            move.branch for move in moves if move.branch is not None
        )

    def in_force(self, site: Site, state: State) -> bool:
        """Whether a rule that stands above all states can be set off in this one."""
        if not _hears(state, site.kind):
            return False
        if site.kind == "event":
            return site.rule.name not in state.events
        if site.kind == "otherwise":
            return state.otherwise is None or state.otherwise.when is not None
        if site.rule.name in state.ignore or site.rule.name in state.commands:
            return False
        return self.can_be_said(site) and not self._is_overheard(site, state)

    def can_be_said(self, site: Site) -> bool:
        """Whether there is a word, a pattern or a button for the command."""
        rule = site.rule
        return any(rule.words.values()) or any(rule.patterns.values()) or rule.name in self._offered

    def resolved(self, goto: str | None) -> str | None:
        """The state that a goto means: one slip of the pen is the finding of another rule."""
        if goto is None:
            return None
        if goto not in self._known:
            found = meant(goto, self.flow.states)
            self._known[str(goto)] = None if found is None else str(found)
        return self._known[goto]

    @cached_property
    def _offered(self) -> frozenset[str]:
        return frozenset(
            str(button.command) for message in self.survey.messages for button in offers_of(message)
        )

    def _is_never_asked(self, state: State, rule: Rule) -> bool:
        """Whether a command there takes every text, and the input nothing else."""
        if rule.accepts != ("text",):
            return False
        own = state.commands.values()
        above = (one for one in self._taking_all if one.name not in {*state.ignore, *state.commands})
        return any(_takes_all(one) for one in own) or next(above, None) is not None

    @cached_property
    def _taking_all(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.flow.commands.values() if _takes_all(rule))

    def _is_overheard(self, site: Site, state: State) -> bool:
        """Whether each word of the flow's command means a command of the state there."""
        rule = site.rule
        if not state.commands or any(rule.patterns.values()) or rule.name in self._offered:
            return False
        own = self._own_words.get(state.name)
        if own is None:
            own = frozenset(
                fold(word)
                for command in state.commands.values()
                if command.when is None
                for words in command.words.values()
                for word in words
            )
            self._own_words[str(state.name)] = own
        return bool(own) and all(fold(word) in own for words in rule.words.values() for word in words)

    def _of(self, site: Site) -> Iterator[Move]:
        rule, state = site.rule, site.state
        for at, branch in enumerate(rule.branches):
            goto = branch.goto if branch.goto is not None else rule.goto
            says = (*rule.reply, *branch.reply)
            yield Move(
                state,
                site,
                "goes",
                self.resolved(goto),
                says,
                rule.ask_again,
                branch,
                rule.branches[:at],
            )
            if branch.when is None:
                break
        if not always_branches(rule.branches):
            yield Move(
                state,
                site,
                "goes",
                self.resolved(rule.goto),
                rule.reply,
                rule.ask_again,
                None,
                rule.branches,
            )
        if site.kind not in ("event", "after"):
            if rule.unreadable is not None:
                yield self._answered(state, site, "unreadable", rule.unreadable)
            for check in rule.validate:
                if check.refusal is not None:
                    yield self._answered(state, site, "refused", check.refusal, check.validator)
        yield from self._failures(state, site, rule.do, rule.fails)
        for branch in rule.branches:
            yield from self._failures(state, site, branch.do, branch.fails, rule.fails)

    def _entering(self, state: State) -> Iterator[Move]:
        for at, branch in enumerate(state.branches):
            goto = self.resolved(branch.goto)
            yield Move(state, None, "goes", goto, branch.reply, False, branch, state.branches[:at])
            if branch.when is None:
                break
        for branch in state.branches:
            yield from self._failures(state, None, branch.do, branch.fails)
        if state.choices is not None and state.choices.none is not None:
            yield self._answered(state, None, "none", state.choices.none)

    def _failures(
        self,
        state: State | None,
        site: Site | None,
        steps: Iterable[Step],
        fails: Mapping[str, Answer],
        above: Mapping[str, Answer] | None = None,
    ) -> Iterator[Move]:
        """What these answer, and what the flow answers to those failures that they leave to it."""
        for code, answer in fails.items():
            yield self._answered(state, site, "fails", answer, code)
        codes = dict.fromkeys(code for step in steps for code in ACTIONS[step.action].fails)
        for code in codes:
            if code not in fails and code not in (above or ()) and code in self.flow.fails:
                yield self._answered(state, site, "fails", self.flow.fails[code], code)

    def _answered(
        self, state: State | None, site: Site | None, cause: Cause, answer: Answer, detail: str = ""
    ) -> Move:
        goto = self.resolved(answer.goto)
        return Move(
            state, site, cause, goto, answer.reply, answer.ask_again, answer=answer, detail=str(detail)
        )


def _takes_all(rule: Rule) -> bool:
    """Whether every text fits a pattern of the rule, whatever else holds."""
    if rule.when is not None or not rule.patterns:
        return False
    from engine.analysis.scopes import is_catch_all

    return any(is_catch_all(pattern) for group in rule.patterns.values() for pattern in group)


def _hears(state: State, kind: str) -> bool:
    """Whether a rule of this kind can be set off in the state at all."""
    return kind in ("event", "after") or not (state.human or state.final)
