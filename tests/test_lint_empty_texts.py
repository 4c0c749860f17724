"""flow-lint finds texts of which nothing comes, for ever or where a condition fails."""

from __future__ import annotations

import pytest
from talking import Talker

from engine.lint import lint
from engine.reader import read_flow

FLOW = """\
flow: customer
languages: [en]
start: initial
otherwise: {{reply: hello, ask_again: true}}
settings: {{shown: [1, 2]}}
slots: {{many: number}}
states:
  initial:
    ask: hello
    commands: {{go: {go}}}
    input: {{save: many, goto: over}}
  over: {{final: true}}
messages:
  hello: Hello!
  said: {said}
  also: "{{% if not cart.is_empty %}}Your cart is full.{{% endif %}}"
"""
GO = "{words: [go], reply: said}"


def found(said: str, go: str = GO) -> list[str]:
    text = FLOW.format(said=said, go=go)
    rules = ("empty_text", "conditional_reply")
    return [
        one.rule for one in lint(read_flow({"customer.yaml": text}, "customer.yaml", {})) if one.rule in rules
    ]


NOTHING = [
    '""',
    '"  "',
    '"{% set x = 1 %}"',
    "\"{{ '' }}\"",
    '"{% if today and not today %}x{% endif %}"',
    '{text: ""}',
]
SOMETIMES = [
    '"{% if cart.is_empty %}x{% endif %}"',
    "\"{{ 'x' if cart.is_empty }}\"",
    '"{% for line in cart.lines %}{{ line.number }}{% endfor %}"',
    '"{% if cart.is_empty %}x{% elif today %}y{% endif %}"',
    '"{% if cart.is_empty %} {% else %}x{% endif %}"',
]
ALWAYS = [
    "Hello",
    '"{{ cart.count }}"',
    '"{% if cart.is_empty %}x{% else %}y{% endif %}"',
    '"{% if cart.is_empty %}x{% endif %}{% if not cart.is_empty %}y{% endif %}"',
    '"{% if cart.is_empty %}x{% endif %}!"',
    '"{% for line in cart.lines %}{{ line.number }}{% else %}Nothing.{% endfor %}"',
    '"{% for product in catalog.available %}{{ product.name }}{% endfor %}"',
    '"{% for one in settings.shown %}{{ one }}{% endfor %}"',
    '{text: "", image: "https://example.com/a.jpg"}',
    '{text: "{{ many if many }}", footer: Bye}',
]


@pytest.mark.parametrize("said", NOTHING)
def test_a_text_without_words_is_found(said: str) -> None:
    assert "empty_text" in found(said)


@pytest.mark.parametrize("said", SOMETIMES)
def test_an_answer_without_words_in_some_case_is_found(said: str) -> None:
    assert found(said) == ["conditional_reply"]


@pytest.mark.parametrize("said", ALWAYS)
def test_a_text_with_words_is_not_found(said: str) -> None:
    assert found(said) == []


FULL = '"{% if not cart.is_empty %}x{% endif %}"'
ANSWERED = {
    "another message has words": "{words: [go], reply: [said, hello]}",
    "it goes somewhere": "{words: [go], reply: said, goto: over}",
    "it asks again": "{words: [go], reply: said, ask_again: true}",
    "its condition holds there": "{words: [go], when: not cart.is_empty, reply: said}",
    "its branch is for that": (
        "{words: [go], branches: [{when: not cart.is_empty, reply: said}, {reply: hello}]}"
    ),
    "a branch before is for the other case": (
        "{words: [go], branches: [{when: cart.is_empty, reply: hello}], reply: said}"
    ),
}
UNANSWERED = {
    "both have nothing": "{words: [go], reply: [said, also]}",
    "an action may change that": "{words: [go], when: not cart.is_empty, do: clear_cart, reply: said}",
    "the branch is for another case": (
        "{words: [go], branches: [{when: today, reply: said}, {reply: hello}]}"
    ),
    "a refusal": '{pattern: "go {n:number}", validate: [{between: {min: 1}, else: said}], reply: hello}',
}


@pytest.mark.parametrize("what", ANSWERED)
def test_an_answer_that_has_words_in_every_case_is_not_found(what: str) -> None:
    assert found(FULL, ANSWERED[what]) == []


@pytest.mark.parametrize("what", UNANSWERED)
def test_an_answer_that_has_no_words_in_some_case_is_found(what: str) -> None:
    assert found(FULL, UNANSWERED[what]) == ["conditional_reply"]


def test_a_button_whose_title_comes_to_nothing_is_called_by_its_name() -> None:
    talk = Talker(
        """
flow: customer
languages: [en]
start: a
states:
  a:
    ask: ask
    commands:
      pay_now: {title: "{% if not cart.is_empty %}Pay{% endif %}", words: [x], reply: ok}
    otherwise: {ask_again: true}
messages: {ask: {text: Ask, buttons: [pay_now]}, ok: OK}
"""
    )
    talk.say("hm")
    assert [one.title for one in talk.turn.replies[0].buttons] == ["Pay now"]
    assert talk.say("pay now") == ["OK"]
