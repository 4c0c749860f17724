"""The JSON Schemas (Draft 2020-12) of every file that a business writes, by the kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from engine.schema_flow import flow_schema, part_schema, translation_schema
from engine.schema_pack import business_schema, catalog_schema, conversation_schema, workflow_schema
from engine.schema_parts import Schema

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
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **KINDS[kind]()}
