"""One customer's talk with a pack, turn by turn, on a clock that moves only when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from engine.declarations import Unreadable
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Inbound, Option, Outbound
from engine.nearest import unknown
from engine.pack import Pack
from engine.recognizer import decode_press
from engine.shop import Shop
from engine.turn import Failure, Turn

Watch = Callable[[str, Turn], None]
"""Called after each turn, with the state that it began in."""


class Unplayable(Exception):
    """A conversation asks for something that cannot be done, such as a button that nobody offered."""


class Talk:
    """One customer's talk with a pack, turn by turn, on a clock that moves only when it is told to.

    `now` is an aware moment; `limits` are those of the provider that is talked through, WhatsApp's without
    any. `latest` holds the buttons and rows of the last turn that offered any. A turn that raises leaves the
    talk and the shop as they were; any other is told to `watch`.
    """

    def __init__(
        self,
        pack: Pack,
        shop: Shop,
        at: datetime,
        role: str = "customer",
        limits: Limits | None = None,
        watch: Watch | None = None,
        interpreter: Interpreter | None = None,
    ) -> None:
        self.shop = shop
        self.now = at
        self.limits = limits or Limits()
        self.interpreter = interpreter or Interpreter(pack, role=role)
        self.conversation = self.interpreter.start()
        self.latest: Sequence[Option] = ()
        self._watch = watch
        self._offered: list[Option] = []
        self._written: dict[str, str] = {}

    def fork(self, shop: Shop) -> Talk:
        """The same talk with a shop that is as this one's is: each goes on for itself."""
        twin = copy(self)
        twin.shop = shop
        twin._offered = list(self._offered)
        twin._written = dict(self._written)
        return twin

    def hear(self, inbound: Inbound) -> Turn:
        """What the pack answers to this message."""
        return self._take(
            lambda: self.interpreter.hear(self.conversation, inbound, self.shop, self.now, self.limits)
        )

    @property
    def offered(self) -> Sequence[Option]:
        """Every button and row that there was so far, in order."""
        return self._offered

    def pressing(self, called: str) -> Inbound:
        """What the customer sends for the latest button or row with this command or title, of all there were.

        Where it stood there as text, that is its number, or its title once its number has passed. What reads
        like the id of a button that was never offered is sent as it is. Raises Unplayable.
        """
        for option in reversed(self._offered):
            if self._is_called(called, option.title, option.id):
                return pressed(option)
        for press_id, title in reversed(self._written.items()):
            if self._is_called(called, title, press_id):
                offered = self.conversation.offered
                number = next((row[0] for row in offered if row[2] == press_id), 0)
                return Inbound("text", text=str(number) if number > 0 else title)
        if decode_press(called, self.conversation) is not None:
            return Inbound("press", text=called, press=called)
        titles = [*(option.title for option in self._offered), *self._written.values()]
        shown = ", ".join(dict.fromkeys(titles)) or "none"
        raise Unplayable(f"there is no button or row {called!r} to press; offered so far: {shown}")

    def _is_called(self, called: str, title: str, press_id: str) -> bool:
        press = decode_press(press_id, self.conversation)
        return called == title or (press is not None and called == press.command)

    def begin_at(self, state: str, slots: Mapping[str, Any], cart: Mapping[str, int]) -> Turn:
        """Enters a state out of nothing; raises Unplayable where the flow does not allow that."""
        flow = self.interpreter.flow
        if state not in flow.states:
            raise Unplayable(unknown("state", state, flow.states))
        for slot in slots:
            if slot not in flow.slots:
                raise Unplayable(unknown("slot", slot, flow.slots))
        try:
            return self._take(
                lambda: self.interpreter.begin_at(state, slots, cart, self.shop, self.now, self.limits)
            )
        except Unreadable as error:
            raise Unplayable(f"`start_at`: {error}") from error
        except Failure as failure:
            about = f" ({failure.product.code})" if failure.product else ""
            raise Unplayable(f"`start_at` cannot be entered: {failure.code}{about}") from failure

    def wait(self, duration: timedelta) -> Iterator[tuple[datetime, Turn]]:
        """Lets the time pass; gives each turn that comes by itself meanwhile, with its moment."""
        until = self.now + duration
        try:
            while (due := self.interpreter.due_at(self.conversation)) is not None and due <= until:
                self.now = max(self.now, due.astimezone(until.tzinfo))
                turn = self._take(
                    lambda: self.interpreter.wake(self.conversation, self.shop, self.now, self.limits)
                )
                yield self.now, turn
        finally:
            self.now = until

    def happen(self, event: str) -> Turn:
        """What the pack answers to something that happened elsewhere."""
        return self._take(
            lambda: self.interpreter.happen(
                self.conversation, event, self.shop, self.now, self.limits, names={}
            )
        )

    def apology(self) -> Outbound:
        """What the customer gets when a turn broke."""
        return self.interpreter.apology(self.conversation, self.shop, self.now)

    def _take(self, turn_of: Callable[[], Turn]) -> Turn:
        with self.shop.savepoint():
            turn = turn_of()
        before, self.conversation = self.conversation, turn.conversation
        if self._watch is not None:
            self._watch(before.state, turn)
        offered = [option for reply in turn.replies for option in (*reply.buttons, *reply.rows)]
        if offered:
            self.latest = tuple(offered)
            self._offered += offered
        elif turn.conversation.offered != before.offered:
            self._written |= {row[2]: row[1] for row in turn.conversation.offered}
        return turn


def pressed(option: Option) -> Inbound:
    """What a channel brings when this is pressed."""
    return Inbound("press", text=option.title, press=option.id)
