"""Puts the longest that may stand in a text into it: names, numbers, carts and orders, in every language.

A customer with a long name and address has a cart of the products with the longest names, each as often as
the flow allows, and has ordered the same before. What is typed is as long as its checks let it be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from engine.analysis.survey import Survey
from engine.business import Business
from engine.draft import Draft, Failed
from engine.expressions import Expression, ExpressionFailed, Read, Text, Value
from engine.flow import Check, Choices, Flow
from engine.limits import Limits
from engine.pack import Pack
from engine.shop import OrderDraft, Product
from engine.turn import BrokenTurn, Failure
from engine.types import TYPES

if TYPE_CHECKING:
    from engine.conversation import Conversation

MOST_LINES = 10
"""The lines of the longest cart, and the orders of the most faithful customer, that are thought of."""

MOST_PICKED = 1000
"""Of a list to pick from, so many lines are tried."""

LONGEST_NAME = 60
LONGEST_ADDRESS = 200
LONGEST_WORDS = 300
"""What people write where no check bounds it; the rest is cut off by nobody, and then it is longer."""

LARGEST = 10**15 - 1
"""The largest whole number that can be typed, where no check and no setting bounds it."""

MOST_ORDERED = 9_999
"""How many of a product people are thought to order, where no check and no setting bounds it."""

ORDERED = (".count", ".quantity", ".total", ".left")
"""What texts read of carts, lines and orders that is large where much was ordered."""

PHONE = "923001234567"

LONGEST_ELSE = 60
"""What a value of which nothing else is known may take: a name, a sum, a moment."""

WHEN = datetime(2026, 9, 30, 20, 30, tzinfo=UTC)
"""A Wednesday in September: the longest of their kinds in English."""

_REPEATS = re.compile(r"\{%[-+]?\s*(?:for|include|import|from|extends|macro|call)\b")
"""What lets a text be longer than what it is made of."""


class Talk:
    """What texts read of a conversation; what keeps a real one as JSON takes a tenth of flow-lint's start."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.slots: dict[str, Any] = {}
        self.cart: list[list[Any]] = []


