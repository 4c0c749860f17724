"""Lays messages out, at their longest, as a channel would show them, and says what becomes of them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from engine.analysis.survey import Survey, offers_of
from engine.analysis.worst_case import WorstCase
from engine.expressions import Text
from engine.flow import Message
from engine.flow import Rule as Command
from engine.layout import Row, Saying, fit, page, shows_as_list
from engine.limits import Limits
from engine.message import Media

MOST_LINES = 200
"""Of a list to pick from, so many lines are laid out."""


class LaidOut:
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
            for effect in effects_on(saying, limits):
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
            rows=tuple(row._replace(number=number) for number, row in enumerate(rows, 1)),
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
        return row if in_list else row._replace(about="")

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
        default = self.survey.flow.languages[0]
        title = choices.title.get(language) or choices.title.get(default)
        about = choices.about.get(language) or choices.about.get(default)
        if title is None:
            return ()
        titles = self.case.lines(choices, title, language)[:MOST_LINES]
        abouts = self.case.lines(choices, about, language) if about is not None else [""] * len(titles)
        return tuple(
            Row(number, said or "x", str(number), second)
            for number, (said, second) in enumerate(zip(titles, abouts, strict=False), 1)
        )


def effects_on(saying: Saying, limits: Limits) -> Iterator[str]:
    """What the layout does to a message, as words of EFFECTS in `shown_otherwise`."""
    if shows_as_list(saying, limits) and limits.rows:
        shown, more = page(saying.rows, 0, limits, Row(0, "More", "more"))
        if more is not None:
            yield "pages"
        saying = saying._replace(rows=shown, more=more)
    messages, _ = fit(saying, limits)
    if saying.rows and not any(one.buttons or one.rows for one in messages):
        yield "list" if saying.as_list else "buttons"
    if saying.ask_location and not any(one.ask_location for one in messages):
        yield "place"
    if saying.media is not None and not any(one.media for one in messages):
        yield "media"
    if (saying.header and len(saying.header) > limits.header) or len(saying.footer) > limits.footer:
        yield "heading"
    if len(messages) > len(fit(saying._replace(text="x" if saying.text else ""), limits)[0]):
        yield "parts"
