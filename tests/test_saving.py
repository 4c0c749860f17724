"""What rules save: in every form, into every kind of slot, and what later texts of the turn see of it."""

from __future__ import annotations

import pytest
from talking import Talker, interpreter_of

from engine.message import Inbound

FORMS = """
flow: customer
languages: [en]
start: a
slots:
  wanted: product
  note: text
  count: number
  day: date
  other_day: date
  price: money
  numbers: list of number
  basket: list of product
  sure: boolean
states:
  a:
    commands:
      pick: {pattern: "pick {item:number}", save: {wanted: "{{ item }}"}, else: unknown, reply: said}
      take: {pattern: "take {item:number}", save: wanted, else: unknown, reply: said}
      same: {pattern: "call {wanted:product}", save: wanted, else: unknown, reply: said}
      remark: {pattern: "remark {item:number}", save: {note: "{{ item }}"}, reply: said}
      tomorrow: {words: [tomorrow], save: {note: "{{ today }}"}, reply: said}
      double: {words: [double], save: {price: "{{ catalog.find(1).price * 2 }}"}, reply: said}
      three: {words: [three], save: {price: 3}, reply: said}
      sum: {words: [sum], save: {count: "{{ catalog.find(1).price * 2 }}"}, reply: said}
      half: {words: [half], save: {count: "{{ catalog.find(7).price }}"}, else: unknown, reply: said}
      sure: {words: [sure], save: {sure: true}, reply: said}
      two: {words: [two], save: {note: once, count: 2}, reply: said}
      empty: {words: [empty], save: {note: "{{ customer.address }}", day: "{{ other_day }}"}, reply: said}
      add: {pattern: "add {item:number}", save: {numbers: "{{ item }}"}, reply: said}
      add_all: {words: [add all], save: {numbers: [7, 8]}, reply: said}
      put: {pattern: "put {item:number}", save: {basket: "{{ item }}"}, else: unknown, reply: said}
      what: {words: [what], reply: said}
otherwise: said
messages:
  said: >-
    {{ wanted.name }}|{{ note }}|{{ count }}|{{ price }}|{{ numbers | join('+') }}|
    {{- basket | map(attribute='name') | join('+') }}
  unknown: unknown
"""


@pytest.fixture(scope="module")
def forms():
    return interpreter_of(FORMS)


@pytest.mark.parametrize(
    ("text", "said", "slots"),
    [
        ("pick 2", "Pear|||||", {"wanted": "pear"}),  # a number is read as the slot's type
        ("take 2", "Pear|||||", {"wanted": "pear"}),
        ("pick 9", "unknown", {}),
        ("call plum", "Plum|||||", {"wanted": "plum"}),
        ("remark 4", "|4||||", {"note": "4"}),
        ("tomorrow", "|2025-10-18||||", {"note": "2025-10-18"}),
        ("double", "|||100.00||", {"price": "100.00"}),
        ("three", "|||3||", {"price": "3"}),
        ("sum", "||100|||", {"count": 100}),
        ("half", "unknown", {}),
        ("sure", "|||||", {"sure": True}),
        ("two", "|once|2|||", {"note": "once", "count": 2}),
        ("empty", "|||||", {}),
        ("add 5", "||||5|", {"numbers": [5]}),
        ("add all", "||||7+8|", {"numbers": [7, 8]}),
        ("put 7", "|||||Plum", {"basket": ["plum"]}),
    ],
)
def test_what_is_saved_is_of_the_slot_s_type(forms, text, said, slots) -> None:
    talk = Talker(forms)
    assert talk.say(text) == [said]
    assert talk.slots == slots


def test_an_empty_value_empties_the_slot(forms) -> None:
    talk = Talker(forms)
    talk.say("two")
    assert talk.say("empty") == ["||2|||"]
    assert talk.slots == {"count": 2}


def test_a_list_grows_by_what_is_saved_into_it(forms) -> None:
    talk = Talker(forms)
    talk.say("add 5")
    talk.say("add all")
    assert talk.say("add 5") == ["||||5+7+8+5|"]


