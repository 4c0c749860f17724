"""Finds languages that the flow does not speak."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule, unknown_at
from engine.lint.conversations import conversations
from engine.source import Problem, Word


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        languages = survey.flow.languages
        for language, place in survey.named_in_steps("language"):
            if language not in languages and language not in checked.mentioned:
                yield unknown_at(RULE.name, "language", language, languages, place)
    for one in conversations(checked):
        spoken, flow = one.document.get("language"), one.flow
        if flow is not None and isinstance(spoken, Word) and spoken not in flow.languages:
            yield unknown_at(RULE.name, "language", spoken, flow.languages, one.document.place)


RULE = Rule(
    name="unknown_language",
    about="A `set_language` or a conversation names a language that is not among the flow's.",
    broken={
        "shop.yaml": """\
flow: shop
languages: [en]
start: initial
otherwise: hello
states:
  initial:
    commands:
      english: {words: [english], do: {set_language: eng}, reply: hello, goto: ordered}
      #                                              ^^^
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
languages: [en]
start: initial
otherwise: hello
states:
  initial:
    commands:
      english: {words: [english], do: {set_language: en}, reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    check=check,
)
