"""Finds buttons of commands that are not understood where the message is said."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.analysis.survey import offers_of
from engine.analysis.walk import understood_in
from engine.flow import Flow, State
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        understood = {name: _pressed_in(survey.flow, state) for name, state in survey.flow.states.items()}
        for message in survey.messages:
            ends = [said.ends for said in survey.said.get(message.name, ()) if said.ends]
            for button in offers_of(message):
                if button.command not in survey.commands:
                    continue
                lost = [some for some in ends if not any(button.command in understood[end] for end in some)]
                if lost:
                    states = ", ".join(f"'{name}'" for name in sorted(lost[0]))
                    said = f"'{button.command}' is not understood in the state {states}, where this is said"
                    yield problem_at(RULE.name, button.command, said, button.place)


def _pressed_in(flow: Flow, state: State) -> Collection[str]:
    """The commands whose buttons can be pressed in a state."""
    start = flow.states.get(flow.start)
    if not state.final or start is None:
        return understood_in(flow, state)
    # Whoever presses a button when the conversation is over begins anew, with the flow's commands.
    return [name for name in understood_in(flow, start) if name not in start.commands]


RULE = Rule(
    name="unavailable_button",
    about="A message offers a command that is not understood in the state in which the turn ends.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordering}
  ordering:
    ask: what
    commands:
      done: {words: [done], goto: paying}
  paying:
    ask: how
    commands:
      cash: {words: [cash], reply: hello, goto: initial}
messages:
  hello: Hello!
  what: {text: Choose something., buttons: [done]}
  how: {text: Choose how to pay., buttons: [cash, done]}
  #                                               ^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordering}
  ordering:
    ask: what
    commands:
      done: {words: [done], goto: paying}
  paying:
    ask: how
    commands:
      cash: {words: [cash], reply: hello, goto: initial}
messages:
  hello: Hello!
  what: {text: Choose something., buttons: [done]}
  how: {text: Choose how to pay., buttons: [cash]}
""",
    },
    check=check,
)
