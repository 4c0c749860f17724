"""What flow-lint holds for set is never said empty: cases, and conversations played on made-up flows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talking import Talker, interpreter_of

from engine.lint import lint
from engine.message import Inbound, Media
from engine.reader import read_flow, read_pack
from engine.source import Problem

RULE = "undefined_name"


def undefined_in(text: str, **files: str) -> list[Problem]:
    named = {name.replace("__", "."): content for name, content in files.items()}
    if "business.yaml" in named:
        reading = read_pack({"shop.yaml": text, **named}, "", {})
    else:
        reading = read_flow({"shop.yaml": text, **named}, "shop.yaml", {})
    assert not reading.problems, reading.problems
    return [problem for problem in lint(reading) if problem.rule == RULE]


def flow(states: str, messages: str, top: str = "") -> str:
    return f"""\
flow: shop
start: initial
otherwise: {{reply: hello, ask_again: true}}
slots: {{name: text, address: text, notes: list of text, wanted: product, page: number}}
{top}states:
{states}
messages:
  hello: Hello!
{messages}"""


ASKING = """\
  initial:
    input: {{save: name, goto: asking}}
{}
  end: {{final: true}}
"""

EMPTY = {
    "a command leads past the question": (
        flow(
            ASKING.format(
                """\
  asking:
    commands: {skip: {words: [skip], goto: summing_up}}
    input: {save: address, goto: summing_up}
  summing_up: {ask: summary, input: {goto: end}}
"""
            ),
            '  summary: "{{ name }}, {{ address }}"\n',
        ),
        "address",
        ("customer: just some words", "customer: skip", "[summing_up]"),
    ),
    "it was cleared on the way": (
        flow(
            ASKING.format(
                """\
  asking:
    commands: {forget: {words: [forget], do: {clear_slot: name}, goto: summing_up}}
    input: {goto: summing_up}
  summing_up: {ask: summary, input: {goto: end}}
"""
            ),
            '  summary: "{{ name }}!"\n',
        ),
        "name",
        ("customer: just some words", "customer: forget", "[summing_up]"),
    ),
    "a reset of the same turn empties what the reply says": (
        flow(
            ASKING.format("  asking: {commands: {stop: {words: [stop], do: reset, reply: bye, goto: end}}}"),
            '  bye: "Bye, {{ name }}."\n',
        ),
        "name",
        ("customer: just some words", "customer: stop", "[end]"),
    ),
    "a state that is passed through empties it before the reply is said": (
        flow(
            ASKING.format(
                """\
  asking: {input: {reply: bye, goto: passed}}
  passed: {branches: [{do: reset, goto: end}]}
"""
            ),
            '  bye: "Bye, {{ name }}."\n',
        ),
        "name",
        ("customer: just some words", "customer: just some words", "[end]"),
    ),
    "a command of the flow is understood before anything was asked": (
        flow(
            ASKING.format("  asking: {input: {goto: end}}"),
            '  who: "You are {{ name }}."\n',
            "commands: {who: {words: [who], reply: who}}\n",
        ),
        "name",
        ("customer: who", "[initial]"),
    ),
    "a command of the flow empties it, and the talk stays where it is": (
        flow(
            ASKING.format("  asking: {commands: {who: {words: [who], reply: who}}, input: {goto: end}}"),
            '  who: "You are {{ name }}."\n',
            "commands: {forget: {words: [forget], do: {clear_slot: name}, reply: hello}}\n",
        ),
        "name",
        ("customer: just some words", "customer: forget", "customer: who", "[asking]"),
    ),
    "what the record of a customer says may be nothing": (
        flow(
            """\
  initial:
    commands: {same: {words: [same], save: {name: "{{ customer.name }}"}, goto: asking}}
  asking: {ask: which, input: {goto: end}}
  end: {final: true}
