"""Decides whether a conversation that began on one version of its flow goes on with another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.conversation import Conversation
from engine.declarations import Unreadable
from engine.expressions import ExpressionFailed
from engine.flow import Flow, Slot, State
from engine.limits import SILENT_KINDS, Limits
from engine.message import Inbound
from engine.publishing.answers import Landing, Stand, asks_the_same, do_the_same, landings, said
from engine.publishing.fingerprint import flow_fingerprint
from engine.recognizer import Meaning, decode_press, encode_press
from engine.shop import Shop
from engine.silence import starts_over
from engine.turn import Trace
from engine.types import TYPES

if TYPE_CHECKING:
    from engine.draft import Draft
    from engine.interpreter import Interpreter

COMMANDS = ("word", "press", "old button")
"""How a command is understood that takes nothing from what was said."""

REASONS = {
    "gone": "its state is gone, and `moved` does not say where to",
    "asks": "its state asks for something else now",
    "human": "a person answers there in one of the two versions, and not in the other",
    "final": "its state is the end now",
    "passes": "its state is only passed through now",
    "needs": "what is needed there was never asked: {slots}",
    "type": "what it remembers cannot be read as the new type: {slots}",
    "flow": "the flow has another name now",
}
"""Why a conversation stays on its version, for people."""


class Outcome(NamedTuple):
    """What becomes of a conversation: `state` is where it stands in the newest version, None where it stays.

    `how` is `stands`, `moved` or one of REASONS; `slots` are those that keep it back.
    """

    how: str
    state: str | None = None
    slots: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reason in words; empty for a conversation that moves."""
        return REASONS.get(self.how, "").format(slots=", ".join(self.slots))


class Version:
    """One flow as it was published, compiled: `number` counts the versions of its business, 0 for none."""

    def __init__(self, interpreter: Interpreter, number: int = 0) -> None:
        self.interpreter = interpreter
        self.number = number
        self._outcomes: dict[tuple[int, str], tuple[Flow, Outcome]] = {}

    @property
    def flow(self) -> Flow:
        """The flow."""
        return self.interpreter.flow

    @cached_property
    def fingerprint(self) -> str:
        """What versions have in common whose rules are the same."""
        return flow_fingerprint(self.flow)

    @cached_property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """State: the slots that have to be filled there."""
        from engine.publishing.needs import needs

        return needs(self.flow)

    def outcome_of(self, state: str, own: Flow) -> Outcome:
        """Where a conversation in this state of its own flow stands here: compared once, and remembered."""
        key = (id(own), state)
        if key not in self._outcomes:
            # The flow is kept with it: while it is, no other has its id.
            self._outcomes[key] = (own, outcome_of(state, own, self.flow))
        return self._outcomes[key][1]


class Taking(NamedTuple):
    """Which version takes a message, and as what: the conversation and the message it hears."""

    version: Version
    conversation: Conversation
    inbound: Inbound


def outcome_of(state: str, own: Flow, newest: Flow) -> Outcome:
    """Where a conversation in this state of its own flow stands in the newest, by its state alone."""
    if own.name != newest.name:
        return Outcome("flow")
    here = own.states.get(state)
    there = newest.states.get(state)
    if here is None:
        return Outcome("gone")
    why = _kept_back(Stand(here, own), Stand(there, newest)) if there is not None else "gone"
    if there is not None and why is None:
        return Outcome("stands", str(there.name))
    seen = {state}
    name = newest.moved.get(state)
    while name is not None and name not in newest.states and name not in seen:
        seen.add(name)
        name = newest.moved.get(name)
    moved = newest.states.get(name) if name is not None else None
    if moved is not None:
        unfit = _unfit(here, moved)
        return Outcome(unfit) if unfit else Outcome("moved", str(moved.name))
    if there is None and state == own.start:
        start = newest.states[newest.start]
        why = _kept_back(Stand(here, own), Stand(start, newest))
        return Outcome(why) if why else Outcome("moved", str(start.name))
    return Outcome(why or "gone")


def _kept_back(here: Stand, there: Stand) -> str | None:
    """Why a conversation that waits in one state cannot wait in the other; None where it can."""
    why = _unfit(here.state, there.state)
    if why is None and there.state.final and not here.state.final:
        return "final"
    return why or (None if asks_the_same(here, there) else "asks")


def _unfit(here: State, there: State) -> str | None:
    if here.human != there.human:
        return "human"
    if any(branch.when is None and branch.goto is not None for branch in there.branches):
        return "passes"
    return None


