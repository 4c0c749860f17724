"""Builds turns for tests out of a small shop, and reads the case tables of `tests/cases`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from shop_contract import ANN, NOON, PACK

from engine.conversation import Conversation
from engine.draft import Draft
from engine.flow import Flow, Slot
from engine.limits import Limits
from engine.memory import MemoryShop
from engine.message import Inbound
from engine.pack import Pack
from engine.shop import Product

CASES = Path(__file__).parent / "cases"

SHOP = PACK._replace(
    business=PACK.business.replaced(
        country="PK",
        opening_hours={
            "sunday": ((time(9), time(13)), (time(15), time(22))),
            "friday": ((time(20), time(2)),),
        },
    ),
)
"""The corner shop of the contract with its opening hours; NOON is a Sunday, 17:00 on its clock."""

FLOW = Flow(
    name="customer",
    languages=("en", "ur"),
    start="initial",
    states={},
    slots={name: Slot(name, "text") for name in ("name", "address", "instructions", "colour")},
    names={"ur": {"cookie": "بسکٹ"}},
)


def draft_of(
    pack: Pack = SHOP,
    everything: MemoryShop | None = None,
    *,
    phone: str = ANN,
    role: str = "customer",
    moment: datetime = NOON,
    message: str | None = None,
    **conversation: Any,
) -> Draft:
    """A turn of the customer in the shop; further keywords are fields of the conversation."""
    shop = (everything or MemoryShop(pack)).for_customer(phone, role)
    inbound = None if message is None else Inbound("text", message)
    return Draft(pack, FLOW, shop, Conversation("initial", **conversation), inbound, moment, Limits())


class CaseLoader(yaml.SafeLoader):
    """YAML with tags for values that flows hold and YAML does not know."""


TAGS: Mapping[str, Any] = {
    "!decimal": Decimal,
    "!time": time.fromisoformat,
    "!date": date.fromisoformat,
    "!datetime": datetime.fromisoformat,
    "!characters": lambda count: "x" * int(count),
    "!product": lambda code: (
        next((each for each in SHOP.products if each.code == code), None)
        or Product(99, code, code, Decimal(1))
    ),
}
for _tag, _make in TAGS.items():
    CaseLoader.add_constructor(_tag, lambda loader, node, make=_make: make(loader.construct_scalar(node)))


def cases_of(registry: str, name: str) -> list[dict[str, Any]]:
    """The cases of one entry of a registry."""
    return yaml.load((CASES / registry / f"{name}.yaml").read_text("utf-8"), CaseLoader)