""",
            '  which: "What, {{ name }}?"\n',
        ),
        "name",
        ("customer: same", "[asking]"),
    ),
    "the record of a customer takes the place of what was said, and may be nothing": (
        flow(
            ASKING.format(
                """\
  asking:
    commands: {same: {words: [same], save: {name: "{{ customer.name }}"}, goto: summing_up}}
    input: {goto: end}
  summing_up: {ask: which, input: {goto: end}}
"""
            ),
            '  which: "What, {{ name }}?"\n',
        ),
        "name",
        ("customer: just some words", "customer: same", "[summing_up]"),
    ),
    "an action gives it on one way alone": (
        flow(
            """\
  initial:
    commands:
      add: {pattern: "add {item:number}", do: add_to_cart, reply: added}
      look: {words: [look], reply: added}
    input: {goto: end}
  end: {final: true}
""",
            '  added: "{{ line.product.name }}"\n',
            "fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}\n",
        ),
        "line",
        ("customer: look", "[initial]"),
    ),
    "a hole that a word does without": (
        flow(
            """\
  initial:
    commands: {add: {words: [add], pattern: "add {item:number}", reply: added}}
    input: {goto: end}
  end: {final: true}
""",
            '  added: "{{ item }} it is"\n',
        ),
        "item",
        ("customer: add", "[initial]"),
    ),
    "an answer to what could not be read says what was not read": (
        flow(
            """\
  initial:
    commands: {add: {pattern: "on {day:date}", else: not_a_day, reply: hello}}
    input: {goto: end}
  end: {final: true}
""",
            '  not_a_day: "{{ day }} is no day."\n',
        ),
        "day",
        ("customer: on tomorrow", "(it cannot be read)", "[initial]"),
    ),
    "a failure where nothing failed": (
        flow(
            """\
  initial:
    commands:
      order: {words: [order], do: place_order, reply: hello}
      why: {words: [why], reply: sold}
    input: {goto: end}
  end: {final: true}
""",
            '  sold: "{{ failure.product.name }} is sold."\n',
            "fails: {cart_empty: hello, out_of_stock: sold, unavailable: sold, price_changed: hello}\n",
        ),
        "failure",
        ("customer: why", "[initial]"),
    ),
    "what a customer said, where time alone has passed": (
        flow(
            "  initial: {input: {goto: end}, after: [{wait: 1 hour, reply: said}]}\n  end: {final: true}\n",
            '  said: "You said {{ message.text }}"\n',
        ),
        "message",
        ("(1 hour later)", "[initial]"),
    ),
    "a calculation in a condition": (
        flow(
            """\
  initial:
    commands: {more: {words: [more], when: page + 1 < 10, save: {page: "{{ page or 1 }}"}, reply: hello}}
    input: {goto: end}
  end: {final: true}
""",
            "",
        ),
        "page",
        ("customer: more", "(where page + 1 < 10)", "[initial]"),
    ),
    "a text of an action": (
        flow(
            """\
  initial:
    commands: {call: {words: [call], do: {hand_over: "This is {{ name }}"}, reply: hello, goto: person}}
    input: {save: name, goto: end}
  person: {human: true}
  end: {final: true}
""",
            "",
        ),
        "name",
        ("customer: call", "[person]"),
    ),
    "a title": (
        flow(
            """\
  initial:
    ask: hello
    commands: {same: {title: "Same as {{ name }}", words: [same], reply: hello}}
    input: {save: name, goto: end}
  end: {final: true}
""",
            "",
        ),
        "name",
        ("[initial]",),
    ),
    "a slot that was filled is empty again after the person": (
        flow(
            """\
  initial:
    input: {save: name, goto: asking}
  asking:
    ask: which
    commands: {call: {words: [call], goto: person}}
    input: {goto: end}
  person: {human: true, after: [{wait: 1 hour, do: {clear_slot: name}}]}
  end: {final: true}
