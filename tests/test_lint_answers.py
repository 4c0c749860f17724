"""flow-lint finds what a customer would get no answer to: failures, refusals, timers."""

from __future__ import annotations

import pytest

from engine.lint import lint
from engine.reader import read_flow

FLOW = """\
flow: shop
start: initial
{top}
states:
  initial:
    otherwise: {{reply: hello, goto: ordering}}
  ordering:
    {ordering}
  passing:
    branches: [{passing}]
    otherwise: {{reply: hello, goto: done}}
  done: {{final: true}}
messages:
  hello: Hello!
"""
BUY = 'commands: {buy: {pattern: "buy {item:number}", do: add_to_cart, %s}}'
GO = "commands: {go: {words: [go], goto: passing, %s}}"
ALL = "{no_such_item: hello, out_of_stock: hello, unavailable: hello}"
PASS = "{when: cart.is_empty, goto: done}"
ADD = "{when: cart.is_empty, do: {add_to_cart: 1}, goto: done, %s}"


def found(rule: str, ordering: str, passing: str = PASS, top: str = "otherwise: hello") -> list[str]:
    """The words at which the rule finds something, with what it says."""
    text = FLOW.format(ordering=ordering, passing=passing, top="moved: {old: passing}\n" + top)
    lines = text.splitlines()
    return [
        lines[one.place.line - 1][one.place.column - 1 :][: one.length] + ": " + one.message
        for one in lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
        if one.rule == rule
    ]


