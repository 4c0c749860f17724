"""What is offered to press or to type: values, long lists, old presses, numbers of any script."""

from __future__ import annotations

import pytest
from talking import BUSINESS, Talker, interpreter_of

from engine.interpreter import Interpreter
from engine.limits import PLAIN, Limits

SHADES = """
flow: customer
languages: [en]
start: a
slots: {colour: word, price: money, wanted: product}
commands: {cart: {words: [cart], reply: cart}}
states:
  a:
    commands:
      paint:
        words: [paint]
        title: "Paint {{ shade }}"
        about: "in {{ shade }}"
        save: {colour: "{{ shade }}"}
        reply: painted
      red_only: {words: [fade], when: colour == 'red', reply: painted}
      pay: {words: [pay], save: {price: "{{ amount }}"}, reply: paid}
      take: {words: [take], save: {wanted: "{{ item }}"}, reply: taken}
      buy: {words: [buy], reply: bought}
      long: {words: [long], reply: long}
      colours: {words: [colours], reply: colours}
      two: {words: [two], reply: two}
      amount: {words: [amount], reply: amount}
      go: {words: [go], goto: b}
  b: {ask: there, commands: {back: {words: [back], goto: a}}}
otherwise: what
messages:
  colours:
    text: Which
    list: {button: Pick, rows: [{paint: {shade: red}}, {paint: {shade: blue}}, red_only]}
  two: {text: Which, buttons: [{paint: {shade: red}}, {paint: {shade: blue}}, red_only]}
  amount:
    text: Pay
    buttons: [{pay: {amount: "{{ catalog.find(1).price }}"}}, {take: {item: "{{ catalog.find(2) }}"}}, cart]
  long: {text: Long, buttons: [{take: {item: apple, note: LONG}}]}
  painted: "{{ colour }}"
  paid: "{{ price | money }}"
  taken: "{{ wanted.name }}"
  bought: {text: Bought, buttons: [buy, cart]}
  there: There
  cart: Cart
  what: "What?"
""".replace("LONG", "r" * 300)


@pytest.fixture(scope="module")
def shades():
    return interpreter_of(SHADES)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("colours", "Which (Paint red) (Paint blue)"), ("two", "Which [Paint red] [Paint blue]")],
)
def test_what_a_button_says_may_read_the_values_it_brings(shades, text, shown) -> None:
    talk = Talker(shades)
    assert talk.say(text) == [shown]
    assert talk.press("Paint blue") == ["blue"]
    assert talk.say("paint red") == ["red"]


def test_a_second_line_reads_the_values_too_and_when_is_looked_at_each_time(shades) -> None:
    talk = Talker(shades)
    talk.say("colours")
    assert [row.about for row in talk.turn.replies[0].rows] == ["in red", "in blue"]
    talk.press("Paint red")
    assert talk.say("colours") == ["Which (Paint red) (Paint blue) (Red only)"]


def test_a_button_may_bring_money_and_things_of_the_shop(shades) -> None:
    talk = Talker(shades)
    assert talk.say("amount") == ["Pay [Pay] [Take] [Cart]"]
    take = talk.id_of("Take")
    assert talk.press("Pay") == ["₹50"]
    assert talk.press_id(take) == ["Pear"]


def test_a_press_too_long_for_the_channel_never_means_what_was_offered_later(shades) -> None:
    talk = Talker(shades)
    talk.say("long")
    take = talk.id_of("Take")
    assert talk.press_id(take) == ["Apple"]
    talk.say("buy")
    assert talk.press_id(take) == ["What?"]


def test_an_old_button_of_the_flow_s_commands_works_as_often_as_it_is_pressed(shades) -> None:
    talk = Talker(shades)
    talk.say("amount")
    cart = talk.id_of("Cart")
    talk.say("go")
    assert talk.press_id(cart) == talk.press_id(cart) == ["Cart"]


NUMBERED = """
flow: customer
languages: [en]
start: a
commands: {one: {words: [one], reply: one}, two: {words: [two], reply: two}}
states: {a: {otherwise: {reply: ask}}}
messages: {ask: {text: Which, buttons: [one, two]}, one: First, two: Second}
"""


