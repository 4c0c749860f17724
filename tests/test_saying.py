"""What messages look like when they go out, and in which language: every key, every translation."""

from __future__ import annotations

import re

import pytest
from talking import BUSINESS, Talker, interpreter_of

from engine.limits import PLAIN, Limits
from engine.message import Inbound

SHOWN = """
flow: customer
languages: [en]
start: a
settings: {code: apple}
states:
  a:
    commands:
      one: {words: [one], title: First, about: Its second line, reply: picture}
      two: {words: [two], when: cart.count > 0, reply: picture}
      media: {pattern: "show {what:word}", branches: BRANCHES}
messages:
  picture: {image: "https://shop.example/{{ settings.code }}.png", text: "{{ settings.code }}"}
  picture_id: {image: "4711", text: Look, buttons: [one]}
  picture_list: {image: "4711", text: Look, list: {button: Pick, rows: [one]}}
  sound: {audio: "4711", text: Listen, buttons: [one]}
  paper: {document: "https://shop.example/menu/prices.pdf?v=2", text: Prices, header: Top, footer: End}
  cards: {text: Ours, products: [apple, gone, pear]}
  all_cards: {text: Ours, products: "{{ catalog.available | map(attribute='code') }}", buttons: [one]}
  whole_cards: {text: Ours, products: "{{ catalog.available }}"}
  one_card: {text: Ours, products: "{{ catalog.find(1) }}"}
  numbered_cards: {text: Ours, products: ["7", "{{ catalog.find('pear') }}", "99"]}
  no_cards: {text: Ours, products: "{{ catalog.find(9) }}"}
  place: {text: "Where?", ask_location: true}
  framed: {text: Body, header: "{{ business.name }}", footer: End}
  framed_buttons: {text: Body, header: "{{ business.name }}", footer: End, buttons: [one, two]}
  rows: {text: Body, list: {button: Pick, rows: [one, two]}}
  rows_alone: {text: Body, list: {rows: [one]}}
  buttons_alone: {buttons: [one]}
"""
NAMES = re.findall(r"^  (\w+): \{", SHOWN[SHOWN.index("messages:") :], re.MULTILINE)
SHOWN = SHOWN.replace(
    "BRANCHES", "[" + ", ".join(f"{{when: what == '{name}', reply: {name}}}" for name in NAMES) + "]"
)


@pytest.fixture(scope="module")
def shows():
    return interpreter_of(SHOWN)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("picture", ["apple <image https://shop.example/apple.png>"]),
        ("picture_id", ["Look [First] <image 4711>"]),
        ("picture_list", ["<image 4711>", "Look (First)"]),
        ("sound", ["<audio 4711>", "Listen [First]"]),
        ("paper", ["Top\n\nPrices\n\nEnd <document https://shop.example/menu/prices.pdf?v=2>"]),
        ("cards", ["Ours\n\n• Apple - ₹50\n• Pear - ₹30"]),
        ("all_cards", ["Ours\n\n• Apple - ₹50\n• Pear - ₹30\n• Plum - ₹9.50 [First]"]),
        ("whole_cards", ["Ours\n\n• Apple - ₹50\n• Pear - ₹30\n• Plum - ₹9.50"]),
        ("one_card", ["Ours\n\n• Apple - ₹50"]),
        ("numbered_cards", ["Ours\n\n• Plum - ₹9.50\n• Pear - ₹30"]),
        ("no_cards", ["Ours"]),
        ("place", ["Where? <place?>"]),
        ("framed", ["Corner Shop\n\nBody\n\nEnd"]),
        ("framed_buttons", ["Body [First]"]),
        ("rows", ["Body (First)"]),
        ("rows_alone", ["Body (First)"]),
        ("buttons_alone", ["… [First]"]),
    ],
)
def test_every_kind_of_message(shows, name, said) -> None:
    assert Talker(shows).say(f"show {name}") == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("picture_id", ["Look\n\n1. First <image 4711>"]),
        ("rows", ["Body\n\n1. First - Its second line"]),
        ("place", ["Where?"]),
        ("framed_buttons", ["Corner Shop\n\nBody\n\n1. First\n\nEnd"]),
    ],
)
def test_a_channel_of_text_alone_loses_nothing(shows, name, said) -> None:
    assert Talker(shows, PLAIN).say(f"show {name}") == said


def test_header_footer_file_name_and_second_line_find_their_places(shows) -> None:
    talk = Talker(shows)
    talk.say("show framed_buttons")
    assert (talk.turn.replies[0].header, talk.turn.replies[0].footer) == ("Corner Shop", "End")
    talk.say("show paper")
    assert talk.turn.replies[0].media[1].filename == "prices.pdf"
    talk.say("show rows")
    assert (talk.turn.replies[0].list_button, talk.turn.replies[0].rows[0].about) == (
        "Pick",
        "Its second line",
    )
    talk.say("show rows_alone")
    assert talk.turn.replies[0].list_button == "Choose"


