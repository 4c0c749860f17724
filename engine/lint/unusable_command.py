"""Finds commands that nobody can use."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import offers_of
from engine.flow import Flow
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        offered = {button.command for message in survey.messages for button in offers_of(message)}
        for name, rules in survey.called.items():
            for state, rule in rules:
                if not checked.is_whole(rule.place) or name in checked.mentioned:
                    continue
                if state is not None and (state.human or state.final):
                    said = f"nobody is heard in '{state.name}', so '{name}' is never understood there"
                    yield problem_at(RULE.name, name, said, rule.place)
                elif not (_is_said(rule) or name in offered):
                    said = f"nobody can use '{name}': it has no words and no pattern, and no button offers it"
                    yield problem_at(RULE.name, name, said, rule.place)
                elif state is None and not _is_anywhere(name, flow):
                    said = f"every state ignores '{name}', or has its own"
                    yield problem_at(RULE.name, name, said, rule.place)


def _is_said(rule: Command) -> bool:
    return any(rule.words.values()) or any(rule.patterns.values())


def _is_anywhere(name: str, flow: Flow) -> bool:
    return any(
        name not in state.ignore and name not in state.commands and not (state.human or state.final)
        for state in flow.states.values()
    )


RULE = Rule(
    name="unusable_command",
    about="Nobody can use a command: nothing that is said or pressed means it, or no state understands it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      order: {words: [order], goto: ordered}
      gift: {title: As a gift, goto: ordered}
      ^^^^
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order]}
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
      order: {words: [order], goto: ordered}
      gift: {title: As a gift, goto: ordered}
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order, gift]}
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