# What it remembers


def carried(slots: Mapping[str, Any], own: Flow, newest: Flow, draft: Draft) -> dict[str, Any] | Outcome:
    """The slots as the newest flow keeps them; an Outcome that names those which it cannot read.

    What the newest flow has no slot for is left out.
    """
    kept: dict[str, Any] = {}
    unreadable = []
    for name, stored in slots.items():
        slot = newest.slots.get(name)
        before = own.slots.get(name)
        if slot is None or stored is None:
            continue
        if before is None or (before.type, before.is_list) == (slot.type, slot.is_list):
            kept[name] = stored
            continue
        try:
            value = _converted(stored, before, slot, draft)
        except Unreadable:
            unreadable.append(name)
            continue
        if value is not None:
            kept[name] = value
    return Outcome("type", None, tuple(unreadable)) if unreadable else kept


def _converted(stored: Any, before: Slot, slot: Slot, draft: Draft) -> Any:
    """The stored value as the slot's type keeps it, read as if somebody wrote it; None for an empty list."""
    each = stored if before.is_list else [stored]
    kind = TYPES[slot.type]
    values = [
        one if before.type == slot.type else kind.store(kind.read(_written(one), draft)) for one in each
    ]
    if slot.is_list:
        return values
    if len(values) > 1:
        raise Unreadable("several values, and room for one")
    return values[0] if values else None


def _written(stored: Any) -> str:
    """What somebody would write for a stored value."""
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    if isinstance(stored, (str, int, float, Decimal)):
        return str(stored)
    raise Unreadable("nothing that can be written")


def moved_to(
    conversation: Conversation, own: Version, newest: Version, draft: Draft
) -> Conversation | Outcome:
    """The conversation as the newest version goes on with it, or why it does not. The draft is the newest's.

    What was offered stays offered, in the visit that it was offered in.
    """
    outcome = newest.outcome_of(conversation.state, own.flow)
    if outcome.state is None:
        return outcome
    if own.fingerprint == newest.fingerprint:
        return conversation.copy()
    slots = carried(conversation.slots, own.flow, newest.flow, draft)
    if isinstance(slots, Outcome):
        return slots
    missing = sorted(newest.needs.get(outcome.state, frozenset()) - slots.keys())
    # What its own version let it come here without, it was not asked for there either.
    if missing:
        return Outcome("needs", None, tuple(missing))
    talk = conversation.copy()
    if talk.came_from:
        back = newest.outcome_of(talk.came_from, own.flow)
        if back.state is None and newest.flow.states[outcome.state].human:
            return back
        talk.came_from = back.state or ""
    talk.fired = _fired(
        conversation.fired, own.flow.states[conversation.state], newest.flow.states[outcome.state]
    )
    talk.state = outcome.state
    talk.slots = slots
    return talk


def _fired(fired: list[int], here: State, there: State) -> list[int]:
    """The timers that this silence is already too long for."""
    waits = [rule.wait for index, rule in enumerate(here.after) if index in fired and rule.wait is not None]
    if not waits:
        return []
    longest = max(waits)
    return [i for i, rule in enumerate(there.after) if rule.wait is not None and rule.wait <= longest]


# A message


