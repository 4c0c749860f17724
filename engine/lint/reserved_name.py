"""Finds slots, holes and lines of choices that take a name of the language."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="reserved_name",
    about="A slot, a hole or an `as` has a name that already stands for something, such as `cart`.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  message: text
  ^^^^^^^
states:
  initial:
    input: {save: message, reply: hello, goto: ordered}
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  note: text
states:
  initial:
    input: {save: note, reply: thanks, goto: ordered}
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "You said: {{ note }}"
""",
    },
    check=as_read,
    ignorable=False,
)
