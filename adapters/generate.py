"""Writes what is generated from the declarations: `schemas/*.schema.json` and `docs/language.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.actions import ACTIONS
from engine.declarations import Action, Parameter, Validator
from engine.draft import RESERVED, Failed, Said
from engine.filters import FILTERS
from engine.schema import KINDS, schema_of
from engine.schema_flow import (
    COMING,
    COMMAND,
    MAKING,
    choices_keys,
    flow_keys,
    message_keys,
    rule_keys,
    state_keys,
)
from engine.schema_parts import Schema
from engine.shop import BusinessAt, Cart, CartLine, Catalog, Customer, Order, OrderLine, Orders, Product
from engine.types import TYPES
from engine.validators import VALIDATORS

ROOT = Path(__file__).parent.parent

OFFERED: Mapping[str, Any] = {
    "business": BusinessAt,
    "customer": Customer,
    "cart": Cart,
    "catalog": Catalog,
    "orders": Orders,
    "failure": Failed,
    "message": Said,
}
"""What a reserved name offers, where it offers something."""

PARTS: Mapping[str, Any] = {
    "a line of the cart": CartLine,
    "a product": Product,
    "an order": Order,
    "a line of an order": OrderLine,
}

PLAIN: Mapping[str, str] = {
    "settings": "the constants of the flow's `settings`, as `settings.NAME`",
    "now": "this moment, on the business's clock",
    "today": "this day, on the business's clock",
    "suggestion": "the nearest command to what was not understood; empty where none is near",
    "records": "(a later version)",
}
"""The reserved names that offer nothing but themselves."""


def generated() -> dict[str, str]:
    """The text of every generated file, by its path from the top of the project."""
    files = {}
    for kind in KINDS:
        files[f"schemas/{kind}.schema.json"] = (
            json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        )
    files["docs/language.md"] = "\n".join(reference()) + "\n"
    return files


def main(words: list[str]) -> int:
    """`python -m adapters.generate [--check]`; with `--check` nothing is written and 1 says what is not current."""
    stale = []
    for path, text in generated().items():
        file = ROOT / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in words:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if "--check" in words and stale:
        sys.stderr.write(f"not current: {', '.join(stale)}; run `python -m adapters.generate`\n")
        return 1
    return 0


def reference() -> Iterator[str]:
    """The lines of docs/language.md."""
    yield OPENING
    yield from _section("A flow file", "`customer.yaml`: one conversation.", flow_keys())
    yield from _section("A state", "Under `states`, each by its name.", state_keys(), STATE_EXAMPLE)
    yield from _rules()
    yield from _section(
        "A message",
        "Under `messages`, each by its name: a text, or these keys.",
        message_keys(),
        MESSAGE_EXAMPLE,
    )
    yield from _section("Choices", "A list to pick from, in a state.", choices_keys(), CHOICES_EXAMPLE)
    yield from _types()
    yield from _validators()
    yield from _actions()
    yield from _names()
    yield from _filters()
    yield from _section(
        "A translation",
        "`customer.ur.yaml` beside `customer.yaml`.",
        schema_of("translation")["properties"],
        TRANSLATION_EXAMPLE,
    )
    yield from _section(
        "The business", "`business.yaml`.", schema_of("business")["properties"], BUSINESS_EXAMPLE
    )
    product = schema_of("catalog")["$defs"]["product"]
    yield from _section("The catalog", CATALOG, product["properties"], CATALOG_EXAMPLE)
    move = schema_of("workflow")["properties"]["order"]["properties"]["moves"]["additionalProperties"]
    yield from _section("The workflow", WORKFLOW, move["properties"], WORKFLOW_EXAMPLE)
    yield from _conversation()


def _section(title: str, about: str, keys: Mapping[str, Schema], example: str = "") -> Iterator[str]:
    yield from ("", f"## {title}", "", about, "", "| key | holds |", "|---|---|")
    for key, schema in keys.items():
        yield f"| `{key}` | {_cell(_about(schema))} |"
    if example:
        yield from ("", "```yaml", example.strip(), "```")


def _about(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _rules() -> Iterator[str]:
    yield from _section("A rule", RULES, rule_keys(), RULE_EXAMPLE)
    only_commands = ", ".join(f"`{key}`" for key in COMMAND if key not in MAKING)
    yield from (
        "",
        f"{only_commands} stand in commands only, `accepts` in `input` only. What comes without a message (events, and"
        f" the rules of `after`, which also take `wait`) takes {', '.join(f'`{key}`' for key in COMING)}.",
        "",
        "### An answer",
        "",
        ANSWER,
    )


def _types() -> Iterator[str]:
    yield from ("", "## Types", "", TYPES_ABOUT, "", "| type | reads | in a pattern |", "|---|---|---|")
    for name, declared in TYPES.items():
        yield f"| `{name}` | {_cell(declared.about)} | {'yes' if declared.shape else 'no'} |"


def _validators() -> Iterator[str]:
    yield from ("", "## Validators", "", VALIDATORS_ABOUT)
    for name, declared in VALIDATORS.items():
        yield from ("", f"### `{name}`", "", declared.about, *_parameters(declared.parameters))
        yield from ("", "```yaml", f"validate: [{{{_call(declared)}, else: not_accepted}}]", "```")


def _actions() -> Iterator[str]:
    yield from ("", "## Actions", "", ACTIONS_ABOUT)
    for name, declared in ACTIONS.items():
        yield from ("", f"### `{name}`", "", declared.about, *_parameters(declared.parameters))
        for what, words in (("Gives", declared.gives), ("Fails with", declared.fails)):
            if words:
                yield from ("", f"{what}: {', '.join(f'`{word}`' for word in words)}.")
        call = _call(declared)
        yield from ("", "```yaml", f"do: {call if call == name else f'{{{call}}}'}", "```")


def _parameters(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if parameters:
        yield from ("", "| parameter | takes | |", "|---|---|---|")
    for name, parameter in parameters.items():
        needed = "needed" if parameter.required else ""
        yield f"| `{name}` | {_cell(parameter.about)} | {needed} |"


def _call(declared: Action | Validator) -> str:
    """A short example of how it is written."""
    needed = {name: one for name, one in declared.parameters.items() if one.required}
    if isinstance(declared, Validator):
        shown = needed or {name: one for name, one in declared.parameters.items() if name != "value"}
        single = declared.single
    else:
        shown, single = needed, next(iter(declared.parameters), None)
    if not shown:
        return f'{declared.name}: "{{{{ … }}}}"' if isinstance(declared, Validator) else declared.name
    if set(shown) == {single}:
        return f"{declared.name}: {_sample(*next(iter(shown.items())))}"
    inner = ", ".join(f"{name}: {_sample(name, one)}" for name, one in shown.items())
    return f"{declared.name}: {{{inner}}}"


def _sample(name: str, parameter: Parameter) -> str:
    schema = parameter.schema
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return (
            "[small, large]" if "enum" not in schema.get("items", {}) else f"[{schema['items']['enum'][0]}]"
        )
    if kind in ("integer", "number"):
        return str(SAMPLES.get(name, "1"))
    return SAMPLES.get(name, SAMPLES.get(str(schema.get("format")), "…"))


SAMPLES: Mapping[str, str] = {
    "min": "2",
    "max": "60",
    "latitude": "31.52",
    "longitude": "74.36",
    "kilometres": "8",
    "expression": '"quantity <= settings.max_quantity"',
    "regex": '"[A-Z]{2}[0-9]{4}"',
    "slot": "note",
    "language": "ur",
    "role": "staff",
    "message": "new_order",
    "item": '"{{ item }}"',
    "country": "PK",
}


def _names() -> Iterator[str]:
    yield from ("", "## Names", "", NAMES_ABOUT)
    for name in sorted(RESERVED - OFFERED.keys()):
        yield from ("", f"### `{name}`", "", f"{PLAIN[name][0].upper()}{PLAIN[name][1:]}.")
    for name, cls in OFFERED.items():
        yield from ("", f"### `{name}`", *_offers(cls))
    for name, cls in PARTS.items():
        yield from ("", f"### {name[0].upper()}{name[1:]}", *_offers(cls))


def _offers(cls: Any) -> Iterator[str]:
    yield from ("", "| | |", "|---|---|")
    for name, about in cls.offers.items():
        yield f"| `{name}` | {_cell(about)} |"


def _filters() -> Iterator[str]:
    yield from ("", "## Filters", "", FILTERS_ABOUT, "", "| filter | gives |", "|---|---|")
    own = {name: one for name, one in FILTERS.items() if _is_own(one)}
    for name, one in own.items():
        yield f"| `{name}` | {_cell(str(one.__doc__).splitlines()[0])} |"
    others = ", ".join(f"`{name}`" for name in sorted(FILTERS.keys() - own.keys()))
    yield from ("", f"And Jinja's own: {others}.")


def _is_own(filter_: Any) -> bool:
    return getattr(filter_, "__module__", "") == "engine.filters" and bool(filter_.__doc__)


def _conversation() -> Iterator[str]:
    schema = schema_of("conversation")
    yield from _section("A conversation, as a test", CONVERSATION, schema["properties"])
    entry = schema["properties"]["says"]["items"]["anyOf"][1]
    yield from ("", "Between the texts of `says`:", "", "| key | holds |", "|---|---|")
    for key, part in entry["properties"].items():
        yield f"| `{key}` | {_cell(_about(part))} |"
    yield from ("", "```yaml", CONVERSATION_EXAMPLE.strip(), "```")


OPENING = """# The language of flows

