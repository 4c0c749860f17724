"""The rulings of one turn, each of them as a talk with a small flow."""

from __future__ import annotations

import pytest
from talking import NOON, WORKFLOW, Talker, interpreter_of

from engine.message import PLAIN, Inbound, Limits, Media
from engine.turn import BrokenTurn

FORM = """
flow: customer
languages: [en]
start: idle
timeout: 1 hour
slots: {name: text, age: number, tags: list of text}
commands:
  hello: {words: [hi, hello], reply: greeting, goto: asking_name}
  help: {words: [help, "?"], reply: help, ask_again: true}
  stop: {words: [stop], do: reset, reply: bye, goto: idle}
states:
  idle:
    ignore: [help]
    otherwise: {reply: greeting, goto: asking_name}
  asking_name:
    ask: ask_name
    commands:
      help: {words: [help], reply: name_help}
    input:
      save: name
      validate: [{length: {min: 2, max: 10}, else: too_short}]
      reply: thanks
      goto: asking_age
    tries: {limit: 3, then: {reply: gave_up, goto: idle}}
  asking_age:
    ask: ask_age
    commands:
      skip: {words: [skip], goto: done}
    input:
      save: age
      else: no_number
      validate: [{between: {min: 1, max: 120}, else: {reply: strange, ask_again: true}}]
      goto: done
  done:
    ask: all_done
    final: true
otherwise: what
messages:
  greeting: Hello!
  help: Just answer.
  name_help: Your first name.
  bye: Bye.
  ask_name: Who are you?
  too_short: "{{ name }} is too short"
  thanks: "Thanks, {{ name }}."
  gave_up: Never mind.
  ask_age: {text: "How old are you?", buttons: [skip]}
  no_number: A number please.
  strange: "Really {{ age }}?"
  all_done: "{{ name }} is {{ age | default('of some age') }}."
  what: Sorry?
"""


@pytest.fixture(scope="module")
def form():
    return interpreter_of(FORM)


def test_a_whole_talk(form) -> None:
    talk = Talker(form)
    assert talk.say("anything") == ["Hello!", "Who are you?"]
    assert talk.say("Ann") == ["Thanks, Ann.", "How old are you? [Skip]"]
    assert talk.say("40") == ["Ann is 40."]
    assert (talk.state, talk.slots) == ("done", {"name": "Ann", "age": 40})


