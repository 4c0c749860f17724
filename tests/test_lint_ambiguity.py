"""flow-lint finds messages that mean two things in one state, each case of it and its nearest neighbours."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.analysis.shapes import APART, Shapes
from engine.lint import lint
from engine.patterns import BadPattern, Pattern
from engine.reader import read_flow, read_pack
from engine.source import Problem

FLOW = """\
flow: shop
{languages}start: initial
otherwise: hello
slots: {{gift: boolean, many: number, size: word, wanted: product, day: date, hour: time, tel: phone}}
commands:
  {general}
states:
  initial:
    otherwise: {{reply: hello, goto: here}}
  here:
    {ask}
    commands:
      {own}
{more}  done: {{final: true}}
messages:
  hello: Hello!
  offer: {{text: Choose, buttons: [{buttons}]}}
{extra}"""

AMBIGUITIES = frozenset(
    {
        "same_word",
        "shadowed_word",
        "covered_pattern",
        "overlapping_patterns",
        "word_over_pattern",
        "taken_number",
        "taken_title",
        "taken_input",
    }
)


def problems_in(
    own: str = "go: {words: [go], reply: offer}",
    general: str = "leave: {words: [leave], reply: hello, goto: done}",
    ask: str = "ask: offer",
    more: str = "",
    buttons: str = "leave",
    urdu: str = "",
    extra: str = "",
) -> list[Problem]:
    files = {
        "shop.yaml": FLOW.format(
            languages="languages: [en, ur]\n" if urdu else "",
            general=general.replace("\n", "\n  "),
            own=own.replace("\n", "\n      "),
            ask=ask,
            more=more,
            buttons=buttons,
            extra=extra,
        )
    }
    if urdu:
        files["shop.ur.yaml"] = urdu
    return [one for one in lint(read_flow(files, "shop.yaml", {})) if one.rule in AMBIGUITIES]


def found(problems: list[Problem]) -> list[tuple[str, int]]:
    return [(one.rule, one.place.line) for one in problems]


GENERAL, OWN, SECOND = 6, 13, 14
"""The lines of the flow's first command, of the state's first and of its second."""

CASES = {
    # words against words
    "a word of two commands of a state": (
        {"own": "a: {words: [go], reply: hello}\nb: {words: [stay, go], reply: offer}"},
        [("same_word", SECOND)],
    ),
    "a word that is the same when it is compared": (
        {"own": "a: {words: [Go!], reply: hello}\nb: {words: [ＧＯ], reply: offer}"},
        [("same_word", SECOND)],
    ),
    "a word twice in one command": ({"own": "a: {words: [go, Go], reply: hello}"}, []),
    "a word whose first command has a `when`": (
        {"own": "a: {words: [go], when: cart.is_empty, reply: hello}\nb: {words: [go], reply: offer}"},
        [],
    ),
    "a word whose second command alone has a `when`": (
        {"own": "a: {words: [go], reply: hello}\nb: {words: [go], when: cart.is_empty, reply: offer}"},
        [("same_word", SECOND)],
    ),
    "a word of two commands of the flow": (
        {
            "general": "a: {words: [leave], reply: hello}\nleave: {words: [leave], reply: hello, goto: done}",
            "buttons": "go",
        },
        [("same_word", GENERAL + 1)],
    ),
    "a word of two commands of the flow that but one state understands both": (
        {
            "general": "a: {words: [leave], reply: hello}\nleave: {words: [leave], reply: hello, goto: done}",
            "ask": "ask: offer\n    ignore: [a]",
            "more": "",
        },
        [("same_word", GENERAL + 1)],
    ),
    "a word of a state that is the flow's": (
        {"own": "a: {words: [leave], reply: hello}", "buttons": "a"},
        [("shadowed_word", OWN)],
    ),
    "a word of a state that is the flow's, which it ignores": (
        {
            "own": "a: {words: [leave], reply: hello, goto: done}",
            "ask": "ask: hello\n    ignore: [leave]",
        },
        [],
    ),
    "a command of a state that takes the place of the flow's": (
        {"own": "leave: {words: [leave], reply: hello, goto: done}"},
        [],
    ),
    "a word of a translation": (
        {
            "own": "a: {words: [go], reply: hello}\nb: {words: [stay], reply: offer}",
            "urdu": "words: {a: [چلو], b: [چلو]}\nmessages: {hello: سلام, offer: چنیں}\n",
        },
        [("same_word", 1)],
    ),
    "a word of two languages": (
        {
            "own": "a: {words: [go], reply: hello}\nb: {words: [stay], reply: offer}",
            "urdu": "words: {b: [go]}\nmessages: {hello: سلام, offer: چنیں}\n",
        },
        [("same_word", 1)],
    ),
    # words against patterns
    "a word that fits a pattern": (
        {"own": 'a: {words: ["7"], reply: hello}\nb: {pattern: "{n:number}", reply: offer}'},
        [("word_over_pattern", OWN)],
    ),
    "a word and a pattern of one command": (
        {"own": 'a: {words: ["7"], pattern: "{n:number}", reply: hello}'},
        [],
    ),
    "a word of the flow that fits a pattern of a state": (
        {
            "general": 'leave: {words: ["add more"], reply: hello, goto: done}',
            "own": 'a: {pattern: "add {what}", reply: hello}',
        },
        [("word_over_pattern", GENERAL)],
    ),
    "a word of a state that fits a pattern of the flow": (
        {
            "general": 'leave: {pattern: "add {what}", reply: hello, goto: done}',
            "own": "a: {words: [add more], reply: hello}",
        },
        [],
    ),
    "a word of a state that is a number of the flow's pattern": (
        {
            "general": 'leave: {pattern: "remove {n:number}", reply: hello, goto: done}',
            "own": "a: {words: [remove 1], reply: hello}",
        },
        [("word_over_pattern", OWN)],
    ),
    "a word of a state that is a number of a pattern that it ignores": (
        {
            "general": 'leave: {pattern: "remove {n:number}", reply: hello, goto: done}',
            "own": "a: {words: [remove 1], reply: hello}",
            "ask": "ask: hello\n    ignore: [leave]",
        },
        [],
    ),
    "a word that is no day": (
        {"own": 'a: {pattern: "{d:date}", else: hello, reply: hello, goto: done}'},
        [],
    ),
    "a word that is a day": (
        {
            "general": "leave: {words: [tomorrow], reply: hello, goto: done}",
            "own": 'a: {pattern: "{d:date}", else: hello, reply: hello, goto: done}',
        },
        [("word_over_pattern", GENERAL)],
    ),
    "a word that is neither yes nor no": (
        {"own": 'a: {pattern: "{b:boolean}", else: hello, reply: hello, goto: done}'},
        [],
    ),
    "a word that is a no": (
        {
            "general": "leave: {words: [nope], reply: hello, goto: done}",
            "own": 'a: {pattern: "gift {b:boolean}", else: hello, reply: hello}\n'
            'b: {pattern: "{b:boolean}", else: hello, reply: hello, goto: done}',
        },
        [("word_over_pattern", GENERAL)],
    ),
    "a word that is no time, and one that is": (
        {
            "general": 'leave: {words: [leave, "12:00"], reply: hello, goto: done}',
            "own": 'a: {pattern: "{t:time}", else: hello, reply: hello, goto: done}',
        },
        [("word_over_pattern", GENERAL)],
    ),
    "a pattern that is all words": (
        {"own": 'a: {words: [go], reply: hello}\nb: {pattern: "{rest}", reply: offer}'},
        [],
    ),
    "a word whose command has a `when`": (
        {
            "own": 'a: {words: ["7"], when: cart.is_empty, reply: hello}\n'
            'b: {pattern: "{n:number}", reply: offer}'
        },
        [],
    ),
    # patterns against patterns
    "a pattern that one before it takes whole": (
        {"own": 'a: {pattern: "{n:decimal}", reply: hello}\nb: {pattern: "{m:number}", reply: offer}'},
        [("covered_pattern", SECOND)],
    ),
    "a pattern that is written twice": (
        {
            "own": 'a: {pattern: "{a:number} x {b:number}", reply: hello}\n'
            'b: {pattern: "{c:number} × {d:number}", reply: offer}'
        },
        [("covered_pattern", SECOND)],
    ),
    "an exception before its rule": (
        {"own": 'a: {pattern: "{m:number}", reply: hello}\nb: {pattern: "{n:decimal}", reply: offer}'},
        [],
    ),
    "an exception before a rule that it is nearly one of": (
        {
            "own": 'a: {pattern: "{a:number} x {b:number}", reply: hello}\n'
            'b: {pattern: "{c} x {d}", reply: offer}'
        },
        [],
    ),
    "two patterns with a message in common": (
        {
            "own": 'a: {pattern: "{n:number} {w:word}", reply: hello}\n'
            'b: {pattern: "{v:word} {m:number}", reply: offer}'
        },
        [("overlapping_patterns", SECOND)],
    ),
    "two patterns with a message in common, the first with a `when`": (
        {
            "own": 'a: {pattern: "{n:number} {w:word}", when: cart.is_empty, reply: hello}\n'
            'b: {pattern: "{v:word} {m:number}", reply: offer}'
        },
        [],
    ),
    "a pattern of a state that takes messages from one of the flow": (
        {
            "general": 'leave: {pattern: "leave {w:word}", reply: hello, goto: done}',
            "own": 'a: {pattern: "{words}", reply: hello}',
        },
        [("overlapping_patterns", OWN)],
    ),
    "a pattern of a state that is an exception from one of the flow": (
        {
            "general": 'leave: {pattern: "leave {w}", reply: hello, goto: done}',
            "own": 'a: {pattern: "leave {n:number}", reply: hello}',
        },
        [],
    ),
    "patterns that differ in a mark": (
        {
            "own": 'a: {pattern: "{a:number}, {b:number}", reply: hello}\n'
            'b: {pattern: "{a:number} x {b:number}", reply: offer}'
        },
        [],
    ),
    # numbers against what is offered
    "a number that is another button's": (
        {
            "own": 'a: {words: ["1"], reply: hello}',
            "buttons": "leave",
        },
        [("taken_number", OWN)],
    ),
    "a number that does what its button does": (
        {"own": 'a: {words: ["1"], reply: hello, goto: done}', "buttons": "leave"},
        [],
    ),
    "a pattern of a number that is another button's": (
        {"own": 'a: {pattern: "1", reply: hello}', "buttons": "leave"},
        [("taken_number", OWN)],
    ),
    "a pattern of decimals, of which one is another button's": (
        {"own": 'a: {pattern: "{n:decimal}", reply: hello}', "buttons": "leave"},
        [("taken_number", OWN)],
    ),
    "a pattern of numbers, where buttons have none": (
        {"own": 'a: {pattern: "{n:number}", reply: hello}', "buttons": "leave"},
        [],
    ),
    "a pattern of the flow that a state ignores, beside its buttons": (
        {
            "general": 'leave: {words: [leave], reply: hello, goto: done}\nx: {pattern: "1", reply: hello}',
            "ask": "ask: offer\n    ignore: [x]",
        },
        [],
    ),
    "a pattern of any words beside buttons": (
        {"own": 'a: {pattern: "{words}", reply: hello}', "buttons": "leave"},
        [],
    ),
    "one of a few answers that is a button's number": (
        {
            "ask": "ask: offer\n    input: {save: size, validate: [{one_of: ['1', '2'], else: hello}],"
            " goto: done}"
        },
        [("taken_number", OWN - 1)],
    ),
    "one of a few answers, of which none is a button's number": (
        {
            "ask": "ask: offer\n    input: {save: size, validate: [{one_of: ['6', '9'], else: hello}],"
            " goto: done}"
        },
        [],
    ),
    "an answer of digits that may be a button's number": (
        {
            "ask": "ask: offer\n    input: {save: size, validate: [{matches: '[0-9]+', else: hello}],"
            " goto: done}"
        },
        [("taken_number", OWN - 1)],
    ),
    "an answer of four digits beside a button": (
        {
            "ask": "ask: offer\n    input: {save: size, validate: [{matches: '[0-9]{4}', else: hello}],"
            " goto: done}"
        },
        [],
    ),
    "an answer of any letters beside a button": (
        {"ask": "ask: offer\n    input: {save: size, validate: [{matches: '.+', else: hello}], goto: done}"},
        [],
    ),
    "a number beyond the buttons": ({"own": 'a: {words: ["9"], reply: hello}'}, []),
    "a number beside choices": (
        {
            "own": 'a: {words: ["1"], reply: hello}',
            "ask": "ask: hello\n    choices: {from: catalog.available, as: one, title: '{{ one.name }}',"
            " value: '{{ one.code }}', save: wanted, goto: done}",
        },
        [("taken_number", OWN + 1)],
    ),
    "a lone number's pattern beside choices": (
        {
            "own": 'a: {pattern: "{n:number}", reply: hello}',
            "ask": "ask: hello\n    choices: {from: catalog.available, as: one, title: '{{ one.name }}',"
            " value: '{{ one.code }}', save: wanted, goto: done}",
        },
        [("taken_number", OWN + 1)],
    ),
    "an input that reads numbers beside choices": (
        {
            "ask": "ask: hello\n    choices: {from: catalog.available, as: one, title: '{{ one.name }}',"
            " value: '{{ one.code }}', save: wanted, goto: done}\n"
            "    input: {save: many, else: hello, goto: done}",
        },
        [("taken_number", OWN)],
    ),
    # titles against words
    "a title that is another command's word": (
        {
            "general": "leave: {title: Go, words: [leave], reply: hello, goto: done}",
        },
        [("taken_title", GENERAL)],
    ),
    "a name, spelled out, that is another command's word": (
        {
            "own": "go_away: {words: [away], reply: offer}\nb: {words: [go away], reply: hello}",
            "buttons": "go_away",
        },
        [("taken_title", OWN)],
    ),
    "a title that may be another command's word": (
        {
            "general": 'leave: {title: "{% if cart.is_empty %}Go{% else %}Leave{% endif %} now",'
            " words: [leave], reply: hello, goto: done}",
            "own": "go: {words: [go now], reply: offer}",
        },
        [("taken_title", GENERAL)],
    ),
    "a title that buttons of two messages of one turn say": (
        {
            "own": "a: {title: Fine, words: [a], reply: more, ask_again: true}\n"
            "b: {title: fine!, words: [b], reply: hello, goto: done}",
            "buttons": "a",
            "extra": "  more: {text: More, buttons: [b]}\n",
        },
        [("taken_title", 18)],
    ),
    "a title that buttons of two messages of two turns say": (
        {
            "own": "a: {title: Fine, words: [a], reply: more}\n"
            "b: {title: fine!, words: [b], reply: hello, goto: done}",
            "buttons": "a",
            "extra": "  more: {text: More, buttons: [b]}\n",
        },
        [],
    ),
    "titles that take turns": (
        {
            "own": "a: {title: '{% if cart.count %}Yes{% else %}No{% endif %}', words: [a], reply: hello}\n"
            "b: {title: '{% if cart.count %}No{% else %}Yes{% endif %}', words: [b], reply: offer}",
            "buttons": "a, b",
        },
        [],
    ),
    "a title with a name in it": (
        {
            "general": 'leave: {title: "{% if cart.is_empty %}Go{% endif %}{{ business.name }}",'
            " words: [leave], reply: hello, goto: done}",
        },
        [],
    ),
    "a title that is its own command's word": (
        {"general": "leave: {title: Leave, words: [leave], reply: hello, goto: done}"},
        [],
    ),
    "a title that two buttons say": (
        {
            "own": "a: {title: Choose me, words: [a], reply: hello}\n"
            "b: {title: choose me!, words: [b], reply: offer}",
            "buttons": "a, b",
        },
        [("taken_title", 18)],
    ),
    "the title of a button that is nowhere shown": (
        {"own": "go: {title: leave, words: [go], reply: offer}"},
        [],
    ),
    # words against input
    "a word that is an answer to yes or no": (
        {"own": "a: {words: [sure], reply: hello}", "ask": "input: {save: gift, else: hello, goto: done}"},
        [("taken_input", OWN)],
    ),
    "a word of the flow that is an answer to yes or no": (
        {
            "general": "leave: {words: [nope], reply: hello, goto: done}",
            "ask": "input: {save: gift, else: hello, goto: done}",
        },
        [("taken_input", GENERAL)],
    ),
    "a number that is an answer to a number": (
        {"own": 'a: {words: ["0"], reply: hello}', "ask": "input: {save: many, else: hello, goto: done}"},
        [("taken_input", OWN)],
    ),
    "a word that is one of the answers": (
        {
            "own": "a: {words: [Large], reply: hello}",
            "ask": "input: {save: size, validate: [{one_of: [small, large], else: hello}], goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a word that is a day that is asked for": (
        {"own": "a: {words: [today], reply: hello}", "ask": "input: {save: day, else: hello, goto: done}"},
        [("taken_input", OWN)],
    ),
    "a word that is a weekday in a language of the flow": (
        {
            "own": "a: {words: [go], reply: offer}",
            "ask": "input: {save: day, else: hello, goto: done}",
            "urdu": "words: {a: [جمعہ]}\nmessages: {hello: سلام, offer: چنیں}\n",
        },
        [("taken_input", 1)],
    ),
    "a word that is no day where one is asked for": (
        {"ask": "input: {save: day, else: hello, goto: done}"},
        [],
    ),
    "a word that is a time that is asked for": (
        {
            "own": 'a: {words: ["12:00", noon], reply: hello}',
            "ask": "input: {save: hour, else: hello, goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a word that has the shape which is asked for": (
        {
            "own": "a: {words: [abc], reply: hello}",
            "ask": "input: {save: size, validate: [{matches: '[a-c]+', else: hello}], goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a word where a name is asked for": (
        {
            "own": "a: {words: [abc], reply: hello}",
            "ask": "input: {save: size, validate: [{matches: '[a-zA-Z ]+', else: hello}], goto: done}",
        },
        [],
    ),
    # patterns against input
    "a pattern of numbers where a number is asked for": (
        {
            "own": 'a: {pattern: "{n:number}", reply: hello}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a pattern of numbers of the flow where a number is asked for": (
        {
            "general": 'leave: {words: [leave], pattern: "{n:number}", reply: hello, goto: done}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [("taken_input", GENERAL)],
    ),
    "a pattern of numbers that the state ignores": (
        {
            "general": 'leave: {words: [leave], pattern: "{n:number}", reply: hello, goto: done}',
            "ask": "ignore: [leave]\n    input: {save: many, else: hello, goto: done}",
            "buttons": "go",
        },
        [],
    ),
    "a pattern with a `when` where a number is asked for": (
        {
            "own": 'a: {pattern: "{n:number}", when: cart.is_empty, reply: hello}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [],
    ),
    "a pattern of one number where a number is asked for": (
        {
            "own": 'a: {pattern: "0", reply: hello}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a pattern of two numbers where a number is asked for": (
        {
            "own": 'a: {pattern: "{n:number} x {m:number}", reply: hello}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [],
    ),
    "a pattern of telephone numbers where a number is asked for": (
        {
            "own": 'a: {pattern: "{t:phone}", else: hello, reply: hello}',
            "ask": "input: {save: many, else: hello, goto: done}",
        },
        [],
    ),
    "a pattern of numbers where a telephone number is asked for": (
        {
            "own": 'a: {pattern: "{n:number}", reply: hello}',
            "ask": "input: {save: tel, else: hello, goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a pattern that a day fits": (
        {
            "own": 'a: {pattern: "{n:number}/{m:number}", reply: hello}',
            "ask": "input: {save: day, else: hello, goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a pattern of any words before an answer": (
        {"own": 'a: {pattern: "{words}", reply: hello}', "ask": "input: {reply: hello, goto: done}"},
        [("taken_input", OWN)],
    ),
    "a pattern of some words before an answer": (
        {"own": 'a: {pattern: "add {what}", reply: hello}', "ask": "input: {reply: hello, goto: done}"},
        [],
    ),
    "a pattern that is one of the answers": (
        {
            "own": 'a: {pattern: "large", reply: hello}',
            "ask": "input: {save: size, validate: [{one_of: [small, large], else: hello}], goto: done}",
        },
        [("taken_input", OWN)],
    ),
    "a word where any words are asked for": (
        {"own": "a: {words: [sure], reply: hello}", "ask": "input: {reply: hello, goto: done}"},
        [],
    ),
    "a word where a picture is asked for": (
        {
            "own": "a: {words: [sure], reply: hello}",
            "ask": "input: {accepts: [image], reply: hello, goto: done}",
        },
        [],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_means_two_things_is_found_at_the_place_that_loses(what: str) -> None:
    parts, expected = CASES[what]
    problems = problems_in(**parts)
    assert found(problems) == expected, problems


def test_the_conversation_leads_to_the_message_that_means_two_things() -> None:
    (problem,) = problems_in(
        own='a: {words: ["7"], reply: hello}\nb: {pattern: "{n:number}", reply: offer}',
    )
    assert problem.conversation[-2:] == ("[here]", "customer: 7")
    (problem,) = problems_in(
        own='a: {pattern: "{n:number} {w:word}", reply: hello}\n'
        'b: {pattern: "{v:word} {m:number}", reply: offer}',
    )
    assert problem.conversation[-2:] == ("[here]", "customer: 1 1")


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
"""


