"""Finds templates that are not there."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="unknown_template",
    about="A message names a file that is not below `templates/`.",
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
  hello: {template: shop/helo.j2}
                    ^^^^^^^^^^^^
""",
        "templates/shop/hello.j2": """\
Hello!
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
  hello: {template: shop/hello.j2}
""",
        "templates/shop/hello.j2": """\
Hello!
""",
    },
    check=as_read,
    ignorable=False,
)
