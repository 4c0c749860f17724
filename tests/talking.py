"""Lets tests talk with a flow: written as YAML, read as any pack is, played on a shop in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from textwrap import dedent
from typing import Any

from engine.conversation import Conversation, dump, load
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.memory import MemoryShop
from engine.message import Inbound, Outbound
from engine.reader import read_pack
from engine.turn import Turn

NOON = datetime(2025, 10, 18, 7, 0, tzinfo=UTC)
"""Noon in Karachi, on a Saturday."""

BUSINESS = """
business: shop
name: Corner Shop
currency: INR
timezone: Asia/Karachi
languages: [en]
order_number: "N{date:%Y%m%d}{n:03}"
flows: {customer: customer.yaml}
"""

CATALOG = """
products:
  - {number: 1, code: apple, name: Apple, price: 50.00, stock: 5}
  - {number: 2, code: pear, name: Pear, price: 30.00, stock: 1}
  - {number: 7, code: plum, name: Plum, price: 9.50}
"""

WORKFLOW = """
order:
  start: pending
  moves:
    confirm: {from: pending, to: confirmed, by: [staff]}
    cancel: {from: pending, to: cancelled, by: [customer, staff], do: restock, tell: order_cancelled}
"""


def interpreter_of(flow: str, templates: Mapping[str, str] | None = None, **files: str) -> Interpreter:
    """The interpreter of the flow; `files` are the pack's others, their names with `__` for the point."""
    pack_files = {
        "business.yaml": BUSINESS,
        "catalog.yaml": CATALOG,
        "customer.yaml": dedent(flow),
        **{name.replace("__", "."): dedent(text) for name, text in files.items()},
    }
    reading = read_pack(pack_files, "flows/shop", templates or {})
    assert reading.problems == (), [f"{found.place}: {found.message}" for found in reading.problems]
    assert reading.pack is not None
    return Interpreter(reading.pack)


class Talker:
    """A customer in conversation. Every turn goes through JSON, as it does between two messages."""

    def __init__(
        self,
        flow: str | Interpreter,
        limits: Limits | None = None,
        shop: MemoryShop | None = None,
        phone: str = "923001234567",
        **files: str,
    ) -> None:
        self.interpreter = interpreter_of(flow, **files) if isinstance(flow, str) else flow
        self.memory = shop or MemoryShop(self.interpreter.pack)
        self.shop = self.memory.for_customer(phone)
        self.limits = limits or Limits()
        self.now = NOON
        self.conversation: Conversation = self.interpreter.start()
        self.turn: Turn | None = None

    @property
    def state(self) -> str:
        return self.conversation.state

    @property
    def slots(self) -> dict[str, Any]:
        return self.conversation.slots

    def hear(self, inbound: Inbound) -> list[str]:
        """What the business answers, as texts."""
        return self._take(
            self.interpreter.hear(load(dump(self.conversation)), inbound, self.shop, self.now, self.limits)
        )

    def say(self, text: str) -> list[str]:
        return self.hear(Inbound("text", text))

    def press(self, title: str) -> list[str]:
        """Presses what stands under this title in the last answer."""
        return self.press_id(self.id_of(title), title)

    def press_id(self, press_id: str, title: str = "") -> list[str]:
        return self.hear(Inbound("press", title, press=press_id))

    def id_of(self, title: str) -> str:
        assert self.turn is not None
        for reply in reversed(self.turn.replies):
            for option in (*reply.buttons, *reply.rows):
                if option.title == title:
                    return option.id
        raise AssertionError(f"nothing says {title!r}")

    def wait(self, **duration: float) -> list[str]:
        """Lets time go by; what timers say on the way."""
        end = self.now + timedelta(**duration)
        said: list[str] = []
        while (due := self.interpreter.due_at(self.conversation)) is not None and due <= end:
            self.now = due
            turn = self.interpreter.wake(load(dump(self.conversation)), self.shop, due, self.limits)
            said += self._take(turn)
        self.now = end
        return said

    def event(self, name: str, **names: Any) -> list[str]:
        return self._take(
            self.interpreter.happen(self.conversation, name, self.shop, self.now, self.limits, names)
        )

    def _take(self, turn: Turn) -> list[str]:
        self.turn = turn
        self.conversation = turn.conversation
        return [shown(reply) for reply in turn.replies]


def shown(reply: Outbound) -> str:
    """A reply in one line of text: buttons as [Title], rows as (Title)."""
    marks = [f"[{button.title}]" for button in reply.buttons] + [f"({row.title})" for row in reply.rows]
    if reply.media is not None:
        marks.append(f"<{reply.media[0]} {reply.media[1].link or reply.media[1].id}>")
    if reply.ask_location:
        marks.append("<place?>")
    return " ".join([reply.text, *marks]) if reply.text else " ".join(marks)
