"""Finds holes that hide a slot of the same name."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="hole_hides_slot",
    about="A hole has a slot's name and is not saved to that slot.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {quantity: number}
states:
  initial:
    input: {save: quantity, reply: thanks, goto: ordered}
    commands:
      add: {pattern: "add {quantity:number}", reply: thanks, goto: ordered}
                           ^^^^^^^^
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "You want {{ quantity }}."
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {quantity: number}
states:
  initial:
    input: {save: quantity, reply: thanks, goto: ordered}
    commands:
      add: {pattern: "add {quantity:number}", save: quantity, reply: thanks, goto: ordered}
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "You want {{ quantity }}."
""",
    },
    check=as_read,
)
