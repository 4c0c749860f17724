"""Says in the words of the flow what is wrong with a value that its schema refuses, at the very key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from engine.nearest import nearest, renamed, unknown
from engine.schema import schema_of
from engine.schema.conform import TYPES, Check, checker
from engine.schema.parts import TEMPLATE, Schema
from engine.source import Edit, Listed, Mapped, Place, Problem, Span, Word

Path = tuple[str | int, ...]

CALLED = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "keys with values",
    "array": "a list",
    "null": "nothing",
}
RULES = {
    "validator": "unknown_validator",
    "action": "unknown_action",
    "parameter": "unknown_parameter",
    "type": "unknown_type",
}
ORDER = tuple(CALLED)


@cache
def _check(kind: str) -> Check:
    return checker(schema_of(kind))


def problems_of(document: Any, kind: str, start: Place) -> list[Problem]:
    """All in which a document departs from the schema of its kind; `start` is its file's first line."""
    if _check(kind)(document):
        return []
    return Finder(document, schema_of(kind), start).find()


def stands(value: Any) -> str:
    """What stands there, in words."""
    if isinstance(value, bool):
        return f"stands `{str(value).lower()}`"
    if isinstance(value, dict):
        return "stand keys with values"
    return f"stands {next(CALLED[one] for one, check in TYPES.items() if check(value))}"


def either(words: Iterable[str]) -> str:
    """The words as `a, b or c`."""
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"


def _span_of(word: Word) -> Span:
    return Span(word.place, max(1, len(word)))