class WorstCase:
    """What texts of one flow come to at their longest. Nothing of it is worked out before it is asked for."""

    def __init__(self, survey: Survey, pack: Pack | None) -> None:
        self.survey = survey
        self.flow = survey.flow
        self._pack = pack
        self._drafts: dict[str, Draft] = {}
        self._brought: dict[str, Mapping[str, Any]] = {}
        self._lines: dict[tuple[str, str, str, str], list[str]] = {}

    def rendered(self, text: Text, language: str, given: Mapping[str, Any] | None = None) -> str | None:
        """What the text says at its longest; None where that cannot be told without a real conversation."""
        if text.constant is not None:
            return text.constant
        draft = self._draft(language)
        draft.given = {**self._given(language), **(given or {})}
        try:
            return text.render(draft)
        except ExpressionFailed:
            return None

    def evaluated(self, source: Expression | Value, language: str) -> Any:
        """What the expression comes to; None where that cannot be told."""
        draft = self._draft(language)
        draft.given = dict(self._given(language))
        try:
            return source.evaluate(draft)
        except ExpressionFailed:
            return None

    def lines(self, choices: Choices, text: Text, language: str) -> list[str]:
        """What the text says of each line to pick from, as far as the files tell which there are."""
        key = (choices.source.source, choices.name, text.source, language)
        known = self._lines.get(key)
        if known is None:
            items = self.evaluated(choices.source, language)
            some = list(items)[:MOST_PICKED] if isinstance(items, (list, tuple)) else []
            known = [self.rendered(text, language, {choices.name: item}) or "" for item in some]
            self._lines[key] = known
        return known

    def may_exceed(self, text: Text, limit: int) -> bool:
        """Whether the text could be longer than that: a cheap estimate, never too low but for loops' sake."""
        if text.constant is not None:
            return len(text.constant) > limit
        if _REPEATS.search(text.source):
            return True
        return len(text.source) + sum(map(self._length_of, text.reads())) > limit

    def _length_of(self, read: Read) -> int:
        if read.kind not in ("name", "call"):
            return 0
        if read.path[0] == "customer":
            return LONGEST_ADDRESS
        return max(len(self._texts.get(read.path[0], "")), LONGEST_ELSE)

    # The world in which the texts are said

    @cached_property
    def pack(self) -> Pack:
        """The pack, or what stands in for one around a lone flow; everything in it can be had in plenty."""
        pack = self._pack
        if pack is None:
            business = Business("shop", "A shop", "EUR", "UTC", self.flow.languages)
            return Pack(business, {"customer": self.flow})
        stock = self.most_ordered * (MOST_LINES + 1)
        plenty = tuple(
            product.replaced(stock=None if product.stock is None else stock, on_sale=True)
            for product in pack.products
        )
        return pack._replace(products=plenty)

    @cached_property
    def largest(self) -> int:
        """The largest number that is typed."""
        return self._bound or LARGEST

    @cached_property
    def most_ordered(self) -> int:
        """The largest quantity of a product."""
        return self._bound or MOST_ORDERED

    def assumed_in(self, text: Text) -> int:
        """The quantity that is only thought of in a text which says what was ordered; 0 where it is known."""
        says_it = any(word in text.source for word in ORDERED)
        return MOST_ORDERED if says_it and not self._bound else 0

    @cached_property
    def _bound(self) -> int:
        """The largest number that the checks allow, or the settings that they read; 0 without any."""
        numbers = [value for value in self.flow.settings.values() if _is_count(value)]
        for site in self.survey.sites:
            for check in site.rule.validate:
                numbers += _bounds(check, "between", self.flow)
        return max(numbers, default=0)

    @cached_property
    def _products(self) -> tuple[Product, ...]:
        """The products with the longest names, in whatever language, the longest first."""
        names = self.flow.names.values()

        def length(product: Product) -> int:
            return max(len(product.name), *(len(by_code.get(product.code, "")) for by_code in names), 0)

        return tuple(sorted(self.pack.products, key=length, reverse=True)[:MOST_LINES])

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """Slot or hole of a text type: the longest that may stand in it."""
        longest = dict.fromkeys(self._types, LONGEST_WORDS)
        for site in self.survey.sites:
            saved = [slot for slot, value in site.rule.save if value is None]
            for check in site.rule.validate:
                named = _named(check)
                for bound in _bounds(check, "length", self.flow):
                    for name in [named] if named else saved:
                        longest[name] = bound
        return {name: _words(longest[name]) for name, kind in self._types.items() if kind in ("text", "word")}

    @cached_property
    def _types(self) -> Mapping[str, str]:
        """Slots and holes with their types."""
        found = {
            hole.name: hole.type
            for site in self.survey.sites
            for group in site.rule.patterns.values()
            for pattern in group
            for hole in pattern.holes
        }
        return {**found, **{name: slot.type for name, slot in self.flow.slots.items()}}

    def _longest(self, name: str, kind: str, draft: Draft) -> Any:
        """The longest value of a slot or hole, as texts meet it; None where there is none."""
        if kind in ("text", "word"):
            return self._texts[name]
        if kind == "number":
            return self.largest
        if kind in ("decimal", "money"):
            return Decimal(self.largest)
        if kind == "product":
            return self._products[0] if self._products else None
        if kind == "order":
            return draft.resolve("orders").last
        moment = draft.now
        moments = {"date": moment.date(), "time": moment.time(), "datetime": moment, "boolean": True}
        return moments.get(kind) or (TYPES[kind].example if kind in ("email", "phone") else None)

    def _given(self, language: str) -> Mapping[str, Any]:
        """What a turn may bring beside slots: holes, and what actions give."""
        given = self._brought.get(language)
        if given is None:
            draft = self._draft(language)
            draft.given = {}
            lines, last = draft.resolve("cart").lines, draft.resolve("orders").last
            found = {
                name: self._longest(name, kind, draft)
                for name, kind in self._types.items()
                if name not in self.flow.slots
            }
            found |= {"line": lines[0] if lines else None, "order": last}
            given = {name: value for name, value in found.items() if value is not None}
            self._brought[language] = given
        return given

    def _draft(self, language: str) -> Draft:
        draft = self._drafts.get(language)
        if draft is None:
            draft = self._drafts[language] = self._made(language)
        return draft

    def _made(self, language: str) -> Draft:
        # Loaded for a text that needs a world alone, so that flow-lint starts at once.
        from engine.memory import MemoryShop
        from engine.message import Inbound

        shop = MemoryShop(self.pack).for_customer(PHONE)
        talk = Talk(str(self.flow.start))
        said = Inbound("text", "x" * LONGEST_ELSE)
        draft = Draft(self.pack, self.flow, shop, cast("Conversation", talk), said, WHEN, Limits())
        draft.language = language
        shop.save_customer({"name": _words(LONGEST_NAME), "address": _words(LONGEST_ADDRESS)})
        quantity = self.most_ordered
        talk.cart = [[product.code, quantity, str(product.price), ""] for product in self._products]
        cart = draft.resolve("cart")
        statuses = self.pack.workflow.statuses if self.pack.workflow else ("pending",)
        order = OrderDraft(cart.lines, cart.total, max(statuses, key=len), WHEN, phone=PHONE)
        with suppress(Failure, BrokenTurn):  # Some numbering gives one number a day: then there is one order.
            for _ in range(MOST_LINES if cart.lines else 0):
                shop.place_order(order)
        draft.forget_all()
        draft.failure = Failed("out_of_stock", self._products[0] if self._products else None, quantity)
        commands = sorted((str(name) for name in self.survey.commands), key=len)
        draft.suggest = lambda: commands[-1] if commands else ""
        for name, slot in self.flow.slots.items():
            value = self._longest(name, slot.type, draft)
            if value is not None:
                stored = TYPES[slot.type].store(value)
                talk.slots[name] = [stored] * MOST_LINES if slot.is_list else stored
        return draft


def _words(length: int) -> str:
    """A text of so many characters, in words."""
    return ("wwwwwww " * (length // 8 + 1))[:length].rstrip().ljust(length, "w")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _named(check: Check) -> str | None:
    """The slot or hole that a check looks at, where it names one; None for the input."""
    value = check.parameters.get("value")
    if value is None:
        return None
    reads = [read for read in value.reads() if read.kind == "name"]
    return reads[0].path[0] if len(reads) == 1 else ""


def _bounds(check: Check, validator: str, flow: Flow) -> Iterator[int]:
    """The upper bound of a check by this validator: a number, or the setting that it reads."""
    most = check.parameters.get("max") if check.validator == validator else None
    if most is None:
        return
    constant = getattr(most, "constant", None)
    if not _is_count(constant):
        paths = [read.path for read in most.reads() if read.kind == "name"]
        is_setting = len(paths) == 1 and len(paths[0]) == 2 and paths[0][0] == "settings"
        constant = flow.settings.get(paths[0][1]) if is_setting else None
    if _is_count(constant):
        yield int(str(constant))
