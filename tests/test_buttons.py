"""Buttons, numbers and choices: what is offered, pressed in time, too late or twice, or typed."""

from __future__ import annotations

import pytest
from talking import Talker, interpreter_of

from engine.limits import PLAIN, Limits

# -- buttons and numbers


BUTTONS = """
flow: customer
languages: [en]
start: a
slots: {age: number, colour: word}
commands:
  menu: {words: [menu], title: The menu, reply: menu}
states:
  a:
    ask: ask
    commands:
      yes: {words: ["yes"], reply: yes_said, goto: b}
      paint: {words: [paint], title: Red, save: {colour: "{{ shade }}"}, reply: painted}
  b:
    ask: ask_b
    commands:
      back: {words: [back], goto: a}
      skip: {words: [skip], reply: skipped}
    input: {save: age, reply: aged, else: what}
otherwise: what
messages:
  ask: {text: Ask, buttons: [yes, {paint: {shade: red}}, menu]}
  ask_b: {text: "Age?", buttons: [skip, back]}
  menu: Menu
  yes_said: "Yes"
  painted: "{{ colour }}"
  skipped: Skipped
  aged: "{{ age }}"
  what: What?
"""


@pytest.fixture(scope="module")
def buttons():
    return interpreter_of(BUTTONS)


def at_a(buttons, limits=None) -> Talker:
    talk = Talker(buttons, limits)
    talk.say("yes")
    talk.say("back")
    return talk


def test_a_button_is_pressed_or_its_title_typed(buttons) -> None:
    talk = at_a(buttons)
    assert talk.press("The menu") == ["Menu"]
    assert talk.say("the menu") == ["Menu"]


def test_the_values_of_a_button_stand_like_holes(buttons) -> None:
    assert at_a(buttons).press("Red") == ["red"]
    assert at_a(buttons).say("red") == ["red"]


def test_an_old_button_of_the_flow_s_commands_still_works(buttons) -> None:
    talk = at_a(buttons)
    menu = talk.id_of("The menu")
    talk.say("yes")
    assert talk.press_id(menu) == ["Menu"]


def test_any_other_old_button_gets_otherwise_and_is_no_try_and_no_input(buttons) -> None:
    talk = at_a(buttons)
    paint = talk.id_of("Red")
    talk.say("yes")
    assert talk.press_id(paint, "42") == ["What?"]
    assert (talk.conversation.tries, talk.slots) == (0, {})


def test_a_second_press_on_a_button_that_was_taken_is_silent_after_its_visit(buttons) -> None:
    talk = at_a(buttons)
    yes = talk.id_of("Yes")
    assert talk.press_id(yes) == ["Yes", "Age? [Skip] [Back]"]
    assert talk.press_id(yes) == []
    assert talk.state == "b"
    assert talk.turn.trace == [{"step": "recorded", "why": "second press"}]


def test_a_double_press_does_not_start_a_new_conversation() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        states:
          a:
            ask: ask
            commands: {confirm: {words: [confirm], reply: done, goto: end}}
            otherwise: {ask_again: true}
          end: {final: true}
        messages: {ask: {text: "Sure?", buttons: [confirm]}, done: Done}
    """
    talk = Talker(flow)
    talk.say("x")
    confirm = talk.id_of("Confirm")
    assert talk.press_id(confirm) == ["Done"]
    assert talk.press_id(confirm) == []
    assert talk.state == "end"
    assert talk.say("x") == ["Sure? [Confirm]"]


def test_a_button_of_somebody_else_is_taken_for_its_title(buttons) -> None:
    talk = at_a(buttons)
    assert talk.press_id("THEIR-PAYLOAD", "Menu") == ["Menu"]
    assert talk.press_id("THEIR-PAYLOAD", "42") == ["What?"]


@pytest.mark.parametrize(
    "press_id", ["[1,[2],3]", "[]", "{}", "[0,null,7]", "[1,2]", '["x","yes"]', "[9e99]", "null"]
)
def test_no_press_id_breaks_a_turn(buttons, press_id) -> None:
    assert at_a(buttons).press_id(press_id, "hm") == ["What?"]


def test_where_there_are_no_buttons_the_message_is_numbered_text(buttons) -> None:
    talk = at_a(buttons, PLAIN)
    assert [reply.text for reply in talk.turn.replies] == ["Ask\n\n1. Yes\n2. Red\n3. The menu"]
    assert talk.say("3") == ["Menu"]
    assert talk.say("٢") == ["red"]


def test_numbers_are_valid_only_where_they_were_shown(buttons) -> None:
    assert at_a(buttons).say("3") == ["What?"]


def test_numbers_end_with_the_state(buttons) -> None:
    talk = at_a(buttons, PLAIN)
    talk.say("1")
    assert talk.say("1") == ["1"]


def test_where_input_reads_a_number_buttons_are_shown_as_words(buttons) -> None:
    talk = at_a(buttons, PLAIN)
    assert talk.say("yes") == ["Yes", "Age?\n\n• Skip\n• Back"]
    assert talk.say("2") == ["2"]
    assert talk.say("skip") == ["Skipped"]


# -- choices


CHOICES = """
flow: customer
languages: [en]
start: home
slots: {wanted: product}
commands:
  stop: {words: [stop], reply: bye, goto: home}
states:
  home: {commands: {go: {words: [go], goto: picking}}}
  picking:
    ask: pick
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      about: "{{ product.price | money }}"
      value: "{{ product.code }}"
      save: wanted
      none: {reply: nothing, goto: home}
      goto: picked
    otherwise: what
  picked: {ask: picked, commands: {again: {words: [again], goto: picking}}}
otherwise: what
messages:
  pick: {text: "Which?", buttons: [stop]}
  picked: "{{ wanted.name }} at {{ wanted.price }}"
  nothing: Nothing left
  bye: Bye
  what: What?