<!-- Generated by `python -m adapters.generate`. -->

A flow file says what customers can write, what happens then and what they are answered. It is made of keys
(`reply:`) and what stands behind them. This page lists all of them. `flow-lint` names whatever is not on
it, with its line and the nearest right word.

```yaml
flow: customer
languages: [en]
start: initial

slots:
  name: text

states:
  initial:
    otherwise: {reply: welcome, goto: awaiting_name}

  awaiting_name:
    ask: ask_name
    input:
      save: name
      validate: [{length: {min: 2}, else: name_too_short}]
      reply: nice_to_meet_you
      goto: done

  done: {final: true}

otherwise: not_understood

messages:
  welcome: "👋 Welcome to {{ business.name }}!"
  ask_name: "What is your name?"
  name_too_short: "Please write at least 2 characters."
  nice_to_meet_you: "Nice to meet you, {{ name }}."
  not_understood: "Sorry, I did not understand that."
```

How to write YAML, in short: indent with spaces. A text needs quotes when it begins with one of
`{ [ * & ! | > @ % \\` " '`, holds a colon and a space, or stands between braces and holds a comma or a `?`. Only
`true` and `false` are switches; `yes` and `no` are words. A text of several lines stands indented below `|`.
Times are written `10 minutes`, `1 hour`, `2 days`."""

RULES = """What a customer may say, and all that follows. Commands are rules with a name; `input`, `otherwise`, `then`, each
event and each entry of `after` are rules too. `otherwise`, `then` and events may also be just the message, or messages,
that they reply with."""

ANSWER = """Where an answer is wanted (`else`, `fails`, `none`), a message's name or a list of them is enough:
`else: name_too_short`. The long form is `{reply: …, goto: …, ask_again: true}`, each key as in a rule."""

TYPES_ABOUT = """What a slot remembers and what a hole of a pattern reads: `slots: {name: text}`, `pattern: "{item:number}"`. A
slot may also hold a list: `list of text`."""

VALIDATORS_ABOUT = """Questions asked in `validate`, in order; the first that fails gives its `else`. Every validator looks at the
input, or at its `value` where one is given."""

ACTIONS_ABOUT = """What `do` can order. A parameter that is left out takes the hole, slot or given name of the same name, where
there is one. What an action gives can be read by its name until the end of the turn. A failure is answered by the
rule's `fails`, else by the flow's."""

NAMES_ABOUT = """What texts (`{{ … }}`) and expressions (`when`, `check`, `from`) can read, beside the flow's own slots, the
holes of the pattern just read and what actions give. No slot may take one of these names."""

FILTERS_ABOUT = """Behind a `|` in texts and expressions: `{{ cart.total | money }}`."""

CATALOG = """`catalog.yaml`: the products that the business starts with, under `products`. A `catalog.csv` whose first row
names the same columns does as well."""

WORKFLOW = """`workflow.yaml`: the life of an order. `order` holds `start`, the status of a new order, and `moves`, by name:"""

CONVERSATION = """`conversations/*.yaml`: what a customer says, played against the pack with a fixed clock and a fresh shop."""

RULE_EXAMPLE = """
add_item:
  pattern: "{item:number}, {quantity:number}"
  validate:
    - {in_catalog: "{{ item }}", else: no_such_item}
    - {between: {value: "{{ quantity }}", min: 1}, else: quantity_too_small}
  do: add_to_cart
  fails: {out_of_stock: only_so_many_left}
  reply: item_added
