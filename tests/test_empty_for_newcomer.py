"""flow-lint finds texts that say a name or an order which somebody new does not have, and no others."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_flow
from engine.source import Problem

FLOW = """\
flow: shop
start: initial
otherwise: hello
slots: {{name: text}}
{above}
states:
  initial:
    {start}
  asking:
    {asking}
  after:
    ask: {ask}
    commands: {{leave: {{words: [leave], reply: hello, goto: done}}}}
  done: {{final: true}}
fails: {{no_orders: hello, cart_empty: hello, out_of_stock: hello, unavailable: hello}}
messages:
  hello: Hello!
  named: "{text}"
"""
DEFAULTS = {
    "above": "",
    "start": "otherwise: {reply: named, goto: asking}",
    "asking": "input: {save: name, do: save_customer, reply: hello, goto: after}",
    "ask": "hello",
    "text": "Hello {{ customer.name }}!",
}

CASES = {
    "the first thing that is said": ({}, "where line 8 says this"),
    "an address": ({"text": "To {{ customer.address }}"}, "customer.address"),
    "a total of the last order": ({"text": "{{ orders.last.total | money }}"}, "orders.last.total"),
    "with a test": ({"text": "Hello{% if customer.is_known %} {{ customer.name }}{% endif %}"}, None),
    "with another word for it": ({"text": "Hello {{ customer.name or 'you' }}"}, None),
    "after it was saved": ({"start": "otherwise: {goto: asking}", "ask": "named"}, None),
    "beside what saves it": (
        {
            "start": "otherwise: {goto: asking}",
            "asking": "input: {save: name, do: save_customer, reply: named, goto: after}",
        },
        None,
    ),
    "where it may be left out": (
        {
            "start": "otherwise: {goto: asking}",
            "asking": "commands: {skip: {words: [skip], goto: after}}\n"
            "    input: {save: name, do: save_customer, reply: hello, goto: after}",
            "ask": "named",
        },
        "when the state 'after' asks this",
    ),
    "where a branch asks first": (
        {
            "start": "commands: {hi: {words: [hi], branches: [{when: customer.is_known, reply: named},"
            " {reply: hello, goto: asking}]}}\n    otherwise: {goto: asking}",
        },
        None,
    ),
    "where a branch sends away who is known": (
        {
            "start": "commands: {hi: {words: [hi], branches: [{when: customer.is_known, reply: hello},"
            " {reply: named, goto: asking}]}}\n    otherwise: {goto: asking}",
        },
        "customer.name",
    ),
    "where a command is there for who is known": (
        {
            "start": "commands: {hi: {words: [hi], when: customer.is_known, reply: named}}\n"
            "    otherwise: {goto: asking}",
        },
        None,
    ),
    "in a command of the flow": (
        {
            "above": "commands: {who: {words: [who], reply: named}}",
            "start": "otherwise: {goto: asking}",
        },
        "customer.name",
    ),
    "where a state passes on": (
        {
            "start": "otherwise: {goto: asking}",
            "asking": "branches: [{when: customer.name, goto: after}]\n"
            "    input: {save: name, do: save_customer, reply: hello, goto: after}",
            "ask": "named",
        },
        None,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_somebody_new_does_not_have(what: str) -> None:
    given, told = CASES[what]
    found = found_in({**DEFAULTS, **given})
    if told is None:
        assert found == []
    else:
        (problem,) = found
        assert told in problem.message
        assert problem.conversation


def found_in(parts: dict[str, str]) -> list[Problem]:
    reading = read_flow({"shop.yaml": FLOW.format(**parts)}, "shop.yaml", {})
    assert reading.problems == ()
    return [one for one in lint(reading) if one.rule == "empty_for_newcomer"]
