"""`shoptalk chat PACK`: holds the conversation of a pack in this terminal, on a throw-away shop."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from engine.durations import read_duration
from engine.jinja.filters import format_money
from engine.limits import MEDIA_KINDS, Kind, Limits
from engine.message import Inbound, Media
from engine.rehearsal.stage import PHONE, shop_with_people
from engine.rehearsal.talk import Talk, Unplayable, pressed
from engine.rehearsal.transcript import show
from engine.shop_names import Cart, Catalog

if TYPE_CHECKING:
    from engine.pack import Pack
    from engine.turn import Trace, Turn

PROMPT = "> "

HELP = """\
Write what a customer would write. A button is pressed by writing what it says, or by its place:
  /press 2        presses the second button or row that was offered; a title or a command does as well
  /send image     sends a picture; so do audio, video, document, and location 24.86 67.01
  /wait 2 hours   lets time pass
  /state          where the conversation stands, and what it remembers
  /cart           what is in the cart, and what was ordered
  /why            why the last answer was given
  /quit           ends the chat, as Ctrl-D does"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("pack", metavar="PACK", type=Path, help="the folder of a pack")
    parser.add_argument("--language", metavar="TAG", help="the language that the customer has chosen: ur")
    parser.add_argument("--provider", default="", metavar="NAME", help="as this provider shows it: twilio")
    parser.add_argument("--role", default="customer", help="who talks (default: customer)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the chat has ended, 1 where the pack has errors, 2 for wrong use."""
    from adapters.packs import checked_pack
    from adapters.provider_limits import UnknownProvider, limits_of

    try:
        pack, report = checked_pack(arguments.pack)
    except NotADirectoryError as error:
        print(f"shoptalk chat: {error}", file=sys.stderr)
        return 2
    if pack is None or report:
        print("\n".join(report))
        return 1
    wrong = _wrong_use(pack, arguments.role, arguments.language)
    if wrong:
        print(f"shoptalk chat: {wrong}", file=sys.stderr)
        return 2
    try:
        limits = limits_of(arguments.provider)
    except UnknownProvider as error:
        print(f"shoptalk chat: {error}", file=sys.stderr)
        return 2
    chat = Chat(pack, arguments.role, arguments.language, lambda: datetime.now(UTC), limits)
    lines = sys.stdin or io.StringIO()  # a process may be started without any
    people = lines.isatty()
    if isinstance(lines, io.TextIOWrapper):
        lines.reconfigure(errors="replace")  # what is piped in may be anything
    if people:
        print(f"{pack.business.name}. Say hi; /help tells what else can be done here.\n")
    try:
        for line in _typed() if people else lines:
            for said in chat.answers(line.strip()):
                print(said, flush=True)
            if chat.is_over:
                break
    except KeyboardInterrupt:
        print()
    return 0


def _wrong_use(pack: Pack, role: str, language: str | None) -> str:
    """What is wrong with the arguments; nothing where they fit the pack."""
    if role not in pack.flows:
        return f"nobody talks to {role!r} here; the roles are {', '.join(pack.flows)}"
    languages = pack.flows[role].languages
    if language and language not in languages:
        return f"the flow does not speak {language!r}; it speaks {', '.join(languages)}"
    return ""


def _typed() -> Iterator[str]:
    """What somebody types, line by line, until Ctrl-D."""
    import contextlib

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - arrow keys and history come with it
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return


class Chat:
    """A talk with its commands. `clock` gives the moment, aware; `/wait` runs ahead of it.

    `limits` are what the provider can show, WhatsApp's without any.
    """

    def __init__(
        self,
        pack: Pack,
        role: str,
        language: str | None,
        clock: Callable[[], datetime],
        limits: Limits | None = None,
    ) -> None:
        self.pack = pack
        self.shop = shop_with_people(pack, role)
        own = self.shop.for_customer(PHONE, role)
        if language:
            own.save_customer({"language": language})
        self.clock = clock
        self.seen_at = clock()
        self.talk = Talk(pack, own, self.seen_at, role, limits)
        self.trace: Trace = []
        self.is_over = False

    def answers(self, line: str) -> Iterator[str]:
        """What is printed after this line was typed."""
        if not line:
            return
        now = self.clock()
        yield from self._by_itself(now - self.seen_at)
        self.seen_at = now
        try:
            if line.startswith("/"):
                yield from self._command(line)
            else:
                yield from self._hear(Inbound("text", text=line))
        except Unplayable as error:
            yield f"({error})"

    def _command(self, line: str) -> Iterator[str]:
        word, _, rest = line[1:].partition(" ")
        rest = rest.strip()
        if word == "press":
            yield from self._press(rest)
        elif word == "send":
            yield from self._send(rest)
        elif word == "wait":
            yield from self._wait(rest)
        elif word == "state":
            yield from self._state()
        elif word == "cart":
            yield from self._cart()
        elif word == "why":
            yield from self._why()
        elif word == "quit":
            self.is_over = True
        elif word == "help":
            yield HELP
        else:
            yield f"(there is no /{word}; /help names what there is)"

    # What a customer can do

    def _hear(self, inbound: Inbound) -> Iterator[str]:
        yield from self._answer(lambda: self.talk.hear(inbound))

    def _press(self, called: str) -> Iterator[str]:
        latest = self.talk.latest
        if called.isdecimal() and 1 <= int(called) <= len(latest):
            inbound = pressed(latest[int(called) - 1])
        else:
            inbound = self.talk.pressing(called)
        yield from self._hear(inbound)

    def _send(self, what: str) -> Iterator[str]:
        kind, _, rest = what.partition(" ")
        if kind == "location":
            try:
                latitude, longitude = (float(part) for part in rest.replace(",", " ").split())
            except ValueError:
                yield "(write /send location 24.86 67.01)"
                return
            yield from self._hear(Inbound("location", latitude=latitude, longitude=longitude))
        elif kind in MEDIA_KINDS:
            yield from self._hear(Inbound(cast("Kind", kind), text=rest, media=Media(id=kind)))
        else:
            yield f"(write /send with one of location, {', '.join(sorted(MEDIA_KINDS))})"

    def _wait(self, how_long: str) -> Iterator[str]:
        duration = read_duration(how_long)
        if duration is None:
            yield "(write /wait with a length of time: 20 minutes, 2 hours, 1 day)"
            return
        yield from self._by_itself(duration)
        yield f"(it is {self.pack.business.local(self.talk.now):%A %H:%M})"

    # What an owner wants to know

    def _state(self) -> Iterator[str]:
        talk = self.talk.conversation
        yield talk.state
        for name, value in talk.slots.items():
            yield f"  {name}: {value}"

    def _cart(self) -> Iterator[str]:
        cart = Cart(self.talk.conversation.cart, Catalog(self.shop.products))
        for line in cart.lines:
            yield f"{line.quantity}x {line.product.name}, {self._money(line.total)}"
        yield f"Total: {self._money(cart.total)}" if cart.lines else "(the cart is empty)"
        for placed in self.shop.orders_placed:
            order = placed.order
            yield f"{order.number}, {order.status}, {self._money(order.total)}"

    def _why(self) -> Iterator[str]:
        from engine.story import tell

        yield from tell(self.trace) or ["(nothing was said yet)"]

    def _money(self, amount: Decimal) -> str:
        business = self.pack.business
        return format_money(amount, business.currency, business.languages[0], business.country)

    # What comes back

    def _by_itself(self, duration: timedelta) -> Iterator[str]:
        """Lets time pass, with what the flow says meanwhile."""
        try:
            for _, turn in self.talk.wait(duration):
                yield from self._said(turn)
        except Exception as error:
            yield from self._broken(error)

    def _answer(self, take: Callable[[], Turn]) -> Iterator[str]:
        try:
            turn = take()
        except Exception as error:
            yield from self._broken(error)
        else:
            yield from self._said(turn)

    def _broken(self, error: Exception) -> Iterator[str]:
        """What the customer gets when a turn breaks; what it was that broke is for `/why`."""
        self.trace = [{"step": "broken", "error": f"{type(error).__name__}: {error}"}]
        yield from show(self.talk.apology())
        yield "(it broke inside, and nothing of it was kept; /why tells what it was)"
        yield ""

    def _said(self, turn: Turn) -> Iterator[str]:
        self.trace = turn.trace
        for message in turn.replies:
            yield from show(message)
            yield ""
        for told in turn.told:
            yield f"(to {told.recipient}:)"
            for message in told.replies:
                yield from show(message)
                yield ""
        if turn.calls_person:
            yield "(a person is called)"
        elif not turn.replies:
            yield "(no answer)"