class Finder:
    """Asks jsonschema for the errors of a document, and follows each to the part that was meant."""

    def __init__(self, document: Any, schema: Schema, start: Place) -> None:
        from jsonschema import Draft202012Validator

        self.document = document
        self.schema = schema
        self.start = start
        self.validator: Any = Draft202012Validator(schema)
        self.problems: list[Problem] = []

    def find(self) -> list[Problem]:
        self._walk(self.schema, self.document, ())
        return list(dict.fromkeys(self.problems))

    def _walk(self, schema: Any, instance: Any, path: Path) -> None:
        for error in self.validator.evolve(schema=schema).iter_errors(instance):
            self._tell(error, (*path, *error.path))

    # Where things stand

    def _span(self, path: Path) -> Span:
        """Where the value of a path stands; a value that is nothing, at its key."""
        if not path:
            return Span(self.start, 1)
        holder = self._at(path[:-1])
        last = path[-1]
        if isinstance(holder, Mapped) and isinstance(last, str) and last in holder:
            word = holder.word(last)
            if holder[last] is None and word.place != self.start:
                return _span_of(word)
            return holder.spans[last]
        if isinstance(holder, Listed) and isinstance(last, int):
            return holder.spans[last]
        return Span(self.start, 1)

    def _key_span(self, path: Path) -> Span:
        """Where the key stands that holds the value of a path, or the list's entry."""
        if path and isinstance(path[-1], str):
            holder = self._at(path[:-1])
            if isinstance(holder, Mapped):
                word = holder.word(path[-1])
                return _span_of(word)
        return self._span(path)

    def _at(self, path: Path) -> Any:
        value = self.document
        for step in path:
            value = value[step]
        return value

    def _say(self, span: Span, message: str, rule: str = "schema", edits: tuple[Edit, ...] = ()) -> None:
        self.problems.append(Problem(span.place, rule, message, span.length, edits=edits))

    @staticmethod
    def _name(path: Path) -> str:
        """What holds the value, for people: `reply`, an entry of `reply`, this file."""
        key = next((step for step in reversed(path) if isinstance(step, str)), None)
        if key is None:
            return "this file"
        return f"`{key}`" if isinstance(path[-1], str) else f"an entry of `{key}`"

    # What is wrong

    def _tell(self, error: Any, path: Path) -> None:
        own = error.schema.get("errorMessage") if isinstance(error.schema, Mapping) else None
        tell = getattr(self, f"_tell_{error.validator}", None)
        if own is not None:
            if not self._is_explained(error.instance):
                self._say(self._key_span(path), own)
        elif tell is not None:
            tell(error, path)
        else:
            self._say(self._span(path), f"{self._name(path)} is not right: {error.message}")

    def _is_explained(self, instance: Any) -> bool:
        """Whether one of its keys was already named as wrong, which says more than the whole could."""
        keys = instance.words.values() if isinstance(instance, Mapped) else ()
        told = {problem.place for problem in self.problems}
        return any(word.place in told for word in keys)

    def _tell_anyOf(self, error: Any, path: Path) -> None:  # noqa: N802 - the schema's own word
        branch = self._meant(error.validator_value, error.instance)
        if branch is None:
            parts = [part for part in error.validator_value if part is not TEMPLATE]
            accepted = [one for part in parts for one in self._types(part)]
            self._tell_wrong_type(accepted, error.instance, path)
        else:
            self._walk(branch, error.instance, path)

    def _tell_oneOf(self, error: Any, path: Path) -> None:  # noqa: N802
        self._tell_anyOf(error, path)

    def _tell_type(self, error: Any, path: Path) -> None:
        accepted = error.validator_value
        shape = error.schema.get("patternErrorMessage")
        # A number that would be right between quotes lacks nothing else.
        lacks_quotes = re.search(error.schema.get("pattern", "^$"), str(error.instance)) is not None
        if shape is not None and error.instance is not None and not lacks_quotes:
            self._say(self._span(path), shape)
            return
        self._tell_wrong_type([accepted] if isinstance(accepted, str) else accepted, error.instance, path)

    def _tell_wrong_type(self, accepted: list[str], instance: Any, path: Path) -> None:
        wanted = sorted({one for one in accepted if one != "null"}, key=ORDER.index)
        if "number" in wanted and "integer" in wanted:
            wanted.remove("integer")
        expected = either(CALLED[one] for one in wanted)
        if instance is None:
            self._say(self._span(path), f"{self._name(path)} has no value; it takes {expected}")
            return
        if isinstance(instance, str) and "number" in expected and re.fullmatch(r"[-+]?[0-9.]{15,}", instance):
            self._say(self._span(path), f"{self._name(path)} takes {expected}, and this has too many digits")
            return
        message = f"{self._name(path)} takes {expected}, here {stands(instance)}"
        if "string" in wanted and isinstance(instance, bool | int | Decimal | float):
            message += "; put it in quotes"
        if isinstance(instance, Mapped) and len(instance) == 1 and "string" in wanted:
            message += "; a text that holds a colon needs quotes"
        self._say(self._span(path), message)

    def _tell_additionalProperties(self, error: Any, path: Path) -> None:  # noqa: N802
        allowed = list(error.schema.get("properties", {}))
        kind = error.schema.get("x-kind", "key")
        for key in error.instance:
            if key in allowed:
                continue
            # An `else` can be meant only beside a validator that has none.
            has_one = any(one in allowed for one in error.instance) and "else" not in error.instance
            known = allowed if kind != "validator" or has_one else [one for one in allowed if one != "else"]
            word = error.instance.word(key)
            # A key that stands there already cannot be what was meant.
            free = [one for one in known if one not in error.instance]
            rule = RULES.get(kind, "schema")
            self._say(_span_of(word), unknown(kind, key, known), rule, renamed(word, free))

    def _tell_required(self, error: Any, path: Path) -> None:
        allowed = error.schema.get("properties", {})
        misspelt = {nearest(key, allowed) for key in error.instance if key not in allowed}
        for key in error.validator_value:
            if key not in error.instance and key not in misspelt:
                self._say(self._key_span(path), f"{self._name(path)} needs `{key}`")

    def _tell_propertyNames(self, error: Any, path: Path) -> None:  # noqa: N802
        self._walk(error.validator_value, error.instance, path)

    def _tell_enum(self, error: Any, path: Path) -> None:
        kind = error.schema.get("x-kind", f"value of {self._name(path)}")
        if kind == "key" and self._span(path).place in {problem.place for problem in self.problems}:
            return
        if isinstance(error.instance, str):
            message = unknown(kind, error.instance, error.validator_value)
            edits = renamed(error.instance, map(str, error.validator_value))
        else:
            allowed = either(f"`{one}`" for one in error.validator_value)
            message = f"{self._name(path)} takes {allowed}, here {stands(error.instance)}"
            edits = ()
        self._say(self._word_span(error, path), message, RULES.get(kind, "schema"), edits)

    def _tell_pattern(self, error: Any, path: Path) -> None:
        if error.schema.get("x-kind") == "type":
            from engine.types import TYPES as READABLE

            called = str(error.instance).removeprefix("list of ")
            place, length = self._word_span(error, path)
            place = place.within(0, length - len(called) + 1)
            edits = renamed(called, READABLE, place)
            self._say(Span(place, len(called)), unknown("type", called, READABLE), "unknown_type", edits)
            return
        wrong = error.schema.get(
            "patternErrorMessage", f"{self._name(path)} has another shape than it should"
        )
        self._say(self._word_span(error, path), wrong)

    def _word_span(self, error: Any, path: Path) -> Span:
        """A key's own place where the key itself is refused, else the value's."""
        if isinstance(error.instance, Word) and error.instance is not self._at_or_none(path):
            return _span_of(error.instance)
        return self._span(path)

    def _at_or_none(self, path: Path) -> Any:
        try:
            return self._at(path)
        except (KeyError, IndexError, TypeError):
            return None

    def _tell_minimum(self, error: Any, path: Path) -> None:
        self._say(self._span(path), f"{self._name(path)} is at least {error.validator_value}")

    def _tell_maximum(self, error: Any, path: Path) -> None:
        self._say(self._span(path), f"{self._name(path)} is at most {error.validator_value}")

    def _tell_minItems(self, error: Any, path: Path) -> None:  # noqa: N802
        self._say(self._key_span(path), f"the list of {self._name(path)} is empty")

    def _tell_minLength(self, error: Any, path: Path) -> None:  # noqa: N802
        self._say(self._span(path), f"{self._name(path)} is empty")

    def _tell_minProperties(self, error: Any, path: Path) -> None:  # noqa: N802
        if "else" in error.instance:
            self._say(self._span(path), "this `else` has no validator beside it")
        else:
            self._say(self._key_span(path), f"{self._name(path)} is empty")

    def _tell_maxProperties(self, error: Any, path: Path) -> None:  # noqa: N802
        if self._is_explained(error.instance):
            return
        one, two = [key for key in error.instance if key != "else"][:2]
        message = f"'{two}' stands beside '{one}'; each is an entry of its own: `- {two}: …`"
        self._say(_span_of(error.instance.word(two)), message)

    # What was meant

    def _resolved(self, schema: Any) -> Any:
        while isinstance(schema, Mapping) and "$ref" in schema:
            schema = self.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return schema

    def _types(self, schema: Any) -> list[str]:
        """The types that a schema lets pass."""
        schema = self._resolved(schema)
        if "type" in schema:
            return [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
        if "anyOf" in schema:
            return [one for part in schema["anyOf"] for one in self._types(part)]
        if "enum" in schema:
            return [name for name, check in TYPES.items() if any(check(one) for one in schema["enum"])]
        return list(TYPES)

    def _meant(self, branches: list[Any], instance: Any) -> Any | None:
        """The branch that the value was meant for: of its type, and with the most of its keys."""
        fitting = [part for part in branches if any(TYPES[one](instance) for one in self._types(part))]
        if isinstance(instance, dict):
            known = [set(self._resolved(part).get("properties", {})) for part in fitting]
            best = max(range(len(fitting)), key=lambda at: len(known[at] & instance.keys()), default=None)
            return None if best is None else fitting[best]
        if isinstance(instance, str) and not ("{{" in instance or "{%" in instance):
            fitting = [part for part in fitting if part is not TEMPLATE]
        return fitting[0] if fitting else None