def test_where_the_channel_has_cards_products_go_out_as_cards(shows) -> None:
    talk = Talker(shows, Limits(products=30))
    talk.say("show all_cards")
    cards, buttons = talk.turn.replies
    assert cards.products == ("apple", "pear", "plum")
    assert (buttons.text, [button.title for button in buttons.buttons]) == ("Ours", ["First"])


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("whole_cards", ("apple", "pear", "plum")),
        ("one_card", ("apple",)),
        ("numbered_cards", ("plum", "pear", "99")),
        ("no_cards", ()),
    ],
)
def test_products_go_out_by_their_codes(shows, name, codes) -> None:
    talk = Talker(shows, Limits(products=30))
    talk.say(f"show {name}")
    assert talk.turn.replies[0].products == codes


# -- languages

TALK = """
flow: customer
start: a
settings: {area: Clifton, most: 3}
slots: {day: date, note: text}
commands:
  cart: {words: [cart], title: View cart, about: All of it, pattern: "show {x:number}", reply: cart}
  urdu: {words: [urdu], do: {set_language: ur}, reply: cart}
  hebrew: {words: [hebrew], do: {set_language: he}, reply: cart}
  english: {words: [english], do: {set_language: en}, reply: cart}
  day: {pattern: "for {day:date}", save: day, reply: day}
  note: {pattern: "note {note}", save: note, reply: noted}
  rows: {words: [rows], reply: rows}
  link: {words: [link], reply: link}
  prices: {words: [prices], reply: prices}
states: {a: {ask: cart, otherwise: what}}
messages:
  cart: {text: "Cart at {{ settings.area }} {{ settings.most }}", buttons: [cart], footer: Foot}
  day: "{{ day }}"
  noted: "Noted {{ note }}"
  rows: {text: Rows, list: {button: Pick it, rows: [cart, prices]}}
  link: "https://shop.example/{{ settings.most }} {{ 'https://shop.example' }}"
  prices: "{{ 1234.5 | money }}; {{ 1234.5 | number }}; {{ now | time }}; {{ now | date }}"
  what: "What?"
"""
URDU = """
words: {cart: [ٹوکری]}
patterns: {cart: ["{x:number} دکھائیں"], day: ["{day:date} کے لیے"]}
titles: {cart: ٹوکری دیکھیں}
names: {apple: سیب, area: کلفٹن}
messages:
  cart: "ٹوکری {{ settings.area }} {{ settings.most }}"
  noted: "نوٹ {{ note }}"
  rows: {text: فہرست, list: {button: چنیں, rows: [prices]}}
  link: "دیکھیں https://shop.example/{{ settings.most }} {{ 'https://shop.example' }}"
  prices: "{{ 1234.5 | money }}; {{ 1234.5 | number }}; {{ now | time }}; {{ now | date }}"
"""
HEBREW = """
words: {cart: [סל, ٹوکری]}
messages: {cart: סל, prices: "{{ now | date('full') }}"}
"""


@pytest.fixture(scope="module")
def talks():
    business = BUSINESS.replace("languages: [en]", "languages: [en, ur, he]")
    return interpreter_of(TALK, business__yaml=business, customer__ur__yaml=URDU, customer__he__yaml=HEBREW)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("urdu", "5 دکھائیں", "ٹوکری \u2068کلفٹن\u2069 \u20683\u2069 [ٹوکری دیکھیں]"),
        ("english", "۵ دکھائیں", "Cart at Clifton 3 [View cart]"),  # a pattern chooses no language
        ("hebrew", "cart", "סל [View cart]"),  # a title that a language lacks is the first language's
        ("urdu", "note 12, Main Street", "نوٹ \u206812, Main Street\u2069"),
        ("english", "note 12, Main Street", "Noted 12, Main Street"),
        ("urdu", "rows", "فہرست (Prices)"),
        ("hebrew", "rows", "Rows (View cart) (Prices)"),
        ("urdu", "link", "دیکھیں https://shop.example/3 https://shop.example"),
        ("english", "prices", "₹1,234.50; 1,234.5; 12:00 PM; Oct 18, 2025"),
        (
            "urdu",
            "prices",
            "\u2068₹1,234.50\u2069; \u20681,234.5\u2069; \u206812:00 PM\u2069; \u206818 اکتوبر، 2025\u2069",
        ),
        ("hebrew", "prices", "\u2068יום שבת, 18 באוקטובר 2025\u2069"),
        ("urdu", "xyz", "What?"),
    ],
)
def test_a_flow_in_three_languages(talks, language, text, said) -> None:
    talk = Talker(talks)
    talk.say(language)
    assert talk.say(text) == [said]


