"""Each lint rule finds what its broken example shows, at the marked spot, and nothing in its clean one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.lint
from engine.lint import PROFILES, READ, RULES, lint
from engine.lint.checked import as_read
from engine.lint.selection import PILOT, Selection, asking
from engine.reader import read_flow, read_pack
from engine.source import Problem

CARETS = re.compile(r"[ #]*(\^+) *")


def unmarked(text: str) -> tuple[str, tuple[int, int, int] | None]:
    """The text without its line of carets, and the line, column and length that they mark."""
    lines: list[str] = []
    spot = None
    for line in text.splitlines():
        carets = CARETS.fullmatch(line)
        if carets:
            spot = (len(lines), carets.start(1) + 1, len(carets[1]))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n", spot


def found_in(files: Mapping[str, str], selection: Selection = PILOT) -> list[Problem]:
    templates = {
        name.removeprefix("templates/"): text for name, text in files.items() if name.startswith("templates/")
    }
    own = {name: text for name, text in files.items() if not name.startswith("templates/")}
    if "business.yaml" in own:
        return lint(read_pack(own, "", templates), selection=selection)
    return lint(read_flow(own, "shop.yaml", templates), selection=selection)


def shown(problems: list[Problem]) -> list[tuple[str, str, int, int, int]]:
    return [(one.rule, one.place.file, one.place.line, one.place.column, one.length) for one in problems]


@pytest.mark.parametrize("name", RULES)
def test_a_broken_example_has_exactly_its_finding(name: str) -> None:
    files, expected = {}, []
    for file, text in RULES[name].broken.items():
        files[file], spot = unmarked(text)
        if spot:
            expected.append((name, file, *spot))
    problems = found_in(files, asking(RULES[name]))
    # Templates stand two folders above a pack, which an example is none of.
    found = [(rule, file.replace("../", ""), *spot) for rule, file, *spot in shown(problems)]
    assert found == expected, problems
    assert len(expected) == 1


@pytest.mark.parametrize("name", RULES)
def test_a_clean_example_has_no_finding(name: str) -> None:
    assert found_in(RULES[name].clean, asking(RULES[name])) == []


def test_the_table_holds_every_rule_file() -> None:
    folder = Path(engine.lint.__file__).parent
    rules = {file.stem for file in folder.glob("*.py") if "RULE = Rule(" in file.read_text(encoding="utf-8")}
    assert rules == set(RULES)
    assert all(name == rule.name and rule.about.endswith(".") for name, rule in RULES.items())


def test_the_table_says_of_a_rule_what_its_file_says() -> None:
    assert dict(PROFILES) == {name: rule.profile for name, rule in RULES.items()}
    assert {name for name, rule in RULES.items() if rule.check is as_read} == READ


def test_a_rule_that_the_table_does_not_name_is_none() -> None:
    assert "checked" not in RULES
    with pytest.raises(KeyError):
        RULES["checked"]


def test_rules_that_nobody_asked_for_stay_unloaded() -> None:
    found = "from test_lint import found_in; found_in({'shop.yaml': 'flow: shop'})"
    code = f"import sys; {found}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = [name for name in done.stdout.split() if name.startswith("engine.lint.")]
    loaded = {name.removeprefix("engine.lint.") for name in modules} & set(RULES)
    assert loaded == {name for name, profile in PROFILES.items() if PILOT.asks(name, profile)} - READ


BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
"""


def flow(states: str = "", messages: str = "", top: str = "") -> str:
    """A small clean flow, with more states, messages and keys."""
    return f"""\
flow: shop
start: initial
otherwise: hello
{top}states:
  initial:
    otherwise: {{reply: hello, goto: done}}
{states}  done: {{final: true}}
messages:
  hello: Hello!
{messages}"""


FAILS = "fails: {no_such_item: hello, out_of_stock: hello, unavailable: hello}\n"
"""An answer to whatever may become of `add_to_cart`."""

REACHED = """\
  waiting:
    ask: hello
    commands: {{stop: {{words: [stop], reply: hello, goto: done}}}}
    {leads}
  reached:
    otherwise: {{reply: hello, goto: done}}
"""

PICKING = """\
  choosing:
    ask: hello
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      validate: [{check: "product.price < 9", else: refused}]
      do: {add_to_cart: {item: "{{ wanted.code }}"}}
      fails: {out_of_stock: gone}
      branches: [{when: product.price > 5, reply: dear, goto: another}]
      reply: taken
      goto: another
  another:
    ask: asked
    otherwise: {reply: hello, goto: done}
"""

