"""The conversation of a finding, played with the flow, comes to where it says."""

from __future__ import annotations

import re

import pytest
from talking import Talker, interpreter_of

from engine.analysis.regular_text import text_that_fits
from engine.lint import lint
from engine.message import Inbound, Media
from engine.reader import read_flow
from engine.source import Problem


def flow(asking: str, top: str = "", messages: str = "") -> str:
    """A state that asks, behind which two others lead to each other alone."""
    return f"""\
flow: customer
start: initial
otherwise: {{reply: hello, ask_again: true}}
{top}states:
  initial:
    otherwise: {{reply: hello, goto: asking}}
  asking:
    ask: hello
    commands: {{out: {{words: [out], goto: end}}}}
{asking}
  trap: {{commands: {{on: {{words: ["on"], goto: pit}}}}}}
  pit: {{commands: {{back: {{words: [back], goto: trap}}}}}}
  end: {{final: true}}
messages:
  hello: Hello!
{messages}"""


def typed(of_type: str, validate: str, more: str = "goto: trap") -> str:
    return flow(
        f"    input: {{save: value, else: hello, validate: [{validate}], {more}}}\n",
        f"slots: {{value: {of_type}}}\n",
    )


REFUSED = "{reply: hello, goto: trap}"

TRAPPED = {
    "digits": typed("text", "{matches: '[0-9]{4}', else: hello}"),
    "an expression with several parts": typed("text", "{matches: '[A-Z]{2}-?(10|20)+x', else: hello}"),
    "one of a few": typed("text", "{one_of: [aa, bb], else: hello}"),
    "a long text": typed("text", "{length: {min: 60, max: 70}, else: hello}"),
    "a text as long as a setting says": flow(
        """\
    input: {save: value, validate: [{length: {min: "{{ settings.least }}"}, else: hello}], goto: trap}
""",
        "slots: {value: text}\nsettings: {least: 40}\n",
    ),
    "a number between two": typed("number", "{between: {min: 500, max: 510}, else: hello}"),
    "a telephone number in a text": typed("text", "{phone: {}, else: hello}"),
    "an e-mail address in a text": typed("text", "{email: {}, else: hello}"),
    "a password": typed("text", "{check: \"value == 'sesame'\", else: hello}"),
    "a number over a hundred": typed("decimal", "{check: value > 100, else: hello}"),
    "two validators": typed("text", "{length: {min: 3}, else: hello}, {matches: 'a+', else: hello}"),
    "a date": typed("date", ""),
    "yes or no": typed("boolean", ""),
    "a product": typed("product", ""),
    "a place": flow(
        "    input: {accepts: [location], save: place, goto: trap}\n", "slots: {place: location}\n"
    ),
    "no number": typed("number", "", f"else: {REFUSED}, goto: end").replace("else: hello, ", ""),
    "too short a text": typed("text", f"{{length: {{min: 5}}, else: {REFUSED}}}", "goto: end"),
    "too small a number": typed("number", f"{{check: value > 100, else: {REFUSED}}}", "goto: end"),
    "what passes the first validator, and not the second": typed(
        "text",
        f"{{length: {{min: 5}}, else: hello}}, {{matches: '[a-z]+@[0-9]+', else: {REFUSED}}}",
        "goto: end",
    ),
    "a pattern with holes": flow(
        "    commands:\n"
        "      book: {pattern: 'book {day:date} {many:number} {to:email}', else: hello, goto: trap}\n"
    ).replace("    commands: {out: {words: [out], goto: end}}\n", ""),
    "a pattern whose hole has bounds": flow(
        """\
    commands:
      out: {words: [out], goto: end}
      take:
        pattern: "take {many:number} of {what}"
        validate:
          - {between: {value: "{{ many }}", min: 12, max: 14}, else: hello}
          - {one_of: {value: "{{ what }}", values: [rolls, buns]}, else: hello}
        goto: trap
"""
    ).replace("    commands: {out: {words: [out], goto: end}}\n", ""),
    "a hole that cannot be read": flow(
        f"""\
    commands:
      out: {{words: [out], goto: end}}
      take: {{pattern: "take {{many:number}}", else: {REFUSED}, goto: end}}
"""
    ).replace("    commands: {out: {words: [out], goto: end}}\n", ""),
    "a picture, where every text is a command": flow(
        """\
    commands: {out: {pattern: "{what}", goto: end}}
    input: {accepts: [image, text], goto: trap}
"""
    ).replace("    commands: {out: {words: [out], goto: end}}\n", ""),
    "what is not understood, where two words are": flow(
        """\
    commands: {out: {pattern: "{first} {second}", goto: end}}
    otherwise: {goto: trap}
"""
    ).replace("    commands: {out: {words: [out], goto: end}}\n", ""),
    "three tries": flow(
        "    input: {save: value, goto: end}\n    tries: {limit: 3, then: {reply: hello, goto: trap}}\n",
        "slots: {value: text}\n",
    ),
    "a silence": flow(
        "    input: {save: value, goto: end}\n    after: [{wait: 3 hours, reply: hello, goto: trap}]\n",
        "slots: {value: text}\ntimeout: 5 hours\n",
    ),
    "an empty cart": flow(
        "    input: {do: place_order, fails: {cart_empty: {reply: hello, goto: trap}}, goto: end}\n",
        "fails: {out_of_stock: hello, unavailable: hello, price_changed: hello}\n",
    ),
}


