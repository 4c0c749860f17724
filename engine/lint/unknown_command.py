"""Finds `ignore`, buttons and rows naming commands that the flow does not have."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import offers_of
from engine.lint.checked import Checked, Rule, unknown_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for state in flow.states.values():
            for command in sorted(state.ignore):
                if command not in flow.commands and command not in checked.mentioned:
                    yield unknown_at(RULE.name, "command", command, flow.commands, state.place)
        for message in survey.messages:
            for button in offers_of(message):
                command = button.command
                if command not in survey.commands and command not in checked.mentioned:
                    known = sorted(survey.commands)
                    yield unknown_at(RULE.name, "command", command, known, button.place)


RULE = Rule(
    name="unknown_command",
    about="An `ignore`, a button or a row names a command that does not exist.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: how
states:
  initial:
    commands:
      order: {words: [order], reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  how: {text: Press the button!, buttons: [ordr]}
  #                                        ^^^^
  thanks: Thanks!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: how
states:
  initial:
    commands:
      order: {words: [order], reply: thanks, goto: ordered}
  ordered: {final: true}
messages:
  how: {text: Press the button!, buttons: [order]}
  thanks: Thanks!
""",
    },
    check=check,
)