""",
            '  which: "What, {{ name }}?"\n',
        ),
        "name",
        (
            "customer: just some words",
            "customer: call",
            "(1 hour later)",
            "(event: handed_back)",
            "[asking]",
        ),
    ),
    "a text sets it under a condition only": (
        flow(
            "  initial: {input: {reply: said, goto: end}}\n  end: {final: true}\n",
            "  said: \"{% if cart.is_empty %}{% set kind = 'new' %}{% endif %}{{ kind }}\"\n",
        ),
        "kind",
        ("customer: just some words", "[end]"),
    ),
    "it is saved from a condition without an `else`": (
        flow(
            """\
  initial: {input: {save: {name: "{{ message.text if cart.is_empty }}"}, goto: asking}}
  asking: {ask: said, input: {goto: end}}
  end: {final: true}
""",
            '  said: "{{ name }}"\n',
        ),
        "name",
        ("customer: just some words", "[asking]"),
    ),
    "a macro prints it": (
        flow(
            """\
  initial: {commands: {skip: {words: [skip], goto: asking}}, input: {save: name, goto: asking}}
  asking: {ask: said, input: {goto: end}}
  end: {final: true}
""",
            '  said: "{% macro m(x, y) %}{{ y or x }}{% endmacro %}{{ m(1, 2) }}{{ m(name) }}"\n',
        ),
        "name",
        ("customer: skip", "[asking]"),
    ),
    "a failure takes back what was saved": (
        flow(
            """\
  initial:
    input:
      save: name
      do: place_order
      fails: {cart_empty: said, out_of_stock: said, unavailable: said, price_changed: said}
      reply: hello
      goto: end
  end: {final: true}
""",
            '  said: "{{ name }}"\n',
        ),
        "name",
        ("customer: just some words", "(it fails: cart_empty)", "[initial]"),
    ),
    "what is asked again behind a refusal": (
        flow(
            """\
  initial:
    ask: said
    input: {save: name, validate: [{length: {min: 2}, else: {reply: hello, ask_again: true}}], goto: end}
  end: {final: true}
""",
            '  said: "{{ name }}"\n',
        ),
        "name",
        ("customer: j", "(length refuses it)", "[initial]"),
    ),
    "a name that was tested by an earlier validator, where a refusal leads": (
        flow(
            """\
  initial:
    input:
      save: name
      validate: [{check: name, else: hello}, {length: {min: 4}, else: {reply: hello, goto: asking}}]
      goto: end
  asking: {ask: said, input: {goto: end}}
  end: {final: true}
""",
            '  said: "{{ name }}"\n',
        ),
        "name",
        ("customer: jus", "(length refuses it)", "[asking]"),
    ),
}


@pytest.mark.parametrize("what", EMPTY)
def test_a_name_that_some_way_leaves_empty_is_found_with_that_way(what: str) -> None:
    text, name, conversation = EMPTY[what]
    (problem,) = undefined_in(text)
    line = text.splitlines()[problem.place.line - 1]
    start = problem.place.column - 1
    assert line[start : start + problem.length] == name
    assert f"'{name}'" in problem.message
    assert problem.conversation == conversation


SAYS_NAME = '  said: "{{ name }}"\n'

SET = {
    "on every way": flow(
        ASKING.format(
            """\
  asking:
    commands: {other: {words: [other], save: {name: Somebody}, goto: summing_up}}
    input: {goto: summing_up}
  summing_up: {ask: said, input: {goto: end}}
