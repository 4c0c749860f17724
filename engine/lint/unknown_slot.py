"""Finds names of slots that the flow does not have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.lint.conversations import beginnings
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        slots = survey.flow.slots
        named = [slot for site in survey.sites for slot, _ in site.rule.save]
        named += [word for word, _ in survey.named_in_steps("slot")]
        for slot in named:
            if slot not in slots and slot not in checked.mentioned:
                yield unknown_at(RULE.name, "slot", slot, slots)
    for begun in beginnings(checked):
        slots = begun.flow.slots
        for slot in begun.slots:
            if slot not in slots and slot not in checked.mentioned:
                yield unknown_at(RULE.name, "slot", slot, slots)


RULE = Rule(
    name="unknown_slot",
    about="A `save`, an action that takes a slot, or a conversation's `start_at` names a slot that the flow"
    " does not have.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
states:
  initial:
    input: {save: nmae, reply: thanks, goto: ordered}
    #             ^^^^
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
    ignorable=False,
)
