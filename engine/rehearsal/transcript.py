"""Plays a conversation against a pack, on a clock of its own and a fresh shop, and prints what was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.jinja.filters import format_money
from engine.limits import Limits
from engine.memory import Placed
from engine.message import Inbound, Outbound
from engine.pack import Pack
from engine.rehearsal.script import Script
from engine.rehearsal.stage import BrokenOnPurpose, Stage, waiting
from engine.rehearsal.talk import Unplayable, Watch
from engine.turn import Turn

INDENT = "    "


def play(pack: Pack, script: Script, limits: Limits | None = None, watch: Watch | None = None) -> str:
    """The whole transcript, as it stands in a snapshot; raises Unplayable.

    `limits` are those of the script's provider, WhatsApp's without any. Each turn is told to `watch`.
    """
    return "\n".join(_Player(pack, script, limits, watch).play()) + "\n"


def show(message: Outbound) -> list[str]:
    """A message as lines of text: its words, `[ button ]`s, `- row`s and what else comes with it."""
    lines = [f"*{message.header}*"] if message.header else []
    if message.media is not None:
        kind, media = message.media
        lines.append(f"({kind} {media.link or media.id})")
    lines += message.text.split("\n") if message.text else []
    lines += [f"(product {code})" for code in message.products]
    if message.footer:
        lines.append(f"_{message.footer}_")
    if message.buttons:
        lines.append(" ".join(f"[ {option.title} ]" for option in message.buttons))
    if message.rows:
        lines.append(f"[ {message.list_button} ]")
        lines += [f"- {row.title}{': ' if row.about else ''}{row.about}" for row in message.rows]
    if message.ask_location:
        lines.append("[ Send location ]")
    return lines


class _Player:
    """One playing of one script."""

    def __init__(self, pack: Pack, script: Script, limits: Limits | None, watch: Watch | None) -> None:
        self.pack = pack
        self.script = script
        self.stage = Stage(pack, script, limits, watch)
        self.talk = self.stage.talk
        self.everything = self.stage.everything
        self.lines: list[str] = []
        self.deeds: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "wait": self._wait,
            "press": self._press,
            "send": self._send,
            "event": self._event,
            "stock": self._stock,
            "price": self._price,
            "gone": self._gone,
            "breaks": self._breaks,
        }

    def play(self) -> list[str]:
        self.lines.append(f"conversation: {self.script.title}")
        if self.script.start_at is not None:
            self.lines += ["", f"(it starts at {self.script.start_at.state})"]
            try:
                self._show_turn(self.talk.begin_at(*self.script.start_at))
            except Unplayable:
                raise
            except Exception as error:
                self._show_broken(error)
        for said in self.script.says:
            if isinstance(said, Mapping):
                deed = next((deed for key, deed in self.deeds.items() if key in said), None)
                if deed is None:
                    raise Unplayable(f"{dict(said)} is nothing that can happen in a conversation")
                deed(said)
            else:
                self._hear(str(said), Inbound("text", text=str(said)))
        self._show_orders()
        self._show_stock()
        return self.lines

    # What the customer does

    def _hear(self, shown: str, inbound: Inbound) -> None:
        self._turn(f"{self.script.role}: {shown}", lambda: self.talk.hear(inbound))

    def _press(self, said: Mapping[str, Any]) -> None:
        inbound = self.stage.inbound(said)
        self._hear(f"[ {inbound.text} ]" if inbound.kind == "press" else inbound.text, inbound)

    def _send(self, said: Mapping[str, Any]) -> None:
        inbound = self.stage.inbound(said)
        where = "" if inbound.latitude is None else f" {inbound.latitude}, {inbound.longitude}"
        wanted = ", ".join(f"{quantity}x {code}" for code, quantity in inbound.items)
        what = f"({inbound.kind}{where}{f' {wanted}' if wanted else ''})"
        words = " ".join(filter(None, (what, inbound.text, inbound.address)))
        self._hear(words, inbound)

    def _wait(self, said: Mapping[str, Any]) -> None:
        duration = waiting(said)
        self.lines += ["", f"({said['wait']} later)"]
        try:
            for at, turn in self.talk.wait(duration):
                self.lines += ["", f"(by itself, at {self.pack.business.local(at):%H:%M})"]
                self._show_turn(turn)
        except Exception as error:
            self._show_broken(error)

    # What happens elsewhere

    def _event(self, said: Mapping[str, Any]) -> None:
        self._turn(f"(event: {said['event']})", lambda: self.talk.happen(str(said["event"])))

    def _stock(self, said: Mapping[str, Any]) -> None:
        for product in self.stage.change(said):
            self.lines += ["", f"(stock: {product.stock} {product.name} left)"]

    def _price(self, said: Mapping[str, Any]) -> None:
        for product in self.stage.change(said):
            self.lines += ["", f"(price: {product.name} now costs {self._money(product.price)})"]

    def _gone(self, said: Mapping[str, Any]) -> None:
        for product in self.stage.change(said):
            self.lines += ["", f"({product.name} is no longer sold)"]

    def _breaks(self, said: Mapping[str, Any]) -> None:
        self.stage.change(said)
        self.lines += ["", f"(the next {said['breaks']} breaks)"]

    # What is printed

    def _turn(self, shown: str, take: Callable[[], Turn]) -> None:
        self.lines += ["", shown]
        try:
            turn = take()
        except Exception as error:
            self._show_broken(error)
        else:
            self._show_turn(turn)

    def _show_broken(self, error: Exception) -> None:
        """What the customer gets, and what it was that broke, unless somebody wanted it to."""
        self._show_messages([self.talk.apology()])
        if not isinstance(error, BrokenOnPurpose):
            self.lines += ["", f"(it broke inside: {type(error).__name__}: {error})"]
        self._show_state()

    def _show_turn(self, turn: Turn) -> None:
        self._show_messages(turn.replies)
        for told in turn.told:
            self.lines += ["", f"to {told.recipient}:"]
            self._show_messages(told.replies)
        if turn.calls_person:
            self.lines += ["", "(a person is called)"]
        self._show_state()

    def _show_messages(self, messages: Sequence[Outbound]) -> None:
        if not messages:
            self.lines += ["", f"{INDENT}(no answer)"]
        for message in messages:
            self.lines += ["", *(f"{INDENT}{line}".rstrip() for line in show(message))]

    def _show_state(self) -> None:
        self.lines += ["", f"[{self.talk.conversation.state}]"]

    def _show_orders(self) -> None:
        self.lines += ["", "orders:"]
        if not self.everything.orders_placed:
            self.lines.append(f"{INDENT}none")
        for placed in self.everything.orders_placed:
            self._show_order(placed)

    def _show_order(self, placed: Placed) -> None:
        order, draft = placed.order, placed.draft
        self.lines.append(f"{INDENT}{order.number}, {order.status}, {self._money(order.total)}")
        for line in order.lines:
            note = f" ({line.note})" if line.note else ""
            self.lines.append(
                f"{INDENT * 2}{line.quantity}x {line.product.name}{note}, {self._money(line.total)}"
            )
        place = "" if draft.latitude is None else f"{draft.latitude}, {draft.longitude}"
        for said in (draft.name, draft.address, place, draft.delivery, draft.instructions):
            if said:
                self.lines.append(f"{INDENT * 2}{said}")

    def _show_stock(self) -> None:
        now = self.everything.stock
        changed = [code for code, before in self.stage.stock_before.items() if now.get(code) != before]
        self.lines += ["", "stock:"]
        if not changed:
            self.lines.append(f"{INDENT}as before")
        for code in changed:
            self.lines.append(
                f"{INDENT}{self.stage.product(code).name}: {self.stage.stock_before[code]}, now {now[code]}"
            )

    def _money(self, amount: Decimal) -> str:
        business = self.pack.business
        return format_money(amount, business.currency, business.languages[0], business.country)