def test_a_word_that_is_a_product_is_found_where_a_product_is_asked_for() -> None:
    shop = FLOW.format(
        languages="",
        general="apple: {words: [Apple Pie], reply: hello, goto: done}",
        own="go: {words: [go], reply: offer}",
        ask="input: {save: wanted, else: hello, goto: done}",
        more="",
        buttons="go",
        extra="",
    )
    catalog = "products: [{number: 1, code: pie, name: apple pie, price: 5}]\n"
    reading = read_pack({"business.yaml": BUSINESS, "shop.yaml": shop, "catalog.yaml": catalog}, "", {})
    assert ("taken_input", GENERAL) in found(lint(reading))


def test_a_line_to_pick_from_that_is_called_as_a_command_is_found() -> None:
    shop = FLOW.format(
        languages="",
        general="apple: {words: [Apple Pie], reply: hello, goto: done}",
        own="go: {words: [go], reply: offer}",
        ask="ask: hello\n    choices: {from: catalog.available, as: one, title: '{{ one.name }}',"
        " value: '{{ one.code }}', save: wanted, goto: done}",
        more="",
        buttons="go",
        extra="",
    )
    catalog = "products: [{number: 1, code: pie, name: apple pie, price: 5}]\n"
    reading = read_pack({"business.yaml": BUSINESS, "shop.yaml": shop, "catalog.yaml": catalog}, "", {})
    assert ("taken_title", OWN - 1) in found(lint(reading))