"""

STATE_EXAMPLE = """
awaiting_instructions:
  ask: ask_instructions
  commands:
    skip: {words: [skip, none, no], do: {clear_slot: instructions}, goto: awaiting_confirmation}
  input:
    save: instructions
    validate: [{length: {max: 500}, else: instructions_too_long}]
    goto: awaiting_confirmation
  tries: {limit: 3, then: {reply: a_person_will_answer, goto: with_a_person}}
  after:
    - {wait: 10 minutes, reply: still_there}
"""

MESSAGE_EXAMPLE = """
welcome: "👋 Welcome to {{ business.name }}!"
menu: {template: cookie_barrel/menu.j2, buttons: [cart, done]}
help: {text: "What would you like?", list: {button: Choose, rows: [menu, cart, done, cancel]}}
"""

CHOICES_EXAMPLE = """
choices:
  from: catalog.available
  as: product
  title: "{{ product.name }}"
  about: "{{ product.price | money }}"
  value: "{{ product.code }}"
  save: wanted
  none: nothing_to_choose
  goto: asking_quantity
"""

TRANSLATION_EXAMPLE = """
words:    {cart: [ٹوکری], confirm: [جی ہاں]}
titles:   {confirm: تصدیق}
messages: {welcome: "خوش آمدید {{ business.name }}"}
"""

BUSINESS_EXAMPLE = """
business: cookie_barrel
name: Cookie Barrel
currency: INR
timezone: Asia/Karachi
languages: [en, ur]
order_number: "WA{date:%Y%m%d}{n:06}"
opening_hours: {monday: 09:00-22:00, friday: [09:00-12:30, 14:00-22:00]}
flows: {customer: customer.yaml}
"""

CATALOG_EXAMPLE = """
products:
  - {number: 1, code: choc_chip, name: Chocolate Chip Cookie, price: 50.00, stock: 100, category: Cookies}
  - {number: 2, code: oatmeal, name: Oatmeal Cookie, price: 45.00, category: Cookies}
"""

WORKFLOW_EXAMPLE = """
order:
  start: pending
  moves:
    confirm: {from: pending, to: confirmed, by: [staff, manager], tell: order_confirmed}
    cancel:  {from: [pending, confirmed], to: cancelled, by: [customer, staff], do: restock, tell: order_cancelled}
"""

CONVERSATION_EXAMPLE = """
conversation: a new customer orders two cookies
says:
  - hi
  - "1, 2"
  - {wait: 20 minutes}
  - done
  - {press: skip}
  - {send: location, latitude: 24.86, longitude: 67.01}
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
