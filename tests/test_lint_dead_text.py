"""flow-lint finds what is written and never used: settings, templates, branches, commands."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_flow, read_pack

FLOW = """\
flow: shop
start: initial
otherwise: hello
settings: {{most: 50, shown: [1, 2]}}
commands:
  {general}
states:
  initial:
    {ignored}
    commands:
      {own}
  desk: {{human: true{desk}}}
messages:
  hello: {{text: "{hello}", buttons: [{buttons}]}}
"""
DEFAULTS = {
    "general": "call: {words: [call], reply: hello, goto: desk}",
    "own": "go: {words: [go], reply: hello}",
    "ignored": "ignore: []",
    "hello": "At most {{ settings.most }} of {{ settings.shown | length }}",
    "buttons": "go",
    "desk": "",
}


def found(rule: str, **parts: str) -> list[str]:
    """The words at which the rule finds something."""
    text = FLOW.format(**{**DEFAULTS, **parts})
    lines = text.splitlines()
    return [
        lines[one.place.line - 1][one.place.column - 1 :][: one.length]
        for one in lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
        if one.rule == rule
    ]


def found_lines(rule: str, **parts: str) -> list[str]:
    """What stands from where the rule finds something to the end of the line."""
    text = FLOW.format(**{**DEFAULTS, **parts})
    lines = text.splitlines()
    problems = [one for one in lint(read_flow({"shop.yaml": text}, "shop.yaml", {})) if one.rule == rule]
    return [lines[one.place.line - 1][one.place.column - 1 :] for one in problems]


SETTINGS = {
    "{{ settings.most }} {{ settings.shown }}": [],
    "{{ settings.shown }}": ["most"],
    "{{ settings.mots }} {{ settings.shown }}": [],
    "{% for name in settings %}{{ name }}{% endfor %}": [],
    "{{ 'settings.most' }}": ["most", "shown"],
}


@pytest.mark.parametrize("hello", SETTINGS)
def test_a_setting_that_nothing_reads_is_found(hello: str) -> None:
    assert found("unused_setting", hello=hello) == SETTINGS[hello]


def test_a_setting_may_be_read_by_a_condition() -> None:
    go = "go: {words: [go], when: settings.most > cart.count, reply: hello}"
    assert found("unused_setting", own=go, hello="{{ settings.shown }}") == []


BRANCHES = {
    "{when: cart.is_empty, reply: hello}, {reply: hello}": [],
    "{reply: hello}, {when: cart.is_empty, reply: hello}": ["cart.is_empty"],
    "{when: cart.is_empty, reply: hello}, {when: cart.is_empty, reply: hello}, {reply: hello}": [
        "cart.is_empty"
    ],
    "{when: not cart.is_empty, reply: hello}, {when: cart.is_empty, reply: hello}": [],
    "{when: cart.is_empty, reply: hello}, {when: not cart.is_empty, reply: hello}, {goto: desk}": ["{"],
    "{when: now and today, reply: hello}, {when: not now and today, reply: hello}, {goto: desk}": [],
    "{when: 1 > 2, reply: hello}, {goto: desk}": ["1 > 2"],
    "{when: 2 > 1, reply: hello}, {goto: desk}": ["{"],
    "{when: not settings.most, reply: hello}, {goto: desk}": [],
    "{when: cart.is_empty, reply: hello}, {when: cart.is_empty and today, reply: hello}, {goto: desk}": [
        "cart.is_empty and today"
    ],
    "{when: cart.is_empty and today, reply: hello}, {when: cart.is_empty, reply: hello}, {goto: desk}": [],
    "{when: cart.is_empty or today, reply: hello}, {when: not not today, reply: hello}, {goto: desk}": [
        "not not today"
    ],
    "{when: cart.is_empty and not cart.is_empty, reply: hello}, {goto: desk}": [
        "cart.is_empty and not cart.is_empty"
    ],
    "{when: cart.total > 5, reply: hello}, {when: 5 < cart.total, reply: hello}, {goto: desk}": [
        "5 < cart.total"
    ],
    "{when: cart.total > 5, reply: hello}, {when: cart.total <= 5, reply: hello}, {goto: desk}": ["{"],
    "{when: failure.left > 5, reply: hello}, {when: failure.left <= 5, reply: hello}, {goto: desk}": [],
}


@pytest.mark.parametrize("branches", BRANCHES)
def test_a_branch_that_is_never_taken_is_found(branches: str) -> None:
    own = f"go: {{words: [go], branches: [{branches}]}}"
    assert found("dead_branch", own=own) == BRANCHES[branches]


def test_a_branch_of_a_state_that_is_never_taken_is_found() -> None:
    branches = (
        "branches: [{when: cart.is_empty, goto: desk}, {goto: desk}, {when: cart.total > 5, goto: desk}]"
    )
    assert found("dead_branch", ignored=branches) == ["cart.total > 5"]


RULES = {
    "own": "go: {words: [go], when: cart.is_empty and not cart.is_empty, reply: hello}",
    "general": "call: {words: [call], when: 1 > 2, reply: hello, goto: desk}",
    "ignored": "input: {when: today and not (now or today), reply: hello}",
}


@pytest.mark.parametrize("part", RULES)
def test_a_rule_whose_condition_never_holds_is_found(part: str) -> None:
    when = RULES[part].partition("when: ")[2].partition(", reply")[0]
    assert found("dead_branch", **{part: RULES[part]}) == [when]


def test_a_rule_whose_condition_may_hold_is_not_found() -> None:
    assert found("dead_branch", own="go: {words: [go], when: cart.is_empty or now, reply: hello}") == []


FAILURES = {
    "nothing that fails": ("go: {words: [go], do: clear_cart, reply: hello}", ["no_such_item", "cart_empty"]),
    "one of them": (
        'go: {pattern: "go {item:number}", do: remove_from_cart, reply: hello}',
        ["cart_empty"],
    ),
    "both": (
        'go: {pattern: "go {item:number}", do: [remove_from_cart, place_order], reply: hello}',
        [],
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_an_answer_to_a_failure_that_nothing_raises_is_found(what: str) -> None:
    own, codes = FAILURES[what]
    general = DEFAULTS["general"] + "\nfails: {no_such_item: hello, cart_empty: hello, unheard_of: hello}"
    assert found("unused_failure", own=own, general=general) == codes


ELSES = {
    "a hole that takes any words": ('go: {pattern: "go {where}", else: hello, reply: hello}', ["hello"]),
    "no hole": ("go: {words: [go], else: hello, reply: hello}", ["hello"]),
    "a date": ('go: {pattern: "go {when:date}", else: hello, reply: hello}', []),
    "a number of pieces": ('go: {pattern: "go {quantity}", do: {add_to_cart: 1}, else: hello}', []),
    "a language": ('go: {pattern: "go {language}", do: set_language, else: hello, reply: hello}', []),
    "an action that may be told a language": (
        'go: {pattern: "go {name}", do: save_customer, branches: [{do: reset}], else: hello, reply: hello}',
        [],
    ),
    "an action that takes any words": (
        'go: {pattern: "go {note}", do: {hand_over: "{{ note }}"}, else: hello, reply: hello}',
        ["hello"],
    ),
}
INPUTS = {
    "a text": ("text", "", ["hello"]),
    "a number": ("number", "", []),
    "a text, of a picture": ("text", "accepts: [image], ", []),
    "a list of texts": ("list of text", "", ["hello"]),
}


@pytest.mark.parametrize("what", ELSES)
def test_an_else_that_is_never_said_is_found(what: str) -> None:
    own, words = ELSES[what]
    assert [one[:5] for one in found_lines("needless_else", own=own)] == words


@pytest.mark.parametrize("what", INPUTS)
def test_an_else_of_an_input_that_is_never_said_is_found(what: str) -> None:
    type_name, accepts, words = INPUTS[what]
    heard = f"input: {{{accepts}save: kept, else: hello, reply: hello}}"
    general = f"{DEFAULTS['general']}\nslots: {{kept: {type_name}}}"
    assert [one[:5] for one in found_lines("needless_else", ignored=heard, general=general)] == words


UNHEARD = {
    ", input: {reply: hello}": ["input"],
    ", otherwise: hello": ["otherwise"],
    ", tries: {limit: 2, then: hello}": ["then"],
    ", ask: hello, after: [{wait: 1 hour, reply: hello}], events: {handed_back: {goto: initial}}": [],
}


@pytest.mark.parametrize("desk", UNHEARD)
def test_a_rule_where_nobody_is_heard_is_found(desk: str) -> None:
    assert len(found("unheard_rule", desk=desk)) == len(UNHEARD[desk])
    for final in (desk, desk.partition(", events")[0]):
        assert len(found("unheard_rule", desk=f"}}\n  over: {{final: true{final}")) == len(UNHEARD[desk])


COMMANDS = {
    "words mean it": ({"own": "go: {words: [go], reply: hello}"}, []),
    "a pattern means it": ({"own": 'go: {pattern: "go {where}", reply: hello}', "buttons": "call"}, []),
    "a button offers it": ({"own": "go: {reply: hello}"}, []),
    "nothing means it": ({"own": "go: {reply: hello}", "buttons": "call"}, ["go"]),
    "its own state is no place for it": (
        {"desk": ", commands: {back: {words: [back], reply: hello}}"},
        ["back"],
    ),
    "every state ignores it": ({"ignored": "ignore: [call]"}, ["call"]),
    "every state has its own": (
        {"own": "call: {words: [call], reply: hello, goto: desk}", "buttons": "call"},
        ["call"],
    ),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_command_that_nobody_can_use_is_found(what: str) -> None:
    parts, words = COMMANDS[what]
    assert found("unusable_command", **parts) == words


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en, ur]
flows: {customer: shop.yaml}
"""
PACK = """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
messages:
  hello: {template: shop/hello.j2}
"""

