"""A business's folder, read: who it is, its flows by role, its first products, the life of an order."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.business import Business
from engine.flow import Flow
from engine.shop import Product
from engine.workflow import Workflow


class Pack(NamedTuple):
    """Everything one business has written. `templates` maps a path below `templates/` to its text.

    `files` are those it was read from, by their paths within its folder; None where it was not read.
    """

    business: Business
    flows: Mapping[str, Flow]
    products: tuple[Product, ...] = ()
    workflow: Workflow | None = None
    templates: Mapping[str, str] | None = None
    path: str = ""
    files: Mapping[str, str | bytes] | None = None
