"""The schemas: what they refuse and in which words, the quick check beside jsonschema, generated files."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adapters.generate import ROOT, generated
from engine.actions import ACTIONS
from engine.reader.yaml_text import read_yaml
from engine.schema import KINDS, schema_of
from engine.schema.conform import checker
from engine.schema.problems import problems_of
from engine.source import Mapped, Place
from engine.validators import VALIDATORS

FLOW = "flow: f\nstart: a\n"
INPUT = FLOW + "states: {a: {input: {save: n, %s}}}\n"
COMMAND = FLOW + "states: {a: {commands: {c: {words: [x], %s}}}}\n"
STATE = FLOW + "states: {a: {%s}}\n"
MESSAGE = FLOW + "states: {a: {}}\nmessages: {m: {text: x, %s}}\n"
BUSINESS = """\
business: b
name: B
currency: INR
timezone: Asia/Karachi
languages: [en]
flows: {customer: c.yaml}
"""
DURATION = "a length of time is written `10 minutes`, `1 hour` or `2 days`; 999 weeks are the most [schema]"
ACTION_NAMES = ", ".join(ACTIONS)

REFUSED = [
    # kind, text, and everything that is said of it as line:column message [rule].
    ("flow", STATE % "" + "setings: {}\n", ["4:1 no key 'setings'; did you mean 'settings'? [schema]"]),
    ("flow", STATE % "asks: x", ["3:14 no key 'asks'; did you mean 'ask'? [schema]"]),
    (
        "flow",
        STATE % "input: {words: [x]}",
        [
            "3:22 no key 'words'; there is: accepts, when, save, else, validate, do, fails, branches, reply,"
            " ask_again, goto [schema]"
        ],
    ),
    ("flow", "flow: f\n", ["1:1 this file needs `start` [schema]", "1:1 this file needs `states` [schema]"]),
    (
        "flow",
        INPUT % "validate: [{lenght: {min: 2}, else: x}]",
        ["3:43 no validator 'lenght'; did you mean 'length'? [unknown_validator]"],
    ),
    (
        "flow",
        INPUT % "validate: [{zzzz: 1, else: x}]",
        [f"3:43 no validator 'zzzz'; there is: {', '.join(VALIDATORS)} [unknown_validator]"],
    ),
    (
        "flow",
        INPUT % "validate: [{length: {mn: 2}, else: x}]",
        ["3:52 no parameter 'mn'; did you mean 'min'? [unknown_parameter]"],
    ),
    (
        "flow",
        INPUT % "validate: [{length: {min: two}, else: x}]",
        ["3:57 `min` takes a whole number, here stands a text [schema]"],
    ),
    (
        "flow",
        INPUT % "validate: [{length: 5, else: x}]",
        ["3:51 `length` takes keys with values, here stands a whole number [schema]"],
    ),
    (
        "flow",
        INPUT % "validate: [{matches: {value: x}, else: x}]",
        ["3:43 `matches` needs `pattern` [schema]"],
    ),
    (
        "flow",
        INPUT % "validate: [{length: {min: 1}, email: {}, else: x}]",
        ["3:61 'email' stands beside 'length'; each is an entry of its own: `- email: …` [schema]"],
    ),
    ("flow", INPUT % "validate: [{else: x}]", ["3:42 this `else` has no validator beside it [schema]"]),
    (
        "flow",
        INPUT % "validate: {length: {min: 1}}",
        ["3:41 `validate` takes a list, here stand keys with values [schema]"],
    ),
    (
        "flow",
        COMMAND % "do: add_to_cartt",
        ["3:45 no action 'add_to_cartt'; did you mean 'add_to_cart'? [unknown_action]"],
    ),
    (
        "flow",
        COMMAND % "do: [reset, zz]",
        [f"3:53 no action 'zz'; there is: {ACTION_NAMES} [unknown_action]"],
    ),
    (
        "flow",
        COMMAND % "do: {clear_slott: x}",
        ["3:46 no action 'clear_slott'; did you mean 'clear_slot'? [unknown_action]"],
    ),
    (
        "flow",
        COMMAND % "do: {add_to_cart: {itm: 1}}",
        ["3:60 no parameter 'itm'; did you mean 'item'? [unknown_parameter]"],
    ),
    (
        "flow",
        COMMAND % "do: {clear_slot: x, reset: }",
        ["3:61 'reset' stands beside 'clear_slot'; each is an entry of its own: `- reset: …` [schema]"],
    ),
    ("flow", INPUT % "else: {rply: x}", ["3:38 no key 'rply'; did you mean 'reply'? [schema]"]),
    ("flow", STATE % "otherwise: {rply: x}", ["3:26 no key 'rply'; did you mean 'reply'? [schema]"]),
    (
        "flow",
        STATE % "tries: {limit: three, then: x}",
        ["3:29 `limit` takes a whole number, here stands a text [schema]"],
    ),
    ("flow", STATE % "tries: {limit: 0, then: x}", ["3:29 `limit` is at least 1 [schema]"]),
    ("flow", STATE % "tries: {limit: 3}", ["3:14 `tries` needs `then` [schema]"]),
    (
        "flow",
        STATE % "ask: 5",
        ["3:19 `ask` takes a text or a list, here stands a whole number; put it in quotes [schema]"],
    ),
    ("flow", STATE % "ask: ", ["3:14 `ask` has no value; it takes a text or a list [schema]"]),
    ("flow", STATE % "ask: []", ["3:14 the list of `ask` is empty [schema]"]),
    (
        "flow",
        INPUT % "reply: {text: hi}",
        [
            "3:38 `reply` takes a text or a list, here stand keys with values;"
            " a text that holds a colon needs quotes [schema]"
        ],
    ),
    (
        "flow",
        INPUT % "validate: [{phone: pk, else: x}]",
        ["3:50 a country is two capital letters, such as PK [schema]"],
    ),
    (
        "flow",
        INPUT % "validate: [{date: {min: tomorrow}, else: x}]",
        ['3:55 a day is written 2026-05-24 or 2026-05-24T18:00; today is "{{ today }}" [schema]'],
    ),
    (
        "flow",
        INPUT % "validate: [{length: {min: 2}, els: x}]",
        ["3:61 no validator 'els'; did you mean 'else'? [unknown_validator]"],
    ),
    ("flow", INPUT % "accepts: [txt]", ["3:41 no kind of message 'txt'; did you mean 'text'? [schema]"]),
    ("flow", STATE % "final: yes", ["3:21 `final` takes true or false, here stands a text [schema]"]),
    ("flow", STATE % "branches: [{wen: x}]", ["3:26 no key 'wen'; did you mean 'when'? [schema]"]),
    ("flow", STATE % "after: [{reply: x}]", ["3:22 an entry of `after` needs `wait` [schema]"]),
    ("flow", STATE % "after: [{wait: soon}]", [f"3:29 {DURATION}"]),
    ("flow", "timeout: 60\n" + STATE % "", [f"1:10 {DURATION}"]),
    ("flow", STATE % "after: [{wait: 999999 weeks}]", [f"3:29 {DURATION}"]),
    ("flow", "slots: {n: txt}\n" + STATE % "", ["1:12 no type 'txt'; did you mean 'text'? [unknown_type]"]),
    (
        "flow",
        "slots: {n: list of txt}\n" + STATE % "",
        ["1:20 no type 'txt'; did you mean 'text'? [unknown_type]"],
    ),
    (
        "flow",
        "slots: {my-name: text}\n" + STATE % "",
        ["1:9 a name that texts read begins with a letter and is letters, digits and `_` [schema]"],
    ),
    (
        "flow",
        "languages: [english]\n" + STATE % "",
        ["1:13 a language is written by its tag: en, ur, pt-BR [schema]"],
    ),
    (
        "flow",
        "flow: My Flow\nstart: a\nstates: {a: {}}\n",
        ["1:7 a flow's name is lower case letters, digits and `_` [schema]"],
    ),
    (
        "flow",
        "flow: f\nstart: a\nstates:\n  a:\n",
        ["4:3 `a` has no value; it takes keys with values [schema]"],
    ),
    (
        "flow",
        STATE % "choices: {from: x, as: y, title: t, vale: z}",
        ["3:50 no key 'vale'; did you mean 'value'? [schema]"],
    ),
    ("flow", MESSAGE % "template: y", ["4:12 a message has a `text` or a `template`, not both [schema]"]),
    (
        "flow",
        MESSAGE % "image: y, audio: z",
        ["4:12 a message has one of `image`, `document`, `audio`, `video` [schema]"],
    ),
    (
        "flow",
        MESSAGE % "list: {rows: [y]}, buttons: [z]",
        ["4:12 a message has `buttons` or a `list`, not both [schema]"],
    ),
    (
        "flow",
        MESSAGE % "buttons: [5]",
        [
            "4:35 an entry of `buttons` takes a text or keys with values,"
            " here stands a whole number; put it in quotes [schema]"
        ],
    ),
    ("flow", MESSAGE % "products: foo", ["4:35 `products` takes a list of product codes [schema]"]),
    ("flow", "- a\n", ["1:1 this file takes keys with values, here stands a list [schema]"]),
    (
        "part",
        "flow: f\ncommands: {}\n",
        ["1:1 no key 'flow'; there is: about, use, slots, commands, states, messages [schema]"],
    ),
    ("translation", "word: {a: [b]}\n", ["1:1 no key 'word'; did you mean 'words'? [schema]"]),
    (
        "business",
        BUSINESS + "opening_hours: {munday: 09:00-22:00}\n",
        ["7:17 no weekday 'munday'; did you mean 'monday'? [schema]"],
    ),
    (
        "business",
        BUSINESS + "opening_hours: {monday: 9-22}\n",
        ["7:25 hours are written 09:00-22:00 [schema]"],
    ),
    ("business", BUSINESS.replace("customer", "staff"), ["6:1 `flows` needs `customer` [schema]"]),
    (
        "business",
        BUSINESS.replace("INR", "rupees"),
        ["3:11 a currency is three capital letters, such as INR [schema]"],
    ),
    (
        "catalog",
        "products: [{number: 1, code: 5, name: A, price: 99999999999999999999}]\n",
        [
            "1:30 `code` takes a text, here stands a whole number; put it in quotes [schema]",
            "1:49 `price` takes a number, and this has too many digits [schema]",
        ],
    ),
    (
        "catalog",
        "products:\n"
        "  - {number: 1, code: a, name: A, prise: 5}\n"
        "  - {number: x, code: b, name: B, price: -1}\n",
        [
            "2:35 no key 'prise'; did you mean 'price'? [schema]",
            "3:14 `number` takes a whole number, here stands a text [schema]",
            "3:42 `price` is at least 0 [schema]",
        ],
    ),
    (
        "workflow",
        "order: {start: a, moves: {m: {from: a, to: b, by: staff, do: restok}}}\n",
        ["1:62 no deed of a workflow 'restok'; did you mean 'restock'? [schema]"],
    ),
    ("conversation", "conversation: x\nsays: [hi, {wait: 5}]\n", [f"2:19 {DURATION}"]),
    (
        "conversation",
        "conversation: x\nsays: [hi, {wat: 5 minutes}]\n",
        ["2:13 no key 'wat'; did you mean 'wait'? [schema]"],
    ),
    (
        "conversation",
        "conversation: x\nsays: [{wait: 1 hour, press: a}]\n",
        [
            "2:8 an entry is one of: wait, press, send, event, stock, price, gone, breaks;"
            " two of them are two entries [schema]"
        ],
    ),
    (
        "conversation",
        "conversation: x\nsays: [{wait: 1 hour, text: a}]\n",
        ["2:23 no key 'text'; there is: wait [schema]"],
    ),
    (
        "conversation",
        "conversation: x\nsays: [1]\n",
        [
            "2:8 an entry of `says` takes a text or keys with values,"
            " here stands a whole number; put it in quotes [schema]"
        ],
    ),
]


def said_of(text: str, kind: str) -> list[str]:
    value, problems = read_yaml(text, "f.yaml")
    problems += problems_of(value, kind, Place("f.yaml", 1, 1))
    return [f"{one.place.line}:{one.place.column} {one.message} [{one.rule}]" for one in problems]


@pytest.mark.parametrize(("kind", "text", "said"), REFUSED, ids=lambda value: repr(value)[:50])
def test_refused(kind: str, text: str, said: list[str]) -> None:
    assert said_of(text, kind) == said


ACCEPTED = [
    ("flow", INPUT % 'validate: [{length: {min: "{{ settings.shortest }}"}, else: x}]'),
    (
        "flow",
        INPUT % 'validate: [{in_catalog: "{{ n }}", else: [x, y]}, {email: {}, else: {reply: x, goto: a}}]',
    ),
    ("flow", COMMAND % "do: {clear_slot: note}"),
    ("flow", COMMAND % "do: [clear_cart, {clear_slot: {slot: note}}, {reset: }]"),
    ("flow", COMMAND.replace("[x]", "[1, no, yes]") % "goto: a"),
    ("flow", STATE % "otherwise: x, events: {handed_back: [x, y]}, tries: {limit: 2, then: x}"),
    ("flow", MESSAGE % 'buttons: [a, {b: {lead: "{{ lead.number }}"}}]'),
    ("part", "commands: {a: {words: b, reply: c}}\n"),
    ("translation", "words: {a: b}\nmessages: {c: {text: d}}\n"),
    ("business", BUSINESS + "opening_hours: {monday: [09:00-12:30, 14:00-24:00], sunday: []}\n"),
]


@pytest.mark.parametrize(("kind", "text"), ACCEPTED)
def test_accepted(kind: str, text: str) -> None:
    assert said_of(text, kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))
    checker(schema_of(kind))


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        checker({"multipleOf": 2})


@pytest.mark.parametrize(("path", "text"), generated().items(), ids=lambda value: str(value)[:40])
def test_generated_files_are_current(path: str, text: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == text, "run `python -m adapters.generate`"


def test_reference_names_every_key() -> None:
    text = (ROOT / "docs/language.md").read_text(encoding="utf-8")

    def keys(schema: Any) -> set[str]:
        if isinstance(schema, list):
            return {key for part in schema for key in keys(part)}
        if not isinstance(schema, dict):
            return set()
        own = set(schema.get("properties", {})) if schema.get("additionalProperties") is False else set()
        return own | {key for part in schema.values() for key in keys(part)}

    weekdays = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
    written = {key for kind in KINDS for key in keys(schema_of(kind))} - weekdays
    missing = {key for key in written if f"`{key}`" not in text and f"{key}:" not in text}
    assert missing == set()


# The quick check and jsonschema are one in what they accept.

MESSAGES = schema_of("flow")["$defs"]
WORDS = sorted(
    {key for part in MESSAGES.values() for key in part.get("properties", {})}
    | {"flow", "start", "states", "messages", "slots", "length", "between", "add_to_cart", "clear_slot", "x"}
)
scalars = st.one_of(
    st.sampled_from([*WORDS, "{{ x }}", "1 hour", "text", "list of text", "My Name", ""]),
    st.integers(-2, 5),
    st.booleans(),
    st.none(),
    st.sampled_from([Decimal("1.5"), Decimal("-1.00")]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("part", [*MESSAGES, ""])
@given(value=values)
@settings(max_examples=40, deadline=None)
def test_quick_check_and_jsonschema_are_one(part: str, value: Any) -> None:
    schema = {"$ref": f"#/$defs/{part}", "$defs": MESSAGES} if part else dict(schema_of("flow"))
    assert checker(schema)(value) == Draft202012Validator(schema).is_valid(value)


KEYWORDS: list[tuple[dict[str, Any], list[Any]]] = [
    ({"type": "integer"}, [1, True, Decimal("1.0"), "1", None]),
    ({"type": ["number", "null"]}, [1, True, Decimal("1.5"), None, "x"]),
    ({"enum": [1, "a", True]}, [1, True, "a", 0, False]),
    ({"const": 1}, [1, True, 2]),
    ({"minItems": 1, "maxItems": 2}, [[], [1], [1, 2, 3], "x"]),
    ({"minLength": 1, "maxLength": 2, "pattern": "^a"}, ["", "a", "ab", "abc", "b", 5]),
    ({"minimum": 1, "maximum": 3}, [0, 1, 3, 4, Decimal("0.5"), True, "x"]),
    ({"exclusiveMinimum": 1}, [1, 2, Decimal("1.1")]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{}, {"a": 1}, {"a": 1, "b": 1}, 5]),
    ({"not": {"required": ["a"]}}, [{}, {"a": 1}]),
    ({"if": {"required": ["a"]}, "then": {"minProperties": 2}}, [{}, {"a": 1}, {"a": 1, "b": 2}]),
    ({"if": {"required": ["a"]}, "else": {"maxProperties": 1}}, [{}, {"b": 1, "c": 2}, {"a": 1, "b": 2}]),
    ({"additionalProperties": {"type": "string"}}, [{}, {"a": "b"}, {"a": 1}, 5]),
    (
        {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
        [{}, {"a": "b"}, {"a": 1}, {"b": 1}],
    ),
    ({"propertyNames": {"pattern": "^a"}}, [{}, {"a": 1}, {"b": 1}]),
    ({"allOf": [{"minimum": 1}, {"maximum": 1}], "anyOf": [True, False]}, [0, 1, 2]),
]


@pytest.mark.parametrize(("schema", "values"), KEYWORDS, ids=str)
def test_keyword(schema: dict[str, Any], values: list[Any]) -> None:
    check = checker(schema)
    for value in values:
        assert check(value) == Draft202012Validator(schema).is_valid(value), value


@given(value=values)
@settings(max_examples=150, deadline=None)
def test_whatever_is_refused_is_explained(value: Any) -> None:
    """What a refused document says stands in the document, and nothing is refused in silence."""
    text = json.dumps(
        {"flow": "f", "start": "a", "states": {"a": value}, "messages": {"m": value}}, default=str
    )
    document, problems = read_yaml(text, "f.yaml")
    assert isinstance(document, Mapped)
    assert problems == []
    accepted = checker(schema_of("flow"))(document)
    found = problems_of(document, "flow", Place("f.yaml", 1, 1))
    assert accepted == (found == [])
    assert all(problem.place.line == 1 and problem.place.column <= len(text) for problem in found)


def test_generated_files_stand_in_the_project() -> None:
    assert {Path(path).parent.name for path in generated()} == {"schemas", "docs"}
