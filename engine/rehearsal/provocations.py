"""What is worth trying in a conversation: what is understood, what is refused, what makes actions fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property

from engine.analysis.walk import every_rule
from engine.expressions import Expression, Value
from engine.flow import Flow, Rule, State
from engine.patterns import Pattern
from engine.recognizer import decode_press
from engine.rehearsal.stage import Stage
from engine.sayings import MEANINGLESS, Said, commands_in, sayings, spelled
from engine.shop import Product
from engine.types import TYPES

NUMBERS = ("number", "decimal", "money")
WHOLE = re.compile(r"(?<![\w.])\d{1,9}(?![\w.])")
WORDS = "please bring it to the green door behind the mosque and ring twice "

LONGEST_TEXT = 4000
"""No text that is tried is longer: more than any channel carries."""


class Provocations:
    """Everything that is worth trying in the states of one flow, with these products.

    Besides an example of each rule these are values on either side of every number that the flow names in its
    settings, validators and conditions.
    """

    def __init__(self, flow: Flow, products: Sequence[Product]) -> None:
        self.flow = flow
        self.products = products
        self._said: dict[str, tuple[Said, ...]] = {}

    def of(self, stage: Stage, changed: bool) -> Iterator[Said]:
        """What may be tried now; something happens to the shop only where nothing has `changed` yet."""
        conversation = stage.talk.conversation
        yield from self.said_in(conversation.state)
        for option in stage.talk.latest:
            press = decode_press(option.id, conversation)
            if press is not None and press.visit == conversation.visit:
                yield {"press": press.command if press.command and not press.values else option.title}
        if not changed:
            yield from self._changes(stage)

    def said_in(self, name: str) -> tuple[Said, ...]:
        """What can be said in a state, in every language, each once."""
        found = self._said.get(name)
        if found is None:
            state = self.flow.states[name]
            every = {repr(said): said for said in self._sayings(state)}
            found = self._said[name] = tuple(every.values())
        return found

    def _sayings(self, state: State) -> Iterator[Said]:
        for language in self.flow.languages:
            for one in sayings(self.flow, state, language, self.products):
                yield one.said
        yield {"wait": spelled(int(self.flow.timeout.total_seconds()) + 60)}
        if state.final or state.human:
            yield MEANINGLESS
            return
        for rule in commands_in(self.flow, state).values():
            for patterns in rule.patterns.values():
                for pattern in patterns[:1]:
                    yield from self._fitting(pattern)
        for typed in (state.input, state.choices.rule if state.choices is not None else None):
            if typed is not None:
                yield from self._typed(typed)
        yield MEANINGLESS
        yield {"send": "image"}
        yield {"send": "location", "latitude": 24.86, "longitude": 67.01}
        yield from self._orders()

    def _typed(self, rule: Rule) -> Iterator[Said]:
        kinds = {self.flow.slots[name].type for name, value in rule.save if value is None}
        if kinds & set(NUMBERS):
            yield from self._numbers
        yield from self._texts
        yield MEANINGLESS

    def _fitting(self, pattern: Pattern) -> Iterator[str]:
        """The pattern filled, each hole in its turn with all that may be tried in it."""
        usual = [self._values(hole.type)[0] for hole in pattern.holes]
        for number, hole in enumerate(pattern.holes):
            for value in self._values(hole.type):
                yield _filled(pattern, [*usual[:number], value, *usual[number + 1 :]])

    def _values(self, type_name: str) -> tuple[str, ...]:
        if type_name in NUMBERS or type_name == "product":
            return self._numbers
        example = TYPES[type_name].example if type_name in TYPES else ""
        if type_name == "text":
            return self._texts
        return tuple(filter(None, (example, MEANINGLESS)))

    def _orders(self) -> Iterator[Said]:
        for product in self.products[:1]:
            many = [int(text) for text in self._numbers if int(text) > 1]
            for quantity in (1, *many):
                yield {"send": "order", "items": {str(product.code): quantity}}
        yield {"send": "order", "items": {"nothing_like_it": 1}}

    def _changes(self, stage: Stage) -> Iterator[Said]:
        products = [product for product in stage.everything.products if product.on_sale]
        in_cart = [line[0] for line in stage.talk.conversation.cart]
        wanted = [product for product in products if product.code in in_cart] or products
        for product in wanted[:1]:
            code = str(product.code)
            yield {"stock": {code: 0}}
            yield {"gone": code}
            yield {"price": {code: product.price + Decimal(1)}}
        if len(products) > 1:
            yield {"stock": {str(product.code): 0 for product in products}}

    @cached_property
    def _numbers(self) -> tuple[str, ...]:
        """The first product, then numbers around all that the flow names, of products too."""
        numbers = {0, 1, *(one for edge in self._edges for one in (edge - 1, edge, edge + 1))}
        counted = [product for product in self.products if product.stock is not None]
        if counted:
            scarce = min(counted, key=lambda product: product.stock or 0)
            numbers |= {scarce.number, (scarce.stock or 0) + 1}
        numbers |= {product.number for product in self.products if not product.on_sale}
        numbers.add(max((product.number for product in self.products), default=0) + 1000)
        first = self.products[0].number if self.products else 1
        return tuple(map(str, dict.fromkeys((first, *sorted(numbers)))))

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        """An everyday text, then texts as long as the flow's numbers allow, and no longer."""
        lengths = {1, 4, *(one for edge in self._edges for one in (edge - 1, edge + 1))}
        usual = "House 12, Street 4, F-7/2, Islamabad"
        texts = ("Ayesha Khan", usual, *(_long(one) for one in sorted(lengths) if 0 < one <= LONGEST_TEXT))
        return tuple(dict.fromkeys(texts))

    @cached_property
    def _edges(self) -> frozenset[int]:
        """The numbers that settings, validators and conditions name."""
        found = {value for value in self.flow.settings.values() if type(value) is int}
        for site in every_rule(self.flow):
            rule = site.rule
            written: list[Value | Expression | None] = [rule.when, *(branch.when for branch in rule.branches)]
            written += [value for check in rule.validate for value in check.parameters.values()]
            for value in written:
                found |= _numbers_in(value)
        for state in self.flow.states.values():
            for branch in state.branches:
                found |= _numbers_in(branch.when)
        return frozenset(number for number in found if 0 <= number <= 10_000_000)


def _numbers_in(written: Value | Expression | None) -> set[int]:
    if isinstance(written, Value) and written.is_constant:
        return {written.constant} if type(written.constant) is int else set()
    source = getattr(written, "source", "")
    return {int(text) for text in WHOLE.findall(source)} if isinstance(source, str) else set()


def _filled(pattern: Pattern, values: Sequence[str]) -> str:
    text = pattern.source
    for hole, value in reversed(list(zip(pattern.holes, values, strict=True))):
        text = text[: hole.column] + value + text[text.index("}", hole.column) + 1 :]
    return text


def _long(length: int) -> str:
    text = (WORDS * (length // len(WORDS) + 1))[:length]
    return f"{text[:-1]}x" if text.endswith(" ") else text
