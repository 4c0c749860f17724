"""flow-lint fills texts with the longest that may stand in them, and tells what providers show otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from adapters.channels import CHANNELS
from adapters.provider_limits import PROVIDERS
from engine.limits import Limits
from engine.lint import lint
from engine.lint.checked import Checked
from engine.lint.selection import Selection
from engine.reader import Reading, read_flow, read_pack
from engine.source import Problem

BUSINESS = """\
business: shop
name: The Shop
currency: EUR
timezone: Europe/Berlin
languages: [en, ur]
flows: {customer: shop.yaml}
"""
FLOW = """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
settings: {most: 20}
slots: {wanted: product, note: text, many: number}
commands:
  buy: {words: [buy], title: "%(title)s", about: "%(about)s", reply: hello, goto: choosing}
  add:
    pattern: "{item:number} x {quantity:number}"
    validate: [{between: {value: "{{ quantity }}", max: "{{ settings.most }}"}, else: hello}]
    do: add_to_cart
    reply: added
    goto: done
states:
  initial:
    ask: hello
    otherwise: {reply: [hello, offer], goto: choosing}
  choosing:
    ask: which
    choices:
      from: catalog.available
      as: one
      title: "%(line)s"
      value: "{{ one.code }}"
      save: wanted
      goto: asking
  asking:
    ask: which
    input: {save: note, validate: [{length: {max: %(longest)s}, else: hello}], reply: noted, goto: counting}
  counting:
    ask: which
    input: {save: many, else: hello, reply: counted, goto: done}
  done: {final: true}
fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}
messages:
  hello: {text: "Hello!", buttons: [buy]}
  which: Which one?
  offer: {text: "%(text)s", list: {button: "%(button)s", rows: [buy]}, header: "%(header)s"}
  noted: "Noted: {{ note }}"
  counted: "{{ many }} pieces"
  added: "{{ quantity }} of {{ line.product.name }}: {{ cart.total | money }}"
"""
URDU = """\
titles: {buy: "%(urdu)s"}
names: {cookie: "ایک بسکٹ"}
messages:
  hello: سلام
  which: کون سا؟
  offer: "%(text)s"
  noted: "لکھا: {{ note }}"
  counted: "{{ many }} عدد"
  added: "{{ quantity }} {{ line.product.name }}: {{ cart.total | money }}"
"""
CATALOG = """\
products:
  - {number: 1, code: cookie, name: A cookie of oatmeal, price: 12.50, stock: 3}
  - {number: 12, code: tin, name: Tin, price: 99.90}
"""
DEFAULTS = {
    "title": "Buy",
    "about": "",
    "line": "{{ one.name }}",
    "longest": "100",
    "text": "Look:",
    "button": "Choose",
    "header": "",
    "urdu": "خریدیں",
}


def reading_of(parts: Mapping[str, str]) -> Reading:
    filled = {**DEFAULTS, **parts}
    files = {
        "business.yaml": BUSINESS,
        "shop.yaml": FLOW % filled,
        "shop.ur.yaml": URDU % filled,
        "catalog.yaml": CATALOG,
    }
    return read_pack(files, "", {})


def found(
    rule: str, parts: Mapping[str, str], providers: Mapping[str, Limits] | None = None
) -> list[Problem]:
    selection = Selection(selected=frozenset((rule,)))
    return [
        one
        for one in lint(reading_of(parts), selection=selection, providers=providers or {})
        if one.rule == rule
    ]


FILLED = {
    "a name that fits": ({"line": "{{ one.name }}"}, None),
    "the longest name with its number": ({"line": "{{ one.number }}. {{ one.name }} fresh"}, "28"),
    "the longest name in the translation, isolated": ({"urdu": "{{ customer.name }}"}, "62"),
    "the name of the business": ({"title": "Buy at {{ business.name }} now"}, None),
    "the name of the business, on a row": ({"title": "Buy at {{ business.name }} right now"}, "25"),
    "a total of the fullest cart": ({"about": "{{ cart.total | money }}"}, None),
    "a header with an address": ({"header": "For {{ customer.address }}"}, "204"),
    "a header with a setting": ({"header": "At most {{ settings.most }}"}, None),
    "the button of a list": ({"button": "Choose for {{ customer.name }}"}, "71"),
}


@pytest.mark.parametrize("what", FILLED)
def test_a_title_is_as_long_as_the_longest_that_stands_in_it(what: str) -> None:
    parts, length = FILLED[what]
    problems = found("too_long_when_filled", parts)
    lengths = [one.message.partition("this may have ")[2].partition(":")[0] for one in problems]
    assert lengths[:1] == ([length] if length else []), problems


RENDERED = {
    ("noted", "en"): lambda said: len(said) == len("Noted: ") + 100,
    ("noted", "ur"): lambda said: len(said) == len("لکھا: ") + 100 + 2,
    ("counted", "en"): lambda said: said == "20 pieces",
    # Ten of each would be 20 × 12.50 + 20 × 99.90.
    ("added", "en"): lambda said: said == "20 of A cookie of oatmeal: €2,248",
    ("added", "ur"): lambda said: "\u2068ایک بسکٹ\u2069" in said,
}


@pytest.mark.parametrize(("message", "language"), RENDERED)
def test_a_text_is_filled_with_the_longest_and_the_largest(message: str, language: str) -> None:
    case = Checked(reading_of({}), Limits()).worst_cases[0]
    text = case.flow.messages[message][language].text
    assert text is not None
    said = case.rendered(text, language)
    assert said is not None
    assert RENDERED[message, language](said), said


def test_a_number_without_a_bound_has_fifteen_digits() -> None:
    flow = """\
