"""Asks whether something is on sale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Parameter, Validator
from engine.shop import Catalog

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object) -> bool:
    catalog: Catalog = draft.resolve("catalog")
    product = catalog.find(value)
    return product is not None and product.on_sale


VALIDATOR = Validator(
    name="in_catalog",
    about="It is the menu number or the code of a product that is on sale, or such a product.",
    parameters={
        "value": Parameter(
            {"type": ["integer", "string"]}, "the number, code or product; without it the input"
        ),
    },
    check=check,
    single="value",
)
