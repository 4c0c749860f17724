"""Says which lists hold nothing for who has ordered nothing, in a shop that has sold all that it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from engine.analysis.worst_case import PHONE, WHEN, Talk
from engine.draft import Draft
from engine.expressions import Expression, ExpressionFailed, Value
from engine.flow import Flow
from engine.limits import Limits
from engine.pack import Pack

if TYPE_CHECKING:
    from engine.conversation import Conversation


class Emptiest:
    """The emptiest shop that a pack can come to, and a newcomer in it."""

    def __init__(self, pack: Pack, flow: Flow) -> None:
        # Loaded for a list that may be empty alone, so that flow-lint starts at once.
        from engine.memory import MemoryShop
        from engine.message import Inbound

        sold = tuple(
            product if product.stock is None else product.replaced(stock=0) for product in pack.products
        )
        emptied = pack._replace(products=sold)
        shop = MemoryShop(emptied).for_customer(PHONE)
        talk = cast("Conversation", Talk(str(flow.start)))
        self._draft = Draft(emptied, flow, shop, talk, Inbound("text", "x"), WHEN, Limits())
        self._draft.language = flow.languages[0]

    def has_none(self, source: Expression | Value) -> bool:
        """Whether the list is empty there; a list of which nothing can be told is not."""
        try:
            found = source.evaluate(self._draft)
            return found is not None and not list(found)
        except (ExpressionFailed, TypeError):
            return False
