"""Finds keys and values that the language does not know."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="schema",
    about="A key, or the kind of a value, is not part of the language.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {name: text}
states:
  initial:
    inptu: {save: name}
    ^^^^^
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
slots: {name: text}
states:
  initial:
    input: {save: name, reply: thanks, goto: ordered}
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Thank you, {{ name }}!"
""",
    },
    check=as_read,
    ignorable=False,
)
