"""Finds regular expressions that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from engine.lint.checked import Checked, Rule
from engine.lint.survey import literal_of
from engine.source import Problem
from engine.validators import VALIDATORS

COUNT = re.compile(r"\{(\d{1,9})")
MOST_PARTS = 100_000
"""How often a pattern may repeat its parts before it is read without making room for each of them."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for used in (one for site in survey.sites for one in site.rule.validate):
            parameters = VALIDATORS[used.validator].parameters
            for name, value in used.parameters.items():
                if name not in parameters or parameters[name].schema.get("format") != "regex":
                    continue
                pattern = literal_of(value)
                wrong = mistake_in(pattern) if pattern is not None else None
                if pattern is not None and wrong is not None:
                    said = f"this is no regular expression: {wrong}"
                    yield Problem(value.place, RULE.name, said, max(1, len(pattern.partition("\n")[0])))


def mistake_in(pattern: str) -> str | None:
    """What is wrong with a regular expression; None where it can be read."""
    import regex

    try:
        if prod(int(count) or 1 for count in COUNT.findall(pattern)) > MOST_PARTS:
            re.compile(pattern)
        else:
            regex.compile(pattern)
    except RecursionError:
        return "its parts stand too deep in each other"
    except (regex.error, re.error, ValueError, OverflowError) as error:
        return str(error)
    return None


RULE = Rule(
    name="regular_expression",
    about="A validator that takes a regular expression, such as `matches`, is given what is none.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {code: text}
states:
  initial:
    input:
      save: code
      validate: [{matches: "[A-Z{4}", else: hello}]
      #                     ^^^^^^^
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Your code is {{ code }}."
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {code: text}
states:
  initial:
    input:
      save: code
      validate: [{matches: "[A-Z]{4}", else: hello}]
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: "Your code is {{ code }}."
""",
    },
    check=check,
)