def test_the_value_given_is_never_changed(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    before = talk.conversation
    kept = before.copy()
    form.hear(before, Inbound("text", "Ann"), talk.shop, NOON)
    assert before == kept


# -- step 1: what starts no turn


@pytest.mark.parametrize("kind", ["reaction", "edit", "revoke", "system"])
def test_what_is_no_message_is_recorded_and_starts_no_turn(form, kind) -> None:
    talk = Talker(form)
    assert talk.hear(Inbound(kind, "hi")) == []
    assert talk.state == "idle"
    assert talk.turn.trace == [{"step": "recorded", "why": "kind"}]


# -- step 2: starting over


def test_after_the_timeout_the_conversation_starts_over(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("Ann")
    talk.wait(minutes=59)
    assert talk.say("help") == ["Just answer.", "How old are you? [Skip]"]
    talk.wait(hours=1)
    assert talk.say("40") == ["Hello!", "Who are you?"]
    assert talk.slots == {}


def test_after_a_final_state_the_conversation_starts_over_with_the_next_message(form) -> None:
    talk = Talker(form)
    for text in ("hi", "Ann", "40"):
        talk.say(text)
    assert talk.slots == {"name": "Ann", "age": 40}
    assert talk.say("thanks") == ["Hello!", "Who are you?"]
    assert talk.slots == {}


def test_the_start_state_is_not_asked_when_a_conversation_starts_over() -> None:
    talk = Talker("""
        flow: customer
        languages: [en]
        start: home
        states:
          home: {ask: menu, commands: {end: {words: [end], goto: over}, hm: {words: [hm], reply: ok}}}
          over: {final: true}
        otherwise: what
        messages: {menu: Menu, what: "What?", ok: Fine}
    """)
    assert talk.say("hm") == ["Fine"]
    talk.say("end")
    assert talk.say("xyz") == ["What?"]
    assert talk.state == "home"


def test_a_state_that_is_gone_starts_over(form) -> None:
    talk = Talker(form)
    talk.conversation.state = "dropped"
    assert talk.say("x") == ["Hello!", "Who are you?"]
    assert talk.turn.trace[0] == {"step": "started_over", "why": "gone"}


# -- step 3: understanding


def test_a_state_s_command_takes_the_place_of_the_flow_s(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    assert talk.say("help") == ["Your first name."]
    assert talk.say("?") == ["? is too short"]


def test_a_state_ignores_commands_of_the_flow(form) -> None:
    talk = Talker(form)
    assert talk.say("help") == ["Hello!", "Who are you?"]


@pytest.mark.parametrize("text", ["HELP", " help! ", "Help 👍", "ｈｅｌｐ", "*help*", "‏help‏"])
def test_words_are_compared_as_whole_folded_messages(form, text) -> None:
    talk = Talker(form)
    talk.conversation.state = "asking_age"
    assert talk.say(text)[0] == "Just answer."


ORDER_OF_UNDERSTANDING = """
flow: customer
languages: [en]
start: a
commands:
  menu: {words: [menu, both], reply: flow_word}
  number: {pattern: "n {x:number}", reply: flow_pattern}
  any_pair: {pattern: "{x:word} {y:word}", reply: flow_pair}
states:
  a:
    commands:
      own: {words: [own, both], reply: state_word}
      pair: {pattern: "p {x:word}", reply: state_pattern}
    input: {reply: input}
  b: {commands: {back: {words: [back], goto: a}}}
otherwise: otherwise
messages:
  flow_word: flow word
  flow_pattern: flow pattern
  flow_pair: flow pair
  state_word: state word
  state_pattern: state pattern
  input: input
  otherwise: otherwise
"""


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("own", "state word"),
        ("both", "state word"),
        ("menu", "flow word"),
        ("p q", "state pattern"),
        ("n 3", "flow pattern"),
        ("r s", "flow pair"),
        ("what else", "flow pair"),
        ("anything at all", "input"),
    ],
)
def test_the_order_of_understanding(text, answer) -> None:
    assert Talker(ORDER_OF_UNDERSTANDING).say(text) == [answer]


def test_a_kind_that_input_does_not_accept_goes_to_otherwise_and_its_caption_is_no_command() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {picture: media}
        commands: {menu: {words: [menu], reply: menu}}
        states:
          a: {input: {accepts: [image], save: picture, reply: got}, otherwise: no}
        messages: {menu: Menu, got: "Got {{ message.kind }} {{ message.text }}", no: "No."}
    """
    talk = Talker(flow)
    picture = Media(id="m1", mime_type="image/jpeg")
    assert talk.hear(Inbound("image", "menu", media=picture)) == ["Got image menu"]
    assert talk.slots["picture"]["id"] == "m1"
    assert talk.hear(Inbound("audio", media=picture)) == ["No."]
    assert talk.say("some text") == ["No."]


def test_a_location_can_be_asked_for_and_read() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {place: location}
        states:
          a: {ask: where, input: {accepts: [location], save: place, reply: got}, otherwise: {ask_again: true}}
        messages:
          where: {text: "Where?", ask_location: true}
          got: "{{ message.latitude }}"
    """
    talk = Talker(flow)
    assert talk.say("hm") == ["Where? <place?>"]
    assert talk.hear(Inbound("location", latitude=24.86, longitude=67.01)) == ["24.86"]
    assert talk.slots["place"]["latitude"] == 24.86


def test_a_rule_exists_only_while_its_when_holds() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {name: text}
        states:
          a:
            ask: ask
            commands:
              same: {words: [same], when: name, reply: again}
              call: {pattern: "call me {name:text}", save: name, ask_again: true}
            otherwise: what
        messages: {ask: {text: Ask, buttons: [same]}, again: "{{ name }} again", what: "What?"}
    """
    talk = Talker(flow)
    assert talk.say("same") == ["What?"]
    assert talk.say("call me Ann Lee") == ["Ask [Same]"]
    assert talk.press("Same") == ["Ann Lee again"]


# -- step 4: reading


def test_what_cannot_be_read_gets_else_and_counts_as_a_try(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("Ann")
    assert talk.say("old") == ["A number please."]
    assert talk.conversation.tries == 1
    assert {"step": "unreadable", "name": "age", "type": "number", "text": "old"}.items() <= talk.turn.trace[
        -2
    ].items()


def test_without_else_what_cannot_be_read_goes_to_otherwise() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {age: number}
        states: {a: {input: {save: age, reply: ok}}}
        otherwise: what
        messages: {ok: OK, what: "What?"}
    """
    assert Talker(flow).say("old") == ["What?"]
    assert Talker(flow).say("٤٢") == ["OK"]


# -- step 5: validating


def test_a_refusal_answers_and_nothing_of_the_rule_is_done(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    assert talk.say("A") == ["A is too short"]
    assert (talk.state, talk.slots, talk.conversation.tries) == ("asking_name", {}, 1)
    refused = next(step for step in talk.turn.trace if step["step"] == "refused")
    assert refused["validator"] == "length"
    assert refused["values"] == {"value": "A", "min": 2, "max": 10}
    assert refused["at"].startswith("flows/shop/customer.yaml:")


def test_a_refusal_may_ask_again(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("Ann")
    assert talk.say("150") == ["Really 150?", "How old are you? [Skip]"]


# -- tries


def test_the_third_try_in_a_row_gets_then_instead_of_its_usual_answer(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("A")
    talk.say("B")
    assert talk.say("C") == ["Never mind."]
    assert (talk.state, talk.conversation.tries) == ("idle", 0)


def test_what_is_understood_resets_the_tries(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("A")
    talk.say("B")
    talk.say("help")
    assert talk.conversation.tries == 0
    assert talk.say("C") == ["C is too short"]


FAILING = """
flow: customer
languages: [en]
start: a
slots: {note: text}
states:
  a:
    ask: ask
    commands:
      buy:
        pattern: "buy {item:number}"
        do: [{add_to_cart: {quantity: 2}}]
        fails: {out_of_stock: few}
        reply: bought
      keep:
        pattern: "keep {note:text}"
        save: note
        do: [{add_to_cart: {item: 1}}, {add_to_cart: {item: 2, quantity: 2}}]
        reply: bought
      jump:
        words: [jump]
        do: [{add_to_cart: {item: 1}}]
        reply: jumping
        goto: b
      loop: {words: [loop], goto: c}
      branch:
        words: [branch]
        fails: {out_of_stock: from_rule}
        branches: [{do: [{add_to_cart: {item: 2, quantity: 9}}], fails: {out_of_stock: from_branch}, goto: d}]
      unhandled: {words: [unhandled], do: cancel_order, reply: bought}
    otherwise: what
    tries: {limit: 2, then: {reply: gave_up}}
  b:
    branches:
      - {do: [{add_to_cart: {item: 2, quantity: 2}}], reply: passing, goto: d}
  c:
    branches: [{reply: passing, goto: c}]
  d: {ask: arrived, commands: {back: {words: [back], goto: a}}}
fails: {no_such_item: no_such, out_of_stock: {reply: from_flow, goto: d}}
messages:
  ask: Ask
  few: "only {{ failure.left }} {{ failure.product.name }} ({{ item }})"
  bought: "{{ cart.count }} in the cart"
  jumping: Jumping
  passing: Passing
  from_flow: "Failed: {{ failure.code }}"
  from_rule: rule
  from_branch: branch
  arrived: Arrived
  no_such: No such thing
  what: What?
  gave_up: Enough.
"""


def test_a_failure_is_answered_by_the_rule() -> None:
    talk = Talker(FAILING)
    assert talk.say("buy 2") == ["only 1 Pear (2)"]
    assert talk.conversation.cart == []


def test_a_failure_that_the_rule_does_not_name_is_answered_by_the_flow() -> None:
    assert Talker(FAILING).say("buy 99") == ["No such thing"]


def test_a_failure_leaves_no_trace_of_the_whole_rule() -> None:
    talk = Talker(FAILING)
    assert talk.say("keep this") == ["Failed: out_of_stock", "Arrived"]
    assert (talk.conversation.cart, talk.slots, talk.state) == ([], {}, "d")


def test_a_state_passed_through_fails_together_with_the_rule() -> None:
    talk = Talker(FAILING)
    assert talk.say("jump") == ["Failed: out_of_stock", "Arrived"]
    assert talk.conversation.cart == []


def test_the_branch_s_own_answer_comes_before_the_rule_s() -> None:
    talk = Talker(FAILING)
    assert talk.say("branch") == ["branch"]
    assert talk.state == "a"


def test_a_failed_action_neither_counts_nor_resets_the_tries() -> None:
    talk = Talker(FAILING)
    talk.say("xyz")
    talk.say("buy 2")
    assert talk.conversation.tries == 1
    assert talk.say("xyz") == ["Enough."]


def test_a_failure_that_nothing_answers_breaks_the_turn() -> None:
    with pytest.raises(BrokenTurn, match="no_such_order"):
        Talker(FAILING).say("unhandled")


def test_at_most_twenty_states_are_passed_through() -> None:
    with pytest.raises(BrokenTurn, match="20 states"):
        Talker(FAILING).say("loop")


def test_only_price_changed_leaves_something_the_cart_is_priced_anew() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        states:
          a:
            commands:
              buy: {words: [buy], do: {add_to_cart: {item: 1}}, reply: total}
              order: {words: [order], do: place_order, fails: {price_changed: changed}, reply: placed}
        otherwise: what
        fails: {cart_empty: what, out_of_stock: what, unavailable: what, no_such_item: what}
        messages:
          {total: "{{ cart.total }}", changed: "now {{ cart.total }}", placed: "{{ order.total }}", what: W}
    """
    talk = Talker(flow)
    talk.say("buy")
    dearer = talk.memory.products[0]
    talk.memory.put_product(type(dearer)(1, "apple", "Apple", dearer.price + 5, 5))
    assert talk.say("order") == ["now 55.00"]
    assert talk.say("order") == ["55.00"]


# -- steps 6 to 8: branches, moves, what is said


BRANCHES = """
flow: customer
languages: [en]
start: a
slots: {n: number}
states:
  a:
    ask: ask_a
    commands:
      set:
        pattern: "{n:number}"
        save: n
        reply: rule
        branches:
          - {when: n == 1, reply: one}
          - {when: n > 10, reply: large, goto: b}
        goto: c
      stay: {words: [stay], reply: rule, ask_again: true}
      again: {words: [again], goto: a}
      quiet: {words: [quiet], do: {clear_slot: n}}
      buy:
        words: [buy]
        do: {add_to_cart: {item: 1, quantity: 3}}
        branches: [{when: line.quantity == 3, reply: three}]
  b:
    branches: [{when: n > 100, reply: huge, goto: c}]
    ask: ask_b
    commands: {back: {words: [back], goto: a}}
  c: {ask: ask_c, commands: {back: {words: [back], goto: a}}}
otherwise: what
fails: {no_such_item: what, out_of_stock: what, unavailable: what}
messages:
  {ask_a: "A?", rule: rule, one: one, large: large, huge: huge, ask_b: "B?", ask_c: "C?", what: "What?",
   three: "3!"}
"""


@pytest.mark.parametrize(
    ("text", "said", "state"),
    [
        ("1", ["rule", "one", "C?"], "c"),  # the branch's reply after the rule's, the rule's goto stays
        ("11", ["rule", "large", "B?"], "b"),  # the branch's goto in place of the rule's
        ("5", ["rule", "C?"], "c"),  # none holds: the rule goes on without one
        ("101", ["rule", "large", "huge", "C?"], "c"),  # states passed through say theirs, then the ask
        ("stay", ["rule", "A?"], "a"),
        ("again", ["A?"], "a"),
        ("quiet", [], "a"),
        ("buy", ["3!"], "a"),  # a branch sees what `do` gave
    ],
)
def test_branches_and_the_order_of_what_is_said(text, said, state) -> None:
    talk = Talker(BRANCHES)
    assert talk.say(text) == said
    assert talk.state == state


def test_goto_the_same_state_is_a_new_visit_and_ask_again_is_not() -> None:
    talk = Talker(BRANCHES)
    talk.say("again")
    visit = talk.conversation.visit
    talk.say("stay")
    assert talk.conversation.visit == visit
    talk.say("again")
    assert talk.conversation.visit == visit + 1


def test_saving_into_a_list_adds_to_it() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {tags: list of word}
        states: {a: {input: {save: tags, reply: all}}}
        otherwise: all
        messages: {all: "{{ tags | join(' ') }}"}
    """
    talk = Talker(flow)
    talk.say("red")
    assert talk.say("blue") == ["red blue"]


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


def test_a_product_in_a_slot_is_read_anew_each_turn() -> None:
    talk = Talker(CHOICES)
    talk.say("go")
    talk.say("1")
    apple = talk.memory.products[0]
    talk.memory.put_product(type(apple)(1, "apple", "Red apple", apple.price, 5))
    assert talk.slots == {"wanted": "apple"}
    talk.say("again")
    assert talk.say("1") == ["Red apple at 50.00"]


# -- after, timeout


TIMERS = """
flow: customer
languages: [en]
start: a
timeout: 1 hour
states:
  a:
    ask: ask
    commands: {go: {words: [go], goto: b}, hm: {words: [hm], reply: ok}}
    after:
      - {wait: 10 minutes, reply: still_there}
      - {wait: 2 hours, reply: leaving, goto: b}
    otherwise: what
  b: {ask: over, commands: {back: {words: [back], goto: a}}}
otherwise: what
messages: {ask: Ask, ok: OK, still_there: "Still there?", leaving: Closing, over: Over, what: "What?"}
"""


def test_timers_fire_once_per_silence_and_may_go_somewhere() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    assert talk.wait(minutes=9) == []
    assert talk.wait(minutes=2) == ["Still there?"]
    assert talk.wait(minutes=60) == []
    assert talk.wait(hours=1) == ["Closing", "Over"]
    assert talk.interpreter.due_at(talk.conversation) is None


def test_a_message_begins_a_new_silence() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    talk.wait(minutes=11)
    talk.say("hm")
    assert talk.wait(minutes=11) == ["Still there?"]


def test_leaving_the_state_cancels_its_timers() -> None:
    talk = Talker(TIMERS)
    talk.say("go")
    assert talk.wait(hours=5) == []


def test_entering_counts_from_then() -> None:
    talk = Talker(TIMERS)
    talk.say("go")
    talk.wait(minutes=30)
    talk.say("back")
    assert talk.wait(minutes=9) == []
    assert talk.wait(minutes=2) == ["Still there?"]


def test_the_timeout_does_not_come_before_the_state_s_last_timer() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    talk.wait(minutes=90)
    assert talk.say("hm") == ["OK"]
    assert not any(step["step"] == "started_over" for step in talk.turn.trace)


# -- human, events


HUMAN = """
flow: customer
languages: [en]
start: a
timeout: 1 hour
events:
  paid: {reply: thanks}
states:
  a:
    ask: ask
    commands:
      person: {words: [person], do: {hand_over: "{{ message.text }}"}, reply: wait, goto: desk}
    events:
      ready: {reply: ready, goto: b}
  b: {commands: {back: {words: [back], goto: a}}}
  desk: {human: true}
otherwise: what
messages: {ask: Ask, wait: One moment, what: "What?", thanks: "Paid {{ amount }}", ready: Ready}
"""


def test_a_person_is_called_and_the_bot_is_silent() -> None:
    talk = Talker(HUMAN)
    assert talk.say("person") == ["One moment"]
    assert talk.turn.calls_person
    assert talk.conversation.note == "person"
    assert talk.say("person") == []
    talk.wait(hours=3)
    assert talk.say("hello?") == []
    assert talk.state == "desk"


def test_handing_back_returns_to_where_the_talk_came_from_and_asks() -> None:
    talk = Talker(HUMAN)
    talk.say("person")
    assert talk.event("handed_back") == ["Ask"]
    assert talk.state == "a"


def test_a_flow_may_handle_the_handing_back_itself() -> None:
    talk = Talker(HUMAN.replace("  paid:", "  handed_back: {reply: ready, goto: b}\n  paid:"))
    talk.say("person")
    assert talk.event("handed_back") == ["Ready"]
    assert talk.state == "b"


def test_an_event_is_handled_by_the_state_or_the_flow_or_changes_nothing() -> None:
    talk = Talker(HUMAN)
    assert talk.event("paid", amount=5) == ["Paid 5"]
    before = talk.conversation.copy()
    assert talk.event("unknown") == []
    assert talk.conversation == before
    assert talk.event("ready") == ["Ready"]
    assert talk.event("ready") == []


# -- languages


LANGUAGES = """
flow: customer
languages: [en, ur]
start: a
commands:
  cart: {words: [cart, shared], reply: cart}
  urdu: {words: [urdu], do: {set_language: ur}, reply: cart}
states: {a: {ask: cart}}
otherwise: what
messages: {cart: Your cart, what: "What? {{ business.name }}"}
"""
URDU = """
words: {cart: [ٹوکری, shared]}
messages: {cart: آپ کی ٹوکری, what: "کیا؟ {{ business.name }}"}
"""


def bilingual() -> Talker:
    return Talker(LANGUAGES, customer__ur__yaml=URDU)


def test_the_first_word_of_one_language_chooses_it_for_the_conversation() -> None:
    talk = bilingual()
    assert talk.say("shared") == ["Your cart"]
    assert talk.conversation.language == ""
    assert talk.say("ٹوکری") == ["آپ کی ٹوکری"]
    assert talk.say("cart") == ["آپ کی ٹوکری"]
    assert talk.conversation.language == "ur"


def test_what_is_put_into_a_right_to_left_text_is_isolated() -> None:
    talk = bilingual()
    talk.say("ٹوکری")
    assert talk.say("xyz") == ["کیا؟ \u2068Corner Shop\u2069"]


def test_set_language_is_saved_and_speaks_at_once() -> None:
    talk = bilingual()
    assert talk.say("urdu") == ["آپ کی ٹوکری"]
    assert talk.shop.customer().language == "ur"
    other = Talker(talk.interpreter, shop=talk.memory)
    assert other.say("cart") == ["آپ کی ٹوکری"]


# -- telling, announcing


def test_tell_sends_a_message_of_the_recipient_s_flow_in_their_language_with_the_sender_s_names() -> None:
    business = """
        business: shop
        name: Corner Shop
        currency: INR
        timezone: Asia/Karachi
        languages: [en, ur]
        flows: {customer: customer.yaml, manager: manager.yaml}
    """
    manager = """
        flow: manager
        languages: [en, ur]
        start: idle
        commands: {seen: {words: [seen], reply: fine}}
        states: {idle: {ask: fine}}
        otherwise: fine
        messages: {fine: Fine, complaint: {text: "{{ name }} says: {{ message.text }}", buttons: [seen]}}
    """
    flow = """
        flow: customer
        languages: [en]
        start: a
        slots: {name: text}
        states: {a: {input: {save: name, do: {tell: {to: manager, message: complaint}}, reply: ok}}}
        otherwise: ok
        messages: {ok: OK}
    """
    talk = Talker(
        flow,
        business__yaml=business,
        manager__yaml=manager,
        manager__ur__yaml="messages: {fine: ٹھیک, complaint: '{{ name }} کہتا ہے: {{ message.text }}'}",
    )
    talk.memory.for_customer("111", role="manager")
    boss = talk.memory.for_customer("222", role="manager")
    boss.save_customer({"language": "ur"})
    assert talk.say("too late") == ["OK"]
    told = {each.recipient: each.replies[0] for each in talk.turn.told}
    assert told["111"].text == "too late says: too late"
    assert [button.title for button in told["111"].buttons] == ["Seen"]
    assert told["222"].text == "\u2068too late\u2069 کہتا ہے: \u2068too late\u2069"


def test_cancelling_an_order_says_what_the_workflow_says() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        states:
          a:
            commands:
              buy: {words: [buy], do: [{add_to_cart: {item: 1}}, place_order], reply: placed}
              undo: {words: [undo], do: cancel_order, reply: done}
        otherwise: done
        fails:
          {no_such_item: done, out_of_stock: done, unavailable: done, cart_empty: done, price_changed: done,
           no_such_order: none, not_allowed: too_late}
        messages:
          {placed: "{{ order.number }}", done: Done, order_cancelled: "{{ order.number }} off", none: None,
           too_late: Late}
    """
    talk = Talker(flow, workflow__yaml=WORKFLOW)
    assert talk.say("undo") == ["None"]
    assert talk.say("buy") == ["N20251018001"]
    assert talk.memory.stock["apple"] == 4
    assert talk.say("undo") == ["N20251018001 off", "Done"]
    assert talk.memory.stock["apple"] == 5
    assert talk.say("undo") == ["Late"]


# -- suggestions, traces, texts


def test_the_nearest_command_can_be_suggested() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        commands: {checkout: {words: [checkout], reply: ok}}
        states: {a: {ask: ok}}
        otherwise: what
        messages:
          ok: OK
          what: "{% if suggestion %}Did you mean {{ suggestion }}?{% else %}What?{% endif %}"
    """
    assert Talker(flow).say("chekout") == ["Did you mean checkout?"]
    assert Talker(flow).say("zzzzzzzz") == ["What?"]


def test_a_trace_explains_the_turn(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    talk.say("Ann")
    steps = [
        (step["step"], step.get("rule"), step.get("to"), step.get("messages")) for step in talk.turn.trace
    ]
    assert steps == [
        ("understood", "asking_name/input", None, None),
        ("read", None, None, None),
        ("went", None, "asking_age", None),
        ("said", None, None, ["thanks", "ask_age"]),
    ]


def test_a_customer_s_words_are_never_a_template(form) -> None:
    talk = Talker(form)
    talk.say("hi")
    assert talk.say("{{ 7*7 }}") == ["Thanks, {{ 7*7 }}.", "How old are you? [Skip]"]


def test_a_state_that_decided_on_silence_is_silent() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        states: {a: {commands: {x: {words: [x], goto: a}}}}
        messages: {}
    """
    assert Talker(flow).say("hello") == []


def test_the_apology_is_the_flow_s_own_text_and_never_fails(form) -> None:
    talk = Talker(form)
    assert form.apology(talk.conversation, talk.shop, NOON).text.startswith("Sorry, something went wrong")
    broken = Talker(
        FORM.replace("  what: Sorry?", '  what: Sorry?\n  something_went_wrong: "{{ 1 / cart.count }}"')
    )
    assert broken.interpreter.apology(broken.conversation, broken.shop, NOON).text.startswith("Sorry")


def test_a_press_whose_values_are_too_long_for_the_channel_still_works() -> None:
    shade = "r" * 300
    talk = at_a(interpreter_of(BUTTONS.replace("shade: red", f"shade: {shade}")), Limits())
    assert len(talk.id_of("Red")) <= 200
    assert talk.press("Red") == [shade]


SHARED = """
flow: customer
languages: [en, ur]
start: a
settings: {area: Clifton}
commands:
  menu: {words: [menu], title: Menu, reply: menu}
  english: {words: [english], do: {set_language: en}, reply: menu}
  urdu: {words: [urdu], do: {set_language: ur}, reply: menu}
states: {a: {ask: menu}}
otherwise: menu
messages: {menu: {template: shop/menu.j2, buttons: [menu]}}
"""
MENU = """{{ settings.area }}{% for product in catalog.available %} {{ product.name }}{% endfor %}
{% if cart.count %}
{% endif %}
"""


def test_a_text_of_all_languages_speaks_the_language_of_each_turn() -> None:
    urdu = "{titles: {menu: مینو}, names: {area: کلفٹن, apple: سیب}}"
    talk = Talker(interpreter_of(SHARED, {"shop/menu.j2": MENU}, customer__ur__yaml=urdu))
    assert talk.say("menu") == ["Clifton Apple Pear Plum [Menu]"]
    assert talk.say("urdu") == ["کلفٹن سیب Pear Plum [مینو]"]
    assert talk.say("english") == ["Clifton Apple Pear Plum [Menu]"]


def test_a_text_is_rendered_anew_when_the_catalog_changes() -> None:
    talk = Talker(interpreter_of(SHARED.replace(", ur", ""), {"shop/menu.j2": MENU.split("{% if")[0]}))
    assert talk.say("menu") == talk.say("menu") == ["Clifton Apple Pear Plum [Menu]"]
    apple = talk.memory.products[0]
    talk.memory.put_product(type(apple)(1, "apple", "Red apple", apple.price, 5))
    assert talk.say("menu") == ["Clifton Red apple Pear Plum [Menu]"]
