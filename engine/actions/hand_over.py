"""Leaves a note for the person who takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actions.save_customer import written
from engine.declarations import Action, Example, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, note: object = "") -> None:
    draft.hand_over(written(note))


ACTION: Action = Action(
    name="hand_over",
    about="Leaves a note for the person who answers once a `human` state is entered.",
    parameters={"note": Parameter({"type": "string"}, "what that person should know", filled=False)},
    run=run,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {trouble: text}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    input:
      save: trouble
      do: {hand_over: {note: "Something is wrong: {{ trouble }}"}}
      reply: somebody_comes
      goto: with_a_person
  with_a_person: {human: true}
otherwise: hello
messages:
  hello: What is wrong?
  somebody_comes: Thank you. Somebody answers you here in a moment.
""",
        says=("hi", "The cake was salty", "Are you there?"),
    ),
)