"""
        ),
        SAYS_NAME,
    ),
    "behind tests and defaults": flow(
        "  initial: {ask: said, input: {save: name, goto: end}}\n  end: {final: true}\n",
        '  said: "{% if name %}{{ name }}{% endif %}{{ name or 1 }}{{ name | default(2) }}'
        '{{ name if name is defined }}{% if not name %}{% else %}{{ name }}{% endif %}"\n',
    ),
    "behind tests of what it was copied to": flow(
        "  initial: {ask: said, input: {save: name, goto: end}}\n  end: {final: true}\n",
        '  said: "{% set known = name %}{% if known %}{{ name }}{{ known }}{% endif %}'
        "{% with n = name %}{% if n %}{{ n }}{% endif %}{% endwith %}"
        "{% macro m(x) %}{% if x %}{{ x }}{% endif %}{% endmacro %}{{ m(name) }}"
        "{% if (name or '') | length > 2 %}{{ name }}{% endif %}{{ [name, 'x'] | select | first }}"
        "{{ notes | length }}{% if name %}{% set hi = name %}{% else %}{% set hi = 1 %}{% endif %}"
        '{{ hi }}"\n',
    ),
    "behind a branch": flow(
        """\
  initial: {input: {goto: passed}, commands: {me: {words: [me], save: {name: Me}, reply: hello}}}
  passed: {branches: [{when: not name, goto: end}, {goto: knowing}]}
  knowing: {ask: said, input: {goto: end}}
  end: {final: true}
""",
        SAYS_NAME,
    ),
    "behind the `when` of its rule": flow(
        """\
  initial:
    commands:
      me: {words: [me], save: {name: Me}, reply: hello}
      who: {words: [who], when: name, reply: said}
    input: {goto: end}
  end: {final: true}
""",
        SAYS_NAME,
    ),
    "behind a check": flow(
        """\
  initial:
    commands:
      me: {words: [me], save: {wanted: "1"}, reply: hello}
      buy:
        words: [buy]
        validate: [{check: wanted, else: hello}, {check: wanted.is_available, else: said}]
        reply: said
    input: {goto: end}
  end: {final: true}
""",
        '  said: "{{ wanted.name }}"\n',
    ),
    "what is known of a known customer": flow(
        """\
  initial:
    commands:
      same:
        words: [same]
        when: customer.is_known and customer.address
        save: {name: "{{ customer.name }}", address: "{{ customer.address }}"}
        goto: asking
  asking: {ask: said, input: {goto: end}}
  end: {final: true}
""",
        '  said: "{{ name }}, {{ address }}"\n',
    ),
    "the new value, in a refusal": flow(
        """\
  initial:
    input:
      save: name
      validate: [{length: {min: 2}, else: said}, {length: {max: 9}, else: {reply: said, goto: end}}]
      reply: hello
      goto: end
  end: {final: true}
""",
        SAYS_NAME,
    ),
    "asked again by the flow's commands in a state that follows": flow(
        ASKING.format("  asking: {ask: said, input: {goto: end}}"),
        SAYS_NAME,
        "commands: {help: {words: [help], reply: hello, ask_again: true}}\n",
    ),
    "a list, and each line of it": flow(
        """\
  initial: {input: {save: notes, goto: asking}}
  asking: {ask: said, input: {save: notes, goto: end}}
  end: {final: true}
""",
        '  said: "{{ notes }}{% for note in notes %}{{ note }}{% endfor %}"\n',
    ),
    "each pattern has the hole": flow(
        """\
  initial:
    commands:
      add: {pattern: ["{item:number}, {quantity:number}", "{quantity:number} of {item:number}"], reply: said}
    input: {goto: end}
  end: {final: true}
""",
        '  said: "{{ quantity }} {{ item }}"\n',
    ),
    "a method finds nothing for nothing": flow(
        "  initial: {ask: said, input: {save: wanted, else: hello, goto: end}}\n  end: {final: true}\n",
        '  said: "{{ cart.quantity(wanted) }}"\n',
    ),
}


@pytest.mark.parametrize("what", SET)
def test_a_name_that_every_way_sets_is_not_found(what: str) -> None:
    assert undefined_in(SET[what]) == []


CALLED = flow(
    """\
  initial: {input: {save: name, goto: asking}}
  asking: {ask: said, input: {goto: end}}
  person: {human: true}
  end: {final: true}
