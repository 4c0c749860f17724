"""Finds translations into languages that the flow does not speak."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="unspoken_language",
    about="A translation is in a language that is not among the flow's.",
    broken={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "shop.ur.yaml": """\
messages: {hello: سلام}
""",
        "shop.he.yaml": """\
messages: {hello: שלום}
^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
        "shop.ur.yaml": """\
messages: {hello: سلام}
""",
    },
    check=as_read,
)
