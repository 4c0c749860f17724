"""Where a conversation is played: a fresh shop, a customer's talk with it, and all that can happen there."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from engine.durations import read_duration
from engine.interpreter import Interpreter
from engine.limits import MEDIA_KINDS, Limits
from engine.memory import MemoryShop
from engine.message import Inbound, Media
from engine.pack import Pack
from engine.rehearsal.script import Script
from engine.rehearsal.talk import Talk, Unplayable, Watch
from engine.shop import Product, Shop
from engine.turn import Turn

PHONE = "923001234567"
"""The number of the customer who talks, unless the file says another."""


class BrokenOnPurpose(Exception):
    """The fault that a conversation puts into the shop with `breaks`."""


class Stage:
    """One playing of a script: a shop of its own, the talk, and what happens to both.

    `stock_before` is what `stock` was set to, or began with. An `interpreter` of the pack and role that is at
    hand need not be made again.
    """

    def __init__(
        self,
        pack: Pack,
        script: Script,
        limits: Limits | None = None,
        watch: Watch | None = None,
        interpreter: Interpreter | None = None,
    ) -> None:
        self.pack = pack
        self.phone = script.customer.get("phone", PHONE)
        self.everything = shop_with_people(pack, script.role)
        shop = self.everything.for_customer(self.phone, script.role)
        known = {key: value for key, value in script.customer.items() if key != "phone"}
        if script.language:
            known["language"] = script.language
        if known:
            shop.save_customer(known)
        self._shop = _Breakable(shop)
        at = script.at.replace(tzinfo=pack.business.zone)
        self.talk = Talk(pack, cast(Shop, self._shop), at, script.role, limits, watch, interpreter)
        self.stock_before = dict(self.everything.stock)

    def fork(self) -> Stage:
        """The same moment once more: what happens on either of the two changes nothing on the other."""
        twin = copy(self)
        twin.everything = self.everything.copy()
        twin._shop = _Breakable(twin.everything.for_customer(self.phone))
        twin._shop.broken = set(self._shop.broken)
        twin.talk = self.talk.fork(cast(Shop, twin._shop))
        twin.stock_before = dict(self.stock_before)
        return twin

    def act(self, said: Any) -> tuple[Turn, ...]:
        """What an entry of `says` leads to: the turns that it begins. Raises Unplayable, or what broke."""
        if not isinstance(said, Mapping):
            return (self.talk.hear(Inbound("text", text=str(said))),)
        if "press" in said or "send" in said:
            return (self.talk.hear(self.inbound(said)),)
        if "wait" in said:
            return tuple(turn for _, turn in self.talk.wait(waiting(said)))
        if "event" in said:
            return (self.talk.happen(str(said["event"])),)
        self.change(said)
        return ()

    def inbound(self, said: Mapping[str, Any]) -> Inbound:
        """The message that a `press` or a `send` brings; raises Unplayable."""
        if "press" in said:
            return self.talk.pressing(str(said["press"]))
        kind = said["send"]
        latitude, longitude = said.get("latitude"), said.get("longitude")
        return Inbound(
            kind,
            text=str(said.get("text", "")),
            latitude=None if latitude is None else float(latitude),
            longitude=None if longitude is None else float(longitude),
            address=str(said.get("address", "")),
            media=Media(id=kind) if kind in MEDIA_KINDS else None,
            items=tuple((str(code), int(count)) for code, count in said.get("items", {}).items()),
        )

    def change(self, said: Mapping[str, Any]) -> tuple[Product, ...]:
        """Does what happens to the shop (`stock price gone breaks`); the products as they are then."""
        changed: list[Product] = []
        if "stock" in said:
            changed = [self.product(code).replaced(stock=int(left)) for code, left in said["stock"].items()]
            self.stock_before |= {product.code: product.stock or 0 for product in changed}
        elif "price" in said:
            changed = [
                self.product(code).replaced(price=Decimal(str(price)))
                for code, price in said["price"].items()
            ]
        elif "gone" in said:
            changed = [self.product(str(said["gone"])).replaced(on_sale=False)]
        elif "breaks" in said:
            self._shop.broken.add(str(said["breaks"]))
        else:
            raise Unplayable(f"{dict(said)} is nothing that can happen in a conversation")
        for product in changed:
            self.everything.put_product(product)
        return tuple(changed)

    def product(self, code: str) -> Product:
        """The product with this code; raises Unplayable for none such."""
        for product in self.everything.products:
            if product.code == code:
                return product
        raise Unplayable(f"there is no product with the code {code!r}")


def waiting(said: Mapping[str, Any]) -> timedelta:
    """How long a `wait` lasts; raises Unplayable for what is no length of time."""
    duration = read_duration(str(said["wait"]))
    if duration is None:
        raise Unplayable(f"{said['wait']!r} is no length of time; write 20 minutes, 1 hour or 2 days")
    return duration


def shop_with_people(pack: Pack, role: str) -> MemoryShop:
    """A fresh shop with somebody, called like the role, in every role but the one that talks."""
    shop = MemoryShop(pack)
    for other in pack.flows:
        if other != role:
            shop.for_customer(other, other)
    return shop


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