flow: shop
start: initial
slots: {many: number}
states:
  initial:
    input: {save: many, else: hello, reply: hello}
messages:
  hello: "{{ many }}"
"""
    case = Checked(read_flow({"shop.yaml": flow}, "shop.yaml", {}), Limits()).worst_cases[0]
    text = case.flow.messages["hello"]["en"].text
    assert text is not None
    assert case.rendered(text, "en") == "9" * 15


ORDERED = {
    "a title that only more than thousands of each would fill": ("{{ cart.count }} of {{ 9 }} cookies", None),
    "a title that thousands of each fill": (
        "{{ cart.count }} pieces of cookies",
        "and this may have 23: then all buttons are sent as text ('19998 pieces of cookies');"
        " no check bounds what is ordered: 9,999 of each product are thought of",
    ),
}


@pytest.mark.parametrize("what", ORDERED)
def test_a_quantity_without_a_bound_is_in_thousands_and_told(what: str) -> None:
    title, told = ORDERED[what]
    flow = f"""\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      buy: {{title: "{title}", words: [buy], reply: hello}}
messages:
  hello: {{text: Hello!, buttons: [buy]}}
"""
    reading = read_pack(
        {
            "business.yaml": BUSINESS.replace("[en, ur]", "[en]"),
            "shop.yaml": flow,
            "catalog.yaml": CATALOG.replace(", stock: 3", ""),
        },
        "",
        {},
    )
    rule = Selection(selected=frozenset(("too_long_when_filled",)))
    said = [one.message for one in lint(reading, selection=rule) if one.rule == "too_long_when_filled"]
    assert [one.partition(", ")[2] for one in said] == ([told] if told else [])


LONG = "{{ customer.address }} " * 6
WHATSAPP, TEXT = Limits(), Limits(buttons=0, rows=0, header=0, footer=0, text=1600, body=1600)

OTHERWISE = {
    "nothing on WhatsApp": ({}, {"WhatsApp": WHATSAPP}, []),
    "buttons and list as text": (
        {},
        {"WhatsApp": WHATSAPP, "plain": TEXT},
        [
            "over plain the buttons of 'hello' are sent as numbered text",
            "over plain the list of 'which' and 'offer' is sent as numbered text",
        ],
    ),
    "two providers alike are told of at once": (
        {},
        {"one": TEXT, "other": TEXT},
        [
            "over one and other the buttons of 'hello' are sent as numbered text",
            "over one and other the list of 'which' and 'offer' is sent as numbered text",
        ],
    ),
    "pages": (
        {},
        {"short": Limits(rows=1)},
        ["over short the list of 'which' has several pages, with a row for more"],
    ),
    "a text that is split": (
        {"text": LONG},
        {"WhatsApp": WHATSAPP},
        ["over WhatsApp 'offer', at the longest, is sent in several messages"],
    ),
    "a header that has no place": (
        {"header": "For you"},
        {"headless": Limits(header=0)},
        ["over headless the header or footer of 'offer' stands in the text"],
    ),
    "one title that is too long": (
        {"title": "Buy something for {{ customer.name }}"},
        {"WhatsApp": WHATSAPP},
        [
            "over WhatsApp the buttons of 'hello' are sent as numbered text",
            "over WhatsApp the list of 'offer' is sent as numbered text",
        ],
    ),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_a_provider_shows_otherwise_is_told(what: str) -> None:
    parts, providers, said = OTHERWISE[what]
    assert sorted(one.message for one in found("shown_otherwise", parts, providers)) == sorted(said)


def test_the_limits_of_every_provider_are_those_of_its_channel() -> None:
    own = {name: provider.limits for name, provider in CHANNELS.items() if provider.webhook}
    assert dict(PROVIDERS) == own
