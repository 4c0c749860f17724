"""Turns what a customer really said into a conversation that can be played, and in which nobody is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from engine.interpreter import Interpreter
from engine.limits import SILENT_KINDS, Limits
from engine.message import Inbound
from engine.pack import Pack
from engine.recognizer import decode_press
from engine.rehearsal.inventions import Inventions
from engine.rehearsal.script import Beginning, Script
from engine.rehearsal.stage import Stage
from engine.rehearsal.talk import Unplayable
from engine.sayings import Said, spelled
from engine.turn import Trace

SHORT = timedelta(minutes=5)
"""A silence that is no longer is not written down."""

PUBLIC = frozenset(["number", "decimal", "money", "boolean", "date", "time", "datetime", "product", "order"])
"""Types of slots and holes that say nothing of a person, long numbers apart."""

SAVED = {
    "name": "Sana Malik",
    "address": "Flat 3, 21 Mall Road, Lahore",
    "email": "sana.malik@example.com",
}
"""What every customer had saved before who had saved something."""

PLACE = {"latitude": 24.86, "longitude": 67.01}
"""Where every customer sends a location from."""


TOLD = {
    "understood": "rule",
    "refused": "validator",
    "unreadable": "name",
    "did": "action",
    "failed": "code",
}
"""Steps by which one turn is like another, and what of them counts."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that happened in a real conversation: a message, an event, or a timer (neither of both).

    `state` is where the conversation was after it, empty where that is not known; `began` is true where it
    started over with it.
    """

    at: datetime
    inbound: Inbound | None
    event: str
    state: str
    trace: Trace
    began: bool = False


class Difference(NamedTuple):
    """Where the recorded conversation goes another way than the real one: which entry, and the states."""

    entry: int
    said: Said
    was: str
    is_now: str


class Recording(NamedTuple):
    """A conversation without its customer, and where it differs from what really happened."""

    script: Script
    differences: tuple[Difference, ...]


def record(
    pack: Pack,
    role: str,
    heard: Sequence[Heard],
    start: int,
    private: Sequence[str],
    customer: Mapping[str, str],
    language: str = "",
    provider: str = "",
    limits: Limits | None = None,
) -> Recording:
    """The conversation from the entry `start` of `heard` on.

    What came before is played too, and where it left slots or a cart the script starts at the state it came
    to. `private` is all that is known of the customer; `customer` names what had been saved before. `limits`
    are those of the `provider` over which it was held.
    """
    inventions = Inventions(private)
    saved = {field: SAVED[field] for field, value in customer.items() if value}
    for field in saved:
        inventions.keep(customer[field], SAVED[field])
    at = pack.business.local(heard[0].at).replace(tzinfo=None, microsecond=0)
    script = Script("", (), role, language, saved, at, provider)
    return _Recorder(pack, script, limits, heard, inventions).record(start)


class _Recorder:
    """Says again, with other words, what was said; each invented word is tried before it is taken."""

    def __init__(
        self,
        pack: Pack,
        script: Script,
        limits: Limits | None,
        heard: Sequence[Heard],
        inventions: Inventions,
    ) -> None:
        self.pack = pack
        self.script = script
        self.limits = limits
        self.heard = heard
        self.inventions = inventions
        self.interpreter = Interpreter(pack, script.role)
        self.says: list[Said] = []
        self.differences: list[Difference] = []
        self.stage = Stage(pack, script, limits, interpreter=self.interpreter)

    def record(self, start: int) -> Recording:
        last: datetime | None = None
        timers = False
        for number, one in enumerate(self.heard):
            if number == start and number:
                self._cut(one)
                last, timers = None, False
            if one.inbound is None and not one.event:
                timers = True
                continue
            if one.inbound is not None and one.inbound.kind in SILENT_KINDS:
                continue
            silence = one.at - last if last is not None else timedelta()
            if silence >= SHORT or timers:
                self._say({"wait": spelled(max(60, int(silence.total_seconds()) // 60 * 60))}, "")
            last, timers = one.at, False
            self._say(self._said(one), one.state)
        return Recording(replace(self.script, says=tuple(self.says)), tuple(self.differences))

    def _cut(self, one: Heard) -> None:
        """Begins the script here: where it stands now, or from the start where it starts over anyway."""
        talk = self.stage.talk.conversation
        at = self.pack.business.local(one.at).replace(tzinfo=None, microsecond=0)
        beginning = None
        if not one.began and talk.state != self.interpreter.flow.start:
            slots = {name: value for name, value in talk.slots.items() if isinstance(value, str | int)}
            cart = {str(code): int(quantity) for code, quantity, *_ in talk.cart}
            beginning = Beginning(talk.state, slots, cart)
        self.script = replace(self.script, at=at, start_at=beginning)
        self.says, self.differences = [], []
        self.stage = Stage(self.pack, self.script, self.limits, interpreter=self.interpreter)
        if beginning is not None:
            self.stage.talk.begin_at(*beginning)

    def _say(self, said: Said, state: str) -> None:
        self.says.append(said)
        try:
            self.stage.act(said)
            now = self.stage.talk.conversation.state
        except Unplayable as error:
            now = str(error)
        except Exception as error:
            now = f"broken inside ({type(error).__name__})"
        if state and state != now:
            self.differences.append(Difference(len(self.says), said, state, now))

    def _said(self, one: Heard) -> Said:
        inbound = one.inbound
        if inbound is None:
            return {"event": one.event}
        if inbound.kind == "text":
            return self._text(one, inbound.text)
        if inbound.kind == "press":
            return self._press(inbound)
        sent: dict[str, Any] = {"send": inbound.kind}
        if inbound.text and inbound.kind not in ("contacts", "order"):
            sent["text"] = self._invented(one, inbound.text, lambda text: {**sent, "text": text})
        if inbound.latitude is not None:
            sent |= PLACE
        if inbound.address:
            sent["address"] = SAVED["address"]
        if inbound.items:
            sent["items"] = dict(inbound.items)
        return sent

    def _press(self, inbound: Inbound) -> Said:
        press = decode_press(inbound.press or "", self.stage.talk.conversation)
        title = self.inventions.scrubbed(inbound.text)
        called = press.command if press is not None and press.command and not press.values else title
        if called == "more":
            called = title
        try:
            self.stage.talk.pressing(called)
        except Unplayable:
            called = title or called
        return {"press": called}

    def _text(self, one: Heard, text: str) -> Said:
        how = next((step["how"] for step in one.trace if step["step"] == "understood"), "")
        if how == "word":
            return text
        if how in ("press", "pick", "more", "old button"):
            return self.inventions.scrubbed(text)
        if how == "pattern":
            return self._fitted(one, text)
        is_unread = any(step["step"] == "unreadable" for step in one.trace)
        types = self._slot_types() if how == "input" else set()
        if types and types <= PUBLIC and not is_unread:
            return self.inventions.scrubbed(text)
        return self._invented(one, text, str)

    def _fitted(self, one: Heard, text: str) -> Said:
        """What fitted a pattern: holes that may say who somebody is are filled anew."""
        state = self.interpreter.program.states.get(self.stage.talk.conversation.state)
        for pattern, types, _ in state.patterns if state is not None else ():
            holes = pattern.match(text)
            if holes is None:
                continue
            if set(types.values()) <= PUBLIC:
                return self.inventions.scrubbed(text)
            filled = pattern.source
            for hole in reversed(pattern.holes):
                value = holes[hole.name]
                if hole.type not in PUBLIC:
                    value = self.inventions.known(value) or self._kept(value)
                end = filled.index("}", hole.column) + 1
                filled = filled[: hole.column] + value + filled[end:]
            return filled
        return self._invented(one, text, str)

    def _kept(self, value: str) -> str:
        invented = next(self.inventions.candidates(value))
        self.inventions.keep(value, invented)
        return invented

    def _slot_types(self) -> set[str]:
        state = self.interpreter.flow.states.get(self.stage.talk.conversation.state)
        rule = state.input if state is not None else None
        slots = self.interpreter.flow.slots
        return {slots[name].type for name, value in rule.save if value is None} if rule is not None else set()

    def _invented(self, one: Heard, text: str, entry: Any) -> str:
        """Another text, after which the conversation goes the way that it went after the real one."""
        known = self.inventions.known(text)
        if known is not None:
            return known
        if not any(sign.isalnum() for sign in text):
            return text
        candidates = list(dict.fromkeys(self.inventions.candidates(text)))
        wanted = _outcome(one.trace)
        best = candidates[0]
        for candidate in candidates:
            came, trace = self._tried(entry(candidate))
            if came == one.state and _outcome(trace) == wanted:
                best = candidate
                break
        self.inventions.keep(text, best)
        return best

    def _tried(self, said: Said) -> tuple[str, Trace]:
        stage = self.stage.fork()
        try:
            turns = stage.act(said)
        except Exception:
            return "", []
        return stage.talk.conversation.state, [step for turn in turns for step in turn.trace]


def _outcome(trace: Trace) -> list[tuple[str, Any]]:
    """The way that a turn went: what was understood, refused, done and failed."""
    keys = {
        "understood": "rule",
        "refused": "validator",
        "unreadable": "name",
        "did": "action",
        "failed": "code",
    }
    return [(step["step"], step.get(keys[step["step"]])) for step in trace if step["step"] in keys]
