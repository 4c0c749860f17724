"""Keeps what the customer said of themselves for the next time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.declarations import Action, Example, Parameter
from engine.turn import Unfit

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
    """The language, which must be one of the flow's; raises Unfit otherwise."""
    if not isinstance(language, str) or language not in draft.flow.languages:
        raise Unfit(
            f"{language!r} is not a language of this flow, which speaks {', '.join(draft.flow.languages)}",
            "language",
            "language of this flow",
            language,
        )
    return language


ACTION: Action = Action(
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
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {name: text, address: text}
states:
  initial:
    otherwise: {goto: asking_name}
  asking_name:
    branches: [{when: customer.is_known, reply: welcome_back, goto: done}]
    ask: ask_name
    input: {save: name, goto: asking_address}
  asking_address:
    ask: ask_address
    input: {save: address, do: save_customer, reply: kept, goto: done}
  done: {final: true}
otherwise: ask_name
messages:
  ask_name: What is your name?
  ask_address: Where do you live?
  kept: "Thank you, {{ name }}. We shall remember you."
  welcome_back: "Good to see you again, {{ customer.name }}! Still in {{ customer.address }}?"
""",
        says=("hi", "Ayesha", "Garden Street 4", "hi"),
    ),
)