CLEAN = {
    "what can be called inside a loop": flow().replace(
        "hello: Hello!",
        """hello: |
    {% macro line(one) %}{{ one.name }}{% endmacro %}
    {% for product in catalog.available %}
    {{ line(product) }} {{ cart.quantity(product) }} {{ loop.cycle("a", "b") }}
    {% endfor %}""",
    ),
    "a goto of an event reaches a state": flow(
        REACHED.format(leads="events: {order_confirmed: {goto: reached}}"), top="moved: {old: waiting}\n"
    ),
    "a goto of a timer reaches a state": flow(
        REACHED.format(leads="after: [{wait: 10 minutes, goto: reached}]"), top="moved: {old: waiting}\n"
    ),
    "a goto of tries reaches a state": flow(
        REACHED.format(leads="tries: {limit: 3, then: {goto: reached}}"), top="moved: {old: waiting}\n"
    ),
    "a goto of choices, and of their none, reaches a state": flow(
        REACHED.format(
            leads="""choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      none: {reply: hello, goto: reached}
      goto: done"""
        ),
        top="moved: {old: waiting}\nslots: {wanted: product}\n",
    ),
    "a goto of a refusal reaches a state": flow(
        REACHED.format(
            leads="input: {validate: [{length: {min: 2}, else: {reply: hello, goto: reached}}], goto: done}"
        ),
        top="moved: {old: waiting}\n",
    ),
    "a goto of a failure of the flow reaches a state": flow(
        """\
  reached:
    otherwise: {reply: hello, goto: done}
""",
        top="""\
fails: {no_such_item: {reply: hello, goto: reached}}
commands: {drop: {pattern: "drop {item:number}", do: remove_from_cart, reply: hello}}
""",
    ),
    "a command of the flow leads out of a state": flow(
        """\
  waiting:
    otherwise: hello
""",
        top="moved: {old: waiting}\ncommands: {stop: {words: [stop], reply: hello, goto: done}}\n",
    ),
    "a human state needs no way out": flow(
        """\
  waiting: {human: true}
""",
        top="moved: {old: waiting}\n",
    ),
    "a flow of one state is no trap": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    ask: hello
messages:
  hello: Hello!
""",
    "the engine's own messages may be defined": flow(
        messages="  something_went_wrong: Oops!\n  more: More …\n"
    ),
    "holes and what actions give can be read until the end of the turn": flow(
        """\
  ordering:
    commands:
      add:
        pattern: "{item:number}, {quantity:number}"
        do: add_to_cart
        reply: added
        goto: after_adding
  after_adding:
    branches: [{when: quantity > 10, reply: much, goto: done}]
    ask: asked
    otherwise: {reply: hello, goto: done}
""",
        """\
  added: "{{ quantity }}x {{ line.product.name }}"
  much: "{{ item }} is much."
  asked: "{{ line.total | money }}"
""",
        top=FAILS + "moved: {old: ordering}\n",
    ),
    "a slot is used by an action that takes its name": flow(
        """\
  paying:
    input: {save: instructions, do: place_order, reply: thanks, goto: done}
""",
        """\
  thanks: "{{ order.number }}"
""",
        top=FAILS.replace("no_such_item", "price_changed: hello, cart_empty")
        + "moved: {old: paying}\nslots: {instructions: text}\n",
    ),
    "what a button carries stands like holes": flow(
        """\
  asking:
    ask: which
    commands:
      take: {reply: taken, goto: done}
""",
        """\
  which: {text: Which one, buttons: [{take: {size: large}}]}
  taken: "You took {{ size }}."
""",
        top="moved: {old: asking}\n",
    ),
    "a row may be longer than a button": flow(
        """\
  asking:
    ask: which
    commands:
      take: {title: "Take this lovely cookie!", reply: hello, goto: done}
""",
        """\
  which: {text: Which one, list: {button: Choose, rows: [take]}}
""",
        top="moved: {old: asking}\n",
    ),
    "buttons that exist only now and then are not too many": flow(
        """\
  asking:
    ask: which
    commands:
      a: {when: cart.is_empty, reply: hello, goto: done}
      b: {when: not cart.is_empty, reply: hello, goto: done}
      c: {reply: hello, goto: done}
      d: {reply: hello, goto: done}
""",
        """\
  which: {text: Which one, buttons: [a, b, c, d]}
""",
        top="moved: {old: asking}\n",
    ),
    "a button of a reply belongs to the state in which the turn ends": flow(
        """\
  asking:
    otherwise: {reply: which, goto: choosing}
  choosing:
    commands:
      take: {reply: hello, goto: done}
""",
        """\
  which: {text: Which one, buttons: [take]}
""",
        top="moved: {old: asking}\n",
    ),
    "a failure of a state that is passed through is answered by the rule": flow(
        """\
  asking:
    commands:
      take:
        words: [take]
        fails: {no_such_order: hello, out_of_stock: hello, unavailable: hello}
        reply: hello
        goto: passed
  passed:
    branches: [{do: repeat_order, goto: done}]
""",
        top="moved: {old: asking}\n",
    ),
    "an event may be silent, and a timer that tells somebody else": flow(
        """\
  waiting:
    events: {order_confirmed: {do: clear_cart}}
    after: [{wait: 1 hour, do: {hand_over: "Nobody answers."}}]
    otherwise: {reply: hello, goto: done}
""",
        top="moved: {old: waiting}\n",
    ),
    "what is said of a pick can read the line that was picked": flow(
        PICKING,
        """\
  refused: "Not {{ product.name }}."
  gone: "No {{ product.name }} is left."
  taken: "You took {{ product.name }}."
  dear: "{{ product.name }} is dear."
  asked: "Another {{ product.name }}?"
""",
        top=FAILS + "moved: {old: choosing}\nslots: {wanted: product}\n",
    ),
    "what a button says can read the values that it brings": flow(
        """\
  asking:
    ask: which
    commands:
      paint: {title: "Paint {{ shade }}", about: "In {{ shade }}", reply: hello, goto: done}
""",
        "  which: {text: Which one, buttons: [{paint: {shade: red}}, {paint: {shade: blue}}]}\n",
        top="moved: {old: asking}\n",
    ),
    "a regular expression that only the validator's own library reads": flow(
        """\
  asking:
    input: {validate: [{matches: '\\p{Lu}++(?<=A+)', else: hello}], reply: hello, goto: done}
""",
        top="moved: {old: asking}\n",
    ),
    "a regular expression that is not written out is not read": flow(
        """\
  asking:
    input: {validate: [{matches: "{{ settings.shape }}", else: hello}], reply: hello, goto: done}
""",
        top="moved: {old: asking}\nsettings: {shape: '[a-z]+'}\n",
    ),
    "names that a text makes for itself are its own": flow(messages="", top="").replace(
        "hello: Hello!",
        'hello: "{% for line in cart.lines %}{{ loop.index }}. {{ line.product.name }} {% endfor %}."',
    ),
}


@pytest.mark.parametrize("what", CLEAN)
def test_what_is_right_is_not_found(what: str) -> None:
    assert found_in({"shop.yaml": CLEAN[what]}) == []


DEEP = "(" * 5000 + ")" * 5000

BROKEN = {
    "a regular expression that repeats without end, which is not worked out": (
        flow(
            """\
  asking:
    input: {validate: [{matches: "((x{2000000000}){30000}){9}", else: hello}], reply: hello, goto: done}
                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^
""",
            top="moved: {old: asking}\n",
        ),
        "regular_expression",
    ),
    "the second of two equal keys": (
        flow(messages="  hello: Hi!\n  ^^^^^\n"),
        "yaml",
    ),
    "the state itself, when nothing leads out of it": (
        flow("  trap:\n  ^^^^\n    otherwise: hello\n", top="moved: {old: trap}\n"),
        "dead_end",
    ),
    "a goto to itself leads nowhere": (
        flow("  trap:\n  ^^^^\n    otherwise: {reply: hello, goto: trap}\n", top="moved: {old: trap}\n"),
        "dead_end",
    ),
    "a start that is not there": (
        flow().replace("start: initial", "start: inital\n       ^^^^^^"),
        "unknown_state",
    ),
    "an attribute of an attribute": (
        flow().replace("Hello!", '"{{ orders.last.numbr or 1 }}"') + "                         ^^^^^\n",
        "unknown_attribute",
    ),
    "a call of what a loop knows": (
        flow().replace(
            "hello: Hello!",
            """hello: |
    {% for product in catalog.available %}
    {% if loop.changed(product.category) %}
               ^^^^^^^
    {{ product.category }}
    {% endif %}
    {% endfor %}""",
        ),
        "unknown_method",
    ),
    "a call of what a name of the text's own holds": (
        flow().replace(
            "hello: Hello!",
            """hello: |
    {% for product in catalog.available %}
    {{ product.name.upper() }}
                    ^^^^^
    {% endfor %}""",
        ),
        "unknown_method",
    ),
    "a test": (
        flow().replace("Hello!", '"{{ 1 if cart is emty else 2 }}"') + "                          ^^^^\n",
        "unknown_filter",
    ),
    "a variable on a later line of a block": (
        flow(messages="").replace(
            "hello: Hello!", "hello: |\n    Hello!\n    Dear {{ custmer.name }}\n            ^^^^^^^"
        ),
        "unknown_variable",
    ),
    "a header that is too long": (
        flow().replace("Hello!", f"{{text: Hello, header: {'x' * 61}}}") + " " * 31 + "^" * 61 + "\n",
        "too_long",
    ),
    "a name without a title that is too long for a button": (
        flow(
            "  asking:\n"
            "    ask: which\n"
            "    commands:\n"
            "      a_name_longer_than_20_characters: {reply: hello, goto: done}\n"
            "      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
            "  which: {text: Which one, buttons: [a_name_longer_than_20_characters]}\n",
            top="moved: {old: asking}\n",
        ),
        "too_long",
    ),
    "a rule whose branches may all fail": (
        flow(
            "  asking:\n"
            "    commands:\n"
            "      go: {words: [go], branches: [{when: cart.is_empty, goto: done}]}\n"
            "      ^^\n",
            top="moved: {old: asking}\n",
        ),
        "silent_rule",
    ),
    "a hole that is read where it never was": (
        flow(
            "  asking:\n"
            "    commands:\n"
            '      add: {pattern: "{item:number}", reply: hello, goto: done}\n'
            "      go: {words: [go], reply: other, goto: done}\n",
            '  other: "{{ item }}"\n             ^^^^\n',
            top="moved: {old: asking}\n",
        ),
        "unknown_variable",
    ),
    "what is said where nothing can be picked has no line to read": (
        flow(
            PICKING.replace("reply: taken", "none: refused\n      reply: taken").replace(
                "else: refused", "else: hello"
            ),
            """\
  refused: "Not {{ product.name }}."
                   ^^^^^^^
  gone: "No {{ product.name }} is left."
  taken: "You took {{ product.name }}."
  dear: "{{ product.name }} is dear."
  asked: "Another {{ product.name }}?"
""",
            top=FAILS + "moved: {old: choosing}\nslots: {wanted: product}\n",
        ),
        "unknown_variable",
    ),
    "what a button says reads a value that no button brings": (
        flow(
            "  asking:\n"
            "    ask: which\n"
            "    commands:\n"
            '      paint: {title: "Paint {{ shad }}", reply: hello, goto: done}\n'
            "                               ^^^^\n",
            "  which: {text: Which one, buttons: [{paint: {shade: red}}]}\n",
            top="moved: {old: asking}\n",
        ),
        "unknown_variable",
    ),
    "an ask that cannot be read is an ask": (
        flow(
            PICKING.replace("    ask: hello\n", "    aks: hello\n    ^^^\n", 1),
            """\
  refused: "Not {{ product.name }}."
  gone: "No {{ product.name }} is left."
  taken: "You took {{ product.name }}."
  dear: "{{ product.name }} is dear."
  asked: "Another {{ product.name }}?"
""",
            top=FAILS + "moved: {old: choosing}\nslots: {wanted: product}\n",
        ),
        "schema",
    ),
    "a regular expression in its long form": (
        flow(
            "  asking:\n"
            "    input:\n"
            '      validate: [{matches: {pattern: "(a", value: "{{ message.text }}"}, else: hello}]\n'
            "                                      ^^\n"
            "      reply: hello\n"
            "      goto: done\n",
            top="moved: {old: asking}\n",
        ),
        "regular_expression",
    ),
    "a regular expression with flags that exclude each other": (
        flow(
            "  asking:\n"
            '    input: {validate: [{matches: "(?V1)(?V0)a", else: hello}], reply: hello, goto: done}\n'
            "                                  ^^^^^^^^^^^\n",
            top="moved: {old: asking}\n",
        ),
        "regular_expression",
    ),
    "a regular expression that is too deep": (
        flow(
            "  asking:\n"
            f'    input: {{validate: [{{matches: "{DEEP}", else: hello}}], reply: hello, goto: done}}\n'
            f"                                  {'^' * len(DEEP)}\n",
            top="moved: {old: asking}\n",
        ),
        "regular_expression",
    ),
    "a slip of the pen is one finding, and not a second for the state it meant": (
        flow(
            "  asking:\n"
            "    otherwise: {reply: hello, goto: wating}\n"
            "                                    ^^^^^^\n"
            "  waiting:\n    otherwise: {reply: hello, goto: done}\n",
            top="moved: {old: asking}\n",
        ),
        "unknown_state",
    ),
    "what a rule that cannot be read would have used is not unused": (
        flow(
            "  asking:\n"
            "    commands:\n"
            "      take: {wrods: [take], reply: other, goto: waiting}\n"
            "             ^^^^^\n"
            "  waiting:\n    otherwise: {reply: hello, goto: done}\n",
            "  other: Other!\n",
            top="moved: {old: asking}\n",
        ),
        "schema",
    ),
    "a wrong key that holds the only goto": (
        flow(
            "  asking:\n    otherwise: {reply: hello, gotoo: waiting}\n                              ^^^^^\n"
            "  waiting:\n    otherwise: {reply: hello, goto: done}\n",
            top="moved: {old: asking}\n",
        ),
        "schema",
    ),
    "a slot of an unknown type is still a slot": (
        flow(
            "  asking:\n    input: {save: name, reply: other, goto: done}\n",
            '  other: "{{ name }}"\n',
            top="moved: {old: asking}\nslots: {name: txet}\n              ^^^^\n",
        ),
        "unknown_type",
    ),
    "the holes of a pattern that cannot be read are still known": (
        flow(
            "  asking:\n"
            "    commands:\n"
            '      add: {pattern: "{item:nubmer}", do: add_to_cart, reply: other, goto: done}\n'
            "                            ^^^^^^\n",
            '  other: "{{ item }}"\n',
            top=FAILS + "moved: {old: asking}\n",
        ),
        "unknown_type",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_finding_stands_where_the_mend_is_to_be_made(what: str) -> None:
    marked, rule = BROKEN[what]
    text, spot = unmarked(marked)
    assert spot is not None
    problems = found_in({"shop.yaml": text})
    assert shown(problems) == [(rule, "shop.yaml", *spot)], problems


STAFF = """\
flow: staff
start: resting
otherwise: hello
states:
  resting:
    ask: hello
messages:
  hello: Hello!
  called: "{{ name }} asks for you: {{ item }}"
"""

TELLING = flow(
    """\
  asking:
    commands:
      call:
        pattern: "call {item}"
        do: {tell: {to: staff, message: called}}
        reply: hello
        goto: done
    input: {save: name, reply: hello, goto: done}
""",
    top="moved: {old: asking}\nslots: {name: text}\n",
)

PACK = {
    "business.yaml": BUSINESS.replace("{customer: shop.yaml}", "{customer: shop.yaml, staff: staff.yaml}"),
    "shop.yaml": TELLING,
    "staff.yaml": STAFF,
}

WORKFLOW = """\
order:
  start: pending
  moves:
    confirm: {from: pending, to: confirmed, by: [staff], tell: confirmed}
"""

SHARED = """\
messages:
  bye: Goodbye!
"""

TRANSLATED = flow(top="languages: [en, ur]\n")

CATALOG = "products: [{number: 1, code: apple, name: Apple, price: 0.50}]\n"
NAMED = {
    "business.yaml": BUSINESS.replace("[en]", "[en, ur]"),
    "shop.yaml": flow(),
    "shop.ur.yaml": "names: {aple: سیب}\nmessages: {hello: سلام}\n",
}

ASKING = """\
  asking:
    ask: hello
    {asks}
    otherwise: {{reply: hello, goto: done}}
"""


def asking_in(asks: str, top: str = "", messages: str = "") -> str:
    """A flow with a state that asks."""
    return flow(ASKING.format(asks=asks), messages, top).replace("goto: done}", "goto: asking}", 1)


CODES = """\
products:
  - {number: 12, code: apple, name: Apple, price: 0.50}
  - {number: 5, code: "12", name: Pear, price: 0.70}
"""

PACKS_WITHOUT_FINDINGS = {
    "a code that is the number of its own product": {
        "business.yaml": BUSINESS,
        "shop.yaml": flow(),
        "catalog.yaml": CODES.replace("number: 5", "number: 13").replace('"12"', '"13"'),
    },
    "opening hours of a message, and a date of a date": {
        "shop.yaml": asking_in(
            "input: {save: day, validate: [{opening_hours: , else: hello},"
            " {date: {min: '{{ today }}'}, else: hello}],"
            " reply: bye, goto: done}",
            "slots: {day: date}\n",
            '  bye: "{{ day | date }}"\n',
        )
    },
    "a conversation with all that one can say of it": {
        "business.yaml": BUSINESS,
        "shop.yaml": flow(),
        "conversations/one.yaml": "conversation: all of it\nrole: customer\nlanguage: en\n"
        "at: 2025-02-28T23:59:59\ncustomer: {name: Ann, phone: '+923001234567'}\n"
        "says: [hi, {event: payment_received}, {breaks: place_order}]\n",
    },
    "any name in a translation where no catalog is known": NAMED,
    "any name in the translation of a flow without a pack": {
        "shop.yaml": TRANSLATED,
        "shop.ur.yaml": NAMED["shop.ur.yaml"],
    },
    "a shared translation names the settings of every flow that uses it": {
        "business.yaml": NAMED["business.yaml"].replace(
            "{customer: shop.yaml}", "{customer: shop.yaml, staff: staff.yaml}"
        ),
        "catalog.yaml": CATALOG,
        "shop.yaml": flow(top="use: shared.yaml\nsettings: {street: Market Street}\n").replace(
            "Hello!", '"{{ settings.street }}"'
        ),
        "shop.ur.yaml": 'messages: {hello: "{{ settings.street }}"}\n',
        "staff.yaml": flow(top="use: shared.yaml\n").replace("flow: shop", "flow: staff"),
        "staff.ur.yaml": "messages: {hello: سلام}\n",
        "shared.yaml": "messages: {}\n",
        "shared.ur.yaml": "names: {street: مارکیٹ, apple: سیب}\n",
    },
    "a message that another flow sends is used, and has the sender's names": PACK,
    "a message that the workflow sends is used, and has the order": {
        "business.yaml": BUSINESS,
        "shop.yaml": flow(messages='  confirmed: "{{ order.number }} is confirmed."\n'),
        "workflow.yaml": WORKFLOW,
    },
    "a message of a shared file is used if one of its flows says it": {
        **PACK,
        "shop.yaml": TELLING.replace("otherwise: hello\n", "otherwise: bye\nuse: shared.yaml\n", 1),
        "staff.yaml": STAFF.replace("otherwise: hello\n", "otherwise: hello\nuse: shared.yaml\n", 1),
        "shared.yaml": SHARED,
    },
    "a template without a translation serves every language": {
        "shop.yaml": TRANSLATED.replace("Hello!", "{template: shop/hello.j2}"),
        "templates/shop/hello.j2": "Hello, {{ business.name }}!\n",
    },
    "a template with a translation that reads the same": {
        "shop.yaml": TRANSLATED.replace("Hello!", "{template: shop/hello.j2}"),
        "templates/shop/hello.j2": "Hello, {{ business.name }}!\n",
        "templates/shop/hello.ur.j2": "{{ business.name }} سلام\n",
    },
}


@pytest.mark.parametrize("what", PACKS_WITHOUT_FINDINGS)
def test_what_is_right_in_a_pack_is_not_found(what: str) -> None:
    assert found_in(PACKS_WITHOUT_FINDINGS[what]) == []


TALK = "conversation: somebody talks\n%s\nsays: [hi, {event: handed_back}]\n"


def talking(line: str, says: str = "") -> dict[str, str]:
    """A pack with a conversation that has this line, or says this."""
    talk = TALK % (line or "role: customer")
    if says:
        talk = talk.replace("[hi, {event: handed_back}]", says)
    return {"business.yaml": BUSINESS, "shop.yaml": flow(), "conversations/one.yaml": talk}


BROKEN_PACKS = {
    "an expression of nothing": (
        {"shop.yaml": asking_in('input: {when: "", reply: hello, goto: done}')},
        ("expression", "shop.yaml", 9, 20),
    ),
    "a currency that is none is told once": (
        {"business.yaml": BUSINESS.replace("EUR", "Rupees"), "shop.yaml": flow()},
        ("schema", "business.yaml", 3, 11),
    ),
    "hours that are none are told once": (
        {"business.yaml": BUSINESS + "opening_hours: {saturday: 9-12}\n", "shop.yaml": flow()},
        ("schema", "business.yaml", 7, 27),
    ),
    "a bound that is no number is told once": (
        {
            "shop.yaml": asking_in(
                "input: {save: name, validate: [{length: {min: two}, else: hello}], reply: bye, goto: done}",
                "slots: {name: text}\n",
                '  bye: "{{ name }}"\n',
            )
        },
        ("schema", "shop.yaml", 10, 51),
    ),
    "a code that is the number of another product": (
        {"business.yaml": BUSINESS, "catalog.yaml": CODES, "shop.yaml": flow()},
        ("clash", "catalog.yaml", 3, 23),
    ),
    "a translation of no flow": (
        {
            "business.yaml": NAMED["business.yaml"],
            "shop.yaml": flow(),
            "shop.ur.yaml": "messages: {hello: سلام}\n",
            "shpo.ur.yaml": "messages: {hello: سلام}\n",
        },
        ("missing_file", "shpo.ur.yaml", 1, 1),
    ),
    "choices from what is no list": (
        {
            "shop.yaml": asking_in(
                "choices: {from: cart.total, as: one, title: x, value: x, reply: hello, goto: done}"
            )
        },
        ("type_mismatch", "shop.yaml", 9, 21),
    ),
    "a date is asked of a text": (
        {
            "shop.yaml": asking_in(
                "input: {save: day, validate: [{date: {min: 2025-01-01}, else: hello}],"
                " reply: bye, goto: done}",
                "slots: {day: text}\n",
                '  bye: "{{ day }}"\n',
            )
        },
        ("type_mismatch", "shop.yaml", 10, 36),
    ),
    "opening hours are asked of a number": (
        {
            "shop.yaml": asking_in(
                'input: {save: day, validate: [{opening_hours: "{{ day }}", else: hello}],'
                " reply: bye, goto: done}",
                "slots: {day: number}\n",
                '  bye: "{{ day }}"\n',
            )
        },
        ("type_mismatch", "shop.yaml", 10, 52),
    ),
    "a slot that no text can read": (
        {"shop.yaml": asking_in("input: {save: none, reply: hello, goto: done}", "slots: {none: text}\n")},
        ("reserved_name", "shop.yaml", 4, 9),
    ),
    "a hole that no text can read": (
        {"shop.yaml": asking_in("commands: {say: {pattern: 'say {true}', reply: hello, goto: done}}")},
        ("reserved_name", "shop.yaml", 9, 37),
    ),
    "a conversation of a role without a flow": (
        talking("role: staff"),
        ("unknown_role", "conversations/one.yaml", 2, 7),
    ),
    "a conversation in a language that the flow does not speak": (
        talking("language: fr"),
        ("unknown_language", "conversations/one.yaml", 2, 11),
    ),
    "a conversation on a day that no calendar has": (
        talking("at: 2025-02-30T10:00"),
        ("schema", "conversations/one.yaml", 2, 5),
    ),
    "a conversation at an hour that no clock has": (
        talking("at: 2025-02-20T25:00"),
        ("schema", "conversations/one.yaml", 2, 5),
    ),
    "an event in a conversation that never happens": (
        talking("", "[hi, {event: nope}]"),
        ("unknown_event", "conversations/one.yaml", 3, 20),
    ),
    "what a conversation breaks is nothing of the shop": (
        talking("", "[hi, {breaks: nope}]"),
        ("schema", "conversations/one.yaml", 3, 21),
    ),
    "a customer whose number is none": (
        talking("customer: {phone: abc}"),
        ("schema", "conversations/one.yaml", 2, 19),
    ),
    "a name of no product, where the catalog is a table": (
        {**NAMED, "catalog.csv": "number,code,name,price\n1,apple,Apple,0.50\n"},
        ("unknown_name", "shop.ur.yaml", 1, 9),
    ),
    "the name of a product that cannot be read is still one": (
        {**NAMED, "catalog.yaml": CATALOG.replace("apple", "aple").replace(", price: 0.50", "")},
        ("schema", "catalog.yaml", 1, 12),
    ),
    "a message that the other flow does not have": (
        {**PACK, "staff.yaml": STAFF.replace("called:", "caled:")},
        ("unknown_message", "shop.yaml", 13, 41),
    ),
    "a message that the workflow tells and the flow does not have": (
        {"business.yaml": BUSINESS, "shop.yaml": flow(), "workflow.yaml": WORKFLOW},
        ("unknown_message", "workflow.yaml", 4, 64),
    ),
    "a translation of what is not there": (
        {"shop.yaml": TRANSLATED, "shop.ur.yaml": "messages:\n  hello: سلام\n  helo: سلام\n"},
        ("unknown_message", "shop.ur.yaml", 3, 3),
    ),
    "a variable that a translation adds": (
        {"shop.yaml": TRANSLATED, "shop.ur.yaml": 'messages:\n  hello: "{{ business.name }} سلام"\n'},
        ("different_variables", "shop.ur.yaml", 2, 14),
    ),
    "a language without any translation": (
        {"shop.yaml": TRANSLATED},
        ("missing_translation", "shop.yaml", 4, 17),
    ),
    "a name in a template": (
        {
            "shop.yaml": flow().replace("Hello!", "{template: shop/hello.j2}"),
            "templates/shop/hello.j2": "Hello!\nDear {{ custmer.name }}\n",
        },
        ("unknown_variable", "../../templates/shop/hello.j2", 2, 9),
    ),
    "a variable that a template's translation drops": (
        {
            "shop.yaml": TRANSLATED.replace("Hello!", "{template: shop/hello.j2}"),
            "templates/shop/hello.j2": "Hello, {{ business.name }}!\n",
            "templates/shop/hello.ur.j2": "سلام\n",
        },
        ("different_variables", "../../templates/shop/hello.ur.j2", 1, 1),
    ),
    "what the business says": (
        {"business.yaml": BUSINESS.replace("EUR", "EUX"), "shop.yaml": flow()},
        ("schema", "business.yaml", 3, 11),
    ),
}


@pytest.mark.parametrize("what", BROKEN_PACKS)
def test_a_finding_in_a_pack_stands_where_the_mend_is_to_be_made(what: str) -> None:
    files, expected = BROKEN_PACKS[what]
    problems = found_in(files)
    assert [one[:4] for one in shown(problems)] == [expected], problems


def test_a_name_that_is_near_to_none_gets_the_list_of_those_there_are() -> None:
    (problem,) = found_in(
        {"shop.yaml": flow(top="moved: {old: done}\n").replace("goto: done", "goto: elsewhere")}
    )
    assert problem.rule == "unknown_state"
    assert problem.message == "no state 'elsewhere'; there is: initial, done"


def test_every_problem_of_every_file_is_found_in_one_run() -> None:
    files = {
        "business.yaml": BUSINESS.replace("EUR", "EURO"),
        "shop.yaml": flow(messages="  unused: Hi!\n").replace("goto: done", "goto: don"),
        "catalog.yaml": "products:\n  - {number: 1, cod: choc, name: Choc, price: 5}\n",
    }
    assert {problem.place.file for problem in found_in(files)} == {
        "business.yaml",
        "shop.yaml",
        "catalog.yaml",
    }
    assert {"unused_message", "unknown_state"} <= {problem.rule for problem in found_in(files)}


def test_a_mistake_hides_nothing_that_stands_beside_it() -> None:
    problems = found_in({"shop.yaml": flow(top="slots: {name: txet, unused: text}\n")})
    assert [(one.rule, one.place.column) for one in problems] == [("unknown_type", 15), ("unused_slot", 21)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_flow_with_any_damage_has_findings_and_breaks_nothing(data: st.DataObject) -> None:
    lines = flow(CHOOSING, top="slots: {wanted: product}\nmoved: {old: choosing}\n").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.sampled_from(["", lines[at][2:], f"  {lines[at]}", lines[at].replace(":", "", 1), lines[-at]])
            | st.text("{}[]:, '\"#&*|>-%ab\n", max_size=12).map(lines[at].__add__)
        )
    files = {"shop.yaml": "\n".join(lines)}
    assert all(
        one.place.file == "shop.yaml" and one.place.line > 0 and one.message
        for one in found_in(files, Selection("production", style=True))
    )


CHOOSING = """\
  choosing:
    branches: [{when: cart.is_empty, do: clear_cart, goto: done}]
    ask: hello
    ignore: []
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      none: hello
      do: {add_to_cart: {item: "{{ wanted.code }}"}}
      fails: {out_of_stock: hello}
      goto: done
    tries: {limit: 3, then: {reply: hello, goto: done}}
    after: [{wait: 1 hour, reply: hello}]
    events: {order_confirmed: {goto: done}}
    commands:
      add: {pattern: "{item:number}", validate: [{in_catalog: "{{ item }}", else: hello}], goto: done}
"""
