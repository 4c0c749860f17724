"""Tells what a provider cannot show as it is written, and what goes out in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from engine.expressions import Text
from engine.flow import Message
from engine.flow import Rule as Command
from engine.layout import Row, Saying, fit, page, shows_as_list
from engine.limits import Limits
from engine.lint.checked import Checked, Rule, problem_at
from engine.lint.survey import Survey, offers_of
from engine.message import Media
from engine.source import Problem

if TYPE_CHECKING:
    from engine.lint.worst_case import WorstCase

MOST_NAMED = 3
MOST_LINES = 200
"""Of a list to pick from, so many lines are laid out."""

EFFECTS: Mapping[str, str] = {
    "buttons": "the buttons of {} are sent as numbered text",
    "list": "the list of {} is sent as numbered text",
    "pages": "the list of {} has several pages, with a row for more",
    "place": "{} asks for a place in words alone",
    "media": "the picture or file of {} is sent as an address",
    "heading": "the header or footer of {} stands in the text",
    "parts": "{}, at the longest, is sent in several messages",
}
"""What may become of a message, with its name in the braces."""


def check(checked: Checked) -> Iterator[Problem]:
    alike: dict[Limits, list[str]] = {}
    for provider, limits in checked.providers.items():
        alike.setdefault(limits, []).append(provider)
    for survey, case in zip(checked.surveys, checked.worst_cases, strict=True):
        # One finding for all messages and providers of which the same is to be said.
        found: dict[tuple[str, tuple[str, ...]], list[Message]] = {}
        laid_out = _LaidOut(survey, case, alike)
        for name, by_language in survey.flow.messages.items():
            by_effect: dict[str, dict[str, None]] = {}
            for language, message in by_language.items():
                for effect, providers in laid_out.effects(name, message, language):
                    by_effect.setdefault(effect, {}).update(dict.fromkeys(providers))
            first = by_language[survey.flow.languages[0]]
            for effect, named in by_effect.items():
                found.setdefault((effect, tuple(sorted(named))), []).append(first)
        for (effect, over), messages in found.items():
            said = f"over {' and '.join(over)} {EFFECTS[effect].format(_named(messages))}"
            yield problem_at(RULE.name, messages[0].name, said, messages[0].place)


def _named(messages: list[Message]) -> str:
    names = [f"'{message.name}'" for message in messages]
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


class _LaidOut:
    """Lays the messages of one flow out as the providers show them, at their longest."""

    def __init__(self, survey: Survey, case: WorstCase, alike: Mapping[Limits, list[str]]) -> None:
        self.survey = survey
        self.case = case
        self.alike = alike
        self.smallest = min((min(limits.body, limits.text) for limits in alike), default=0)
        self._rows: dict[tuple[int, str], Row] = {}

    def effects(self, name: str, message: Message, language: str) -> Iterator[tuple[str, list[str]]]:
        """What becomes of the message, and over which providers."""
        lines = self._lines(name, language)
        text = message.text
        grows = text is not None and self.case.may_exceed(text, self.smallest)
        is_plain = not (message.media or message.ask_location or message.header or message.footer)
        if not (grows or lines or offers_of(message)) and is_plain:
            return
        saying = self._saying(message, language, lines, grows)
        for limits, providers in self.alike.items():
            for effect in _effects(saying, limits):
                yield effect, providers

    def _saying(self, message: Message, language: str, lines: tuple[Row, ...], grows: bool) -> Saying:
        def said(text: Text | None) -> str:
            shown = self.case.rendered(text, language) if text is not None else ""
            return "x" if shown is None else shown

        rows = [*lines]
        for button in offers_of(message):
            _, rule = next(iter(self.survey.called.get(button.command, ())), (None, None))
            if rule is not None:
                rows.append(self._row(rule, language, in_list=bool(lines or message.rows)))
        as_list = bool(lines or message.rows)
        text = said(message.text) if grows else "x" if message.text is not None else ""
        return Saying(
            text=text,
            rows=tuple(replace(row, number=number) for number, row in enumerate(rows, 1)),
            as_list=as_list,
            list_button=said(message.list_button) if message.list_button else "Choose" if as_list else "",
            media=(message.media[0], Media(link="https://example.com/a")) if message.media else None,
            ask_location=message.ask_location,
            header=said(message.header),
            footer=said(message.footer),
        )

    def _row(self, rule: Command, language: str, in_list: bool) -> Row:
        row = self._rows.get((id(rule), language))
        if row is None:
            default = self.survey.flow.languages[0]
            title = rule.title.get(language) or rule.title.get(default)
            about = rule.about.get(language) or rule.about.get(default)
            spelled = str(rule.name).replace("_", " ").capitalize()
            row = Row(
                0,
                (self.case.rendered(title, language) if title is not None else None) or spelled,
                str(rule.name),
                (self.case.rendered(about, language) if about is not None else None) or "",
            )
            self._rows[id(rule), language] = row
        return row if in_list else replace(row, about="")

    @cached_property
    def _choosing(self) -> Mapping[str, str]:
        """Message: a state whose choices join it."""
        states = self.survey.flow.states.values()
        return {state.ask[-1]: state.name for state in states if state.choices is not None and state.ask}

    def _lines(self, name: str, language: str) -> tuple[Row, ...]:
        """The lines to pick from that join the message."""
        choices = self.survey.flow.states[self._choosing[name]].choices if name in self._choosing else None
        if choices is None:
            return ()
        items = self.case.evaluated(choices.source, language)
        default = self.survey.flow.languages[0]
        title = choices.title.get(language) or choices.title[default]
        about = choices.about.get(language) or choices.about.get(default)
        rows = []
        for number, item in enumerate(
            list(items)[:MOST_LINES] if isinstance(items, (list, tuple)) else (), 1
        ):
            given = {choices.name: item}
            second = self.case.rendered(about, language, given) if about is not None else ""
            rows.append(
                Row(number, self.case.rendered(title, language, given) or "x", str(number), second or "")
            )
        return tuple(rows)


def _effects(saying: Saying, limits: Limits) -> Iterator[str]:
    """The words of EFFECTS for what the layout does to a message."""
    if shows_as_list(saying, limits) and limits.rows:
        shown, more = page(saying.rows, 0, limits, Row(0, "More", "more"))
        if more is not None:
            yield "pages"
        saying = replace(saying, rows=shown, more=more)
    messages, _ = fit(saying, limits)
    if saying.rows and not any(one.buttons or one.rows for one in messages):
        yield "list" if saying.as_list else "buttons"
    if saying.ask_location and not any(one.ask_location for one in messages):
        yield "place"
    if saying.media is not None and not any(one.media for one in messages):
        yield "media"
    if (saying.header and len(saying.header) > limits.header) or len(saying.footer) > limits.footer:
        yield "heading"
    if len(messages) > len(fit(replace(saying, text="x" if saying.text else ""), limits)[0]):
        yield "parts"


RULE = Rule(
    name="shown_otherwise",
    about="A provider cannot show a message as it is written, and gets the same in another form.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  one: {words: [one], reply: hello, goto: ordered}
  two: {words: [two], reply: hello, goto: ordered}
  three: {words: [three], reply: hello, goto: ordered}
  menu: {words: [menu], when: cart.is_empty, reply: hello, goto: ordered}
states:
  initial:
    ask: hello
  ordered:
    otherwise: {reply: hello, goto: initial}
messages:
  hello: {text: How many, buttons: [one, two, three, menu]}
  ^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  one: {words: [one], reply: hello, goto: ordered}
  two: {words: [two], reply: hello, goto: ordered}
  three: {words: [three], reply: hello, goto: ordered}
  menu: {words: [menu], when: cart.is_empty, reply: hello, goto: ordered}
states:
  initial:
    ask: hello
  ordered:
    otherwise: {reply: hello, goto: initial}
messages:
  hello: "How many, one, two or three?"
""",
    },
    check=check,
    severity="information",
    profile="production",
)
