"""Finds texts that grow longer than their place when the longest names and largest numbers are put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engine.analysis.survey import Survey
from engine.expressions import Text
from engine.flow import Choices
from engine.lint.checked import Checked, Rule
from engine.source import Problem

if TYPE_CHECKING:
    from engine.analysis.worst_case import WorstCase

AS_TEXT = "then the whole list is sent as text"


def check(checked: Checked) -> Iterator[Problem]:
    limits = checked.limits
    for survey in checked.surveys:
        longest = _Longest(checked, survey)
        for message in survey.messages:
            yield from longest.of(message.header, "a header", limits.header, "then it stands in the text")
            yield from longest.of(message.footer, "a footer", limits.footer, "then it stands in the text")
            yield from longest.of(message.list_button, "the button of a list", limits.list_button, AS_TEXT)
            in_list = message.name in survey.shown_as_lists
            for button in message.rows or message.buttons:
                is_row = bool(message.rows) or in_list
                what, most = (
                    ("the title of a row", limits.row_title) if is_row else ("a button", limits.button_title)
                )
                after = AS_TEXT if is_row else "then all buttons are sent as text"
                for _, rule in survey.called.get(button.command, ()):
                    for title in rule.title.values():
                        yield from longest.of(title, what, most, after, button.values)
                    for about in rule.about.values() if is_row else ():
                        yield from longest.of(
                            about, "the second line of a row", limits.row_about, AS_TEXT, button.values
                        )
        for state in survey.flow.states.values():
            if state.choices is not None:
                yield from longest.of_lines(
                    state.choices, state.choices.title, "the title of a row", limits.row_title
                )
                yield from longest.of_lines(
                    state.choices, state.choices.about, "the second line of a row", limits.row_about
                )


class _Longest:
    """Renders what may be too long, and only that."""

    def __init__(self, checked: Checked, survey: Survey) -> None:
        self.checked = checked
        self.survey = survey

    @property
    def case(self) -> WorstCase:
        return self.checked.worst_cases[self.checked.surveys.index(self.survey)]

    def of(
        self, text: Text | None, what: str, most: int, after: str, values: Mapping[str, Any] | None = None
    ) -> Iterator[Problem]:
        # What is always the same is the business of `too_long`.
        if text is None or text.constant is not None or not most or not self.case.may_exceed(text, most):
            return
        for language in languages_of(text, self.survey):
            brought = {name: self.case.evaluated(value, language) for name, value in (values or {}).items()}
            shown = self.case.rendered(text, language, brought)
            if shown is not None and len(shown) > most:
                yield self._problem(text, what, most, shown, after)
                return

    def of_lines(
        self, choices: Choices, texts: Mapping[str, Text], what: str, most: int
    ) -> Iterator[Problem]:
        for text in texts.values():
            if not most or text.constant is not None:
                continue
            for language in languages_of(text, self.survey):
                shown = self.case.lines(choices, text, language)
                longest = max(shown, key=len, default="")
                if len(longest) > most:
                    yield self._problem(text, what, most, longest, AS_TEXT)
                    break

    def _problem(self, text: Text, what: str, most: int, shown: str, after: str) -> Problem:
        said = f"{what} holds {most} characters, and this may have {len(shown)}: {after} ('{_short(shown)}')"
        assumed = self.case.assumed_in(text)
        if assumed:
            said += f"; no check bounds what is ordered: {assumed:,} of each product are thought of"
        return Problem(text.place, RULE.name, said, max(1, len(text.source.split("\n")[0])))


def languages_of(text: Text, survey: Survey) -> tuple[str, ...]:
    """The languages in which a text is said: its own, or all where it is said in each that has none."""
    return (text.language,) if text.language in survey.flow.languages[1:] else survey.flow.languages


def _short(shown: str) -> str:
    line = " ".join(shown.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


RULE = Rule(
    name="too_long_when_filled",
    about="With the longest name or the largest number in it, a title, a header or a footer is too long.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: dozen, name: A dozen oatmeal cookies, price: 9.50}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: product}
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: which
    choices:
      from: catalog.available
      as: product
      title: "{{ product.number }}. {{ product.name }}"
      #       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      value: "{{ product.code }}"
      save: wanted
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  which: Which one?
  thanks: "{{ wanted.name }}, thank you!"
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "catalog.yaml": """\
products:
  - {number: 1, code: dozen, name: A dozen oatmeal cookies, price: 9.50}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {wanted: product}
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: which
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      reply: thanks
      goto: ordered
  ordered: {final: true}
messages:
  hello: Hello!
  which: Which one?
  thanks: "{{ wanted.name }}, thank you!"
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
