"""Makes docs/language.md, the reference of the flow language, from the schemas and the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters import reference_texts as texts
from engine.actions import ACTIONS
from engine.business import BusinessAt
from engine.declarations import Action, Parameter, Validator
from engine.draft import RESERVED, Failed, Said
from engine.jinja.filters import FILTERS
from engine.schema import schema_of
from engine.schema.flow import (
    COMING,
    COMMAND,
    MAKING,
    choices_keys,
    flow_keys,
    message_keys,
    rule_keys,
    state_keys,
)
from engine.schema.parts import Schema
from engine.shop import CartLine, Customer, Order, OrderLine, Product
from engine.shop_names import Cart, Catalog, Orders
from engine.types import TYPES
from engine.validators import VALIDATORS

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
    "records": "kept for what is to come",
}
"""The reserved names that offer nothing but themselves."""


def reference() -> Iterator[str]:
    """The lines of docs/language.md."""
    yield texts.OPENING
    yield from _section("A flow file", "`customer.yaml`: one conversation.", flow_keys())
    yield from _section("A state", "Under `states`, each by its name.", state_keys(), texts.STATE_EXAMPLE)
    yield from _rules()
    yield from _section(
        "A message",
        texts.MESSAGES,
        message_keys(),
        texts.MESSAGE_EXAMPLE,
    )
    yield from _section("Choices", "A list to pick from, in a state.", choices_keys(), texts.CHOICES_EXAMPLE)
    yield from _types()
    yield from _validators()
    yield from _actions()
    yield from _names()
    yield from _filters()
    yield from _section(
        "A translation",
        "`customer.ur.yaml` beside `customer.yaml`.",
        schema_of("translation")["properties"],
        texts.TRANSLATION_EXAMPLE,
    )
    yield from _section(
        "The business", "`business.yaml`.", schema_of("business")["properties"], texts.BUSINESS_EXAMPLE
    )
    product = schema_of("catalog")["$defs"]["product"]
    yield from _section("The catalog", texts.CATALOG, product["properties"], texts.CATALOG_EXAMPLE)
    move = schema_of("workflow")["properties"]["order"]["properties"]["moves"]["additionalProperties"]
    yield from _section("The workflow", texts.WORKFLOW, move["properties"], texts.WORKFLOW_EXAMPLE)
    yield from _conversation()
    yield from ("", "## What changes while people are talking", "", texts.VERSIONS.strip())


def _section(title: str, about: str, keys: Mapping[str, Schema], example: str = "") -> Iterator[str]:
    yield from ("", f"## {title}", "", about, "", "| key | holds |", "|---|---|")
    for key, schema in keys.items():
        yield f"| `{key}` | {cell(_about(schema))} |"
    if example:
        yield from ("", "```yaml", example.strip(), "```")


def _about(schema: Schema) -> str:
    return str(schema.get("description", ""))


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _rules() -> Iterator[str]:
    yield from _section("A rule", texts.RULES, rule_keys(), texts.RULE_EXAMPLE)
    only_commands = ", ".join(f"`{key}`" for key in COMMAND if key not in MAKING)
    yield from (
        "",
        f"{only_commands} stand in commands only, `accepts` in `input` only."
        " What comes without a message (events, and"
        f" the rules of `after`, which also take `wait`) takes {', '.join(f'`{key}`' for key in COMING)}.",
        "",
        "### An answer",
        "",
        texts.ANSWER,
    )


def _types() -> Iterator[str]:
    yield from ("", "## Types", "", texts.TYPES_ABOUT, "", "| type | reads | in a pattern |", "|---|---|---|")
    for name, declared in TYPES.items():
        yield f"| `{name}` | {cell(declared.about)} | {'yes' if declared.shape else 'no'} |"


def _validators() -> Iterator[str]:
    yield from ("", "## Validators", "", texts.VALIDATORS_ABOUT)
    for name, declared in VALIDATORS.items():
        yield from ("", f"### `{name}`", "", declared.about, *_parameters(declared.parameters))
        yield from ("", "```yaml", f"validate: [{{{call_of(declared)}, else: not_accepted}}]", "```")


def _actions() -> Iterator[str]:
    yield from ("", "## Actions", "", texts.ACTIONS_ABOUT)
    for name, declared in ACTIONS.items():
        yield from ("", f"### `{name}`", "", declared.about, *_parameters(declared.parameters))
        for what, words in (("Gives", declared.gives), ("Fails with", declared.fails)):
            if words:
                yield from ("", f"{what}: {', '.join(f'`{word}`' for word in words)}.")
        call = call_of(declared)
        yield from ("", "```yaml", f"do: {call if call == name else f'{{{call}}}'}", "```")


def _parameters(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if parameters:
        yield from ("", "| parameter | takes | |", "|---|---|---|")
    for name, parameter in parameters.items():
        needed = "needed" if parameter.required else ""
        yield f"| `{name}` | {cell(parameter.about)} | {needed} |"


def call_of(declared: Action | Validator) -> str:
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
    if name in DAYS:
        return DAYS[name]
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

DAYS: Mapping[str, str] = {"min": '"{{ today }}"', "max": "2026-12-31"}
"""Bounds that are no numbers."""


def _names() -> Iterator[str]:
    yield from ("", "## Names", "", texts.NAMES_ABOUT)
    for name in sorted(RESERVED - OFFERED.keys()):
        yield from ("", f"### `{name}`", "", f"{PLAIN[name][0].upper()}{PLAIN[name][1:]}.")
    for name, cls in OFFERED.items():
        yield from ("", f"### `{name}`", *_offers(cls))
    for name, cls in PARTS.items():
        yield from ("", f"### {name[0].upper()}{name[1:]}", *_offers(cls))


def _offers(cls: Any) -> Iterator[str]:
    yield from ("", "| | |", "|---|---|")
    for name, about in cls.offers.items():
        yield f"| `{name}` | {cell(about)} |"


def _filters() -> Iterator[str]:
    yield from ("", "## Filters", "", texts.FILTERS_ABOUT, "", "| filter | gives |", "|---|---|")
    own = {name: one for name, one in FILTERS.items() if _is_own(one)}
    for name, one in own.items():
        yield f"| `{name}` | {cell(str(one.__doc__).splitlines()[0])} |"
    others = ", ".join(f"`{name}`" for name in sorted(FILTERS.keys() - own.keys()))
    yield from ("", f"And Jinja's own: {others}.")


def _is_own(filter_: Any) -> bool:
    return getattr(filter_, "__module__", "") == "engine.jinja.filters" and bool(filter_.__doc__)


def _conversation() -> Iterator[str]:
    schema = schema_of("conversation")
    yield from _section("A conversation, as a test", texts.CONVERSATION, schema["properties"])
    entry = schema["properties"]["says"]["items"]["anyOf"][1]
    yield from ("", "Between the texts of `says`:", "", "| key | holds |", "|---|---|")
    for key, part in entry["properties"].items():
        yield f"| `{key}` | {cell(_about(part))} |"
    yield from ("", "```yaml", texts.CONVERSATION_EXAMPLE.strip(), "```")
