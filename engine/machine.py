"""Turns a flow into one `transitions` machine that every conversation and thread shares.

Each rule is a trigger; its branches are that trigger's transitions in order, and a last one, which always
holds, goes the rule's own way. This module is the only one that knows how
`transitions` is used; `tests/test_machine.py` pins what it relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from transitions import Machine, Transition
from transitions.core import Event

from engine.flow import Branch, Flow, Rule, State

Choose = Callable[[Any, Branch | None], None]
"""Called between choosing and moving, with the names and the chosen branch (None: the rule's own way)."""


class BranchTransition(Transition):
    """A transition that remembers which branch of its rule it stands for; None for the rule's own way."""

    def __init__(self, *args: Any, branch: Branch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branch = branch


class RuleEvent(Event):
    """The trigger of a rule."""

    def pull(self, conversation: Any, names: object, choose: Choose) -> None:
        """Moves along the first transition that holds, having called `choose` with its branch.

        This is the library's `trigger` without what nobody set here: a queue, callbacks, and the event that
        these would be told. An exception in a condition or in `choose` leaves the state. Raises MachineError
        where the rule cannot be pulled.
        """
        ways: list[Any] | None = self.transitions.get(conversation.state)
        if not ways:
            self.trigger(conversation)
            return
        for way in ways:
            branch = way.branch
            if branch is None or branch.when is None or branch.when.evaluate(names):
                choose(names, branch)
                if way.dest is not None:
                    conversation.state = way.dest
                return


class FlowMachine(Machine):
    """A machine without models of its own: the conversation is handed to each trigger."""

    event_cls = RuleEvent
    transition_cls = BranchTransition

    def event(self, trigger: str) -> RuleEvent:
        """The event of this trigger. Raises KeyError for none such."""
        found: RuleEvent = self.events[trigger]  # type: ignore[assignment]
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
        machine.add_transition(trigger, sources, way, branch=branch)
    machine.add_transition(trigger, sources, own_way)


def _state_of(machine: FlowMachine, goto: str | None) -> str | None:
    """The state's plain name. Raises ValueError for none such, as `transitions` itself would do too late."""
    if goto is None:
        return None
    return str(machine.get_state(str(goto)).name)


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