@pytest.mark.parametrize(
    "text",
    [
        *("2", "2.", "2)", "٢", "۲", "२", "２", "2️⃣", "\u200f2", "\u20682\u2069"),
        *("2!", "(2)", "#2", "*2*", "2,", "2 )", "۲۔", "۲،", "2 👍"),
    ],
)
def test_a_number_is_typed_in_any_script(text) -> None:
    talk = Talker(NUMBERED, PLAIN)
    talk.say("?")
    assert talk.say(text) == ["Second"]


@pytest.mark.parametrize("text", ["-2", "−2", "+2", ".2", "2.0", "½", "2 2", "2x", "3", "1000000002"])
def test_what_is_no_number_of_the_list_is_not_taken_for_one(text) -> None:
    talk = Talker(NUMBERED, PLAIN)
    talk.say("?")
    (asked,) = talk.say(text)
    assert asked.startswith("Which")


LISTED = """
flow: customer
languages: [en]
start: a
commands: {one: {words: [one], reply: one}, two: {words: [two], reply: two}}
states: {a: {otherwise: {reply: ask}}}
messages: {ask: {text: "TEXT", buttons: [one, two]}, one: First, two: Second}
"""


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("We have\\n1. Tea\\n2. Cake", "•"),
        ("1) Tea", "•"),
        ("\u20681\u2069. \u2068چائے\u2069", "•"),
        ("*1.* Tea", "•"),
        ("۱. چائے", "•"),
        ("• 2x Tea\\nTotal: 1.50", "1."),
        ("12 March", "1."),
        ("1.5 kg", "1."),
        ("₹1. Really", "1."),
    ],
)
def test_a_text_that_numbers_its_own_lines_is_not_numbered_twice(text: str, mark: str) -> None:
    talk = Talker(LISTED.replace("TEXT", text), PLAIN)
    (asked,) = talk.say("?")
    assert asked.splitlines()[-2].startswith(f"{mark} One")
    assert talk.say("1")[0] == ("First" if mark == "1." else asked)
    talk.say("?")
    assert talk.say("Two") == ["Second"]


LONG_LIST = """
flow: customer
languages: [en]
start: a
slots: {area: text}
settings: {areas: [A, B, C, D, E, F, G, H, I, J, K, L]}
commands: {help: {words: [help], reply: help}}
states:
  a:
    commands:
      rows: {words: [rows], reply: rows}
      COMMANDS
      choose: {words: [choose], goto: b}
  b:
    ask: which
    choices:
      {from: settings.areas, as: one, title: "Area {{ one }}", value: "{{ one }}", save: area, reply: said}
otherwise: help
messages:
  help: {text: Help, buttons: [help]}
  which: {text: Which, buttons: [help]}
  said: "{{ area }}"
  rows: {text: Rows, list: {button: Pick, rows: [ROWS]}}
"""
LONG_LIST = LONG_LIST.replace(
    "COMMANDS", "\n      ".join(f"r{n}: {{words: [w{n}], title: Row {n}, reply: said}}" for n in range(12))
).replace("ROWS", ", ".join(f"r{n}" for n in range(12)))


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("rows", "Rows (Row 9) (Row 10) (Row 11)"),
        ("choose", "Which (Area J) (Area K) (Area L) (Help)"),
    ],
)
def test_more_shows_the_rest_of_its_own_list_whatever_was_said_since(text, page) -> None:
    talk = Talker(LONG_LIST)
    talk.say(text)
    more = talk.id_of("More")
    assert talk.press_id(more) == [page]
    talk.say("help")
    assert talk.press_id(more) == [page]


def test_numbers_of_a_list_stay_valid_while_its_state_lasts() -> None:
    talk = Talker(LONG_LIST)
    talk.say("choose")
    assert talk.say("12") == ["L"]
    talk.say("help")
    assert talk.say("11") == ["K"]


