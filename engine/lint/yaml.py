"""Finds what is no YAML, and what YAML reads otherwise than it was meant."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="yaml",
    about="A file is no YAML, or YAML reads it otherwise than it was meant.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: *Hello*
         ^^^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "*Hello*"
""",
    },
    check=as_read,
    ignorable=False,
)
