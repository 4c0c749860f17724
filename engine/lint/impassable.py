"""Finds validators whose bounds let nothing pass."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.expressions import Value
from engine.flow import Check
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            for one in site.rule.validate:
                smallest, largest = _written(one, "min"), _written(one, "max")
                if _is_above(smallest, largest):
                    said = f"`{one.validator}` lets nothing pass: `min` is {smallest}, and `max` {largest}"
                    yield Problem(one.place, RULE.name, said, len(one.validator))


def _written(check: Check, name: str) -> Any:
    """A bound that is written down; None where there is none, or where it is worked out in the turn."""
    value = check.parameters.get(name)
    return value.constant if isinstance(value, Value) and value.is_constant else None


def _is_above(smallest: Any, largest: Any) -> bool:
    if isinstance(smallest, str) and isinstance(largest, str):
        # Days and moments are written so that they sort; a moment of the last day is still within it.
        return smallest[:10] > largest[:10]
    numbers = (int, float, Decimal)
    return isinstance(smallest, numbers) and isinstance(largest, numbers) and smallest > largest


RULE = Rule(
    name="impassable",
    about="A validator lets nothing pass, since its `min` is above its `max`.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {name: text}
states:
  initial:
    input:
      save: name
      validate: [{length: {min: 40, max: 2}, else: hello}]
      #           ^^^^^^
      reply: thanks
      goto: ordered
    otherwise: {reply: hello, goto: ordered}
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
slots: {name: text}
states:
  initial:
    input:
      save: name
      validate: [{length: {min: 2, max: 40}, else: hello}]
      reply: thanks
      goto: ordered
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Thank you, {{ name }}!"
""",
    },
    check=check,
)
