"""Sends a message to everybody of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Example, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, to: str, message: str) -> None:
    draft.tell(to, message)


ACTION: Action = Action(
    name="tell",
    about="Sends a message of the recipients' flow, in their language, with the names of this turn.",
    parameters={
        "to": Parameter({"type": "string", "format": "role"}, "the recipients' role", required=True),
        "message": Parameter(
            {"type": "string", "format": "message"}, "a message of the flow of that role", required=True
        ),
    },
    run=run,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {wish: text}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    input:
      save: wish
      do: {tell: {to: baker, message: new_wish}}
      reply: passed_on
      goto: done
  done: {final: true}
otherwise: hello
messages:
  hello: What would you like us to bake?
  passed_on: We have told the baker.
""",
        says=("hi", "A cake like a ship"),
        files={
            "business.yaml": """\
business: shop
name: Corner Bakery
currency: EUR
timezone: Europe/Berlin
languages: [en]
opening_hours: {saturday: 07:00-14:00}
flows: {customer: customer.yaml, baker: baker.yaml}
""",
            "baker.yaml": """\
flow: baker
start: initial
states:
  initial:
    commands:
      bye: {words: [bye], goto: done}
    otherwise: nothing_new
  done: {final: true}
otherwise: nothing_new
messages:
  nothing_new: Nothing new.
  new_wish: "Somebody wishes for this: {{ wish }}"
""",
        },
    ),
)
