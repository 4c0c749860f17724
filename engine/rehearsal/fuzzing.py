"""Plays random customers, holds every turn to what must always be so, and shortens what breaks it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.conversation import dump, load
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Outbound
from engine.pack import Pack
from engine.rehearsal.hostility import CANARY, Hostility
from engine.rehearsal.provocations import Provocations
from engine.rehearsal.script import Script
from engine.rehearsal.shrinking import smaller
from engine.rehearsal.stage import Stage
from engine.rehearsal.talk import Unplayable
from engine.sayings import Said
from engine.turn import Turn

if TYPE_CHECKING:
    from random import Random

LONGEST = 25
"""So many things a random customer says at most."""

MOST_SHORTENED = 1500
"""So many times a conversation that breaks something is played to shorten it."""

TEMPLATE = ("{{", "{%", "{#")


class Breach(NamedTuple):
    """What must not be: `mark` tells faults apart, `what` says it, `details` is a traceback or empty."""

    mark: str
    what: str
    details: str = ""


class Broken(NamedTuple):
    """The shortest conversation that was found to show a breach, and how long it was before."""

    script: Script
    breach: Breach
    length_before: int


class Fuzzing:
    """Random customers of one flow; each comes through one of the `providers`, whose limits these are.

    Chance comes from `random` alone: the same seed plays the same customers.
    """

    def __init__(self, pack: Pack, role: str, providers: Mapping[str, Limits], random: Random) -> None:
        self.pack = pack
        self.role = role
        self.providers = providers
        self.random = random
        self.interpreter = Interpreter(pack, role)
        self.hostility = Hostility(Provocations(self.interpreter.flow, pack.products), random)

    def run(self) -> tuple[int, Broken | None]:
        """Plays one customer: how many things they said, and what they broke, shortened."""
        script = self._customer()
        stage = self._stage(script)
        says: list[Said] = []
        for _ in range(self.random.randint(1, LONGEST)):
            said = self.hostility.next(stage)
            says.append(said)
            breach = self._step(stage, said, says)
            if breach is not None:
                whole = replace(script, says=tuple(says))
                return len(says), self.shortened(whole, breach)
        return len(says), None

    def breach_in(self, script: Script) -> Breach | None:
        """The first thing in this conversation that must not be."""
        stage = self._stage(script)
        for number, said in enumerate(script.says, 1):
            breach = self._step(stage, said, script.says[:number])
            if breach is not None:
                return breach
        return None

    def shortened(self, script: Script, breach: Breach) -> Broken:
        """The shortest conversation, with the shortest texts, that still shows the breach."""
        tries = count(1)

        def shows(one: Script) -> bool:
            if next(tries) > MOST_SHORTENED:
                raise _Enough
            found = self.breach_in(one)
            return found is not None and found.mark == breach.mark

        steps = [script]
        with suppress(_Enough):
            for shorter in self._shorter(script, shows):
                steps.append(shorter)
        shortest = steps[-1]
        found = self.breach_in(shortest) or breach
        return Broken(replace(shortest, title=found.what), found, len(script.says))

    def _shorter(self, script: Script, shows: Callable[[Script], bool]) -> Iterator[Script]:
        """Each time a conversation that is shorter or plainer than the one before, and still shows it."""
        shortest = script
        for says in smaller(script.says, lambda says: shows(replace(script, says=says))):
            shortest = replace(script, says=says)
            yield shortest
        for plainer in _PLAINER:
            changed = plainer(shortest)
            if changed != shortest and shows(changed):
                shortest = changed
                yield shortest
        for number, said in enumerate(shortest.says):
            if isinstance(said, str):
                make = partial(_with_text, shortest, number)
                for text in smaller(said, lambda text, make=make: shows(make(text))):  # type: ignore[misc]
                    shortest = make(text)
                    yield shortest

    def _customer(self) -> Script:
        languages = self.interpreter.flow.languages
        known = {"name": "Sana Malik", "address": "Flat 3, 21 Mall Road, Lahore"}
        return Script(
            "",
            (),
            self.role,
            language=self.random.choice(("", "", *map(str, languages[1:]))),
            customer=known if self.random.random() < 0.3 else {},
            provider=self.random.choice(tuple(self.providers)),
        )

    def _stage(self, script: Script) -> Stage:
        return Stage(
            self.pack, script, self.providers.get(script.provider, Limits()), interpreter=self.interpreter
        )

    def _step(self, stage: Stage, said: Said, says: Sequence[Said]) -> Breach | None:
        try:
            turns = stage.act(said)
        except Unplayable:
            return None
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            mark = f"{type(error).__name__} in {last.filename}:{last.lineno}"
            details = "".join(traceback.format_exception(error))
            return Breach(mark, f"it breaks inside: {type(error).__name__}: {str(error)[:200]}", details)
        is_message = isinstance(said, str) or "press" in said or "send" in said
        found = [
            *(breach for turn in turns for breach in _of_turn(turn, is_message, stage.talk.limits, says)),
            *_of_stage(stage),
        ]
        return found[0] if found else None


class _Enough(Exception):
    """A conversation was tried so often that it is short enough."""


def _with_text(script: Script, number: int, text: str) -> Script:
    """The conversation with another text in this place."""
    return replace(script, says=(*script.says[:number], text, *script.says[number + 1 :]))


_PLAINER: tuple[Callable[[Script], Script], ...] = (
    lambda script: replace(script, customer={}),
    lambda script: replace(script, language=""),
    lambda script: replace(script, provider=""),
)
"""What a conversation may do without."""


def _of_turn(turn: Turn, is_message: bool, limits: Limits, says: Sequence[Said]) -> Iterator[Breach]:
    steps = {step["step"] for step in turn.trace}
    understood = any(step["step"] == "understood" and step["rule"] for step in turn.trace)
    messages = [name for step in turn.trace if step["step"] == "said" for name in step["messages"]]
    if messages and not turn.replies:
        yield Breach("empty", f"nothing comes of the messages {', '.join(messages)}: they are empty")
    elif is_message and not turn.replies and not understood and not steps & {"recorded", "more"}:
        yield Breach("silence", "the customer hears nothing, and nobody decided on that")
    words = repr(says)
    for reply in turn.replies:
        yield from unfit(reply, limits)
        shown = "\n".join(_texts(reply))
        if CANARY in shown:
            yield Breach("evaluated", "a customer's words were taken for a template")
        if "Traceback (most recent" in shown:
            yield Breach("traceback", "a traceback is shown to the customer")
        for sign in TEMPLATE:
            if sign in shown and sign not in words:
                yield Breach("template", f"the customer sees the template: {sign}")


def _texts(reply: Outbound) -> Iterator[str]:
    yield from (reply.text, reply.header, reply.footer, reply.list_button)
    for option in (*reply.buttons, *reply.rows):
        yield from (option.title, option.about)


def unfit(reply: Outbound, limits: Limits) -> Iterator[Breach]:
    """What the provider would not take."""
    pressable = bool(reply.buttons or reply.rows)
    text = limits.body if pressable else limits.caption if reply.media else limits.text
    measured: list[tuple[str, int, int]] = [
        ("text", len(reply.text), text),
        ("header", len(reply.header), limits.header),
        ("footer", len(reply.footer), limits.footer),
        ("buttons", len(reply.buttons), limits.buttons),
        ("rows", len(reply.rows), limits.rows),
        ("list button", len(reply.list_button), max(limits.list_button, 0)),
    ]
    for button in reply.buttons:
        measured += [("button title", len(button.title), limits.button_title)]
    for row in reply.rows:
        measured += [
            ("row title", len(row.title), limits.row_title),
            ("row's second line", len(row.about), limits.row_about),
        ]
    for option in (*reply.buttons, *reply.rows):
        measured += [("press id", len(option.id), limits.press_id)]
        if not option.title.strip():
            yield Breach("untitled", "a button has no title")
    for what, length, most in measured:
        if length > most:
            yield Breach(f"limit {what}", f"the provider does not take it: {what} {length}, at most {most}")
    if pressable and not reply.text.strip():
        yield Breach("bodiless", "buttons stand under no text: the provider does not take it")


def _of_stage(stage: Stage) -> Iterator[Breach]:
    talk = stage.talk.conversation
    for code, quantity, *_ in talk.cart:
        if type(quantity) is not int or quantity < 1:
            yield Breach("cart", f"there are {quantity} of {code} in the cart")
    for code, left in stage.everything.stock.items():
        if left < 0:
            yield Breach("stock", f"there are {left} of {code} left")
    kept: Any = load(dump(talk))
    if kept != talk:
        yield Breach("kept", "the conversation is another one after it was kept and read again")
    stage.talk.conversation = kept