def test_a_word_of_two_languages_chooses_none_and_one_of_one_does(talks) -> None:
    talk = Talker(talks)
    assert talk.say("ٹوکری") == ["Cart at Clifton 3 [View cart]"]
    assert talk.say("סל") == ["סל [View cart]"]
    assert talk.say("cart") == ["סל [View cart]"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("for today", "2025-10-18"),
        ("for tomorrow", "2025-10-19"),
        ("for کل", "2025-10-19"),
        ("کل کے لیے", "2025-10-19"),
        ("for מחר", "2025-10-19"),
        ("for friday", "2025-10-24"),
        ("for جمعہ", "2025-10-24"),
        ("for יום שישי", "2025-10-24"),
        ("for 24 May", "2026-05-24"),
        ("for 24 مئی", "2026-05-24"),
        ("for 24 מאי", "2026-05-24"),
        ("for 24/5", "2026-05-24"),
        ("for ۲۴/۵", "2026-05-24"),
    ],
)
def test_dates_are_read_in_every_language_of_the_flow(talks, text, day) -> None:
    talk = Talker(talks)
    assert talk.say(text) == [day]
    assert talk.slots == {"day": day}


# -- empty slots

EMPTY = """
flow: customer
languages: [en]
start: a
slots: {n: number, s: text, l: list of text, p: product, m: money, d: date}
states: {a: {commands: {ask: {words: [ask], branches: [{when: WHEN, reply: yes_}, {reply: no_}]}}}}
messages: {yes_: "yes", no_: "no"}
"""


@pytest.mark.parametrize(
    "when",
    [
        "n or s or l or p or m or d",
        "n == 0 or n > 0 or n < 5 or n <= 0 or n >= 0",
        "s == '' or 'a' in s or s == n",
        "'a' in l or l | length > 0",
        "p.name == '' or p.price < 5",
        "m < 5 or m == 0",
        "d < today or d == today or d > today",
        "n is defined or l is defined or p is defined",
    ],
)
def test_an_empty_slot_is_false_undefined_and_never_equal_or_less(when) -> None:
    assert Talker(EMPTY.replace("WHEN", f'"{when}"')).say("ask") == ["no"]


def test_an_empty_slot_prints_nothing_through_any_filter() -> None:
    text = (
        "[{{ n }}{{ s | upper }}{{ l }}{{ l | join }}{{ l | bullets }}{{ p.name }}{{ m | money }}"
        "{{ d | date }}"
        "{{ n | number }}{% for one in l %}{{ one }}{% endfor %}]{{ n | default(3) }}{{ s | default('x') }}"
    )
    flow = EMPTY.replace("WHEN", "'true'").replace('yes_: "yes"', f'yes_: "{text}"')
    assert Talker(flow).say("ask") == ["[]3x"]


# -- choices that take all that a rule takes

AREAS = """
flow: customer
languages: [en]
start: a
slots: {area: text, pieces: number}
settings: {areas: [North, South, East], sizes: [5, 10]}
states:
  a: {commands: {go: {words: [go], goto: areas}, size: {words: [size], goto: sizes}}}
  areas:
    ask: which
    choices:
      from: settings.areas
      as: one
      title: "{{ one }}"
      value: "{{ one }}"
      save: area
      validate: [{check: "area != 'East'", else: {reply: not_there, ask_again: true}}]
      do: {add_to_cart: {item: 2, quantity: "{{ 9 if area == 'South' else 1 }}"}}
      fails: {out_of_stock: {reply: few, ask_again: true}}
      branches: [{when: area == 'North', reply: cold, goto: a}]
      reply: picked
  sizes:
    ask: how_many
    choices:
      {from: settings.sizes, as: one, title: "{{ one }} pieces", value: "{{ one }}", save: pieces, goto: b}
    input: {save: pieces, reply: counted}
  b: {ask: counted}
otherwise: which
fails: {no_such_item: which, unavailable: which}
messages:
  {which: "Which?", how_many: "How many?", not_there: "not {{ area }}", few: "only {{ failure.left }}",
   picked: "picked {{ area }} {{ one }}", cold: cold, counted: "{{ pieces }}"}
"""


@pytest.mark.parametrize(
    ("texts", "said", "state"),
    [
        (["go", "1"], ["picked North North", "cold"], "a"),
        (["go", "north"], ["picked North North", "cold"], "a"),
        (["go", "2"], ["only 1", "Which? (North) (South) (East)"], "areas"),
        (["go", "East"], ["not East", "Which? (North) (South) (East)"], "areas"),
        (["size", "2"], ["10"], "b"),  # a number picks a line before it is read as one
        (["size", "5 pieces"], ["5"], "b"),
        (["size", "7"], ["7"], "sizes"),
    ],
)
def test_choices_of_anything_take_a_rule_s_keys(texts, said, state) -> None:
    talk = Talker(AREAS)
    for text in texts[:-1]:
        talk.say(text)
    assert talk.say(texts[-1]) == said
    assert talk.state == state


def test_none_may_lead_on_to_other_choices() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        states:
          a: {commands: {go: {words: [go], goto: dear}}}
          dear:
            ask: ask
            choices: {from: "[]", as: p, title: "{{ p }}", value: x, none: {reply: none1, goto: cheap}}
          cheap:
            ask: ask
            choices: {from: catalog.available, as: p, title: "{{ p.name }}", value: "{{ p.code }}", goto: a}
        otherwise: none1
        messages: {ask: Which, none1: None}
    """
    talk = Talker(flow)
    assert talk.say("go") == ["None", "Which (Apple) (Pear) (Plum)"]
    assert talk.hear(Inbound("image")) == ["None"]
