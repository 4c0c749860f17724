"""Finds texts of customers that are said again, however long they are."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import Survey
from engine.analysis.walk import Site
from engine.lint.checked import Checked, Rule
from engine.source import Problem

BOUNDING = ("one_of", "matches", "check")
"""Validators beside `length` that may bound how long a text is."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        slots = survey.flow.slots
        printed = {read.path[0] for _, texts in survey.spoken for text in texts for read in text.reads}
        for name in dict.fromkeys(_unbounded(survey)):
            if name in printed and name in slots and slots[name].type == "text":
                said = f"'{name}' is said again, however long it is: validate its `length` with a `max`"
                yield Problem(slots[name].place, RULE.name, said, len(name))


def _unbounded(survey: Survey) -> Iterator[str]:
    """The slots that some rule fills with what a customer wrote, of any length."""
    for site in survey.sites:
        if site.kind in ("command", "input") and not _is_bounded(site):
            yield from (str(slot) for slot, value in site.rule.save if value is None)


def _is_bounded(site: Site) -> bool:
    return any(
        (check.validator == "length" and "max" in check.parameters) or check.validator in BOUNDING
        for check in site.rule.validate
    )


RULE = Rule(
    name="unbounded_text",
    about="A slot is said again that a customer may fill with a text of any length: with more than 65,536"
    " characters in one text the turn breaks.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  note: text
  ^^^^
states:
  initial:
    input:
      save: note
      validate: [{length: {min: 2}, else: hello}]
      reply: noted
      goto: ordered
    commands: {help: {words: [help], reply: hello}}
  ordered: {final: true}
messages:
  hello: Hello!
  noted: "We noted: {{ note }}"
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots:
  note: text
states:
  initial:
    input:
      save: note
      validate: [{length: {min: 2, max: 300}, else: hello}]
      reply: noted
      goto: ordered
    commands: {help: {words: [help], reply: hello}}
  ordered: {final: true}
messages:
  hello: Hello!
  noted: "We noted: {{ note }}"
""",
    },
    check=check,
    severity="warning",
    profile="asked",
)
