"""Tells quickly whether a value conforms to a JSON Schema, without telling what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Check = Callable[[Any], bool]

ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "format"),
        *(
            "deprecated",
            "errorMessage",
            "patternErrorMessage",
            "x-kind",
            "defaultSnippets",
            "markdownDescription",
        ),
    }
)
"""Keywords that say something to people and editors, and refuse nothing."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


TYPES: Mapping[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def checker(schema: Mapping[str, Any]) -> Check:
    """The check of a schema whose `$ref`s name its own `$defs`. Raises ValueError for an unknown keyword."""
    return _Compiler(schema).check(schema)


class _Compiler:
    """Makes one function of each part of a schema; a `$ref` is made when it is first met."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.made: dict[str, Check] = {}

    def check(self, schema: Mapping[str, Any] | bool) -> Check:
        if isinstance(schema, bool):
            return lambda value: schema
        checks = [
            made for key, part in schema.items() if (made := self._keyword(key, part, schema)) is not None
        ]
        if not checks:
            return lambda value: True
        if len(checks) == 1:
            return checks[0]
        if len(checks) == 2:
            one, two = checks
            return lambda value: one(value) and two(value)
        return lambda value: all(check(value) for check in checks)

    def _keyword(self, key: str, part: Any, schema: Mapping[str, Any]) -> Check | None:
        if key in ANNOTATIONS or key in ("then", "else"):
            return None
        if key in ("properties", "additionalProperties"):
            first = next(one for one in schema if one in ("properties", "additionalProperties"))
            return self._properties(schema) if key == first else None
        try:
            make = getattr(self, f"_{key.removeprefix('$')}")
        except AttributeError:
            raise ValueError(f"the schema keyword {key!r} is not known here") from None
        if key == "if":
            part = (part, schema.get("then", True), schema.get("else", True))
        made: Check = make(part)
        return made

    def _ref(self, name: str) -> Check:
        def later(value: Any) -> bool:
            check = self.made.get(name)
            if check is None:
                check = self.made[name] = self.check(self.root["$defs"][name.removeprefix("#/$defs/")])
            return check(value)

        return later

    def _type(self, part: str | list[str]) -> Check:
        if isinstance(part, str):
            return TYPES[part]
        checks = [TYPES[one] for one in part]
        return lambda value: any(check(value) for check in checks)

    def _enum(self, part: list[Any]) -> Check:
        return lambda value: any(
            value == one and isinstance(value, bool) == isinstance(one, bool) for one in part
        )

    def _const(self, part: Any) -> Check:
        return self._enum([part])

    def _properties(self, schema: Mapping[str, Any]) -> Check:
        known = {key: self.check(part) for key, part in schema.get("properties", {}).items()}
        other = self.check(schema.get("additionalProperties", True))

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            return all(known.get(key, other)(one) for key, one in value.items())

        return check

    def _propertyNames(self, part: Any) -> Check:  # noqa: N802 - the schema's own word
        name = self.check(part)
        return lambda value: not isinstance(value, dict) or all(name(key) for key in value)

    def _required(self, part: list[str]) -> Check:
        return lambda value: not isinstance(value, dict) or all(key in value for key in part)

    def _minProperties(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, dict) or len(value) >= part

    def _maxProperties(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, dict) or len(value) <= part

    def _items(self, part: Any) -> Check:
        item = self.check(part)
        return lambda value: not isinstance(value, list) or all(item(one) for one in value)

    def _minItems(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) >= part

    def _maxItems(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, list) or len(value) <= part

    def _minLength(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, str) or len(value) >= part

    def _maxLength(self, part: int) -> Check:  # noqa: N802
        return lambda value: not isinstance(value, str) or len(value) <= part

    def _pattern(self, part: str) -> Check:
        # It is compiled when a text comes to it: most flows hold few of the values that have one.
        return lambda value: not isinstance(value, str) or re.search(part, value) is not None

    def _minimum(self, part: Any) -> Check:
        return lambda value: not _is_number(value) or value >= part

    def _maximum(self, part: Any) -> Check:
        return lambda value: not _is_number(value) or value <= part

    def _exclusiveMinimum(self, part: Any) -> Check:  # noqa: N802
        return lambda value: not _is_number(value) or value > part

    def _anyOf(self, part: list[Any]) -> Check:  # noqa: N802
        checks = [self.check(one) for one in part]
        return lambda value: any(check(value) for check in checks)

    def _oneOf(self, part: list[Any]) -> Check:  # noqa: N802
        checks = [self.check(one) for one in part]
        return lambda value: sum(check(value) for check in checks) == 1

    def _allOf(self, part: list[Any]) -> Check:  # noqa: N802
        checks = [self.check(one) for one in part]
        return lambda value: all(check(value) for check in checks)

    def _not(self, part: Any) -> Check:
        check = self.check(part)
        return lambda value: not check(value)

    def _if(self, part: tuple[Any, Any, Any]) -> Check:
        condition, then, otherwise = [self.check(one) for one in part]
        return lambda value: then(value) if condition(value) else otherwise(value)