def test_a_product_that_is_gone_is_in_no_list(forms) -> None:
    talk = Talker(forms)
    for text in ("put 1", "put 2", "pick 1"):
        talk.say(text)
    assert talk.say("what") == ["Apple|||||Apple+Pear"]
    talk.memory._products = talk.memory._products[1:]
    assert talk.say("what") == ["|||||Pear"]


def test_a_product_in_a_list_is_read_anew_each_turn(forms) -> None:
    talk = Talker(forms)
    talk.say("put 1")
    talk.memory.put_product(talk.memory.products[0].replaced(name="Red apple"))
    assert talk.say("what") == ["|||||Red apple"]


STRANGE = """
flow: customer
languages: [en]
start: a
slots:
  {day: date, when: datetime, at: time, wanted: product, count: number, sure: boolean, note: text,
   cost: decimal, bought: order, place: location}
states:
  a:
    commands:
      day: {words: [day], save: {day: "{{ now }}"}, else: unreadable, reply: said}
      date_in_moment: {words: [one], save: {when: "{{ today }}"}, else: unreadable, reply: said}
      moment_in_time: {words: [two], save: {at: "{{ now }}"}, else: unreadable, reply: said}
      boolean_in_date: {words: [three], save: {day: "{{ cart.is_empty }}"}, else: unreadable, reply: said}
      boolean_in_number: {words: [four], save: {count: "{{ cart.is_empty }}"}, else: unreadable, reply: said}
      boolean_in_text: {words: [five], save: {note: "{{ cart.is_empty }}"}, else: unreadable, reply: said}
      list_in_number: {words: [six], save: {count: "{{ catalog.available }}"}, else: unreadable, reply: said}
      order_in_product: {words: [seven], save: {wanted: "{{ business }}"}, else: unreadable, reply: said}
      product_in_order:
        {words: [eight], save: {bought: "{{ catalog.find(1) }}"}, else: unreadable, reply: said}
      number_in_place: {words: [nine], save: {place: "{{ today }}"}, else: unreadable, reply: said}
      half: {words: [half], save: {cost: "{{ '2.5' | float }}"}, else: unreadable, reply: said}
      date_in_boolean: {words: [ten], save: {sure: "{{ today }}"}, reply: said}
otherwise: what
messages: {said: "{{ day }}{{ note }}{{ cost }}", unreadable: no, what: "What?"}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day", "2025-10-18"),  # the day of a moment
        ("one", "no"),  # a day says no time
        ("two", "no"),
        ("three", "no"),
        ("four", "no"),
        ("five", "True"),
        ("six", "no"),
        ("seven", "no"),
        ("eight", "no"),
        ("nine", "no"),
        ("half", "2.5"),
        ("ten", "What?"),
    ],
)
def test_a_value_that_the_slot_s_type_does_not_hold_cannot_be_read(text, said) -> None:
    assert Talker(STRANGE).say(text) == [said]


CHECKED = """
flow: customer
languages: [en]
start: a
slots: {n: number, several: list of number, words: list of word}
states:
  a:
    commands:
      one:
        pattern: "one {n:number}"
        save: n
        validate:
          - {between: {min: 1, max: 5}, else: range}
          - {check: "n != 3", else: no_three}
        reply: ok
      other:
        pattern: "other {v:number} {w:number}"
        save: {n: "{{ v }}"}
        validate:
          - {between: {value: "{{ w }}", max: 5}, else: range}
          - {check: "n + w < 7", else: no_three}
        reply: ok
      add:
        pattern: "add {v:number}"
        save: several
        validate: [{between: {min: 1}, else: range}, {check: "3 not in several", else: no_three}]
        reply: ok
    input:
      save: words
      validate: [{length: {min: 2}, else: range}, {one_of: [ab, cd], else: {reply: range, goto: b}}]
      reply: ok
  b: {commands: {back: {words: [back], goto: a}}}
otherwise: what
messages:
  range: "no: {{ n }} {{ several | join('+') }}"
  no_three: "three: {{ n }}"
  ok: "ok: {{ n }} {{ several | join('+') }} {{ words | join('+') }}"
  what: "What?"
