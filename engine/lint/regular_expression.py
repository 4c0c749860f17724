"""Finds regular expressions that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import literal_of
from engine.lint.checked import Checked, Rule
from engine.source import Problem
from engine.validators import VALIDATORS
from engine.validators.matches import mistake_in


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
    ignorable=False,
)
