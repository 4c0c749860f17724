"""Plays a conversation against a pack, on a clock of its own and a fresh shop, and prints what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from engine.declarations import Unreadable
from engine.durations import read_duration
from engine.flow import NOTHING
from engine.interpreter import Interpreter
from engine.jinja.filters import format_money
from engine.limits import MEDIA_KINDS, Limits
from engine.memory import MemoryShop, Placed
from engine.message import Inbound, Media, Option, Outbound
from engine.nearest import unknown
from engine.pack import Pack
from engine.recognizer import decode_press
from engine.shop import Product, Shop
from engine.turn import Failure, Turn

START = datetime(2025, 10, 18, 11, 0)
"""When a conversation begins, on the business's clock, unless its file says `at`."""

PHONE = "923001234567"
"""The number of the customer who talks, unless the file says another."""

INDENT = "    "


Watch = Callable[[str, Turn], None]
"""Called after each turn, with the state that it began in."""


class Unplayable(Exception):
    """A conversation asks for something that cannot be done, such as a button that nobody offered."""


class BrokenOnPurpose(Exception):
    """The fault that a conversation puts into the shop with `breaks`."""


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
    ) -> None:
        self.shop = shop
        self.now = at
        self.limits = limits or Limits()
        self.interpreter = Interpreter(pack, role=role)
        self.conversation = self.interpreter.start()
        self.latest: Sequence[Option] = ()
        self._watch = watch
        self._offered: list[Option] = []
        self._written: dict[str, str] = {}

    def hear(self, inbound: Inbound) -> Turn:
        """What the pack answers to this message."""
        return self._take(
            lambda: self.interpreter.hear(self.conversation, inbound, self.shop, self.now, self.limits)
        )

    def pressing(self, called: str) -> Inbound:
        """What the customer sends for the latest button or row with this command or title, of all there were.

        Where it stood there as text, that is its number, or its title once its number has passed. Raises
        Unplayable.
        """
        for option in reversed(self._offered):
            if self._is_called(called, option.title, option.id):
                return pressed(option)
        for press_id, title in reversed(self._written.items()):
            if self._is_called(called, title, press_id):
                offered = self.conversation.offered
                number = next((row[0] for row in offered if row[2] == press_id), 0)
                return Inbound("text", text=str(number) if number > 0 else title)
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