FAILURES = {
    "nothing answers": (BUY % "reply: hello", PASS, "", ["no_such_item", "out_of_stock", "unavailable"]),
    "the rule answers one": (
        BUY % "fails: {out_of_stock: hello}, reply: hello",
        PASS,
        "",
        ["no_such_item", "unavailable"],
    ),
    "the flow answers the rest": (
        BUY % "fails: {out_of_stock: hello}, reply: hello",
        PASS,
        "fails: {no_such_item: hello, unavailable: hello}",
        [],
    ),
    "the rule answers for its branches": (
        f"commands: {{buy: {{words: [buy], fails: {ALL},"
        " branches: [{do: {add_to_cart: 1}, reply: hello}]}}",
        PASS,
        "",
        [],
    ),
    "a branch answers for itself, not for the rule": (
        BUY % f"branches: [{{fails: {ALL}, reply: hello}}]",
        PASS,
        "",
        ["no_such_item", "out_of_stock", "unavailable"],
    ),
    "a state that is passed through": (
        GO % "reply: hello",
        ADD % "fails: {no_such_item: hello}",
        "",
        ["out_of_stock", "unavailable"],
    ),
    "the rule answers for the state that it passes through": (
        GO % f"fails: {ALL}",
        ADD % "fails: {}",
        "",
        [],
    ),
    "an answer passes through a state too": (
        "input: {validate: [{length: {min: 2}, else: {goto: passing}}], reply: hello, goto: done}",
        ADD % "fails: {no_such_item: hello, unavailable: hello}",
        "",
        ["out_of_stock"],
    ),
    "an event": (
        "events: {paid: {do: {add_to_cart: 1}, fails: {no_such_item: hello}}}\n    otherwise: hello",
        PASS,
        "",
        ["out_of_stock", "unavailable"],
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_that_nothing_answers_is_found(what: str) -> None:
    ordering, passing, top, codes = FAILURES[what]
    problems = found("unanswered_failure", ordering, passing, "otherwise: hello\n" + top)
    assert len(problems) == (1 if codes else 0), problems
    for problem in problems:
        assert problem.startswith("add_to_cart: ")
        assert [code for code in ("no_such_item", "out_of_stock", "unavailable") if code in problem] == codes


CHECKED = "input: {save: many, validate: [{between: {min: 1}%s}]%s, goto: done}"
SLOTS = "slots: {many: number}\n"

REFUSALS = {
    "an else, for both": (CHECKED % (", else: hello", ", else: hello"), SLOTS, []),
    "an otherwise of the flow": (CHECKED % ("", ""), SLOTS + "otherwise: hello\n", []),
    "an otherwise of the state": (CHECKED % ("", "") + "\n    otherwise: hello", SLOTS, []),
    "nothing for a refusal": (CHECKED % ("", ", else: hello"), SLOTS, ["between"]),
    "nothing for what is no number": (CHECKED % (", else: hello", ""), SLOTS, ["input"]),
    "an otherwise on a condition": (
        CHECKED % ("", ", else: hello") + "\n    otherwise: {when: cart.is_empty, reply: hello}",
        SLOTS,
        ["between"],
    ),
    "an otherwise of the state, or else of the flow": (
        CHECKED % ("", "") + "\n    otherwise: {when: cart.is_empty, reply: hello}",
        SLOTS + "otherwise: {when: not cart.is_empty, reply: hello}\n",
        [],
    ),
    "an otherwise wherever the rule is there": (
        CHECKED.replace("save", "when: cart.is_empty, save") % ("", "")
        + "\n    otherwise: {when: cart.is_empty, reply: hello}",
        SLOTS,
        [],
    ),
    "nothing for what fits a pattern and is no date": (
        'commands: {on: {pattern: "on {day:date}", reply: hello}}\n    input: {goto: done}',
        "",
        ["on"],
    ),
    "an else for what fits a pattern": (
        'commands: {on: {pattern: "on {day:date}", else: hello, reply: hello}}\n    input: {goto: done}',
        "",
        [],
    ),
    "nothing that fits the pattern is unreadable": (
        'commands: {on: {pattern: "on {day:word} {rest}", reply: hello}}\n    input: {goto: done}',
        "",
        [],
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_that_nothing_answers_is_found(what: str) -> None:
    ordering, top, words = REFUSALS[what]
    problems = found("silent_refusal", ordering, top=top)
    assert [one.partition(":")[0] for one in problems] == words, problems


FALLBACKS = {
    "the flow has one": ("ask: hello", "otherwise: hello", ""),
    "none": ("ask: hello", "", "add an `otherwise`, to the state or to the flow"),
    "of the state, on a condition": (
        "otherwise: {when: cart.is_empty, reply: hello}",
        "",
        "unless `cart.is_empty`: add an",
    ),
    "of the flow, on a condition": (
        "ask: hello",
        "otherwise: {when: cart.is_empty, reply: hello}",
        "unless `cart.is_empty`: add an",
    ),
    "an input on a condition": (
        "input: {when: cart.is_empty, goto: done}",
        "",
        "unless `cart.is_empty`: add an",
    ),
    "an input, or else the flow": (
        "input: {when: cart.is_empty, goto: done}",
        "otherwise: {when: not cart.is_empty, reply: hello}",
        "",
    ),
    "an input and an otherwise that leave nothing open": (
        "input: {when: cart.total >= 9, goto: done}\n    otherwise: {when: 9 > cart.total, reply: hello}",
        "",
        "",
    ),
    "of the state on a condition, and of the flow": (
        "otherwise: {when: cart.is_empty, reply: hello}",
        "otherwise: hello",
        "",
    ),
}


@pytest.mark.parametrize("what", FALLBACKS)
def test_a_state_that_answers_on_a_condition_alone_is_found(what: str) -> None:
    ordering, top, said = FALLBACKS[what]
    problems = found("no_fallback", ordering, top=top)
    assert len(problems) == bool(said), problems
    assert all(one.startswith("ordering: ") and said in one for one in problems)


TIMERS = {
    "says something": ("reply: hello", False),
    "goes somewhere": ("goto: done", False),
    "asks again": ("ask_again: true", False),
    "tells somebody else": ("do: {hand_over: Nobody answers.}", False),
    "says something in one case": ("branches: [{when: cart.is_empty}, {reply: hello}]", False),
    "does something without a word": ("do: clear_cart", True),
    "says nothing in any case": ("branches: [{when: cart.is_empty}, {do: clear_cart}]", True),
    "the answer of a failure alone": (f"do: {{add_to_cart: 1}}, fails: {ALL}", True),
}


@pytest.mark.parametrize("what", TIMERS)
def test_a_timer_of_which_nobody_hears_is_found(what: str) -> None:
    rule, is_silent = TIMERS[what]
    problems = found("silent_timer", f"after: [{{wait: 1 hour, {rule}}}]\n    otherwise: hello")
    assert len(problems) == is_silent


TRIES = {
    "then: {reply: hello}": [],
    "then: {goto: done}": [],
    "then: {do: clear_cart}": ["then"],
    "then: {branches: [{when: cart.is_empty, reply: hello}]}": ["then"],
    "then: {branches: [{when: cart.is_empty, reply: hello}, {goto: done}]}": [],
}


@pytest.mark.parametrize("then", TRIES)
def test_tries_without_a_word_are_found(then: str) -> None:
    problems = found("silent_rule", f"tries: {{limit: 3, {then}}}\n    otherwise: hello")
    assert [one.partition(":")[0] for one in problems] == TRIES[then]


HANDED_BACK = {
    "it goes somewhere": ("{reply: hello, goto: done}", []),
    "every branch goes somewhere": (
        "{branches: [{when: cart.is_empty, goto: done}, {when: not cart.is_empty, goto: ordering}]}",
        [],
    ),
    "it does something alone": ("{do: clear_cart}", ["handed_back"]),
    "it says something alone": ("{reply: hello}", ["handed_back"]),
    "a branch is left open": ("{branches: [{when: cart.is_empty, goto: done}]}", ["handed_back"]),
    "where the condition fails it returns": ("{when: cart.is_empty, goto: done}", []),
}
DESK = "commands: {call: {words: [call], goto: desk}}\n    ask: hello\n  desk: {human: true%s}"


@pytest.mark.parametrize("of", ["state", "flow"])
@pytest.mark.parametrize("what", HANDED_BACK)
def test_a_talk_that_is_handed_back_and_stays_is_found(what: str, of: str) -> None:
    rule, words = HANDED_BACK[what]
    event = f"events: {{handed_back: {rule}}}"
    ordering, top = (DESK % f", {event}", "") if of == "state" else (DESK % "", event + "\n")
    problems = found("silent_rule", ordering, top=top + "otherwise: hello")
    assert [one.partition(":")[0] for one in problems] == words, problems


def test_an_event_of_the_flow_that_every_person_s_state_has_itself_is_silent_rightly() -> None:
    ordering = DESK % ", events: {handed_back: {goto: done}}"
    assert found("silent_rule", ordering, top="events: {handed_back: {reply: hello}}\notherwise: hello") == []


EVENTS = {
    "handed_back": "",
    "order_confirmed": "",
    "payment_received": "",
    "handed_bak": "did you mean 'handed_back'?",
    "paid": "no event 'paid' ever happens",
}


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_that_never_happens_is_found(event: str) -> None:
    problems = found("unknown_event", f"events: {{{event}: {{reply: hello, goto: done}}}}")
    assert len(problems) == bool(EVENTS[event]), problems
    assert all(one.startswith(f"{event}: ") and EVENTS[event] in one for one in problems)


BRANCHES = {
    "one for the opposite": (
        "{when: cart.is_empty, reply: hello}, {when: not cart.is_empty, goto: done}",
        [],
    ),
    "one for the rest": ("{when: cart.total < 5, reply: hello}, {when: cart.total >= 5, goto: done}", []),
    "one for each answer to two questions": (
        "{when: cart.is_empty and customer.is_known, reply: hello},"
        " {when: not cart.is_empty, goto: done}, {when: not customer.is_known, goto: done}",
        [],
    ),
    "a case is left open": (
        "{when: cart.is_empty and customer.is_known, reply: hello}, {when: not cart.is_empty, goto: done}",
        ["go"],
    ),
    "what may be empty is neither less nor more": (
        "{when: many < 5, reply: hello}, {when: many >= 5, goto: done}",
        ["go"],
    ),
    "it is equal or not": ("{when: many == 5, reply: hello}, {when: many != 5, goto: done}", []),
}


@pytest.mark.parametrize("what", BRANCHES)
def test_branches_that_leave_a_case_open_are_found(what: str) -> None:
    branches, words = BRANCHES[what]
    ordering = (
        f"commands: {{go: {{words: [go], branches: [{branches}]}}}}\n    input: {{save: many, goto: done}}"
    )
    problems = found("silent_rule", ordering, top="slots: {many: number}\notherwise: hello")
    assert [one.partition(":")[0] for one in problems] == words, problems


ASKED_AGAIN = {
    "a state that asks": ("ask: hello\n    otherwise: {ask_again: true}", "", []),
    "a state that asks nothing": ("otherwise: {ask_again: true}", "", ["otherwise"]),
    "a state that asks nothing, with a reply": ("otherwise: {reply: hello, ask_again: true}", "", []),
    "a refusal where nothing is asked": (
        "input: {validate: [{length: {min: 2}, else: {ask_again: true}}], reply: hello}",
        "",
        ["input"],
    ),
    "a command of the flow where one state asks nothing": (
        "ask: hello\n    ignore: []",
        "commands: {again: {words: [again], ask_again: true}}\n",
        ["again"],
    ),
}


@pytest.mark.parametrize("what", ASKED_AGAIN)
def test_asking_again_where_nothing_was_asked_is_found(what: str) -> None:
    ordering, top, words = ASKED_AGAIN[what]
    problems = found("silent_rule", ordering, top=top + "otherwise: hello")
    assert [one.partition(":")[0] for one in problems] == words, problems


OVER = {
    "again": [],
    "stop": ["stop"],
    "hear": ["hear"],
}


@pytest.mark.parametrize("command", OVER)
def test_a_button_where_the_talk_is_over_begins_anew_with_the_flow_s_commands(command: str) -> None:
    text = f"""\
flow: shop
start: initial
otherwise: hello
commands:
  again: {{words: [again], reply: hello}}
  stop: {{words: [stop], reply: hello}}
states:
  initial:
    ignore: [stop]
    commands: {{hear: {{words: [hear], reply: hello}}, go: {{words: [go], reply: over, goto: done}}}}
  done: {{final: true}}
messages:
  hello: Hello!
  over: {{text: Bye, buttons: [{command}]}}
"""
    problems = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    assert [one.message.split("'")[1] for one in problems if one.rule == "unavailable_button"] == OVER[
        command
    ]