""",
    SAYS_NAME,
    "commands: {person: {words: [person], goto: person}}\n",
)


ADDING = flow(
    """\
  initial: {input: {save: page, goto: asking}, otherwise: {goto: asking}}
  asking:
    ask: hello
    commands:
      add: RULE
      stop: {words: [stop], goto: end}
  end: {final: true}
""",
    "",
    "fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}\n",
)
LACKING = {
    "nothing gives it": ("{words: [buy], do: add_to_cart, reply: hello}", "nothing gives `add_to_cart` its"),
    "a word brings no hole": (
        '{words: [buy], pattern: "{item:number}", do: add_to_cart, reply: hello}',
        "'item', which `add_to_cart` takes, may not be set",
    ),
    "one pattern of two has the hole": (
        '{pattern: ["{item:number} x {quantity:number}", "add {item:number}"], do: change_quantity, '
        "reply: hello}",
        "'quantity', which `change_quantity` takes, may not be set",
    ),
    "a branch does it": (
        '{words: [buy], pattern: "{item:number}", branches: [{when: cart.is_empty, do: add_to_cart}], '
        "reply: hello}",
        "'item', which `add_to_cart` takes, may not be set",
    ),
    "a name of the turn is no parameter": (
        "{words: [buy], do: {tell: {to: customer}}, reply: hello}",
        "nothing gives `tell` its `message`",
    ),
    "what tells how many is empty": (
        '{words: [buy], do: {add_to_cart: {item: 1, quantity: "{{ page }}"}}, reply: hello}',
        "the slot 'page' may be empty",
    ),
}
GIVEN = {
    "every pattern has the hole": (
        '{pattern: ["add {item:number}", "{item:number} x {quantity:number}"], do: add_to_cart, reply: hello}'
    ),
    "it is written": "{words: [buy], do: {add_to_cart: {item: 1}}, reply: hello}",
    "the condition asks for it": (
        '{words: [buy], pattern: "{item:number}", branches: [{when: item, do: add_to_cart}], reply: hello}'
    ),
    "how many has something in its place": (
        '{words: [buy], do: {add_to_cart: {item: 1, quantity: "{{ page or 1 }}"}}, reply: hello}'
    ),
    "it may be left out": "{words: [buy], do: save_customer, reply: hello}",
}


@pytest.mark.parametrize("what", LACKING)
def test_what_an_action_may_lack_is_found_with_the_way_there(what: str) -> None:
    rule, said = LACKING[what]
    (problem,) = undefined_in(ADDING.replace("RULE", rule))
    assert problem.message.startswith(said)
    assert problem.conversation[-2:] == ("customer: buy", "[asking]") or "pattern" in rule


@pytest.mark.parametrize("what", GIVEN)
def test_what_every_way_gives_an_action_is_not_found(what: str) -> None:
    assert undefined_in(ADDING.replace("RULE", GIVEN[what])) == []


def test_an_action_lacks_its_slot_where_a_way_leaves_it_empty() -> None:
    text = ADDING.replace("wanted: product", "item: number").replace("save: page", "save: item")
    (problem,) = undefined_in(text.replace("RULE", "{words: [buy], do: add_to_cart, reply: hello}"))
    assert problem.message.startswith("the slot 'item', which `add_to_cart` takes, may be empty here")
    assert problem.conversation[-2:] == ("customer: buy", "[asking]")


def test_a_talk_that_a_person_hands_back_has_what_it_had_where_it_came_from() -> None:
    assert undefined_in(CALLED) == []


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en, de]
flows: {customer: shop.yaml}
"""


def test_a_translation_that_says_more_is_found_there() -> None:
    text = flow(
        "  initial: {ask: said, input: {save: name, goto: end}}\n  end: {final: true}\n", "  said: Who?\n"
    ).replace("start: initial", "start: initial\nlanguages: [en, de]")
    german = 'messages: {hello: Hallo!, said: "Wer, {{ name }}?"}\n'
    (problem,) = undefined_in(text, shop__de__yaml=german, business__yaml=BUSINESS)
    assert (problem.place.file, problem.place.line, problem.place.column) == ("shop.de.yaml", 1, 42)