class Beginning(NamedTuple):
    """The state in which a conversation begins; its slots, as they would be typed; its cart, code: pieces."""

    state: str
    slots: Mapping[str, Any] = NOTHING
    cart: Mapping[str, int] = NOTHING


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation file, read: who talks, from when on (on the business's clock), what is said and done.

    `provider` is the word of the one that is talked through; empty for WhatsApp's own. Without `start_at`
    nobody has spoken yet.
    """

    title: str
    says: tuple[Any, ...]
    role: str = "customer"
    language: str = ""
    customer: Mapping[str, str] = field(default_factory=dict)
    at: datetime = START
    provider: str = ""
    start_at: Beginning | None = None


def script_of(document: Mapping[str, Any]) -> Script:
    """The script in the document of a conversation file that has passed its schema."""
    return Script(
        title=str(document["conversation"]),
        says=tuple(document["says"]),
        role=str(document.get("role", "customer")),
        language=str(document.get("language", "")),
        customer={key: str(value) for key, value in document.get("customer", {}).items()},
        at=datetime.fromisoformat(document["at"]) if "at" in document else START,
        provider=str(document.get("provider", "")),
        start_at=_beginning(document["start_at"]) if "start_at" in document else None,
    )


def _beginning(written: Any) -> Beginning:
    if isinstance(written, str):
        return Beginning(str(written))
    slots = {str(slot): value for slot, value in written.get("slots", {}).items()}
    cart = {str(code): int(quantity) for code, quantity in written.get("cart", {}).items()}
    return Beginning(str(written["state"]), slots, cart)


def shop_with_people(pack: Pack, role: str) -> MemoryShop:
    """A fresh shop with somebody, called like the role, in every role but the one that talks."""
    shop = MemoryShop(pack)
    for other in pack.flows:
        if other != role:
            shop.for_customer(other, other)
    return shop


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
        self.everything = shop_with_people(pack, script.role)
        known = dict(script.customer)
        shop = self.everything.for_customer(known.pop("phone", PHONE), script.role)
        if script.language:
            known["language"] = script.language
        if known:
            shop.save_customer(known)
        self.shop = _Breakable(shop)
        at = script.at.replace(tzinfo=pack.business.zone)
        self.talk = Talk(pack, cast(Shop, self.shop), at, script.role, limits, watch)
        self.lines: list[str] = []
        self.stock_before = dict(self.everything.stock)
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
            self._show_turn(self.talk.begin_at(*self.script.start_at))
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
        inbound = self.talk.pressing(str(said["press"]))
        self._hear(f"[ {inbound.text} ]" if inbound.kind == "press" else inbound.text, inbound)

    def _send(self, said: Mapping[str, Any]) -> None:
        kind = said["send"]
        text = str(said.get("text", ""))
        latitude, longitude = said.get("latitude"), said.get("longitude")
        inbound = Inbound(
            kind,
            text=text,
            latitude=None if latitude is None else float(latitude),
            longitude=None if longitude is None else float(longitude),
            address=str(said.get("address", "")),
            media=Media(id=kind) if kind in MEDIA_KINDS else None,
            items=tuple((str(code), int(count)) for code, count in said.get("items", {}).items()),
        )
        where = "" if latitude is None else f" {latitude}, {longitude}"
        wanted = ", ".join(f"{quantity}x {code}" for code, quantity in inbound.items)
        what = f"({kind}{where}{f' {wanted}' if wanted else ''})"
        words = " ".join(filter(None, (what, text, inbound.address)))
        self._hear(words, inbound)

    def _wait(self, said: Mapping[str, Any]) -> None:
        duration = read_duration(str(said["wait"]))
        if duration is None:
            raise Unplayable(f"{said['wait']!r} is no length of time; write 20 minutes, 1 hour or 2 days")
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
        for code, left in said["stock"].items():
            product = self._product(code)
            self.everything.put_product(replace(product, stock=int(left)))
            self.stock_before[product.code] = int(left)
            self.lines += ["", f"(stock: {left} {product.name} left)"]

    def _price(self, said: Mapping[str, Any]) -> None:
        for code, price in said["price"].items():
            product = self._product(code)
            self.everything.put_product(replace(product, price=Decimal(str(price))))
            self.lines += ["", f"(price: {product.name} now costs {self._money(Decimal(str(price)))})"]

    def _gone(self, said: Mapping[str, Any]) -> None:
        product = self._product(str(said["gone"]))
        self.everything.put_product(replace(product, on_sale=False))
        self.lines += ["", f"({product.name} is no longer sold)"]

    def _breaks(self, said: Mapping[str, Any]) -> None:
        self.shop.broken.add(str(said["breaks"]))
        self.lines += ["", f"(the next {said['breaks']} breaks)"]

    def _product(self, code: str) -> Product:
        for product in self.everything.products:
            if product.code == code:
                return product
        raise Unplayable(f"there is no product with the code {code!r}")

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
        changed = [code for code, before in self.stock_before.items() if now.get(code) != before]
        self.lines += ["", "stock:"]
        if not changed:
            self.lines.append(f"{INDENT}as before")
        for code in changed:
            self.lines.append(
                f"{INDENT}{self._product(code).name}: {self.stock_before[code]}, now {now[code]}"
            )

    def _money(self, amount: Decimal) -> str:
        business = self.pack.business
        return format_money(amount, business.currency, business.languages[0], business.country)


class _Breakable:
    """A shop of which a method can be made to raise, the next time that it is called."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.broken: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in self.broken:
            self.broken.remove(name)
            raise BrokenOnPurpose(name)
        return getattr(self.shop, name)