WITNESSES = {
    ("{a:number} x {b:number}", "{c:number} × {d:number}"): "2 x 2",
    ("{a:number}, {b:number}", "{c:number} x {d:number}"): None,
    ("{a:number} {b:number}", "{c:number}"): None,
    ("{n:number} {w:word}", "{m:number}"): None,
    ("{n:number} {w:word}", "{w:word}"): "1a",
    ("remove {n:number}", "add {n:number}"): None,
    ("remove {n:number}", "re {x}"): None,
    ("shop {name}, {address}", "shop {rest}"): "shop just some words, just some words",
    ("{x} foo", "bar {y}"): "bar foo",
    ("ہٹائیں {n:number}", "{x}"): "ہٹائیں 2",
    ("{a}, {b}; {c}", "{d}; {e}, {f}"): "1,;;,1",
    ("7", "{n:number}"): "7",
    ("{n:number}", "order"): None,
}


@pytest.mark.parametrize(("first", "second"), WITNESSES)
def test_what_fits_two_patterns_is_found(first: str, second: str) -> None:
    relation = Shapes().relation(Pattern.compile(first), Pattern.compile(second))
    assert relation.witness == WITNESSES[first, second]


COVERS = {
    ("{x}", "{a:number}, {b:number}"): True,
    ("{a:number}, {b:number}", "{x}"): False,
    ("{n:decimal}", "{n:number}"): True,
    ("{n:number}", "{n:decimal}"): False,
    ("{n:number}", "7"): True,
    ("{w:word}", "{n:number}"): True,
    ("{a}, {b}", "{a:number}, {b:number}"): True,
    ("{a}, {b}", "{a:number} x {b:number}"): False,
    ("add {x}", "add {n:number} {y}"): False,
    ("add {x}", "add {n:number} pieces"): False,
}
"""`add {x}` wants a space, where `add {n:number}` also reads `add2`."""


