"""What a failed action leaves, which is nothing, and who answers it."""

from __future__ import annotations

import pytest
from talking import Talker

from engine.story import tell
from engine.turn import BrokenTurn

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


def test_a_refused_check_says_what_it_read() -> None:
    flow = """
        flow: customer
        languages: [en]
        start: a
        settings: {most: 3}
        states:
          a:
            commands:
              add:
                pattern: "add {n:number}"
                validate: [{check: "cart.count + n <= settings.most", else: no}]
                reply: ok
            otherwise: no
        messages: {ok: OK, no: "No."}
    """
    talk = Talker(flow)
    assert talk.say("add 4") == ["No."]
    refused = next(step for step in talk.turn.trace if step["step"] == "refused")
    assert refused["values"] == {
        "expression": "cart.count + n <= settings.most",
        "cart.count": 0,
        "n": 4,
        "settings.most": 3,
    }
    assert tell([refused])[0].startswith(
        "Refused, since this did not hold: cart.count + n <= settings.most, with cart.count = 0, n = 4, "
        "settings.most = 3."
    )


UNFIT = """
flow: customer
languages: [en, ur]
start: a
slots: {note: text}
states:
  a:
    ask: ask
    commands:
      buy:
        pattern: "buy {quantity:number}"
        save: {note: bought}
        do: {add_to_cart: {item: 1}}
        reply: bought
      take: {pattern: "take {quantity:number}", do: {add_to_cart: {item: 1}}, else: so_many, reply: bought}
      jump: {pattern: "jump {quantity}", do: clear_cart, reply: bought, goto: b}
      speak: {pattern: "speak {language}", do: set_language, reply: bought}
      order: {words: [order], do: fill_cart, reply: bought}
    otherwise: what
    tries: {limit: 2, then: {reply: gave_up}}
    after: [{wait: 1 hour, do: {add_to_cart: {item: 1, quantity: "{{ cart.count }}"}}, reply: bought}]
  b: {branches: [{do: [{add_to_cart: {item: 1, quantity: "{{ quantity }}"}}], goto: a}]}
  c:
    commands: {buy: {pattern: "buy {quantity:number}", do: {add_to_cart: {item: 1}}, reply: bought}}
    input: {reply: what}
fails: {no_such_item: what, out_of_stock: what, unavailable: what, too_many: what}
messages:
  ask: Ask
  bought: "{{ cart.count }} in the cart"
  so_many: "{{ quantity }} cannot be had"
  what: What?
  gave_up: Enough.
"""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("buy 2", "2 in the cart"),
        ("buy 0", "What?"),
        ("buy -1", "What?"),
        ("buy 999999999999999", "What?"),
        ("take 0", "0 cannot be had"),
        ("jump 0", "What?"),
        ("jump high", "What?"),
        ("speak klingon", "What?"),
        ("order", "What?"),
    ],
)
def test_what_an_action_cannot_take_is_answered_like_what_cannot_be_read(said: str, answer: str) -> None:
    talk = Talker(UNFIT)
    talk.say("buy 1") if said == "jump 0" else None
    kept = (talk.conversation.cart, talk.slots)
    assert talk.say(said) == [answer]
    if said != "buy 2":
        assert ((talk.conversation.cart, talk.slots), talk.state) == (kept, "a")


def test_what_an_action_cannot_take_is_told_and_counts_as_a_try() -> None:
    talk = Talker(UNFIT)
    talk.say("buy 0")
    said = '"0" cannot be read as a number from 1 to 1000000000 for quantity.'
    assert any(said in one for one in tell(talk.turn.trace))
    assert talk.say("buy 0") == ["Enough."]


def test_what_an_action_cannot_take_breaks_where_nobody_said_it_or_nothing_answers() -> None:
    talk = Talker(UNFIT)
    talk.say("hm")
    with pytest.raises(BrokenTurn, match="the quantity is 0"):
        talk.wait(hours=1)
    with pytest.raises(BrokenTurn, match="the quantity is 0"):
        Talker(UNFIT.replace("start: a", "start: c")).say("buy 0")
