"""Says which products a message shows, as cards or as the lines that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.shop import Product
from engine.shop_names import Catalog

if TYPE_CHECKING:
    from engine.draft import Draft


def card_codes(draft: Draft, wanted: object) -> tuple[str, ...]:
    """The codes of what a message shows: one product or several, themselves or their codes or numbers."""
    catalog: Catalog = draft.resolve("catalog")
    several = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    codes = []
    for one in several:
        product = one if isinstance(one, Product) else catalog.find(one)
        code = product.code if product is not None else str(one or "")
        if code:
            codes.append(code)
    return tuple(codes)


def card_line(draft: Draft, code: str) -> str:
    """What stands for a product's card on a channel that has none; empty for a product that is gone."""
    catalog: Catalog = draft.resolve("catalog")
    product = catalog.find(code)
    if product is None:
        return ""
    from engine.jinja.filters import format_money

    return f"• {product.name} - {format_money(product.price, draft.business.currency, draft.language)}"
