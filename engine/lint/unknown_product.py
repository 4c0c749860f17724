"""Finds messages that show products which the catalog does not have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.lint.unknown_name import CATALOGS
from engine.shop_names import Catalog
from engine.source import Place, Problem


def check(checked: Checked) -> Iterator[Problem]:
    # Without a catalog nobody can say which codes there will be.
    if checked.pack is None or not any(file in checked.documents for file in CATALOGS):
        return
    catalog = Catalog(checked.pack.products)
    codes = sorted(product.code for product in checked.pack.products)
    found: set[Place] = set()
    for survey in checked.surveys:
        for message in survey.messages:
            if message.products is None:
                continue
            for code in _written(message.products.source):
                place = getattr(code, "place", message.products.place)
                if catalog.find(str(code)) is None and code not in checked.mentioned and place not in found:
                    found.add(place)
                    yield unknown_at(RULE.name, "product", code, codes, place)


def _written(products: object) -> Iterator[str]:
    """The codes that are written out; what a text gives at the time is not known."""
    for code in products if isinstance(products, (list, tuple)) else [products]:
        if isinstance(code, str) and "{" not in code:
            yield code


RULE = Rule(
    name="unknown_product",
    about="A message shows `products` that the catalog does not have: they are left out when it is sent.",
    severity="warning",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: apple, name: Apple, price: 0.50}
  - {number: 2, code: pear, name: Pear, price: 0.70}
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
  hello: {text: Our fruit, products: [apple, paer]}
                                             ^^^^
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: apple, name: Apple, price: 0.50}
  - {number: 2, code: pear, name: Pear, price: 0.70}
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
  hello: {text: Our fruit, products: [apple, pear]}
""",
    },
    check=check,
)
