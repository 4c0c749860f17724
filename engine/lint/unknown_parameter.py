"""Finds parameters that a validator or an action does not take."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="unknown_parameter",
    about="A validator or an action is given a parameter that it does not take.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        validate: [{between: {value: "{{ item }}", mim: 1}, else: hello}]
                                                   ^^^
        do: add_to_cart
        reply: hello
        goto: ordered
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
fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}
states:
  initial:
    commands:
      add:
        pattern: "{item:number}"
        validate: [{between: {value: "{{ item }}", min: 1}, else: hello}]
        do: add_to_cart
        reply: hello
        goto: ordered
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=as_read,
    ignorable=False,
)
