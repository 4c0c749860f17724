"""What random and hostile customers send: the usual things, spoiled ones, and what no keyboard has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.rehearsal.provocations import Provocations
from engine.rehearsal.stage import Stage
from engine.sayings import Said, spelled

if TYPE_CHECKING:
    from random import Random

CANARY = "8641969"
"""What `{{ 1234567 * 7 }}` would come to if a customer's words were ever taken for a template."""

TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\u00a0\u2003\u3000",
    "?",
    "👍",
    "👩‍👩‍👧‍👦🏳️‍🌈🇵🇰",
    "\u202e1, 2\u202c",
    "\u2066\u2067\u2068\u2069\u200f",
    "\u200b\u200c\u200d\ufeff",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "\x00",
    "a\x00b\x07\x1b[31m",
    "\ufffd\ufffd",
    "\U0001d7d9, \U0001d7da",
    "۱، ۲",
    "١٢٣",
    "१, २",
    "１ｘ２",
    "²",
    "Ⅷ",
    "½",
    "1, 2, 3",
    "1,,2",
    "-1",
    "1, -5",
    "1, 0",
    "+1",
    "0x10",
    "1e308",
    "9" * 400,
    f"1 x {'9' * 30}",
    "1.0000000000000000000000000000001",
    "NaN",
    "Infinity",
    "null",
    "true",
    "{{ 1234567 * 7 }}",
    "{% for x in range(9) %}{{ x }}{% endfor %}",
    "{{ cart }}{{ customer.phone }}{{ settings }}",
    "{{ ''.__class__.__mro__ }}",
    "{# nothing #}",
    "%s %d %(name)s {0} {name}",
    "'; DROP TABLE orders; --",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "*bold* _italic_ ~gone~ ```code```",
    '[1,"confirm"]',
    "a\nb\r\nc\u2028d",
    "A" * 5000,
    "🍪" * 2000,
    "w " * 32768,
    "\n" * 3000,
)
"""Texts by which others came to grief."""

MARKS = ("\u202e", "\u200b", "\u0301", "\x00", " ", "!", "👍", "\ufe0f", "،", "\u2069")
DIGITS = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９")
KINDS = ("image", "audio", "video", "document", "location", "contacts", "reaction", "revoke", "unsupported")
FORGED = (
    '[0,"{command}"]',
    '[{visit},"{command}"]',
    '[{visit},"{command}",{{"item":"{{{{ 1234567 * 7 }}}}"}}]',
    '[{visit},null,"nothing"]',
    '[{visit},"more",["nothing",-5]]',
    "[999999999,7]",
    '[{visit},"nothing_like_it",[]]',
)
"""What somebody may send who has seen what our buttons carry."""


class Hostility:
    """One random customer after the other, all drawn from one source of chance."""

    def __init__(self, provocations: Provocations, random: Random) -> None:
        self.provocations = provocations
        self.random = random
        self._ways: tuple[tuple[int, Callable[[Stage], Said]], ...] = (
            (40, self._sensible),
            (20, self._hostile),
            (10, self._spoiled),
            (12, self._pressed),
            (5, self._forged),
            (5, self._sent),
            (4, self._waited),
            (2, self._happened),
            (3, self._changed),
        )

    def next(self, stage: Stage) -> Said:
        """What is said or done now."""
        ways, weights = [way for _, way in self._ways], [weight for weight, _ in self._ways]
        (way,) = self.random.choices(ways, weights)
        return way(stage)

    def _sensible(self, stage: Stage) -> Said:
        return self.random.choice(self.provocations.said_in(stage.talk.conversation.state))

    def _hostile(self, _: Stage) -> Said:
        return self.random.choice(TEXTS)

    def _spoiled(self, stage: Stage) -> Said:
        """Something sensible, in other digits or with a mark in it that nobody sees."""
        said = self._sensible(stage)
        if not isinstance(said, str) or not said:
            return said
        if self.random.random() < 0.4:
            return said.translate(str.maketrans("0123456789", self.random.choice(DIGITS)))
        if self.random.random() < 0.2:
            return said.swapcase() * self.random.choice((1, 2, 50))
        at = self.random.randint(0, len(said))
        return said[:at] + self.random.choice(MARKS) + said[at:]

    def _pressed(self, stage: Stage) -> Said:
        """A button, of now or of long ago."""
        offered = stage.talk.offered
        return {"press": self.random.choice(offered).title} if offered else self._sensible(stage)

    def _forged(self, stage: Stage) -> Said:
        commands = [*self.provocations.flow.commands, *self._own_commands(stage)] or ["more"]
        visit = stage.talk.conversation.visit
        command = self.random.choice(commands)
        return {"press": self.random.choice(FORGED).format(visit=visit, command=command)}

    def _own_commands(self, stage: Stage) -> Sequence[str]:
        return list(self.provocations.flow.states[stage.talk.conversation.state].commands)

    def _sent(self, _: Stage) -> Said:
        kind = self.random.choice(KINDS)
        if kind == "location":
            return {"send": kind, "latitude": self.random.choice((0, 24.86, -91, 1e9)), "longitude": 181}
        return {"send": kind, "text": self.random.choice(TEXTS[:20])}

    def _waited(self, _: Stage) -> Said:
        return {"wait": spelled(self.random.choice((1, 59, 600, 3600, 7200, 90000)))}

    def _happened(self, stage: Stage) -> Said:
        flow = self.provocations.flow
        events = [*flow.events, *flow.states[stage.talk.conversation.state].events]
        return {"event": str(self.random.choice([*events, "handed_back"]))}

    def _changed(self, stage: Stage) -> Said:
        products = stage.everything.products
        if not products:
            return self._hostile(stage)
        product = self.random.choice(products)
        code = str(product.code)
        ways: tuple[Said, ...] = (
            {"stock": {code: self.random.choice((0, 1, 3))}},
            {"price": {code: product.price + 1}},
            {"gone": code},
        )
        return self.random.choice(ways)
