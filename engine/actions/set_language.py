"""Chooses the language of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actions.save_customer import spoken
from engine.declarations import Action, Example, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, language: object) -> None:
    """Speaks it from this turn's replies on and keeps it; raises Unfit for one that the flow lacks."""
    chosen = spoken(draft, language)
    draft.shop.save_customer({"language": chosen})
    draft.speak(chosen)


ACTION: Action = Action(
    name="set_language",
    about="Speaks this language from now on, in this turn's replies already, and keeps it.",
    parameters={
        "language": Parameter(
            {"type": "string", "format": "language"}, "a language of the flow, such as ur", required=True
        ),
    },
    run=run,
    example=Example(
        flow="""\
flow: customer
languages: [en, de]
start: initial
commands:
  german: {words: [deutsch], do: {set_language: de}, reply: now_so}
  english: {words: [english], do: {set_language: en}, reply: now_so}
states:
  initial:
    commands:
      bye: {words: [bye], goto: done}
    otherwise: hello
  done: {final: true}
otherwise: hello
messages:
  hello: Good morning!
  now_so: We speak English now.
""",
        says=("hi", "deutsch", "hi", "english"),
        files={
            "business.yaml": """\
business: shop
name: Corner Bakery
currency: EUR
timezone: Europe/Berlin
languages: [en, de]
opening_hours: {saturday: 07:00-14:00}
flows: {customer: customer.yaml}
""",
            "customer.de.yaml": """\
messages:
  hello: Guten Morgen!
  now_so: Wir sprechen jetzt Deutsch.
""",
        },
    ),
)
