"""Carries out a rule whole or not at all, and enters the states that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from engine.conversation import Conversation
from engine.draft import Draft, Failed
from engine.expressions import MISSING
from engine.flow import MOST_STATES_PASSED, Answer, Branch
from engine.program import CompiledRule, CompiledState, CompiledStep, Program
from engine.reading import plain
from engine.source import Spot
from engine.turn import BrokenTurn, Failure, Unfit

NO_FAILS: Mapping[str, Answer] = {}


class Execution:
    """Steps 6 and 7 of a turn, over one program. It keeps nothing of its own: only the draft changes."""

    __slots__ = ("program",)

    def __init__(self, program: Program) -> None:
        self.program = program

    def take(
        self,
        draft: Draft,
        rule: CompiledRule,
        saves: list[tuple[str, Any]] | None = None,
        understood: bool = True,
    ) -> None:
        """Steps 6 and 7: all of it, or nothing and the failure's answer."""
        if saves:
            # From here on a slot is read as it stands: where a failure takes all back, as it stood before.
            for slot, _ in saves:
                draft.given.pop(slot, None)
        if rule.acts:
            work = partial(self._carry_out, draft, rule, saves, understood)
            self.attempt(draft, work, rule.rule.fails, rule.at)
        else:
            self._carry_out(draft, rule, saves, understood)

    def _carry_out(
        self, draft: Draft, rule: CompiledRule, saves: list[tuple[str, Any]] | None, understood: bool
    ) -> None:
        if understood:
            draft.conversation.tries = 0
        if saves:
            for slot, value in saves:
                draft.save(slot, value)
        if rule.steps:
            self._do(draft, rule.steps)
        draft.replies.extend(rule.reply)
        if self._move(draft, rule):
            self.enter(draft, draft.conversation.state)
        elif rule.ask_again:
            draft.asking = True
        if draft.asking:
            self.settle(draft)

    def _move(self, draft: Draft, rule: CompiledRule) -> bool:
        """Pulls the rule's trigger: the branch that holds does its part on the way. Says whether it moved."""
        draft.choose_none()
        rule.event.pull(draft.conversation, draft, self._chosen)
        branch: Branch | None = draft.chosen
        return rule.moves or (branch is not None and branch.goto is not None)

    def _chosen(self, draft: Draft, branch: Branch | None) -> None:
        if branch is not None:
            draft.chosen = branch
            self._branch(draft, branch)

    def _branch(self, draft: Draft, branch: Branch) -> None:
        compiled = self.program.branches[id(branch)]
        draft.trace.append({"step": "branch", "at": compiled.at})
        draft.branch = branch
        self._do(draft, compiled.steps)
        draft.branch = None
        draft.replies.extend(branch.reply)

    def enter(self, draft: Draft, name: str) -> None:
        """Enters the state and passes on through states whose branches hold."""
        talk = draft.conversation
        at = draft.at
        while True:
            draft.passed += 1
            if draft.passed > MOST_STATES_PASSED:
                raise BrokenTurn(f"more than {MOST_STATES_PASSED} states in one turn, the last is {name}")
            state = self.program.states[name]
            talk.state = str(name)
            talk.visit += 1
            talk.entered_at = at
            talk.tries = 0
            if talk.fired:
                talk.fired = []
            if talk.offered:
                talk.offer, talk.offered = [], []
            draft.trace.append({"step": "went", "to": talk.state})
            if state.human:
                draft.calls_person = True
                if not self.program.states[draft.origin].human:
                    talk.came_from = draft.origin
            onward = self._pass_through(draft, state)
            if onward is None:
                draft.asking = True
                return
            name = onward

    def _pass_through(self, draft: Draft, state: CompiledState) -> str | None:
        """Takes the first branch of the state that holds; the state it leads to, None to wait here."""
        for branch in state.branches:
            if branch.when is None or branch.when.evaluate(draft):
                self._branch(draft, branch)
                return branch.goto
        return None

    def settle(self, draft: Draft) -> None:
        """Looks up the choices of the state that asks; where there are none, `none` answers instead."""
        while draft.asking:
            choices = self.program.states[draft.conversation.state].state.choices
            draft.items = None
            if choices is None:
                return
            items = list(choices.source.evaluate(draft) or ())
            if items or choices.none is None:
                draft.items = items or None
                return
            draft.asking = False
            draft.trace.append({"step": "none_to_choose", "at": Spot.of(choices.none.place)})
            self.answer(draft, choices.none)
            if choices.none.goto is None:
                draft.asking = False

    def answer(self, draft: Draft, answer: Answer) -> None:
        """Says the answer and goes where it leads."""
        draft.replies.extend(answer.reply)
        if answer.goto is not None:
            self.enter(draft, answer.goto)
        elif answer.ask_again:
            draft.asking = True

    def enter_and_settle(self, draft: Draft, name: str) -> None:
        """Enters the state and looks up its choices."""
        self.enter(draft, name)
        self.settle(draft)

    def refuse(self, draft: Draft, answer: Answer, refused: Mapping[str, Any]) -> None:
        """Says the answer of a refusal, whose own text alone still sees what was `refused`."""
        draft.refused, draft.refusals = refused, len(answer.reply)
        self.attempt(draft, partial(self.answer_and_settle, draft, answer), NO_FAILS, str(answer.place))

    def answer_and_settle(self, draft: Draft, answer: Answer) -> None:
        """Says the answer, goes where it leads and looks up the choices there."""
        self.answer(draft, answer)
        self.settle(draft)

    def _do(self, draft: Draft, steps: tuple[CompiledStep, ...]) -> None:
        for step in steps:
            arguments = {}
            for name, value in step.parameters:
                arguments[name] = value.evaluate(draft)
            for name in step.filled:
                if name in draft.given or name in draft.conversation.slots:
                    given = draft.resolve(name)
                    if given is not MISSING:
                        arguments[name] = given
            for name in step.required:
                if name not in arguments:
                    raise BrokenTurn(f"{step.at}: {step.action.name} has no `{name}`")
            try:
                gave = step.action.run(draft, **arguments)
            except Failure as failure:
                draft.trace.append(
                    {
                        "step": "failed",
                        "action": step.action.name,
                        "code": failure.code,
                        "product": failure.product.code if failure.product else None,
                        "left": failure.left,
                        "at": step.at,
                    }
                )
                raise
            except Unfit:
                raise
            except Exception:
                draft.trace.append({"step": "broke", "action": step.action.name, "at": step.at})
                raise
            values = {name: plain(given) for name, given in arguments.items()}
            draft.trace.append({"step": "did", "action": step.action.name, "values": values, "at": step.at})
            if gave:
                draft.given.update(gave)

    def attempt(self, draft: Draft, work: Callable[[], None], fails: Mapping[str, Answer], at: str) -> None:
        """Does the work in one piece. A failure takes all of it back and is answered, which may fail too.

        Raises Unfit, with all of it taken back, where an action was given what it cannot take.
        """
        before = draft.conversation.copy()
        given = dict(draft.given)
        language = draft.language
        for _ in range(MOST_STATES_PASSED):
            try:
                with draft.shop.savepoint():
                    work()
                return
            except Unfit:
                self._take_back(draft, before, given, language)
                raise
            except Failure as failure:
                branch_fails = draft.branch.fails if draft.branch is not None else NO_FAILS
                answer = next(
                    (
                        table[failure.code]
                        for table in (branch_fails, fails, self.program.flow.fails)
                        if failure.code in table
                    ),
                    None,
                )
                if answer is None:
                    raise BrokenTurn(f"{at}: nothing answers the failure {failure.code}") from failure
                self._take_back(draft, before, given, language)
                draft.failure = Failed(failure.code, failure.product, failure.left)
                if failure.leaves is not None:
                    failure.leaves(draft)
                    before = draft.conversation.copy()
                draft.trace.append({"step": "answered", "code": failure.code, "at": Spot.of(answer.place)})
                work = partial(self.answer_and_settle, draft, answer)
        raise BrokenTurn(f"{at}: failures answered by failures, {MOST_STATES_PASSED} times")

    def _take_back(self, draft: Draft, before: Conversation, given: dict[str, Any], language: str) -> None:
        draft.conversation = before.copy()
        draft.given = dict(given)
        draft.language = language
        draft.replies = []
        draft.refusals = 0
        draft.told = []
        draft.items = None
        draft.branch = None
        draft.asking = draft.calls_person = False
        draft.forget_all()
