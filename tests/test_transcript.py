"""Transcripts: what conversation files can do, and how it is printed."""

from __future__ import annotations

import re
from datetime import datetime
from textwrap import dedent

import pytest
from talking import BUSINESS, CATALOG, WORKFLOW

from engine.limits import PLAIN
from engine.lint import lint
from engine.message import Media, Option, Outbound
from engine.pack import Pack
from engine.reader import read_pack
from engine.rehearsal.script import Beginning, Script, script_of
from engine.rehearsal.talk import Unplayable
from engine.rehearsal.transcript import play, show

SHOP = """
flow: customer
languages: [en]
start: idle
slots: {note: text, spot: location, fruit: text}
commands:
  menu: {words: [menu], reply: menu}
  person: {words: [person], do: {hand_over: Wants a person}, reply: wait_please, goto: person}
  call: {words: [call], do: {tell: {to: staff, message: come}}, reply: called}
  break: {words: [break], goto: round}
  crack: {words: [crack], goto: brittle}
states:
  idle:
    commands:
      pick: {words: [pick], goto: picking}
      where: {words: [where], goto: locating}
      buy: {words: [buy], do: [{add_to_cart: {item: 1}}, place_order], reply: bought}
    after:
      - {wait: 10 minutes, reply: still_there}
      - {wait: 30 minutes, reply: bye, goto: over}
    events:
      baked: {reply: smell}
    otherwise: {reply: what}
  picking:
    ask: which
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      about: "{{ product.price | money }}"
      value: "{{ product.code }}"
      save: fruit
      reply: picked
      goto: idle
  locating:
    ask: where_are_you
    input: {accepts: [location], save: spot, reply: found, goto: idle}
    otherwise: what
  person: {human: true}
  brittle: {after: [{wait: 5 minutes, goto: round}], otherwise: what}
  round: {branches: [{goto: about}]}
  about: {branches: [{goto: round}]}
  over: {final: true}
messages:
  menu: {text: Take one., list: {button: Look, rows: [menu, person]}, header: Fruit, footer: Fresh}
  wait_please: One moment.
  called: We are calling.
  still_there: Are you still there?
  bye: Goodbye.
  smell: Can you smell it?
  what: What?
  which: Which one?
  picked: "{{ fruit }}, good."
  where_are_you: {text: "Where are you?", ask_location: true}
  found: "Found you at {{ message.latitude }}."
  bought: "Bought {{ order.number }}."
  order_cancelled: "Cancelled {{ order.number }}."
"""
STAFF = """
flow: staff
languages: [en]
start: idle
states:
  idle: {otherwise: hello}
messages:
  hello: Hello.
  come: "Customer {{ customer.phone }} calls."
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    files = {
        "business.yaml": BUSINESS.replace(
            "{customer: customer.yaml}", "{customer: customer.yaml, staff: s.yaml}"
        ),
        "catalog.yaml": CATALOG,
        "workflow.yaml": WORKFLOW,
        "customer.yaml": dedent(SHOP),
        "s.yaml": dedent(STAFF),
    }
    reading = read_pack(files, "flows/shop", {})
    assert reading.problems == ()
    assert reading.pack is not None
    return reading.pack


def talk(pack: Pack, *says: object, **script: object) -> str:
    """The transcript, without its title."""
    return play(pack, Script("a talk", says, **script)).removeprefix("conversation: a talk\n")


def test_the_whole_of_a_small_one(pack):
    assert talk(pack, "buy", "huh") == dedent("""\

        customer: buy

            Bought N20251018001.

        [idle]

        customer: huh

            What?

        [idle]

        orders:
            N20251018001, pending, ₹50
                1x Apple, ₹50

        stock:
            Apple: 5, now 4
        """)


CASES = {
    "a timer fires while the customer waits, at its moment": (
        ("hm", {"wait": "20 minutes"}),
        "(20 minutes later)\n\n(by itself, at 11:10)\n\n    Are you still there?\n\n[idle]\n\norders:",
    ),
    "timers fire in their order and lead on": (
        ("hm", {"wait": "2 hours"}),
        "(by itself, at 11:10)\n\n    Are you still there?\n\n[idle]\n\n"
        "(by itself, at 11:30)\n\n    Goodbye.\n\n[over]",
    ),
    "a timer whose time has not come stays silent": (
        ("hm", {"wait": "9 minutes"}, "ho"),
        "(9 minutes later)\n\ncustomer: ho",
    ),
    "an event": (({"event": "baked"},), "(event: baked)\n\n    Can you smell it?\n\n[idle]"),
    "an event that nobody handles": (({"event": "burnt"},), "(event: burnt)\n\n    (no answer)\n\n[idle]"),
    "a person is called, and the bot is silent": (
        ("person", "hello?"),
        "    One moment.\n\n(a person is called)\n\n[person]\n\n"
        "customer: hello?\n\n    (no answer)\n\n[person]",
    ),
    "a person hands back": (
        ("person", {"event": "handed_back"}),
        "(event: handed_back)\n\n    (no answer)\n\n[idle]",
    ),
    "a list, with header and footer": (
        ("menu",),
        "    *Fruit*\n    Take one.\n    _Fresh_\n    [ Look ]\n    - Menu\n    - Person\n",
    ),
    "a row pressed by its command": (
        ("menu", {"press": "person"}),
        "customer: [ Person ]\n\n    One moment.",
    ),
    "a row pressed by its title": (("menu", {"press": "Person"}), "customer: [ Person ]\n\n    One moment."),
    "choices": (
        ("pick",),
        "    Which one?\n    [ Choose ]\n    - Apple: ₹50\n    - Pear: ₹30\n    - Plum: ₹9.50\n",
    ),
    "a line of choices pressed": (
        ("pick", {"press": "Pear"}),
        "customer: [ Pear ]\n\n    pear, good.\n\n[idle]",
    ),
    "a location": (
        ("where", {"send": "location", "latitude": 24.86, "longitude": 67.01}),
        "    Where are you?\n    [ Send location ]\n\n[locating]\n\n"
        "customer: (location 24.86, 67.01)\n\n    Found you at 24.86.",
    ),
    "a picture with its caption": (
        ({"send": "image", "text": "look"},),
        "customer: (image) look\n\n    What?",
    ),
    "a reaction": (
        ({"send": "reaction", "text": "👍"},),
        "customer: (reaction) 👍\n\n    (no answer)\n\n[idle]",
    ),
    "stock that changes": (
        ({"stock": {"apple": 0}}, "pick"),
        "(stock: 0 Apple left)\n\ncustomer: pick\n\n    Which one?\n    [ Choose ]\n    - Pear",
    ),
    "the stock an order took is reckoned from where it was set": (
        ({"stock": {"apple": 3}}, "buy"),
        "stock:\n    Apple: 3, now 2\n",
    ),
    "a product that is taken off the list": (
        ({"gone": "apple"}, "pick"),
        "(Apple is no longer sold)\n\ncustomer: pick\n\n    Which one?\n    [ Choose ]\n    - Pear",
    ),
    "a price that changes": (({"price": {"apple": 1.5}}, "pick"), "(price: Apple now costs ₹1.50)\n"),
    "a fault of the shop is answered once, and leaves nothing": (
        ({"breaks": "place_order"}, "buy", "buy"),
        "(the next place_order breaks)\n\n"
        "customer: buy\n\n    Sorry, something went wrong. Please send your last message again.\n\n[idle]\n\n"
        "customer: buy\n\n    Bought N20251018001.\n\n[idle]\n\n"
        "orders:\n    N20251018001",
    ),
    "a fault of the flow is answered, and leaves nothing": (
        ("break",),
        "    Sorry, something went wrong. Please send your last message again.\n\n"
        "(it broke inside: BrokenTurn: more than 20 states in one turn, the last is ",
    ),
    "a timer that breaks is answered, and time goes on": (
        ("crack", {"wait": "10 minutes"}, "hm"),
        "(10 minutes later)\n\n    Sorry, something went wrong. Please send your last message again.\n\n"
        "(it broke inside: BrokenTurn: more than 20 states in one turn, the last is ",
    ),
    "nothing came of it": (("hm",), "orders:\n    none\n\nstock:\n    as before\n"),
}


@pytest.mark.parametrize(("says", "printed"), CASES.values(), ids=CASES.keys())
def test_what_a_conversation_can_do(pack, says, printed):
    assert printed in talk(pack, *says)


ON_TEXT_ALONE = {
    "what would be pressed is typed by its number": (
        ("menu", {"press": "person"}),
        "    1. Menu\n    2. Person\n\n    Fresh\n\n[idle]\n\ncustomer: 2\n\n    One moment.",
    ),
    "by its title where its number has passed": (
        ("menu", "pick", {"press": "menu"}),
        "customer: Menu\n\n    Fruit\n\n    Take one.",
    ),
    "a line of choices is typed by its product's number": (
        ("pick", {"press": "Plum"}),
        "    7. Plum - ₹9.50\n\n[picking]\n\ncustomer: 7\n\n    plum, good.",
    ),
}


@pytest.mark.parametrize(("says", "printed"), ON_TEXT_ALONE.values(), ids=ON_TEXT_ALONE.keys())
def test_a_conversation_through_a_provider_without_buttons(pack, says, printed):
    assert printed in play(pack, Script("a talk", says), PLAIN)


def test_what_nobody_offered_cannot_be_typed_instead(pack):
    with pytest.raises(Unplayable, match="offered so far: Menu, Person"):
        play(pack, Script("a talk", ("menu", {"press": "buy"})), PLAIN)


def test_who_talks_and_when_can_be_said(pack):
    transcript = talk(pack, "hi", role="staff", at=datetime(2026, 1, 2, 3, 4))
    assert transcript.startswith("\nstaff: hi\n\n    Hello.\n")
    assert "N20260102001" in talk(pack, "buy", at=datetime(2026, 1, 2, 0, 30))


def test_messages_to_others_are_shown(pack):
    told = "    We are calling.\n\nto staff:\n\n    Customer 4912345 calls.\n\n[idle]"
    assert told in talk(pack, "call", customer={"phone": "4912345"})


UNPLAYABLE = {
    "a button that nobody offered": (("menu", {"press": "buy"}), "offered so far: Menu, Person"),
    "a button where none was offered at all": (({"press": "buy"},), "offered so far: none"),
    "a product that nobody ever sold": (({"gone": "kiwi"},), "'kiwi'"),
    "a product that nobody sells": (({"stock": {"kiwi": 1}},), "'kiwi'"),
    "a length of time that is none": (({"wait": "soon"},), "'soon' is no length of time"),
    "something that cannot happen": (({"jump": "high"},), "nothing that can happen"),
}


@pytest.mark.parametrize(("says", "why"), UNPLAYABLE.values(), ids=UNPLAYABLE.keys())
def test_what_cannot_be_played_says_why(pack, says, why):
    with pytest.raises(Unplayable, match=why):
        talk(pack, *says)


def test_a_script_takes_what_its_file_says():
    document = {
        "conversation": "x",
        "role": "staff",
        "language": "ur",
        "customer": {"name": "Sana"},
        "at": "2025-12-24T18:30",
        "provider": "twilio",
        "says": ["hi", {"wait": "1 hour"}],
    }
    at = datetime(2025, 12, 24, 18, 30)
    says = ("hi", {"wait": "1 hour"})
    assert script_of(document) == Script("x", says, "staff", "ur", {"name": "Sana"}, at, "twilio")


MESSAGES = [
    (Outbound("one\ntwo"), ["one", "two"]),
    (Outbound("Well?", buttons=(Option("Yes", "1"), Option("No", "2"))), ["Well?", "[ Yes ] [ No ]"]),
    (Outbound("Look", media=("image", Media(link="https://a/b.png"))), ["(image https://a/b.png)", "Look"]),
    (Outbound(media=("audio", Media(id="17"))), ["(audio 17)"]),
    (Outbound("Ours", products=("a", "b")), ["Ours", "(product a)", "(product b)"]),
]


@pytest.mark.parametrize(("message", "lines"), MESSAGES)
def test_how_a_message_is_shown(message, lines):
    assert show(message) == lines


# Starting anywhere


def test_a_conversation_starts_at_a_state_with_slots_and_cart(pack):
    document = {
        "conversation": "a talk",
        "start_at": {"state": "picking", "slots": {"note": "hurry"}, "cart": {"apple": 2, "plum": 1}},
        "says": [{"press": "Pear"}, "buy"],
    }
    said = play(pack, script_of(document))
    assert "(it starts at picking)\n\n    Which one?\n    [ Choose ]\n    - Apple: ₹50\n" in said
    assert "pear, good." in said
    assert "2x Apple" not in said.partition("orders:")[0]
    assert "        3x Apple, ₹150\n        1x Plum, ₹9.50\n" in said


def test_a_state_alone_is_short_for_it(pack):
    assert script_of({"conversation": "", "start_at": "picking", "says": ["hm"]}).start_at == Beginning(
        "picking"
    )


@pytest.mark.parametrize(
    ("beginning", "why"),
    [
        (Beginning("pickin"), "no state 'pickin'; did you mean 'picking'?"),
        (Beginning("idle", {"notes": "x"}), "no slot 'notes'; did you mean 'note'?"),
        (Beginning("idle", {"spot": "Lahore"}), "`start_at`: 'Lahore' cannot be read as location for spot"),
        (Beginning("idle", {}, {"appel": 1}), "`start_at` cannot be entered: no_such_item"),
        (Beginning("idle", {}, {"pear": 9}), "`start_at` cannot be entered: out_of_stock (pear)"),
    ],
)
def test_a_conversation_that_cannot_start_there_says_why(pack, beginning, why):
    with pytest.raises(Unplayable, match=re.escape(why)):
        talk(pack, "hm", start_at=beginning)


def test_a_start_that_breaks_inside_says_so(pack):
    assert "(it broke inside: BrokenTurn: more than 20 states" in talk(
        pack, "hm", start_at=Beginning("round")
    )
    too_many = Beginning("idle", {}, {"plum": 10**12})
    assert "(it broke inside: Unfit: the quantity is 1000000000000" in talk(pack, "hm", start_at=too_many)


def test_what_is_waited_for_there_comes_in_its_time(pack):
    assert "(by itself, at 11:10)" in talk(pack, {"wait": "20 minutes"}, start_at=Beginning("idle"))


def test_a_start_that_the_flow_does_not_have_is_found_in_its_file():
    conversation = """\
conversation: somewhere
start_at: {state: pickin, slots: {notes: hurry}}
says: [hm]
"""
    short = "conversation: somewhere\nstart_at: pickin\nsays: [hm]\n"
    files = {
        "business.yaml": BUSINESS,
        "catalog.yaml": CATALOG,
        "customer.yaml": dedent(SHOP).replace("do: {tell: {to: staff, message: come}}, ", ""),
        "conversations/one.yaml": conversation,
        "conversations/two.yaml": short,
    }
    found = [
        (str(problem.place), problem.place.column, problem.rule, problem.message)
        for problem in lint(read_pack(files, "flows/shop", {}))
        if "/conversations/" in problem.place.file
    ]
    state, slot = "no state 'pickin'; did you mean 'picking'?", "no slot 'notes'; did you mean 'note'?"
    assert found == [
        ("flows/shop/conversations/one.yaml:2", 19, "unknown_state", state),
        ("flows/shop/conversations/one.yaml:2", 35, "unknown_slot", slot),
        ("flows/shop/conversations/two.yaml:2", 11, "unknown_state", state),
    ]
