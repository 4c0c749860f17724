"""Pins how `transitions` behaves where `engine/machine.py` relies on it: no upgrade changes it unseen."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from transitions import EventData, MachineError

from engine.flow import Branch, Flow, Rule, State
from engine.machine import BranchTransition, FlowMachine, build_machine, triggers


class Talk:
    """All that the machine needs of a conversation."""

    def __init__(self, state: str) -> None:
        self.state = state


class Condition:
    """Stands for a compiled `when`."""

    def __init__(self, hold: Callable[[Any], object]) -> None:
        self._hold = hold

    def evaluate(self, names: Any) -> object:
        return self._hold(names)


def when(hold: Callable[[Any], object]) -> Any:
    return Condition(hold)


def flow(**keys: Any) -> Flow:
    states = keys.pop("states")
    return Flow(
        name="f", languages=("en",), start="a", states={state.name: state for state in states}, **keys
    )


SHOP = flow(
    states=[
        State("a", commands={"go": Rule("go", goto="b"), "stay": Rule("stay")}),
        State(
            "b",
            commands={
                "choose": Rule(
                    "choose",
                    goto="a",
                    branches=(
                        Branch(when=when(lambda names: names["n"] == 1), goto="c"),
                        Branch(when=when(lambda names: names["n"])),
                        Branch(when=when(lambda names: names["n"] is None), goto="b"),
                    ),
                )
            },
        ),
        State("c", ignore=frozenset({"home"}), final=True),
    ],
    commands={"home": Rule("home", goto="a")},
)


def pull(machine: FlowMachine, trigger: str, talk: Talk, names: Any = None) -> list[Branch | None]:
    chosen: list[Branch | None] = []
    machine.event(trigger).pull(talk, names, lambda _, branch: chosen.append(branch))
    return chosen


def test_a_rule_moves_and_one_without_goto_stays() -> None:
    machine = build_machine(SHOP)
    talk = Talk("a")
    assert pull(machine, "a/command:stay", talk) == [None]
    assert talk.state == "a"
    assert pull(machine, "a/command:go", talk) == [None]
    assert talk.state == "b"


@pytest.mark.parametrize(
    ("n", "branch", "state"),
    [
        (1, 0, "c"),  # the first that holds wins
        (
            2,
            1,
            "a",
        ),  # a branch without goto goes the rule's way; 2 == True is false, so conditions are bool()
        (0, None, "a"),  # none holds: the rule goes on without one
        (None, 2, "b"),  # goto the same state enters it again
    ],
)
def test_branches_are_tried_in_order(n: int | None, branch: int | None, state: str) -> None:
    machine = build_machine(SHOP)
    talk = Talk("b")
    branches = SHOP.states["b"].commands["choose"].branches
    assert pull(machine, "b/command:choose", talk, {"n": n}) == [None if branch is None else branches[branch]]
    assert talk.state == state


def test_a_command_of_the_flow_starts_from_every_state_that_does_not_ignore_it() -> None:
    assert {name: sources for name, _, sources in triggers(SHOP)}["command:home"] == ["a", "b"]
    with pytest.raises(MachineError):
        pull(build_machine(SHOP), "command:home", Talk("c"))


def test_there_is_no_state_that_the_flow_does_not_have() -> None:
    assert list(build_machine(SHOP).states) == ["a", "b", "c"]


def test_there_is_no_trigger_that_the_flow_does_not_have() -> None:
    assert set(build_machine(SHOP).events) == {name for name, _, _ in triggers(SHOP)}


def test_no_trigger_can_be_named_state() -> None:
    odd = flow(
        states=[State("a", commands={"state": Rule("state", goto="a")})], commands={"state": Rule("state")}
    )
    assert pull(build_machine(odd), "a/command:state", Talk("a")) == [None]


def test_a_text_as_condition_would_be_imported_and_called_so_only_callables_are_passed() -> None:
    machine = FlowMachine(model=None, states=["a"], initial=None, auto_transitions=False, send_event=True)
    machine.add_transition("t", "a", None, conditions=["os.getcwd"])
    assert (
        machine.resolve_callable("os.getcwd", EventData(None, None, machine, Talk("a"), (), {})) is os.getcwd
    )
    for event in build_machine(SHOP).events.values():
        for transitions in event.transitions.values():
            for transition in transitions:
                assert all(callable(condition.func) for condition in transition.conditions)


def test_a_condition_is_compared_with_true() -> None:
    machine = FlowMachine(
        model=None, states=["a", "b"], initial=None, auto_transitions=False, send_event=True
    )
    machine.add_transition("t", "a", "b", conditions=[lambda event: 2])
    talk = Talk("a")
    assert machine.events["t"].trigger(talk, None, lambda *_: None) is False
    assert talk.state == "a"


def test_an_unknown_target_is_refused_when_the_machine_is_built() -> None:
    plain = FlowMachine(model=None, states=["a"], initial=None, auto_transitions=False, send_event=True)
    plain.add_transition("t", "a", "nowhere")  # `transitions` itself would only say so on the way
    lost = flow(states=[State("a", commands={"go": Rule("go", goto="nowhere")})])
    with pytest.raises(ValueError, match="nowhere"):
        build_machine(lost)


def test_what_breaks_in_a_condition_or_on_the_way_leaves_the_state_unmoved() -> None:
    def broken(*_: Any) -> bool:
        raise RuntimeError("broken")

    flow_with_fault = flow(
        states=[
            State(
                "a", commands={"go": Rule("go", goto="b", branches=(Branch(when=when(broken), goto="b"),))}
            ),
            State("b"),
        ]
    )
    talk = Talk("a")
    with pytest.raises(RuntimeError, match="broken"):
        pull(build_machine(flow_with_fault), "a/command:go", talk)
    assert talk.state == "a"
    with pytest.raises(RuntimeError, match="broken"):
        build_machine(SHOP).event("a/command:go").pull(talk, None, broken)
    assert talk.state == "a"


def test_the_machine_keeps_no_conversation() -> None:
    machine = build_machine(SHOP)
    talk = Talk("a")
    gone = weakref.ref(talk)
    pull(machine, "a/command:go", talk)
    assert machine.models == []
    del talk
    gc.collect()
    assert gone() is None


def test_the_branch_is_told_before_the_move() -> None:
    seen: list[str] = []
    talk = Talk("b")
    choose = build_machine(SHOP).event("b/command:choose")
    choose.pull(talk, {"n": 1}, lambda *_: seen.append(talk.state))
    assert seen == ["b"]
    assert talk.state == "c"


def test_threads_share_one_machine() -> None:
    machine = build_machine(SHOP)
    wrong: list[str] = []

    def walk(n: int) -> None:
        for _ in range(2000):
            talk = Talk("a")
            pull(machine, "a/command:go", talk)
            pull(machine, "b/command:choose", talk, {"n": n})
            if talk.state != ("c" if n == 1 else "a"):
                wrong.append(talk.state)

    threads = [threading.Thread(target=walk, args=(n % 2,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_transitions_are_linear_in_the_states() -> None:
    def count(size: int) -> int:
        states = [State(f"s{n}", commands={"go": Rule("go", goto=f"s{(n + 1) % size}")}) for n in range(size)]
        machine = build_machine(flow(states=states, commands={"home": Rule("home", goto="s0")}))
        events = machine.events.values()
        return sum(len(found) for event in events for found in event.transitions.values())

    assert count(200) == 2 * count(100)


def test_every_transition_knows_its_branch() -> None:
    machine = build_machine(SHOP)
    assert machine.transition_cls is BranchTransition
