"""The parts that schemas are put together from: texts, names, answers, and what the registries declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.declarations import Action, Parameter, Validator
from engine.durations import DURATION

Schema = dict[str, Any]

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"
IDENTIFIER = r"^[A-Za-z][A-Za-z0-9_]*$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"

TEMPLATE: Schema = {"type": "string", "pattern": r"\{[{%]", "description": "a text with `{{ … }}`"}


def text(about: str, **more: Any) -> Schema:
    return {"type": "string", "description": about, **more}


def flag(about: str) -> Schema:
    return {"type": "boolean", "description": about}


def ref(name: str, about: str = "") -> Schema:
    return {"$ref": f"#/$defs/{name}"} | ({"description": about} if about else {})


def matching(pattern: str, about: str, wrong: str) -> Schema:
    """A text of a shape, and what is said of one that has another."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": wrong, "description": about}


def mapping(values: Schema, about: str, names: Schema | None = None) -> Schema:
    """Names of somebody's choosing, each with a value."""
    return {
        "type": "object",
        "propertyNames": names or NAMES,
        "additionalProperties": values,
        "description": about,
    }


def closed(properties: Mapping[str, Schema], about: str, **more: Any) -> Schema:
    """A mapping of these keys and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        "description": about,
        **more,
    }


def list_of(items: Schema, about: str, **more: Any) -> Schema:
    return {"type": "array", "items": items, "description": about, **more}


def one_or_more(items: Schema, about: str) -> Schema:
    """A single one, or a list of them."""
    return {"anyOf": [items, {"type": "array", "items": items, "minItems": 1}], "description": about}


NAMES: Schema = {
    "pattern": NAME,
    "patternErrorMessage": "a name is letters, digits and `_`, without spaces",
}
IDENTIFIERS: Schema = {
    "pattern": IDENTIFIER,
    "patternErrorMessage": "a name that texts read begins with a letter and is letters, digits and `_`",
}


def duration(about: str) -> Schema:
    return matching(
        DURATION,
        about,
        "a length of time is written `10 minutes`, `1 hour` or `2 days`; 999 weeks are the most",
    )


def language(about: str) -> Schema:
    return matching(LANGUAGE, about, "a language is written by its tag: en, ur, pt-BR")


def _parameter(parameter: Parameter) -> Schema:
    """What a parameter takes: what it declares, or a text that gives it at the time."""
    schema = dict(parameter.schema)
    types = schema.get("type")
    takes_any_text = types == "string" or (isinstance(types, list) and "string" in types) or not schema
    if takes_any_text and not schema.keys() & {"pattern", "enum", "const", "maxLength"}:
        return {**schema, "description": parameter.about}
    return {"anyOf": [schema, TEMPLATE], "description": parameter.about}


def _call(declared: Action | Validator, single: str | None, required: list[str]) -> Schema:
    """How a validator or an action is written: its parameters, a single value for one of them, or nothing."""
    forms: list[Schema] = []
    parameters = {key: _parameter(one) for key, one in declared.parameters.items()}
    if isinstance(declared, Validator) and "value" not in parameters:
        parameters["value"] = {"description": "what is looked at; without it the input"}
    if single is not None and set(required) <= {single}:
        forms.append(parameters[single])
    if parameters:
        whole = closed(parameters, declared.about, **{"x-kind": "parameter"})
        forms.append(whole | ({"required": required} if required else {}))
    if not required:
        forms.append({"type": "null"})
        if not parameters:
            forms.append({"type": "object", "maxProperties": 0})
    if len(forms) == 1:
        return {**forms[0], "description": declared.about}
    return {"anyOf": forms, "description": declared.about}


def check_entry(validators: Mapping[str, Validator]) -> Schema:
    """An entry of `validate`: one validator with its parameters, and its `else`."""
    properties = {}
    for called, declared in validators.items():
        required = [key for key, one in declared.parameters.items() if one.required]
        properties[called] = _call(declared, declared.single, required)
    properties["else"] = ref("answer", "the answer to input that is refused")
    return closed(
        properties,
        "one validator, and its `else`",
        **{"x-kind": "validator", "minProperties": 1},
        allOf=[
            {
                "if": {"required": ["else"]},
                "then": {"minProperties": 2, "maxProperties": 2},
                "else": {"maxProperties": 1},
            }
        ],
    )


def steps(actions: Mapping[str, Action]) -> Schema:
    """What `do` takes: an action's name, an action with parameters, or a list of those."""
    calls = {}
    for called, declared in actions.items():
        required = [key for key, one in declared.parameters.items() if one.required and not one.filled]
        first = next(iter(declared.parameters), None)
        calls[called] = _call(declared, first, required)
    bare = {"type": "string", "enum": list(actions), "x-kind": "action"}
    with_parameters = closed(
        calls, "an action with its parameters", **{"x-kind": "action", "minProperties": 1, "maxProperties": 1}
    )
    step: Schema = {"anyOf": [bare, with_parameters]}
    return {
        "anyOf": [bare, with_parameters, {"type": "array", "items": step}],
        "description": "actions, in order",
    }