"""


WHOLE = """
flow: customer
languages: [en]
start: home
slots: {picked: KIND}
states:
  home:
    commands:
      go: {words: [go], goto: picking}
      buy: {words: [buy], do: [{add_to_cart: {item: 1}}, place_order], reply: what}
  picking:
    ask: pick
    choices:
      from: "SOURCE"
      as: one
      title: "{{ one.name or one.number or (one ~ '')[:10] }}"
      value: "{{ one }}"
      save: picked
      none: what
      reply: got
otherwise: what
fails:
  {no_such_item: what, out_of_stock: what, unavailable: what, cart_empty: what, price_changed: what}
messages: {pick: "Which?", got: "Got {{ picked.name }}", what: "What?"}
"""


def test_choices_join_the_ask_message_as_its_list() -> None:
    talk = Talker(CHOICES)
    assert talk.say("go") == ["Which? (Apple) (Pear) (Plum) (Stop)"]
    row = talk.turn.replies[0].rows[0]
    assert (row.title, row.about) == ("Apple", "₹50")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("7", "Plum at 9.50"),  # a product's own menu number
        ("plum", "Plum at 9.50"),
        ("8", "Bye"),  # other rows count on from the highest
        ("3", "What?"),
    ],
)
def test_a_line_is_picked_by_number_or_title(text, answer) -> None:
    talk = Talker(CHOICES)
    talk.say("go")
    assert talk.say(text)[0] == answer


def test_a_line_is_picked_by_pressing_it() -> None:
    talk = Talker(CHOICES)
    talk.say("go")
    assert talk.press("Pear") == ["Pear at 30.00"]


@pytest.mark.parametrize(
    ("kind", "source", "row", "saved"),
    [
        ("product", "catalog.available", "Plum", "plum"),
        ("text", "catalog.available", "Plum", "plum"),
        ("order", "orders.all", "N20251018001", "N20251018001"),
        ("date", "[today]", "2025-10-18", "2025-10-18"),
        ("datetime", "[now]", "2025-10-18", "2025-10-18T12:00:00+05:00"),
        ("number", "[3, 5]", "5", 5),
    ],
)
def test_the_value_of_a_line_may_be_a_thing_of_the_shop(kind, source, row, saved) -> None:
    talk = Talker(WHOLE.replace("KIND", kind).replace("SOURCE", source))
    talk.say("buy")
    talk.say("go")
    assert talk.press(row)[0].startswith("Got")
    assert talk.slots == {"picked": saved}


def test_a_pick_that_is_gone_gets_none_and_the_list_again() -> None:
    talk = Talker(CHOICES.replace("{reply: nothing, goto: home}", "nothing"))
    talk.say("go")
    pear = talk.memory.products[1]
    talk.memory.put_product(type(pear)(2, "pear", "Pear", pear.price, 0))
    assert talk.press("Pear") == ["Nothing left", "Which? (Apple) (Plum) (Stop)"]
    assert talk.state == "picking"


def test_an_empty_list_is_answered_by_none() -> None:
    talk = Talker(CHOICES)
    for product in talk.memory.products:
        talk.memory.put_product(type(product)(product.number, product.code, product.name, product.price, 0))
    assert talk.say("go") == ["Nothing left"]
    assert talk.state == "home"


def test_a_long_list_has_a_row_for_more_and_every_page_s_numbers_stay_valid() -> None:
    catalog = "products:\n" + "".join(
        f"  - {{number: {n}, code: c{n}, name: Cake {n}, price: {n}}}\n" for n in range(1, 26)
    )
    talk = Talker(CHOICES, catalog__yaml=catalog)
    talk.say("go")
    first = [row.title for row in talk.turn.replies[0].rows]
    assert first == [f"Cake {n}" for n in range(1, 10)] + ["More"]
    talk.press("More")
    assert [row.title for row in talk.turn.replies[0].rows] == [f"Cake {n}" for n in range(10, 19)] + ["More"]
    talk.say("more")
    assert [row.title for row in talk.turn.replies[0].rows] == [*(f"Cake {n}" for n in range(19, 26)), "Stop"]
    assert talk.say("3") == ["Cake 3 at 3"]


def test_to_ask_for_more_is_no_try_and_ends_a_row_of_them() -> None:
    catalog = "products:\n" + "".join(
        f"  - {{number: {n}, code: c{n}, name: Cake {n}, price: {n}}}\n" for n in range(1, 26)
    )
    flow = CHOICES.replace("    otherwise: what", "    otherwise: what\n    tries: {limit: 3, then: bye}")
    talk = Talker(flow, catalog__yaml=catalog)
    talk.say("go")
    more = talk.id_of("More")
    assert [talk.say("x"), talk.say("x")] == [["What?"]] * 2
    assert "(Cake 10)" in talk.press_id(more)[0]
    assert [talk.say("x"), talk.say("x")] == [["What?"]] * 2


def test_a_product_in_a_slot_is_read_anew_each_turn() -> None:
    talk = Talker(CHOICES)
    talk.say("go")
    talk.say("1")
    apple = talk.memory.products[0]
    talk.memory.put_product(type(apple)(1, "apple", "Red apple", apple.price, 5))
    assert talk.slots == {"wanted": "apple"}
    talk.say("again")
    assert talk.say("1") == ["Red apple at 50.00"]


def test_a_press_whose_values_are_too_long_for_the_channel_still_works() -> None:
    shade = "r" * 300
    talk = at_a(interpreter_of(BUTTONS.replace("shade: red", f"shade: {shade}")), Limits())
    assert len(talk.id_of("Red")) <= 200
    assert talk.press("Red") == [shade]
