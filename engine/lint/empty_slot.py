"""Finds slots that are read although nothing ever saves to them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.nearest import meant
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    filled = set()
    for survey in checked.surveys:
        slots = survey.flow.slots
        named = {meant(name, slots) for name in survey.saved_slots}
        filled |= {slot.place for name, slot in slots.items() if name in named}
    for survey in checked.surveys:
        for name, slot in survey.flow.slots.items():
            if (
                slot.place in filled
                or name in checked.mentioned
                or name not in survey.read_names | survey.filled_names
            ):
                continue
            message = f"nothing saves to the slot '{name}', which is read: it is always empty"
            yield Problem(slot.place, RULE.name, message, len(name))


RULE = Rule(
    name="empty_slot",
    about="A text or an expression reads a slot to which nothing saves, so that it is always empty.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
  ^^^^
states:
  initial:
    input: {reply: thanks, goto: ordered}
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
states:
  initial:
    input: {save: name, reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Thank you, {{ name }}!"
""",
    },
    check=check,
)
