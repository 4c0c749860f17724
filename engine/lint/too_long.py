"""Finds texts that are longer than the place in which a channel shows them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import Survey, literal_of
from engine.expressions import Text
from engine.limits import Limits
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    limits = checked.limits
    for survey in checked.surveys:
        for message in survey.messages:
            yield from _of(message.header, "a header", limits.header)
            yield from _of(message.footer, "a footer", limits.footer)
            yield from _of(message.list_button, "the button of a list", limits.list_button)
        yield from _of_commands(survey, limits)
        for state in survey.flow.states.values():
            if state.choices is not None:
                for title in state.choices.title.values():
                    yield from _of(title, "the title of a row", limits.row_title)
                for about in state.choices.about.values():
                    yield from _of(about, "the second line of a row", limits.row_about)


def _of_commands(survey: Survey, limits: Limits) -> Iterator[Problem]:
    buttons: set[str] = set()
    rows: set[str] = set()
    for message in survey.messages:
        as_list = message.name in survey.shown_as_lists
        (rows if as_list else buttons).update(button.command for button in message.buttons)
        rows.update(button.command for button in message.rows)
    for command in buttons | rows:
        what, most = (
            ("a button", limits.button_title)
            if command in buttons
            else ("the title of a row", limits.row_title)
        )
        for _, rule in survey.called.get(command, ()):
            for title in rule.title.values():
                yield from _of(title, what, most)
            if not rule.title and most and len(command) > most:
                said = f"{what} holds {most} characters, and this name has {len(command)}: give it a `title`"
                yield Problem(rule.place, RULE.name, said, len(command))
            if command in rows:
                for about in rule.about.values():
                    yield from _of(about, "the second line of a row", limits.row_about)


def _of(text: Text | None, what: str, most: int) -> Iterator[Problem]:
    literal = literal_of(text) if text is not None else None
    if text is not None and literal is not None and most and len(literal) > most:
        message = f"{what} holds {most} characters, and this has {len(literal)}"
        yield Problem(text.place, RULE.name, message, len(literal.split("\n")[0]))


RULE = Rule(
    name="too_long",
    about="A title, a second line, a header or a footer is longer than channels show.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      order:
        title: I would like to order something
        #      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        words: [order]
        reply: thanks
        goto: ordered
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order]}
  thanks: Thank you!
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
      order: {title: Order something, words: [order], reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order]}
  thanks: Thank you!
""",
    },
    check=check,
)
