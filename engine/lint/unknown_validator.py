"""Finds validators that do not exist."""

from __future__ import annotations

from engine.lint.checked import Rule, as_read

RULE = Rule(
    name="unknown_validator",
    about="A `validate` names a validator that does not exist.",
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
        validate: [{in_catalogue: {value: "{{ item }}"}, else: hello}]
                    ^^^^^^^^^^^^
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
        validate: [{in_catalog: {value: "{{ item }}"}, else: hello}]
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
