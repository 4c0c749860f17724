"""Turns a flow into one `transitions` machine that every conversation and thread shares.

Each rule is a trigger; its branches are that trigger's transitions in order, their `when` the conditions,
and a last one without a condition goes the rule's own way. This module is the only one that knows how
`transitions` is used; `tests/test_machine.py` pins what it relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from transitions import EventData, Machine, Transition
from transitions import State as TransitionState
from transitions.core import Event

from engine.flow import Branch, Flow, Rule, State

Choose = Callable[[Any, Branch | None], None]
"""Called between choosing and moving, with the names and the chosen branch (None: the rule's own way)."""


class BranchTransition(Transition):
    """A transition that remembers which branch of its rule it stands for, and tells it on the way.

    It has no callbacks of its own, nor have the states: what entering a state means is the interpreter's
    business. Going straight from the conditions to the move costs half of what looking for callbacks does.
    """

    def __init__(self, *args: Any, branch: Branch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branch = branch

    def execute(self, event_data: EventData) -> bool:
        """Moves if the conditions hold; an exception in one, or in the branch's part, leaves the state."""
        if self.conditions and not self._eval_conditions(event_data):
            return False
        names, choose = event_data.args
        choose(names, self.branch)
        if self.dest is not None:
            talk: Any = event_data.model
            talk.state = self.dest
        return True


class FlowMachine(Machine):
    """A machine without models of its own: the conversation is handed to each trigger."""

    transition_cls = BranchTransition

    def get_model_state(self, model: Any) -> TransitionState:
        """The model's state; states are plain names here, never enumerations: looking up is enough."""
        found: TransitionState = self.states[model.state]
        return found


def build_machine(flow: Flow) -> FlowMachine:
    """The machine of a flow. Every `goto` must name a state; `flow-lint` sees to that before."""
    machine = FlowMachine(
        model=None,
        states=[str(name) for name in flow.states],
        initial=None,
        auto_transitions=False,
        send_event=True,
    )
    for trigger, rule, sources in triggers(flow):
        _add(machine, trigger, rule, sources)
    return machine


def _add(machine: FlowMachine, trigger: str, rule: Rule, sources: list[Any]) -> None:
    own_way = _state_of(machine, rule.goto)
    for branch in rule.branches:
        way = _state_of(machine, branch.goto) or own_way
        conditions = None if branch.when is None else _condition(branch)
        machine.add_transition(trigger, sources, way, conditions=conditions, branch=branch)
    machine.add_transition(trigger, sources, own_way)


def _state_of(machine: FlowMachine, goto: str | None) -> str | None:
    """The state's plain name. Raises ValueError for none such, as `transitions` itself would do too late."""
    if goto is None:
        return None
    return str(machine.get_state(str(goto)).name)


def _condition(branch: Branch) -> Callable[[EventData], bool]:
    when = branch.when
    assert when is not None  # noqa: S101

    def holds(event: EventData) -> bool:
        names, _ = event.args
        return bool(when.evaluate(names))

    return holds


def dispatch(event: Event, conversation: object, names: object, choose: Choose) -> None:
    """Pulls the trigger: `conversation.state` moves, `choose` has been called with the branch on the way."""
    event.trigger(conversation, names, choose)


def triggers(flow: Flow) -> Iterator[tuple[str, Rule, list[str]]]:
    """Every rule of the flow with its trigger's name and the states it can be pulled in."""
    states = flow.states
    for name, rule in flow.commands.items():
        sources = [state.name for state in states.values() if understands(flow, state, name)]
        yield f"command:{name}", rule, _plain(sources)
    for name, rule in flow.events.items():
        yield f"event:{name}", rule, _plain(s.name for s in states.values() if name not in s.events)
    if flow.otherwise is not None:
        sources = [s.name for s in states.values() if s.otherwise is None or s.otherwise.when is not None]
        yield "otherwise", flow.otherwise, _plain(sources)
    for state in states.values():
        for trigger, rule in state_rules(state):
            yield f"{state.name}/{trigger}", rule, [str(state.name)]


def _plain(names: Iterable[str]) -> list[str]:
    return [str(name) for name in names]


def understands(flow: Flow, state: State, command: str) -> bool:
    """Whether the flow's own command is in force in the state."""
    return command not in state.ignore and command not in state.commands


def state_rules(state: State) -> Iterator[tuple[str, Rule]]:
    """The rules that a state itself holds, with the second half of their trigger's name."""
    for name, rule in state.commands.items():
        yield f"command:{name}", rule
    for name, rule in state.events.items():
        yield f"event:{name}", rule
    if state.choices is not None:
        yield "choices", state.choices.rule
    if state.input is not None:
        yield "input", state.input
    if state.otherwise is not None:
        yield "otherwise", state.otherwise
    if state.tries is not None:
        yield "tries", state.tries.then
    for index, rule in enumerate(state.after):
        yield f"after:{index}", rule
