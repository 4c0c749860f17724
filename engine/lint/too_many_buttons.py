"""Finds messages with more buttons than a channel shows."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import Survey
from engine.flow import Button
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    most = checked.limits.buttons
    for survey in checked.surveys:
        for message in survey.messages:
            if not most or message.name in survey.shown_as_lists or len(message.buttons) <= most:
                continue
            # Buttons of commands that exist only `when` something holds may never be shown together.
            sure = [button for button in message.buttons if is_always_there(survey, button)]
            if len(sure) > most:
                said = f"a message shows at most {most} buttons, and this is one more: offer them in a `list`"
                yield problem_at(RULE.name, sure[most].command, said, sure[most].place)


def is_always_there(survey: Survey, button: Button) -> bool:
    return all(rule.when is None for _, rule in survey.called.get(button.command, ()))


RULE = Rule(
    name="too_many_buttons",
    about="A message has more buttons than a channel has places for; a `list` holds more.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  one: {words: [one], reply: hello, goto: ordered}
  two: {words: [two], reply: hello, goto: ordered}
  three: {words: [three], reply: hello, goto: ordered}
  four: {words: [four], reply: hello, goto: ordered}
states:
  initial:
    ask: hello
  ordered:
    otherwise: {reply: hello, goto: initial}
messages:
  hello: {text: How many, buttons: [one, two, three, four]}
  #                                                  ^^^^
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
  four: {words: [four], reply: hello, goto: ordered}
states:
  initial:
    ask: hello
  ordered:
    otherwise: {reply: hello, goto: initial}
messages:
  hello: {text: How many, list: {button: Choose, rows: [one, two, three, four]}}
""",
    },
    check=check,
)
