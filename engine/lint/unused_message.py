"""Finds messages that nothing ever says."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import Survey
from engine.built_in import BUILT_IN
from engine.lint.checked import Checked, Rule, problem_at
from engine.nearest import meant
from engine.source import Place, Problem


def check(checked: Checked) -> Iterator[Problem]:
    used = set()
    for survey in checked.surveys:
        messages = survey.flow.messages
        named = {meant(name, messages) for name in survey.said}
        named |= {meant(told.message, messages) for to, told in checked.told if to is survey}
        used |= {place for name, place in places(survey) if name in named}
    for survey in checked.surveys:
        for name, place in places(survey):
            if place not in used and name not in BUILT_IN and name not in checked.mentioned:
                yield problem_at(RULE.name, name, f"nothing says the message '{name}'")


def places(survey: Survey) -> Iterator[tuple[str, Place]]:
    """Each message with its own place, which flows that use the same file share."""
    for name, by_language in survey.flow.messages.items():
        yield name, by_language[survey.flow.languages[0]].place


RULE = Rule(
    name="unused_message",
    about="No `reply`, `ask`, answer or `tell` names a message, so that no customer ever reads it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  goodbye: Goodbye!
  ^^^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  something_went_wrong: Oops!
""",
    },
    check=check,
    severity="warning",
)