def test_a_message_that_the_workflow_sends_has_its_order_alone() -> None:
    workflow = "order: {start: new, moves: {send: {from: new, to: sent, by: [staff], tell: sent}}}\n"
    text = flow(
        "  initial: {input: {save: name, goto: end}}\n  end: {final: true}\n",
        '  sent: "{{ order.number }} for {{ name }}"\n',
    )
    business = BUSINESS.replace("[en, de]", "[en]")
    (problem,) = undefined_in(text, workflow__yaml=workflow, business__yaml=business)
    assert "'name'" in problem.message


def test_a_letter_has_the_names_of_its_sender() -> None:
    business = BUSINESS.replace("[en, de]", "[en]").replace("shop.yaml}", "shop.yaml, staff: staff.yaml}")
    staff = """\
flow: staff
start: initial
otherwise: hello
states: {initial: {ask: hello}}
messages:
  hello: Hello!
  new: "{{ name }} calls, {{ address }}"
"""
    text = flow(
        """\
  initial: {input: {save: name, goto: calling}}
  calling:
    input:
      save: {address: "{{ customer.address }}"}
      do: {tell: {to: staff, message: new}}
      reply: hello
      goto: end
  end: {final: true}
""",
        "",
    )
    (problem,) = undefined_in(text, staff__yaml=staff, business__yaml=business)
    assert (problem.place.file, "'address'" in problem.message) == ("staff.yaml", True)


# Played

SLOTS = ("a", "b")
STATES = ("one", "two", "three")
SHOWN = re.compile(r"(m\d+) a=<(.*?)> b=<(.*?)>")


@st.composite
def made_up(draw: st.DrawFn, conditions: bool = True) -> str:
    """A small flow: slots are filled, emptied and said on every kind of way."""
    messages: list[str] = []

    def message() -> str:
        name = f"m{len(messages)}"
        messages.append(f'  {name}: "{name} a=<{{{{ a }}}}> b=<{{{{ b }}}}>"')
        return name

    target = st.sampled_from((*STATES, "passed", "person") if conditions else (*STATES, "passed"))
    when = st.sampled_from(("", *SLOTS, *(f"not {slot}" for slot in SLOTS)) if conditions else ("",))
    deed = st.sampled_from(
        ("", "", "{clear_slot: a}", "{clear_slot: b}", "reset", "[place_order]" if conditions else "")
    )
    copied = '{a: "{{ b }}"}' if conditions else ""
    save = st.sampled_from(("", "", "{a: given}", "{b: given}", copied))

    def rule(word: str = "") -> str:
        keys = [f"words: [{word}]"] if word else []
        for key, values in (("when", when if word else st.just("")), ("save", save), ("do", deed)):
            if value := draw(values):
                keys.append(f"{key}: {value}")
        if "place_order" in str(keys):
            keys.append(f"fails: {{cart_empty: {{reply: {message()}, goto: {draw(target)}}}}}")
        if draw(st.booleans()) and (condition := draw(when)):
            steps = draw(st.sampled_from(("", "do: reset, ", "do: {clear_slot: a}, ")))
            keys.append(f"branches: [{{when: {condition}, {steps}reply: {message()}, goto: {draw(target)}}}]")
        keys.append(f"reply: {message()}")
        keys.append(f"goto: {draw(target)}" if draw(st.booleans()) else "ask_again: true")
        return f"{{{', '.join(keys)}}}"

    def timer() -> str:
        return f"{{wait: 1 hour, {rule()[1:]}"

    fallback = rule()
    above = f"x: {rule('x')}"
    states = []
    for name in STATES:
        saved = draw(st.sampled_from((*SLOTS, "")))
        checked = f", validate: [{{length: {{min: 3}}, else: {message()}}}]" if draw(st.booleans()) else ""
        saves = f"save: {saved}, " if saved else ""
        heard = f"input: {{{saves}reply: {message()}, goto: {draw(target)}{checked}}}"
        own = ", ".join(f"{word}: {rule(word)}" for word in draw(st.sampled_from(((), ("y",), ("y", "z")))))
        later = f", after: [{timer()}]" if draw(st.booleans()) else ""
        states.append(f"  {name}: {{ask: {message()}, commands: {{{own}}}, {heard}{later}}}")
    person = f", after: [{timer()}]" if draw(st.booleans()) else ""
    condition = draw(when)
    passing = [f"{{when: {condition}, reply: {message()}, goto: one}}"] if condition else []
    passing.append(f"{{reply: {message()}, goto: two{draw(st.sampled_from(('', ', do: reset')))}}}")
    body = "\n".join(states)
    said = "\n".join(messages)
    return f"""\
flow: customer
start: one
timeout: 9 hours
slots: {{a: text, b: text}}
fails: {{out_of_stock: m0, unavailable: m0, price_changed: m0}}
commands: {{{above}}}
otherwise: {fallback}
states:
{body}
  passed: {{branches: [{", ".join(passing)}]}}
  person: {{human: true{person}}}
messages:
{said}
"""


