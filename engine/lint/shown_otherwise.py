"""Tells what a provider cannot show as it is written, and what goes out in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.flow import Message
from engine.limits import Limits
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem

MOST_NAMED = 3
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
    # Loaded by who asks for it alone, so that flow-lint starts at once.
    from engine.analysis.laid_out import LaidOut

    alike: dict[Limits, list[str]] = {}
    for provider, limits in checked.providers.items():
        alike.setdefault(limits, []).append(provider)
    for survey, case in zip(checked.surveys, checked.worst_cases, strict=True):
        # One finding for all messages and providers of which the same is to be said.
        found: dict[tuple[str, tuple[str, ...]], list[Message]] = {}
        laid_out = LaidOut(survey, case, alike)
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