def taking(
    conversation: Conversation,
    inbound: Inbound,
    own: Version,
    newest: Version,
    shop: Shop,
    moment: datetime,
    limits: Limits,
    trace: Trace,
) -> Taking:
    """Which of the two versions takes the message; the trace tells whether the conversation moves or stays.

    A conversation that starts over does so on the newest. One that moves answers as its own version would
    have understood it: what that took for a command never becomes an answer to a question.
    """
    stays = Taking(own, conversation, inbound)
    if own is newest:
        return stays
    state = own.flow.states.get(conversation.state)
    if state is None:  # by a version that was taken back, or before there were any
        return Taking(newest, conversation, inbound)
    press = decode_press(inbound.press, conversation) if inbound.press is not None else None
    is_second = (
        press is not None and press.visit != conversation.visit and inbound.press in conversation.taken
    )
    if inbound.kind in SILENT_KINDS or is_second:
        return stays
    numbers = {"from": own.number, "to": newest.number}
    compiled = own.interpreter.program.states[conversation.state]
    why = starts_over(own.interpreter.program, compiled, conversation, moment.timestamp())
    if why and not state.human:
        trace.append({"step": "version", "how": "started_over", **numbers})
        trace.append({"step": "started_over", "why": why})
        begun = newest.interpreter.start()
        begun.visit = conversation.visit + 1
        begun.taken = conversation.taken
        begun.entered_at = moment.timestamp()
        return Taking(newest, begun, inbound)
    draft = newest.interpreter.draft(conversation, inbound, shop, moment, limits)
    moved = moved_to(conversation, own, newest, draft)
    if isinstance(moved, Conversation) and not state.human and own.fingerprint != newest.fingerprint:
        before = _meaning(own, conversation, inbound, shop, moment, limits)
        after = _meaning(newest, moved, inbound, shop, moment, limits)
        if _is_taken_otherwise(before, after, own.flow, newest.flow):
            moved = Outcome("asks")
        elif _is_misread(before, after, own.flow, newest.flow):
            # Pressed in this visit, the command is looked up by its name; without one, nothing is understood.
            command = str(before.rule.rule.name) if before.how == "word" and before.rule else ""
            inbound = inbound._replace(kind="press", press=encode_press(moved.visit, command, {}))
        elif not _leads_on(after) and not _understand_the_same(own, conversation, newest, moved):
            # The next answer is one to the question of its own version still.
            moved = Outcome("asks")
    if isinstance(moved, Outcome):
        trace.append({"step": "version", "how": moved.how, "slots": list(moved.slots), **numbers})
        return stays
    how = "stands" if moved.state == conversation.state else "moved"
    trace.append({"step": "version", "how": how, "state": moved.state, **numbers})
    return Taking(newest, moved, inbound)


def _meaning(
    version: Version,
    conversation: Conversation,
    inbound: Inbound,
    shop: Shop,
    moment: datetime,
    limits: Limits,
) -> Meaning:
    """What the message means in a version; nothing where that cannot be worked out there."""
    interpreter = version.interpreter
    try:
        return interpreter.meaning(interpreter.draft(conversation, inbound, shop, moment, limits))
    except ExpressionFailed:
        # A version that breaks over it says nothing of what was meant; the turn itself tells what broke.
        return Meaning("")


def _lands(heard: Meaning, flow: Flow) -> frozenset[Landing]:
    """Where what was said is kept."""
    holes = {name: f"{heard.types[name]}:{text}" for name, text in heard.holes.items()}
    if heard.pick is not None and heard.rule is not None:
        return landings(heard.rule.rule, flow)
    return landings(heard.rule.rule, flow, holes) if heard.rule is not None else frozenset()


def _is_taken_otherwise(before: Meaning, after: Meaning, own: Flow, newest: Flow) -> bool:
    """Whether an answer would not be kept where it was asked for, or a command would do what another does."""
    first, second = before.rule, after.rule
    if first is None:
        return False
    if _is_command(before):
        return (
            second is not None
            and _is_command(after)
            and first.rule.name != second.rule.name
            and not do_the_same(first.rule, second.rule)
        )
    if before.how == "input" and after.how in ("word", "pattern"):
        return True
    kept = _lands(before, own)
    return bool(said(kept)) and kept != _lands(after, newest)


def _is_command(heard: Meaning) -> bool:
    """Whether a word or a button of a command was understood; a button that is gone is none."""
    return heard.how in COMMANDS and heard.counts


def _is_misread(before: Meaning, after: Meaning, own: Flow, newest: Flow) -> bool:
    """Whether what was a command would now be kept as an answer."""
    is_command = before.how == "word" or (before.how == "pattern" and not said(_lands(before, own)))
    return is_command and after.how != "word" and bool(said(_lands(after, newest)))


def _leads_on(heard: Meaning) -> bool:
    """Whether the state is left, or its question asked anew, by what was said."""
    rule = heard.rule.rule if heard.rule is not None else None
    if rule is None:
        return False
    return rule.ask_again or rule.goto is not None or any(way.goto is not None for way in rule.branches)


def _understand_the_same(own: Version, talk: Conversation, newest: Version, moved: Conversation) -> bool:
    """Whether two versions of a state know the same words and shapes."""
    here, there = (
        version.interpreter.program.states[state]
        for version, state in ((own, talk.state), (newest, moved.state))
    )
    return (
        here.words.keys() | here.general_words.keys() == there.words.keys() | there.general_words.keys()
    ) and {shape.source for shape, *_ in here.patterns} == {shape.source for shape, *_ in there.patterns}