TEMPLATES = {
    "the one that is named": ({}, []),
    "its translation": ({"shop/hello.ur.j2": "سلام"}, []),
    "a translation that no language asks for": ({"shop/hello.de.j2": "Hallo"}, ["shop/hello.de.j2"]),
    "one that nothing names": ({"shop/menu.j2": "Menu"}, ["shop/menu.j2"]),
    "one that another includes, and its translation": (
        {"shop/hello.j2": "{%- include 'shop/a.j2' %}", "shop/a.j2": "A", "shop/a.ur.j2": "ا"},
        [],
    ),
    "one that an unused one includes": (
        {"shop/menu.j2": "{% include 'shop/a.j2' %}", "shop/a.j2": "A"},
        ["shop/a.j2", "shop/menu.j2"],
    ),
    "one of another pack": ({"bakery/menu.j2": "Menu"}, []),
}


@pytest.mark.parametrize("what", TEMPLATES)
def test_a_template_that_no_message_is_made_of_is_found(what: str) -> None:
    more, unused = TEMPLATES[what]
    files = {"business.yaml": BUSINESS, "shop.yaml": PACK, "shop.ur.yaml": "messages: {}\n"}
    reading = read_pack(files, "flows/shop", {"shop/hello.j2": "Hello!", **more})
    problems = [one for one in lint(reading) if one.rule == "unused_template"]
    assert [one.place.file for one in problems] == [f"templates/{path}" for path in unused]


TRANSLATED = """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    commands:
      go: {words: [go], reply: hello}
messages:
  hello: Hello!
"""


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ("words: {come: [آؤ]}", "unknown_command"),
        ("patterns: {come: ['آؤ {when}']}", "unknown_command"),
        ("titles: {come: آؤ}", "unknown_command"),
    ],
)
def test_a_translation_of_what_is_not_there_is_found(extra: str, rule: str) -> None:
    files = {"shop.yaml": TRANSLATED, "shop.ur.yaml": f"{extra}\nmessages: {{hello: سلام}}\n"}
    assert rule in {one.rule for one in lint(read_flow(files, "shop.yaml", {}))}
