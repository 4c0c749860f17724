"""Finds choices that are never shown."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for state in survey.flow.states.values():
            if state.choices is None or state.ask or not checked.is_whole(state.place):
                continue
            said = f"these are never shown: the state '{state.name}' has no `ask` whose list they could join"
            yield Problem(state.choices.place, RULE.name, said, len("choices"))


RULE = Rule(
    name="choices_without_ask",
    about="A state has `choices` and no `ask`, so that they are never shown.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: product}
states:
  initial:
    choices:
    ^^^^^^^
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      reply: taken
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  taken: "You want {{ wanted.name }}."
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: product}
states:
  initial:
    ask: hello
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      reply: taken
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  taken: "You want {{ wanted.name }}."
""",
    },
    check=check,
)
