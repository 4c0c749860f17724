"""Says what silence comes to: which timer fires next, and when a conversation starts over."""

from __future__ import annotations

from engine.conversation import Conversation
from engine.program import CompiledState, Program


def begin(talk: Conversation, at: float) -> None:
    """Begins a new silence, in which every timer may fire again."""
    talk.heard_at = at
    if talk.fired:
        talk.fired = []
    if talk.rung:
        talk.rung = []


def go_on(talk: Conversation, before: Conversation) -> None:
    """Lets the silence go on in the state that a timer entered: what fired in it fires no more."""
    talk.rung = list(dict.fromkeys([*before.rung, *[(before.state, place) for place in before.fired]]))
    talk.fired = [place for name, place in talk.rung if name == talk.state]


def rest(talk: Conversation, before: Conversation, at: float) -> None:
    """Takes out of the silence the time that a person had: `timeout` counts on from where it stood before."""
    if talk.heard_at:
        talk.heard_at = at - (max(before.entered_at, before.heard_at) - before.heard_at)


def next_timer(program: Program, talk: Conversation) -> tuple[float, int] | None:
    """When the next timer of the talk's state fires, and which of them it is; None where none is left."""
    state = program.states.get(talk.state)
    if state is None or not state.after:
        return None
    since = max(talk.entered_at, talk.heard_at)
    waits = [(since + wait, i) for i, (wait, _) in enumerate(state.after) if i not in talk.fired]
    return min(waits, default=None)


def starts_over(program: Program, state: CompiledState | None, talk: Conversation, at: float) -> str:
    """Why the conversation starts over with a message of this moment; empty if it goes on."""
    if state is None:
        return "gone"
    if state.final:
        return "final"
    if talk.heard_at and at - talk.heard_at >= program.timeout:
        last_timer = max(talk.entered_at, talk.heard_at) + state.longest_wait if state.after else 0.0
        if at >= last_timer:
            return "timeout"
    return ""
