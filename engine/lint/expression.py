"""Finds expressions and texts that cannot be read."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="expression",
    about="An expression, a text or a template cannot be read.",
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
  hello: "Hello{% if customer.name %}, {{ customer.name }}"
                  ^^
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
  hello: "Hello{% if customer.name %}, {{ customer.name }}{% endif %}"
""",
    },
    check=as_read,
    ignorable=False,
)