"""


@pytest.fixture(scope="module")
def checked():
    return interpreter_of(CHECKED)


@pytest.mark.parametrize(
    ("said", "answer", "slots"),
    [
        ("one 0", "no: 0 ", {}),  # the new value stands under its slot's name, refused or not
        ("one 3", "three: 3", {}),
        ("one 5", "ok: 5  ", {"n": 5}),
        ("other 1 9", "no: 1 ", {}),
        ("other 2 5", "three: 2", {}),
        ("other 2 4", "ok: 2  ", {"n": 2}),
        ("add 0", "no:  0", {}),  # without a value a validator looks at what is to be added
        ("add 3", "three:", {}),  # by its name the list is read as it would be then
        ("add 4", "ok:  4 ", {"several": [4]}),
        ("a", "no:  ", {}),
        ("AB", "ok:   AB", {"words": ["AB"]}),
    ],
)
def test_validators_see_the_new_value(checked, said, answer, slots) -> None:
    talk = Talker(checked)
    assert talk.say(said) == [answer.rstrip()]
    assert talk.slots == slots


def test_a_refusal_may_go_somewhere_and_saves_nothing(checked) -> None:
    talk = Talker(checked)
    assert talk.say("xyz") == ["no:"]
    assert (talk.state, talk.slots) == ("b", {})


LISTS = """
flow: customer
languages: [en]
start: a
slots: {tags: list of text}
states:
  a:
    commands:
      tag:
        pattern: "tag {tags}"
        save: tags
        validate: [{check: "tags | length < 3", else: many}]
        reply: said
      who: {words: [who], reply: said}
otherwise: said
messages: {said: "{{ tags | join('+') }}", many: "too many: {{ tags | join('+') }}"}
"""


def test_a_validator_reads_a_list_slot_as_the_list_that_it_would_be() -> None:
    talk = Talker(LISTS)
    assert talk.say("tag efg") == ["efg"]
    assert talk.say("tag y") == ["efg+y"]
    assert talk.say("tag z") == ["too many: efg+y+z"]
    assert talk.say("who") == ["efg+y"]


REFUSED = """
flow: customer
languages: [en]
start: start
slots: {name: text, age: number}
commands:
  who: {words: [who], reply: who}
  retry: {words: [retry], goto: asking}
states:
  start:
    input: {save: name, goto: asking}
  asking:
    ask: ask
    commands:
      both:
        pattern: "both {a:text} {b:word}"
        save: {name: "{{ a }}", age: "{{ b }}"}
        else: {reply: short, ask_again: true}
        reply: who
      try:
        pattern: "try {name}"
        save: name
        do: {add_to_cart: {item: 99}}
        fails: {no_such_item: {reply: failed, goto: deciding}}
        reply: who
      pack:
        pattern: "pack {name:word} {n:number}"
        save: name
        do: {add_to_cart: {item: 1, quantity: "{{ n }}"}}
        else: {reply: short, ask_again: true}
        reply: who
      away:
        pattern: "away {name}"
        save: name
        validate: [{length: {min: 99}, else: {reply: short, goto: deciding}}]
        reply: who
    input:
      save: name
      validate: [{length: {min: 4}, else: {reply: short, ask_again: true}}]
      goto: start
    tries: {limit: 2, then: {do: save_customer, reply: gave_up, goto: start}}
  deciding:
    branches: [{when: "name == 'boss'", reply: special, goto: start}]
    ask: ask
  strict:
    otherwise: {save: name, validate: [{length: {min: 4}, else: {reply: short, goto: asking}}], reply: who}
otherwise: who
fails: {no_such_item: failed, out_of_stock: failed, unavailable: failed}
messages:
  ask: "you are {{ name or 'unknown' }}"
  short: "no, {{ name }}"
  gave_up: "we go on with {{ customer.name or 'nobody' }}"
  special: special
  failed: "failed, {{ name or 'unknown' }}"
  who: "slot {{ name }}, customer {{ customer.name or 'nobody' }}"
