"""The JSON Schemas (Draft 2020-12) of every file that a business writes, by the kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from engine.schema.flow import flow_schema, part_schema, translation_schema
from engine.schema.pack import business_schema, catalog_schema, conversation_schema, workflow_schema
from engine.schema.parts import Schema

KINDS: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "flow": flow_schema,
        "part": part_schema,
        "translation": translation_schema,
        "business": business_schema,
        "catalog": catalog_schema,
        "workflow": workflow_schema,
        "conversation": conversation_schema,
    }
)
"""What makes the schema of each kind of file; `part` is a file that flows `use`."""


@cache
def schema_of(kind: str) -> Schema:
    """The schema of this kind of file, to be read and not changed."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **KINDS[kind]()}
    if "$defs" in made:
        definitions = made.pop("$defs")
        reached = _reached(made, definitions)
        made["$defs"] = {name: part for name, part in definitions.items() if name in reached}
    return made


def _reached(schema: Schema, definitions: Mapping[str, Schema]) -> set[str]:
    """The definitions that a schema names, and those that they name in their turn."""
    reached: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        name = part.get("$ref", "").removeprefix("#/$defs/") if isinstance(part, dict) else ""
        if name and name not in reached:
            reached.add(name)
            waiting.append(definitions[name])
    return reached