def flagged(text: str) -> dict[tuple[str, str], Problem]:
    reading = read_flow({"customer.yaml": text}, "customer.yaml", {})
    assert not reading.problems, reading.problems
    lines = text.splitlines()
    found = {}
    for problem in lint(reading):
        if problem.rule in (RULE, "empty_slot"):
            line, column = lines[problem.place.line - 1], problem.place.column - 1
            name = line[column : column + problem.length]
            messages = (
                [f"m{at}" for at in range(100)]
                if problem.rule == "empty_slot"
                else [line.split(":")[0].strip()]
            )
            found.update({(message, name): problem for message in messages})
    return found


def hear(talker: Talker, words: str) -> list[str]:
    """What is answered to words, to a sound, or to what happens, as conversations write it."""
    if words in HAPPENS and not talker.conversation.heard_at:
        return []  # nothing happens to somebody who has not spoken yet
    if words == "(event: handed_back)":
        return talker.event("handed_back")
    if words == "(1 hour later)":
        return talker.wait(hours=1)
    return talker.hear(Inbound("audio", media=Media(id="a"))) if words == "(audio)" else talker.say(words)


HAPPENS = ("(event: handed_back)", "(1 hour later)")
MESSAGES = st.lists(
    st.sampled_from(("x", "y", "z", "some words", "ab", "(audio)", *HAPPENS)), min_size=1, max_size=12
)


@settings(max_examples=100, deadline=None)
@given(made_up(), MESSAGES)
def test_what_is_not_found_is_never_said_empty(text: str, messages: list[str]) -> None:
    found = flagged(text)
    talker = Talker(interpreter_of(text))
    for words in messages:
        for reply in hear(talker, words):
            for message, *values in SHOWN.findall(reply):
                for slot, value in zip(SLOTS, values, strict=True):
                    assert value or (message, slot) in found, (message, slot)


@settings(max_examples=60, deadline=None)
@given(made_up(conditions=False))
def test_where_nothing_depends_the_conversation_of_a_finding_says_it_empty(text: str) -> None:
    for (message, slot), problem in flagged(text).items():
        if problem.rule != RULE or problem.conversation[0] in HAPPENS:
            continue
        said: list[str] = []
        talker = Talker(interpreter_of(text))
        for line in problem.conversation:
            if line.startswith("customer: ") or line in HAPPENS:
                said = hear(talker, line.removeprefix("customer: "))
        empty = [one for reply in said for one in SHOWN.findall(reply) if one[0] == message]
        assert empty, (message, problem.conversation, said)
        assert not empty[0][1 + SLOTS.index(slot)], (message, problem.conversation, said)
