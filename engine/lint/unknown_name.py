"""Finds translated names of what is neither a product nor a setting."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.source import Place, Problem, Word

CATALOGS = ("catalog.yaml", "catalog.csv")


def check(checked: Checked) -> Iterator[Problem]:
    # Without a catalog nobody can say which codes there will be.
    if checked.pack is None or not any(file in checked.documents for file in CATALOGS):
        return
    codes = [product.code for product in checked.pack.products]
    # A translation that several flows share may name the settings of each of them.
    allowed: dict[Place, tuple[Word, set[str]]] = {}
    for survey in checked.surveys:
        for names in survey.flow.names.values():
            for name in names:
                if isinstance(name, Word):
                    allowed.setdefault(name.place, (name, set(codes)))[1].update(survey.flow.settings)
    for name, known in allowed.values():
        if name not in known and name not in checked.mentioned:
            yield unknown_at(RULE.name, "product or setting", name, sorted(known))


RULE = Rule(
    name="unknown_name",
    about="A translation's `names` name what is neither the code of a product nor a setting.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en, ur]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: apple, name: Apple, price: 0.50}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "shop.ur.yaml": """\
names: {aple: سیب}
        ^^^^
messages: {hello: سلام!}
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en, ur]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: apple, name: Apple, price: 0.50}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
settings: {street: Market Street}
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "Hello! You find us in {{ settings.street }}."
""",
        "shop.ur.yaml": """\
names: {apple: سیب, street: مارکیٹ اسٹریٹ}
messages: {hello: "سلام! {{ settings.street }}"}
""",
    },
    check=check,
)
