"""Finds messages that a language of the flow lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.flow import Flow
from engine.lint.checked import Checked, Rule
from engine.source import NOWHERE, Place, Problem

PARTS = {"header": "the header", "footer": "the footer", "list_button": "the button of the list"}


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for language in flow.languages[1:]:
            lacking = [name for name in lacking_in(flow, language) if name not in checked.mentioned]
            if not lacking:
                continue
            place, length = checked.translation_at(flow, language)
            if place is None:
                message = f"nothing is translated into '{language}'; what is needed: {', '.join(lacking)}"
                place, length = language_at(flow, language)
                yield Problem(place, RULE.name, message, length)
                continue
            for name in lacking:
                yield Problem(place, RULE.name, f"the message '{name}' is missing in '{language}'", length)
        yield from _halves(flow)


def _halves(flow: Flow) -> Iterator[Problem]:
    """Messages that are translated but for a header, a footer or the button of a list."""
    for name, by_language in flow.messages.items():
        own = by_language[flow.languages[0]]
        for language in flow.languages[1:]:
            other = by_language[language]
            if other.text is own.text or other.place.file == own.place.file:
                continue
            for part, what in PARTS.items():
                text = getattr(own, part)
                if text is not None and getattr(other, part) is text and _has_words(text.source):
                    said = f"{what} of '{name}' is missing in '{language}', and is said as it is"
                    yield Problem(other.place, RULE.name, said, len(name))


def _has_words(source: str) -> bool:
    """Whether the text says anything but what is put into it."""
    return any(map(str.isalpha, re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", source, flags=re.DOTALL)))


def lacking_in(flow: Flow, language: str) -> Iterator[str]:
    """The messages of which a language has no text of its own; a template alone serves every language."""
    for name, by_language in flow.messages.items():
        own = by_language[flow.languages[0]]
        if by_language[language] is own and own.text is not None and own.text.place.file == own.place.file:
            yield name


def language_at(flow: Flow, language: str) -> tuple[Place, int]:
    """Where the flow, or the business, says that it speaks the language."""
    word = next(one for one in flow.languages if one == language)
    place = getattr(word, "place", NOWHERE)
    return (place, len(word)) if place.line else (flow.place, 1)


RULE = Rule(
    name="missing_translation",
    about="A message has no translation into one of the flow's languages and is said in the first one.",
    broken={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: [hello, open], goto: ordered}
  ordered: {final: true}
messages:
  hello: "Welcome to {{ business.name }}!"
  open: We are open.
""",
        "shop.ur.yaml": """\
messages:
^^^^^^^^
  hello: "{{ business.name }} میں خوش آمدید!"
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: [hello, open], goto: ordered}
  ordered: {final: true}
messages:
  hello: "Welcome to {{ business.name }}!"
  open: We are open.
""",
        "shop.ur.yaml": """\
messages:
  hello: "{{ business.name }} میں خوش آمدید!"
  open: ہم کھلے ہیں۔
""",
    },
    check=check,
    severity="warning",
)