def findings(text: str, rule: str) -> list[Problem]:
    reading = read_flow({"customer.yaml": text}, "customer.yaml", {})
    assert not reading.problems
    return [problem for problem in lint(reading) if problem.rule == rule]


def play(text: str, conversation: tuple[str, ...]) -> tuple[Talker, list[str]]:
    """Says and does what stands there; what stands in brackets besides is the shop's part."""
    talker = Talker(interpreter_of(text))
    said: list[str] = []
    for line in conversation:
        if pressed := re.fullmatch(r"customer: \[ (.*) \]", line):
            said = talker.press(pressed[1])
        elif sent := re.fullmatch(r"customer: \((\w+)\)", line):
            kind = Inbound(sent[1], media=Media(id="a"), latitude=24.8, longitude=67.0)  # type: ignore[arg-type]
            said = talker.hear(kind)
        elif line.startswith("customer: "):
            said = talker.say(line.removeprefix("customer: "))
        elif waited := re.fullmatch(r"\((\d+) hours? later\)", line):
            said = talker.wait(hours=int(waited[1]))
    return talker, said


@pytest.mark.parametrize("what", TRAPPED)
def test_the_conversation_to_a_trap_ends_in_it(what: str) -> None:
    (problem,) = findings(TRAPPED[what], "stranded_customer")
    assert problem.conversation[-1] == "[trap]"
    talker, _ = play(TRAPPED[what], problem.conversation)
    assert talker.state == "trap", problem.conversation


EMPTY = {
    "the pattern without the hole": (
        """\
    input: {goto: trap}
    commands: {add: {pattern: ["{many:number} of {what}", "{many:number} pieces"], reply: said, goto: end}}
""",
        "",
        "  said: '<{{ what }}>'\n",
    ),
    "a value that was refused": (
        "    input: {save: name, validate: [{length: {min: 2}, else: {goto: telling}}], goto: telling}\n"
        "  telling: {ask: said, input: {goto: end}}\n",
        "slots: {name: text}\n",
        "  said: '<{{ name }}>'\n",
    ),
    "a button's title, seen before it is pressed": (
        """\
    commands: {skip: {words: [skip], goto: telling}}
    input: {save: name, goto: telling}
  telling: {ask: said, commands: {ok: {title: "<{{ name }}>", words: [ok], goto: end}}}
""",
        "slots: {name: text}\n",
        "  said: {text: Hello, buttons: [ok]}\n",
    ),
}


@pytest.mark.parametrize("what", EMPTY)
def test_the_conversation_to_a_name_that_is_not_set_says_it_empty(what: str) -> None:
    asking, top, messages = EMPTY[what]
    text = flow(asking, top, messages).replace("    commands: {out: {words: [out], goto: end}}\n", "")
    (problem,) = findings(text, "undefined_name")
    talker, said = play(text, problem.conversation)
    assert problem.conversation[-1] == f"[{talker.state}]"
    assert any("<>" in one or "\u2068\u2069" in one for one in said), (problem.conversation, said)


def test_the_conversation_to_an_endless_circle_is_one_that_sets_what_keeps_it_going() -> None:
    text = flow(
        "    input: {goto: telling}\n"
        "  telling:\n    ask: hello\n    branches: [{when: name, goto: telling}]\n"
        "    input: {save: name, goto: telling}\n",
        "slots: {name: text}\n",
    )
    (problem,) = findings(text, "endless_branches")
    talker, _ = play(text, problem.conversation[:-2])
    with pytest.raises(Exception, match="more than 20 states in one turn"):
        talker.say(problem.conversation[-2].removeprefix("customer: "))


@pytest.mark.parametrize(
    "pattern", ["[0-9]{4}", "a+b?c", "(yes|no)!", r"\d{2}-\w+", ".*x", "[A-Z]{2}[0-9]{4}", "é+"]
)
def test_a_text_is_found_for_a_regular_expression(pattern: str) -> None:
    text = text_that_fits(pattern)
    assert text is not None
    assert re.fullmatch(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "a(?!a)(?=a)", "x{200}"])
def test_none_is_found_where_there_is_none_or_a_long_one_only(pattern: str) -> None:
    assert text_that_fits(pattern) is None
