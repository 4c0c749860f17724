"""Empties a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Example, Parameter
from engine.turn import BrokenTurn

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, slot: str) -> None:
    """Empties the slot, which may be empty already; raises BrokenTurn where the flow has no such slot."""
    if slot not in draft.flow.slots:
        raise BrokenTurn(f"the flow has no slot {slot!r}")
    draft.clear_slot(slot)


ACTION: Action = Action(
    name="clear_slot",
    about="Empties a slot.",
    parameters={"slot": Parameter({"type": "string", "format": "slot"}, "the slot's name", required=True)},
    run=run,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {note: text}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    commands:
      none: {words: [none], do: {clear_slot: note}, reply: noted, goto: sure}
    input: {save: note, reply: noted, goto: sure}
  sure:
    ask: all_right
    commands:
      yes: {words: [yes], goto: done}
      no: {words: [no], goto: asking}
    otherwise: all_right
  done: {final: true}
otherwise: all_right
messages:
  ask: "What should the baker know? Write none, if there is nothing."
  noted: "We tell the baker: {{ note | default('nothing') }}."
  all_right: "Is that all right, yes or no?"
""",
        says=("hi", "no nuts please", "no", "none"),
    ),
)
