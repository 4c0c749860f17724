"""Finds names that stand twice where each may stand but once."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="clash",
    about="Two files of a flow, or two products, have the same name.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
use: more.yaml
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "more.yaml": """\
messages:
  hello: Hi!
  ^^^^^
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
use: more.yaml
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
""",
        "more.yaml": """\
messages:
  hello: Hi!
""",
    },
    check=as_read,
    ignorable=False,
)
