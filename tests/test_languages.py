"""Which language a conversation speaks, what others are told in theirs, and what is suggested."""

from __future__ import annotations

import pytest
from talking import BUSINESS, WORKFLOW, Talker, interpreter_of

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


STAFF = """
flow: staff
languages: [en, ur]
start: idle
states: {idle: {ask: fine}}
otherwise: fine
messages: {fine: Fine, told: "LINE {{ settings.area }}"}
settings: {area: Clifton}
"""

TELLS = """
flow: customer
languages: [en, ur]
start: a
slots: {wanted: product}
states:
  a:
    commands:
      urdu: {words: [urdu], do: {set_language: ur}, reply: ok}
      buy:
        words: [buy]
        do: [{add_to_cart: {item: 1}}, place_order, {tell: {to: staff, message: told}}]
        reply: ok
      again: {words: [again], do: [repeat_order, {tell: {to: staff, message: told}}], reply: ok}
      add: {words: [add], do: [{add_to_cart: {item: 1}}, {tell: {to: staff, message: told}}], reply: ok}
      undo: {words: [undo], do: [cancel_order, {tell: {to: staff, message: told}}], reply: ok}
      want: {pattern: "want {one:product}", do: {tell: {to: staff, message: told}}, reply: ok}
otherwise: ok
fails:
  {no_such_item: ok, out_of_stock: ok, unavailable: ok, cart_empty: ok, price_changed: ok, no_such_order: ok,
   not_allowed: ok}
messages: {ok: "OK {% for line in order.lines %}{{ line.product.name }}{% endfor %}", order_cancelled: "Off"}
"""


@pytest.mark.parametrize(
    ("says", "line"),
    [
        (["buy"], "{% for line in order.lines %}{{ line.product.name }}{% endfor %}"),
        (["buy", "undo"], "{% for line in order.lines %}{{ line.product.name }}{% endfor %}"),
        (["buy", "again"], "{% for line in cart.lines %}{{ line.product.name }}{% endfor %}"),
        (["add"], "{{ line.product.name }}"),
        (["want 1"], "{{ one.name }}"),
    ],
)
@pytest.mark.parametrize(("sender", "recipient"), [("en", "ur"), ("ur", "en"), ("ur", "ur")])
def test_what_is_told_names_products_in_the_recipient_s_language(
    says: list[str], line: str, sender: str, recipient: str
) -> None:
    business = BUSINESS.replace("[en]", "[en, ur]").replace("{customer:", "{staff: staff.yaml, customer:")
    translated = f"told: '{line} {{{{ settings.area }}}}'"
    talk = Talker(
        TELLS,
        business__yaml=business,
        customer__ur__yaml="names: {apple: سیب}\nmessages: {ok: ٹھیک, order_cancelled: نہیں}",
        staff__yaml=STAFF.replace("LINE", line),
        staff__ur__yaml=f"names: {{area: کلفٹن}}\nmessages: {{fine: ٹھیک, {translated}}}",
        workflow__yaml=WORKFLOW,
    )
    talk.memory.for_customer("111", role="staff").save_customer({"language": recipient})
    talk.shop.save_customer({"language": sender})
    for text in says:
        talk.say(text)
    (told,) = talk.turn.told
    said = told.replies[0].text.replace("\u2068", "").replace("\u2069", "")
    assert said == {"en": "Apple Clifton", "ur": "سیب کلفٹن"}[recipient]


def test_a_cancelled_order_is_named_in_the_customer_s_language() -> None:
    said = "{% for line in order.lines %}{{ line.product.name }}{% endfor %}"
    talk = Talker(
        TELLS,
        business__yaml=BUSINESS.replace("[en]", "[en, ur]").replace(
            "{customer:", "{staff: staff.yaml, customer:"
        ),
        customer__ur__yaml=f"names: {{apple: سیب}}\nmessages: {{ok: '{said}', order_cancelled: نہیں}}",
        staff__yaml=STAFF,
        staff__ur__yaml="messages: {fine: ٹھیک, told: '{{ settings.area }}'}",
        workflow__yaml=WORKFLOW,
    )
    talk.shop.save_customer({"language": "ur"})
    assert [talk.say(text)[-1].strip("\u2068\u2069") for text in ("buy", "undo")] == ["سیب", "سیب"]


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
