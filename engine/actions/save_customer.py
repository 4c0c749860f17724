"""Keeps what the customer said of themselves for the next time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.declarations import Action, Parameter
from engine.turn import BrokenTurn

if TYPE_CHECKING:
    from engine.draft import Draft


def run(
    draft: Draft, name: object = "", address: object = "", email: object = "", language: object = ""
) -> None:
    """Keeps what is not empty; what was kept before stays otherwise."""
    said = {"name": name, "address": address, "email": email, "language": language}
    changes = {key: text for key, value in said.items() if (text := written(value))}
    if "language" in changes:
        spoken(draft, changes["language"])
    if changes:
        draft.shop.save_customer(changes)
        draft.forget("customer")


def written(value: object) -> str:
    """The value as one text: of a location its address, of what is empty nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return written(value.get("address"))
    return str(value) if value else ""


def spoken(draft: Draft, language: object) -> str:
    """The language, which must be one of the flow's; raises BrokenTurn otherwise."""
    if not isinstance(language, str) or language not in draft.flow.languages:
        raise BrokenTurn(
            f"{language!r} is not a language of this flow, which speaks {', '.join(draft.flow.languages)}"
        )
    return language


ACTION = Action(
    name="save_customer",
    about="Keeps name, address, e-mail or language of the customer for the next time.",
    parameters={
        "name": Parameter({"type": "string"}, "the customer's name"),
        "address": Parameter({"type": "string"}, "the customer's address"),
        "email": Parameter({"type": "string"}, "the customer's e-mail address"),
        "language": Parameter(
            {"type": "string", "format": "language"}, "the language to speak with the customer"
        ),
    },
    run=run,
)