def test_what_is_told_has_the_titles_of_the_recipient_and_is_pressed_each_time() -> None:
    business = BUSINESS.replace("{customer: customer.yaml}", "{customer: customer.yaml, boss: boss.yaml}")
    boss = """
        flow: boss
        languages: [en]
        start: idle
        commands:
          seen: {words: [seen], title: "Saw {{ who }}", reply: fine}
          later: {words: [later], reply: fine}
        states: {idle: {ask: fine, commands: {again: {words: [again], goto: idle}}}}
        otherwise: fine
        messages:
          fine: "Fine {{ who }}"
          call: {text: "{{ name }} calls", buttons: [{seen: {who: "{{ name }}"}}, later]}
          list: {text: List, list: {rows: [later]}}
    """
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {name: text}
        states:
          a:
            commands: {list: {words: [list], do: {tell: {to: boss, message: list}}, reply: ok}}
            input: {save: name, do: {tell: {to: boss, message: call}}, reply: ok}
        otherwise: ok
        messages: {ok: OK}
    """
    talk = Talker(flow, business__yaml=business, boss__yaml=boss)
    chief = Talker(Interpreter(talk.interpreter.pack, "boss"), shop=talk.memory, phone="111")
    talk.memory.for_customer("111", role="boss")
    chief.say("again")
    for name in ("Ann", "Ben"):
        talk.say(name)
        seen, later = talk.turn.told[0].replies[0].buttons
        assert seen.title == f"Saw {name}"
        assert chief.press_id(seen.id) == [f"Fine {name}"]
        assert chief.press_id(later.id) == ["Fine"]
    talk.say("list")
    (told,) = talk.turn.told[0].replies
    assert (told.list_button, [row.title for row in told.rows]) == ("Choose", ["Later"])


TWO = """
flow: customer
languages: [en]
start: a
commands:
  tongue: {title: Another language, words: [lang], reply: ok}
  look: {title: Look around, words: [look], reply: ok}
  both: {words: [both], reply: [one, two], goto: a}
states:
  a: {otherwise: what}
messages:
  one: {text: One, buttons: [tongue]}
  two: {text: Two, buttons: [look]}
  ok: "{{ message.text }}"
  what: What?
"""


@pytest.mark.parametrize("limits", [Limits(), PLAIN], ids=["buttons", "plain"])
@pytest.mark.parametrize("title", ["Another language", "Look around"])
def test_the_titles_of_every_message_of_a_turn_can_be_typed(title: str, limits: Limits) -> None:
    talk = Talker(TWO, limits)
    talk.say("both")
    assert talk.say(title) == [title]


def test_no_number_stands_for_two_things_in_one_turn() -> None:
    talk = Talker(TWO, PLAIN)
    assert talk.say("both") == ["One\n\n• Another language", "Two\n\n1. Look around"]
    talk.say("1")
    assert talk.turn.trace[0]["rule"].endswith("look")
    assert Talker(TWO.replace("[one, two]", "[two, one]"), PLAIN).say("both") == [
        "Two\n\n• Look around",
        "One\n\n1. Another language",
    ]


def test_the_titles_of_a_turn_pass_when_something_else_is_offered() -> None:
    talk = Talker(
        TWO.replace("goto: a", "ask_again: true").replace(
            "what: What?", "what: {text: Pardon, buttons: [look]}"
        ),
        PLAIN,
    )
    talk.say("both")
    talk.say("hm")
    assert talk.say("Another language")[0].startswith("Pardon")


CARRIED = """
flow: customer
languages: [en]
start: a
slots: {day: date, cost: decimal, wanted: product, at: time, when: datetime, count: number}
commands:
  book: {pattern: "book {d:date}", reply: booked}
  pay:
    pattern: "pay {amount:decimal}"
    validate: [{between: {value: "{{ amount }}", max: 100}, else: too_much}]
    reply: paid
  cheap: {pattern: "cheap {sum:decimal}", branches: [{when: sum < 100, reply: cheap}, {reply: dear}]}
  take:
    pattern: "take {item:product}"
    validate: [{check: item.stock > 2, else: too_few}]
    reply: taken
  come: {pattern: "come {t:time}", reply: comes}
  meet: {pattern: "meet {m:datetime}", save: {when: "{{ m }}"}, reply: meets}
  many:
    pattern: ["{n:number} pieces", "many {n:number}"]
    save: count
    validate: [{between: {max: 9}, else: too_much}]
    reply: many
  odd: {pattern: "odd {n:number}", else: unreadable, reply: many}
  say: {pattern: "say {words}", reply: said}