@pytest.mark.parametrize(("first", "second"), COVERS)
def test_what_one_pattern_takes_from_another_is_known(first: str, second: str) -> None:
    relation = Shapes().relation(Pattern.compile(first), Pattern.compile(second))
    assert relation.first_covers is COVERS[first, second]


PIECES = st.sampled_from(
    ["{%:number}", "{%:word}", "{%}", "{%:decimal}", "{%:phone}", "add", "x", "a", "7", ",", "-", "!"]
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """A pattern of a few pieces, with or without spaces between them."""
    source = ""
    for index, piece in enumerate(draw(st.lists(PIECES, min_size=1, max_size=4))):
        source += draw(st.sampled_from([" ", ""])) + piece.replace("%", f"h{index}")
    try:
        return Pattern.compile(source.strip())
    except BadPattern:
        assume(False)
        raise


MESSAGES = st.lists(
    st.sampled_from(["add", "x", "a", "7", "12", ",", "-", "!", " ", "q", "+", "."]), max_size=9
)


@settings(max_examples=300, deadline=None)
@given(first=patterns(), second=patterns())
def test_a_message_that_is_said_to_fit_both_patterns_does(first: Pattern, second: Pattern) -> None:
    relation = Shapes().relation(first, second)
    if relation.witness is not None:
        assert first.match(relation.witness) is not None
        assert second.match(relation.witness) is not None
    else:
        assert relation is APART


@settings(max_examples=500, deadline=None)
@given(first=patterns(), second=patterns(), message=MESSAGES.map("".join))
@example(Pattern.compile("{h0:word} x{h2}"), Pattern.compile("{h0:word} x{h2}"), "add xadd")
def test_no_message_fits_two_patterns_that_are_said_to_have_none(
    first: Pattern, second: Pattern, message: str
) -> None:
    relation = Shapes().relation(first, second)
    is_first, is_second = first.match(message) is not None, second.match(message) is not None
    if is_first and is_second:
        assert relation.witness is not None
    if relation.first_covers and is_second:
        assert is_first
    if relation.second_covers and is_first:
        assert is_second
