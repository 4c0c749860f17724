"""Takes a conversation and a message, and gives the turn that the flow decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from engine import silence
from engine.actions.add_to_cart import run as add_to_cart
from engine.built_in import built_in
from engine.conversation import Conversation
from engine.declarations import Unreadable
from engine.draft import Draft
from engine.execution import NO_FAILS, Execution
from engine.flow import Answer
from engine.limits import SILENT_KINDS, Limits
from engine.message import Inbound, Outbound
from engine.pack import Pack
from engine.prepared import Prepared
from engine.program import CompiledRule, CompiledState, compile_flow
from engine.reading import plain, put_aside, read_input, read_named, read_value
from engine.recognizer import Meaning, decode_press, exists, picked_by, recognize
from engine.sayings import spelled
from engine.shop import Shop
from engine.source import Spot
from engine.speech import built_in_text, speak, speak_more
from engine.suggestion import nearest_command
from engine.telling import letters
from engine.turn import BrokenTurn, SetApart, Timer, Trace, Turn, Unfit
from engine.validation import passes

MOST_PRESSES_KEPT = 32

WHATSAPP = Limits()

NOTHING_MEANT = Meaning("")


class Interpreter:
    """One flow of a pack, compiled; shared by all its conversations and by any number of threads."""

    def __init__(self, pack: Pack, role: str = "customer") -> None:
        self.pack = pack
        self.program = compile_flow(pack.flows[role])
        self.flow = self.program.flow
        self.is_multilingual = len(self.flow.languages) > 1
        self.execution = Execution(self.program)
        self.prepared = Prepared()

    def start(self) -> Conversation:
        """The conversation of somebody who has not spoken yet."""
        return Conversation(state=str(self.flow.start))

    def hear(
        self,
        conversation: Conversation,
        inbound: Inbound,
        shop: Shop,
        moment: datetime,
        limits: Limits = WHATSAPP,
        trace: Trace | None = None,
    ) -> Turn:
        """The turn of one message. Raises BrokenTurn, or whatever broke; nothing may be kept then.

        A `trace` that is handed in is filled as the turn goes: of one that breaks, it is what is left.
        """
        draft = self.draft(conversation, inbound, shop, moment, limits, trace)
        talk = draft.conversation
        if inbound.kind in SILENT_KINDS:
            draft.trace.append({"step": "recorded", "why": "kind"})
            return Turn(conversation, (), draft.trace)
        state = self.program.states.get(talk.state)
        at = draft.at
        if state is not None and state.human:
            draft.trace.append({"step": "recorded", "why": "human"})
            silence.begin(talk, at)
            return Turn(talk, (), draft.trace)
        press = decode_press(inbound.press, talk) if inbound.press is not None else None
        if press is not None and press.visit != talk.visit and inbound.press in talk.taken:
            draft.trace.append({"step": "recorded", "why": "second press"})
            return Turn(conversation, (), draft.trace)
        why = silence.starts_over(self.program, state, talk, at)
        if why or state is None:
            draft.trace.append({"step": "started_over", "why": why})
            state = self._start_over(draft, at)
        silence.begin(talk, at)
        meaning = recognize(state, inbound, press, draft)
        if meaning.language and not talk.language and self.is_multilingual:
            talk.language = meaning.language
            self._choose_language(draft)
        rule = meaning.rule
        draft.trace.append(
            {
                "step": "understood",
                "how": meaning.how,
                "rule": rule.key if rule else "",
                "at": rule.at if rule else Spot.of(state.state.place),
            }
        )
        if meaning.page is not None:
            draft.trace.append({"step": "more", "start": meaning.page[1]})
            talk.tries = 0
            return Turn(talk, speak_more(draft, state, *meaning.page), draft.trace)
        if rule is None or rule is state.otherwise:
            self._not_understood(draft, state, rule, meaning.counts)
        else:
            is_in_time = press is not None and press.visit == talk.visit
            self._understood(draft, state, rule, meaning)
            if is_in_time and draft.failure is None and inbound.press is not None:
                talk = draft.conversation
                talk.taken = [*talk.taken[1 - MOST_PRESSES_KEPT :], inbound.press]
        return self._finished(draft)

    def happen(
        self,
        conversation: Conversation,
        event: str,
        shop: Shop,
        moment: datetime,
        limits: Limits = WHATSAPP,
        names: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
    ) -> Turn:
        """The turn of an event; one that nobody handles changes nothing, but `handed_back` leads back."""
        draft = self.draft(conversation, None, shop, moment, limits, trace)
        draft.given.update(names or {})
        state = self._state(draft)
        rule = state.events.get(event)
        if rule is not None and not exists(rule, draft):
            rule = None
        key = rule.key if rule else ""
        draft.trace.append({"step": "understood", "how": f"event {event}", "rule": key})
        if event == "handed_back" and state.human:
            draft.conversation.note = ""
        if rule is not None:
            draft.trace[-1]["at"] = rule.at
            self._take_unasked(draft, rule, names or {})
        elif event == "handed_back" and state.human:
            back = draft.conversation.came_from or str(self.flow.start)
            go_back = partial(self.execution.enter_and_settle, draft, back)
            self.execution.attempt(draft, go_back, NO_FAILS, "")
        talk = draft.conversation
        if talk.visit != conversation.visit:
            talk.rung = []
            if state.human:
                silence.rest(talk, conversation, draft.at)
        return self._finished(draft)

    def begin_at(
        self,
        state: str,
        slots: Mapping[str, Any],
        cart: Mapping[str, int],
        shop: Shop,
        moment: datetime,
        limits: Limits = WHATSAPP,
    ) -> Turn:
        """The turn of entering a state out of nothing, as somebody who has just spoken.

        `slots` are written as a customer would type them, `cart` is product code: how many. Raises Unreadable
        for a value that its slot cannot hold, KeyError for a state or slot of another flow, Failure for a
        product that cannot be had.
        """
        draft = self.draft(self.start(), None, shop, moment, limits)
        for slot, written in slots.items():
            declared = self.flow.slots[slot]
            try:
                value = read_value(declared, written, draft, is_written=True)
            except Unreadable as error:
                raise Unreadable(f"{written!r} cannot be read as {declared.type} for {slot}") from error
            draft.save(slot, value)
        for code, quantity in cart.items():
            add_to_cart(draft, code, quantity)
        silence.begin(draft.conversation, draft.at)
        self.execution.attempt(draft, partial(self.execution.enter_and_settle, draft, state), NO_FAILS, state)
        return self._finished(draft)

    def wake(
        self,
        conversation: Conversation,
        shop: Shop,
        moment: datetime,
        limits: Limits = WHATSAPP,
        trace: Trace | None = None,
        timer: Timer | None = None,
    ) -> Turn:
        """The turn of the timer that is due, if one is; each fires once per silence.

        A `timer` that was set apart fires now, unless its silence has ended meanwhile.
        """
        draft = self.draft(conversation, None, shop, moment, limits, trace)
        state = self._state(draft)
        talk = draft.conversation
        if timer is None:
            due = silence.next_timer(self.program, talk)
            if due is None or due[0] > draft.at:
                return Turn(conversation, (), draft.trace)
            _, index = due
            talk.fired = [*talk.fired, index]
        elif (talk.visit, talk.heard_at) == (timer.visit, timer.heard_at) and timer.place < len(state.after):
            index = timer.place
        else:
            return Turn(conversation, (), draft.trace)
        rule = state.after[index][1]
        if not exists(rule, draft):
            return Turn(talk, (), draft.trace)
        draft.trace.append({"step": "understood", "how": "silence", "rule": rule.key, "at": rule.at})
        before = talk.copy()
        self._take_unasked(draft, rule, {})
        talk = draft.conversation
        if talk.visit != before.visit:
            silence.go_on(talk, before)
            if state.human:
                silence.rest(talk, before, draft.at)
        return self._finished(draft)

    def set_apart(self, conversation: Conversation) -> SetApart | None:
        """The timer that fires next, apart from its conversation; None where there is none."""
        due = silence.next_timer(self.program, conversation)
        if due is None:
            return None
        _, index = due
        talk = conversation.copy()
        talk.fired = [*talk.fired, index]
        wait = spelled(int(self.program.states[talk.state].after[index][0]))
        timer = Timer(index, talk.visit, talk.heard_at)
        return SetApart(timer, f"{talk.state} after {wait}", talk)

    def due_at(self, conversation: Conversation) -> datetime | None:
        """When the conversation's next timer is due; None where none is, or not before the calendar ends."""
        due = silence.next_timer(self.program, conversation)
        try:
            return None if due is None else datetime.fromtimestamp(due[0], UTC)
        except (OverflowError, ValueError):
            return None

    def apology(self, conversation: Conversation, shop: Shop, moment: datetime) -> Outbound:
        """What a customer gets whose turn broke: in their language, and never another fault."""
        language = conversation.language or self.flow.languages[0]
        try:
            draft = self.draft(conversation, None, shop, moment, WHATSAPP)
            return Outbound(built_in_text("something_went_wrong", draft))
        except Exception:
            return Outbound(built_in("something_went_wrong", language))

    def meaning(self, draft: Draft) -> Meaning:
        """What the draft's message means where its conversation stands; nothing is done."""
        inbound = draft.message
        assert inbound is not None  # noqa: S101
        talk = draft.conversation
        press = decode_press(inbound.press, talk) if inbound.press is not None else None
        return recognize(self.program.states[talk.state], inbound, press, draft)

    # -- the steps of a turn

    def draft(
        self,
        conversation: Conversation,
        inbound: Inbound | None,
        shop: Shop,
        moment: datetime,
        limits: Limits,
        trace: Trace | None = None,
    ) -> Draft:
        """A turn of a copy of the conversation, before anything was understood."""
        talk = conversation.copy()
        draft = Draft(self.pack, self.flow, shop, talk, inbound, moment, limits, self.prepared)
        if trace is not None:
            draft.trace = trace
        if self.is_multilingual and (shop.customer().language or talk.language):
            self._choose_language(draft)
        return draft

    def _choose_language(self, draft: Draft) -> None:
        languages = self.flow.languages
        saved = draft.shop.customer().language
        chosen = saved if saved in languages else draft.conversation.language
        language = chosen if chosen in languages else languages[0]
        if language != draft.language:
            draft.language = language
            draft.forget_all()

    def _state(self, draft: Draft) -> CompiledState:
        state = self.program.states.get(draft.conversation.state)
        if state is None:
            draft.trace.append({"step": "started_over", "why": "gone"})
            state = self._start_over(draft, draft.at)
        return state

    def _start_over(self, draft: Draft, at: float) -> CompiledState:
        talk = draft.conversation
        draft.reset()
        talk.state = draft.origin = str(self.flow.start)
        talk.visit += 1
        talk.entered_at = at
        talk.tries = 0
        talk.offer, talk.offered = [], []
        talk.fired = []
        talk.language = talk.came_from = talk.note = ""
        if self.is_multilingual:
            self._choose_language(draft)
        return self.program.states[talk.state]

    def _not_understood(
        self, draft: Draft, state: CompiledState, understood: CompiledRule | None = None, counts: bool = True
    ) -> None:
        draft.suggest = lambda: nearest_command(state, draft)
        last = state.then if counts and self._tried(draft, state) else None
        rule = next((rule for rule in (last, *state.fallbacks) if rule and exists(rule, draft)), None)
        if rule is not None:
            if rule is not understood:
                draft.trace.append({"step": "fell_to", "rule": rule.key, "at": rule.at})
            self._take_fallback(draft, rule)

    def _take_fallback(self, draft: Draft, rule: CompiledRule) -> None:
        """An `otherwise` or a `then`: what it cannot read or refuses is answered, and is no further try."""
        value, saves, problem = read_input(draft, rule.rule, NOTHING_MEANT)
        refusal = rule.rule.unreadable if problem is not None else None
        if problem is None:
            refused = next((check for check in rule.checks if not passes(draft, check, value)), None)
            refusal = refused.refusal if refused is not None else None
        if problem is not None:
            draft.trace.append({"step": "unreadable", **problem, "at": rule.at})
        if refusal is not None:
            self.execution.refuse(draft, refusal, put_aside(draft, rule.rule))
        else:
            self.execution.take(draft, rule, saves, understood=False)

    def _take_unasked(self, draft: Draft, rule: CompiledRule, names: Mapping[str, Any]) -> None:
        """The rule of an event or a timer, from step 6 on: what it saves is written or came along."""
        _, saves, problem = read_input(draft, rule.rule, Meaning("", values=names))
        if problem is not None:
            raise BrokenTurn(f"{rule.at}: {problem['text']!r} cannot be saved in {problem['name']}")
        self.execution.take(draft, rule, saves)

    def _tried(self, draft: Draft, state: CompiledState) -> bool:
        """Counts one more try, and says whether that was the last one allowed."""
        talk = draft.conversation
        talk.tries += 1
        if not state.limit:
            return False
        draft.trace.append({"step": "tries", "count": talk.tries, "limit": state.limit})
        return talk.tries >= state.limit

    def _understood(self, draft: Draft, state: CompiledState, rule: CompiledRule, meaning: Meaning) -> None:
        """Steps 4 and 5, then the rule itself."""
        if meaning.pick is not None and not self._picked(draft, state, meaning.pick):
            return
        saves: list[tuple[str, Any]] = []
        value: Any = draft.message.text if draft.message else ""
        declared = rule.rule
        if meaning.holes or meaning.values or rule.saves or meaning.pick is not None:
            if meaning.values:
                draft.given.update(meaning.values)
            problem = read_named(draft, meaning) if meaning.holes else None
            if problem is None:
                value, saves, problem = read_input(draft, declared, meaning)
            if problem is not None:
                draft.trace.append({"step": "unreadable", **problem, "at": rule.at})
                self._refuse(draft, state, declared.unreadable, put_aside(draft, declared))
                return
            if draft.given:
                read = {name: plain(given) for name, given in draft.given.items()}
                draft.trace.append({"step": "read", "values": read})
        for check in rule.checks:
            if not passes(draft, check, value):
                self._refuse(draft, state, check.refusal, put_aside(draft, declared))
                return
        try:
            self.execution.take(draft, rule, saves)
        except Unfit as unfit:
            unread = {"name": unfit.name, "type": unfit.type, "text": plain(unfit.value)}
            draft.trace.append({"step": "unreadable", **unread, "at": rule.at})
            if declared.unreadable is None and not any(exists(one, draft) for one in state.fallbacks):
                raise
            self._refuse(draft, state, declared.unreadable, dict(saves))

    def _picked(self, draft: Draft, state: CompiledState, pick: str) -> bool:
        """Finds the line that was picked; if it is gone, says so and offers the list again."""
        choices = state.state.choices
        assert choices is not None  # noqa: S101
        for item in choices.source.evaluate(draft) or ():
            draft.given[choices.name] = item
            if picked_by(choices.value.evaluate(draft)) == pick:
                return True
        draft.given.pop(choices.name, None)
        draft.trace.append({"step": "pick_gone", "value": pick, "at": Spot.of(choices.place)})
        none = choices.none

        def offer_again() -> None:
            if none is not None:
                self.execution.answer(draft, none)
            if none is None or none.goto is None:
                draft.asking = True
            self.execution.settle(draft)

        self.execution.attempt(draft, offer_again, NO_FAILS, str(choices.place))
        return False

    def _refuse(
        self, draft: Draft, state: CompiledState, answer: Answer | None, refused: Mapping[str, Any]
    ) -> None:
        if answer is None:
            self._not_understood(draft, state)
        elif self._tried(draft, state) and state.then is not None and exists(state.then, draft):
            draft.trace.append({"step": "fell_to", "rule": state.then.key, "at": state.then.at})
            self._take_fallback(draft, state.then)
        else:
            self.execution.refuse(draft, answer, refused)

    def _finished(self, draft: Draft) -> Turn:
        """Step 8."""
        state = self.program.states[draft.conversation.state]
        asked = 0
        if draft.asking:
            asked = len(state.ask)
            draft.replies.extend(state.ask)
        replies = speak(draft, state, asked, draft.items) if draft.replies else ()
        if draft.replies:
            draft.trace.append({"step": "said", "messages": draft.replies, "language": draft.language})
        told = letters(draft) if draft.told else ()
        return Turn(draft.conversation, replies, draft.trace, told, draft.calls_person)
