"""Finds slots that nothing saves to and nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.nearest import meant
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    used = set()
    for survey in checked.surveys:
        slots = survey.flow.slots
        named = {meant(name, slots) for name in survey.saved_slots | survey.strange_names}
        named |= survey.read_names | survey.filled_names
        used |= {slot.place for name, slot in slots.items() if name in named}
    for survey in checked.surveys:
        for name, slot in survey.flow.slots.items():
            if slot.place not in used and name not in checked.mentioned:
                yield Problem(slot.place, RULE.name, f"nothing uses the slot '{name}'", len(name))


RULE = Rule(
    name="unused_slot",
    about="Nothing saves to a slot and nothing reads it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
  address: text
  ^^^^^^^
states:
  initial:
    input: {save: name, reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Thank you, {{ name }}!"
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
  address: text
states:
  initial:
    input: {save: name, goto: asking}
  asking:
    ask: where
    input: {save: address, do: save_customer, reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  where: Where do you live?
  thanks: "Thank you, {{ name }}!"
""",
    },
    check=check,
    severity="warning",
)
