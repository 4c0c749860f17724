"""Finds files that are named and not there."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="missing_file",
    about="A file that a pack needs, or that one of its files names, is not there.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shpo.yaml}
                  ^^^^^^^^^
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
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
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=as_read,
    ignorable=False,
)
