"""Forgets what the conversation remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Example

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft) -> None:
    draft.reset()


ACTION: Action = Action(
    name="reset",
    about="Empties all slots and the cart.",
    parameters={},
    run=run,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {name: text}
commands:
  forget: {words: [forget me], do: reset, reply: forgotten}
states:
  initial:
    ignore: [forget]
    otherwise: {goto: asking}
  asking:
    ask: ask
    input: {save: name, reply: hello, goto: talking}
  talking:
    commands:
      bye: {words: [bye], goto: done}
    otherwise: hello
  done: {final: true}
otherwise: hello
messages:
  ask: What is your name?
  hello: "Hello, {{ name | default('stranger') }}!"
  forgotten: All is forgotten.
""",
        says=("hi", "Ayesha", "forget me", "hello"),
    ),
)