states:
  a:
    commands:
      save:
        words: [save]
        save: {day: "{{ today }}", cost: 99.50, wanted: apple, at: "17:30", when: "{{ now }}"}
        reply: [one, two, three, four]
otherwise: what
messages:
  one:
    text: One
    buttons: [{book: {d: "{{ day }}"}}, {pay: {amount: "{{ cost }}"}}, {take: {item: "{{ wanted }}"}}]
  two:
    text: Two
    buttons: [{cheap: {sum: "{{ cost }}"}}, {come: {t: "{{ at }}"}}, {meet: {m: "{{ when }}"}}]
  three: {text: Three, buttons: [{many: {n: 4}}, {odd: {n: apple}}, {say: {words: 5}}]}
  four: {text: Four, list: {button: Pick, rows: [{many: {n: 10}}]}}
  booked: "{{ d | date }}"
  paid: "{{ amount | money }}"
  cheap: cheap
  dear: dear
  too_much: too much
  too_few: too few
  taken: "{{ item.name }}"
  comes: "{{ t | time }}"
  meets: "{{ (m - now).hours }} {{ when | time }}"
  many: "{{ n + 1 }}"
  said: "{{ words ~ '!' }} {{ words == '5' }}"
  unreadable: no number
  what: "What?"
"""


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Book", "Oct 18, 2025"),
        ("Pay", "₹99.50"),
        ("Cheap", "cheap"),
        ("Take", "Apple"),
        ("Come", "5:30 PM"),
        ("Meet", "0 12:00 PM"),
        ("Many", "5"),
        ("Odd", "no number"),  # what a button brings may be no number at all
        ("Say", "5! True"),
    ],
)
@pytest.mark.parametrize("is_typed", [False, True])
def test_what_a_button_brings_is_read_as_the_type_of_its_hole(title: str, said: str, is_typed: bool) -> None:
    talk = Talker(CARRIED.replace("reply: [one, two, three, four]", "reply: [one, two, three]"))
    talk.say("save")
    assert (talk.say(title) if is_typed else talk.press(title)) == [said]


def test_validators_without_a_value_look_at_what_the_button_brings() -> None:
    talk = Talker(CARRIED.replace("reply: [one, two, three, four]", "reply: four"))
    talk.say("save")
    assert talk.press("Many") == ["too much"]


@pytest.mark.parametrize("value", ["[1]", "{}", "true", "null", "1.5", '""', '"x"', "1e300", '"2025-99-99"'])
def test_no_forged_value_of_a_button_breaks_a_turn(value: str) -> None:
    talk = Talker(CARRIED)
    for command, hole in {"book": "d", "cheap": "sum", "take": "item", "come": "t", "meet": "m"}.items():
        assert talk.press_id(f'[0,"{command}",{{"{hole}":{value}}}]') != []


STOPS = """
flow: customer
languages: [en]
start: a
commands:
  stop: {title: Stop, words: [stop], do: reset, reply: emptied}
  add: {pattern: "add {item:number}", do: add_to_cart, reply: offer}
  next: {words: [next], goto: b}
  back: {words: [back], goto: a}
states:
  a:
    ask: offer
    commands: {stop: {title: Stop the music, words: [quiet], reply: quiet}}
  b: {ask: offer}
otherwise: what
fails: {no_such_item: what, out_of_stock: what, unavailable: what}
messages: {offer: {text: "{{ cart.count }}", buttons: [stop]}, emptied: emptied, quiet: quiet, what: "What?"}
"""


def test_an_old_button_of_a_state_s_own_command_never_means_the_flow_s() -> None:
    talk = Talker(STOPS)
    assert talk.say("add 1") == ["1 [Stop the music]"]
    own = talk.id_of("Stop the music")
    assert talk.press_id(own) == ["quiet"]
    assert talk.say("next") == ["1 [Stop]"]
    flows = talk.id_of("Stop")
    fresh = own.replace("[0", "[-1")
    assert talk.press_id(fresh) == ["What?"]
    assert len(talk.conversation.cart) == 1
    talk.say("back")
    assert talk.press_id(flows) == ["What?"]  # there the state's own command takes its place
    talk.say("next")
    assert talk.press_id(flows) == ["emptied"]
    assert talk.press_id('[1,"stop"]') == ["emptied"]  # as ids were written before
