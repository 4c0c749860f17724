"""Finds words of a command with commas between them that make them one word."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem, Word

FOREIGN = "،，、؛；"
"""What parts no entries of a list in YAML, though it does on paper."""

PARTING = f",;{FOREIGN}"


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for site in survey.sites:
            for words in site.rule.words.values():
                for word in words:
                    if isinstance(word, Word) and word.inner == word.place and _is_joined(word, len(words)):
                        yield problem_at(RULE.name, word, _said(word))


def _is_joined(word: str, count: int) -> bool:
    """Whether a word without quotes looks like several: alone by any comma, in a list by foreign ones."""
    return any(sign in word.strip(PARTING) for sign in (PARTING if count == 1 else FOREIGN))


def _said(word: str) -> str:
    parted = word
    for sign in PARTING:
        parted = parted.replace(sign, ",")
    listed = ", ".join(part.strip() for part in parted.split(",") if part.strip())
    return f"this is one word; did you mean several? [{listed}]; one with a comma in it stands in quotes"


RULE = Rule(
    name="joined_words",
    about="Words of a command have commas between them, and yet are one word.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      order: {words: [order، buy], goto: ordered}
      #               ^^^^^^^^^^
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
states:
  initial:
    commands:
      order: {words: [order, buy, "yes, please"], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=check,
    severity="warning",
)
