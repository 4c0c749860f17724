"""The rulings of one turn, each of them as a talk with a small flow."""

from __future__ import annotations

import pytest
from talking import NOON, Talker, interpreter_of

from engine.message import Inbound, Media

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