"""


@pytest.fixture(scope="module")
def refused():
    return interpreter_of(REFUSED)


@pytest.mark.parametrize(
    ("state", "said", "answers"),
    [
        ("asking", "Bo", ["no, Bo", "you are Alice"]),  # the refusal's own text alone sees what it refuses
        ("asking", "away boss", ["no, boss", "you are Alice"]),
        ("asking", "both Bo x", ["no, Bo", "you are Alice"]),  # read in part, and nothing of it is kept
        ("asking", "pack Bo 0", ["no, Bo", "you are Alice"]),
        ("asking", "try boss", ["failed, Alice", "you are Alice"]),
        ("strict", "Bo", ["no, Bo", "you are Alice"]),
    ],
)
def test_what_was_refused_or_taken_back_is_gone_behind_its_own_answer(refused, state, said, answers) -> None:
    talk = Talker(refused)
    talk.say("Alice")
    talk.conversation.state = state
    assert talk.say(said) == answers
    assert talk.slots == {"name": "Alice"}


def test_what_was_refused_is_never_kept_by_the_last_try(refused) -> None:
    talk = Talker(refused)
    talk.say("Alice")
    talk.say("Cy")
    assert talk.say("Di") == ["we go on with Alice"]
    assert talk.say("who") == ["slot Alice, customer Alice"]


AGAIN = """
flow: customer
languages: [en]
start: a
states:
  a:
    commands:
      buy: {words: [buy], do: [{add_to_cart: {item: 1}}, place_order], reply: cart}
      again: {words: [again], do: repeat_order, reply: cart}
      more: {words: [more], do: [repeat_order, {add_to_cart: {item: 7}}], reply: cart}
      order: {words: [order], do: [repeat_order, place_order], reply: cart}
      clear: {words: [clear], do: [repeat_order, clear_cart], reply: cart}
      reset: {words: [reset], do: [repeat_order, reset], reply: cart}
otherwise: cart
fails:
  {no_such_item: cart, out_of_stock: cart, unavailable: cart, cart_empty: cart, price_changed: cart,
   no_such_order: cart}
messages: {cart: "{{ cart.count }} for {{ cart.total }}"}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("again", "1 for 50.00"),
        ("more", "2 for 59.50"),
        ("order", "0 for 0"),
        ("clear", "0 for 0"),
        ("reset", "0 for 0"),
    ],
)
def test_the_cart_that_an_action_gives_is_the_cart_as_it_is(text, said) -> None:
    talk = Talker(AGAIN)
    talk.say("buy")
    assert talk.say(text) == [said]


KINDS = """
flow: customer
languages: [en]
start: a
slots: {place: location, picture: media, who: phone, mail: email, at: time, when: datetime, yes: boolean}
states:
  a:
    input: {accepts: [text, image, location], save: picture, else: no_picture, reply: got}
    commands:
      mail: {pattern: "mail {mail:email}", save: mail, else: unreadable, reply: got}
      phone: {pattern: "phone {who:phone}", save: who, else: unreadable, reply: got}
      at: {pattern: "at {at:time}", save: at, else: unreadable, reply: got}
      on: {pattern: "on {when:datetime}", save: when, else: unreadable, reply: got}
      sure: {pattern: "sure {yes:boolean}", save: yes, else: unreadable, reply: got}
otherwise: what
messages: {got: Got it, no_picture: A picture please, what: "What?", unreadable: "Not that"}
"""


@pytest.mark.parametrize(
    ("inbound", "said", "slots"),
    [
        (Inbound("text", "hm"), "A picture please", {}),
        (Inbound("location", latitude=1.0, longitude=2.0), "A picture please", {}),
        (Inbound("audio"), "What?", {}),
        (Inbound("text", "mail Ann@shop.example"), "Got it", {"mail": "Ann@shop.example"}),
        (Inbound("text", "mail nobody"), "A picture please", {}),  # nothing that a hole of this type reads
        (Inbound("text", "at 5pm"), "Got it", {"at": "17:00"}),
        (Inbound("text", "at dinner"), "Not that", {}),
        (Inbound("text", "on tomorrow at 5pm"), "Got it", {"when": "2025-10-19T17:00:00+05:00"}),
        (Inbound("text", "sure yes"), "Got it", {"yes": True}),
        (Inbound("text", "sure perhaps"), "Not that", {}),
    ],
)
def test_input_is_read_as_its_type_before_anything_else(inbound, said, slots) -> None:
    talk = Talker(KINDS)
    assert talk.hear(inbound) == [said]
    assert talk.slots == slots
