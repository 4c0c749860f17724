"""What editors are given in the schemas: an explanation for every key, and snippets that fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.reader.yaml_text import read_yaml
from engine.schema import KINDS, schema_of
from engine.schema.problems import problems_of
from engine.schema.snippets import COMMANDS, MESSAGES, RULES, STATES, Snippet, validators
from engine.source import Place
from engine.validators import VALIDATORS

ROOT = Path(__file__).parent.parent
FLOW = {"flow": "f", "start": "a", "states": {"a": {}}}


def in_flow(name: str, body: Any) -> dict[str, Any]:
    """A flow in which the snippet's body stands where it is offered."""
    inside = {
        "states": {"states": body},
        "commands": {"commands": body},
        "messages": {"messages": body},
        "rules": {"states": {"a": {"input": body}}},
        "validators": {"states": {"a": {"input": {"validate": [body]}}}},
    }
    return {**FLOW, **inside[name]}


SNIPPETS = [
    (name, snippet)
    for name, several in (
        ("states", STATES),
        ("commands", COMMANDS),
        ("messages", MESSAGES),
        ("rules", RULES),
        ("validators", validators(VALIDATORS)),
    )
    for snippet in several
]


def filled(value: Any) -> Any:
    """A snippet's body as an editor inserts it, each gap left with its own word."""
    if isinstance(value, dict):
        return {filled(key): filled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part) for part in value]
    if not isinstance(value, str):
        return value
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", value).replace("\\}", "}")
    return int(text) if text.isdigit() else text.strip('"')


@pytest.mark.parametrize(("name", "snippet"), SNIPPETS, ids=[snippet["label"] for _, snippet in SNIPPETS])
def test_a_snippet_as_it_is_inserted_has_nothing_unknown_in_it(name: str, snippet: Snippet) -> None:
    document, problems = read_yaml(json.dumps(in_flow(name, filled(snippet["body"]))), "f.yaml")
    assert problems == []
    found = [problem.message for problem in problems_of(document, "flow", Place("f.yaml", 1, 1))]
    # A gap of a validator may want a number, a day or a list, and holds its parameter's name.
    about_values = name == "validators" and "here stands a text|has another shape|a country is|a day is"
    assert [message for message in found if not (about_values and re.search(about_values, message))] == []
    assert snippet["description"]


def test_every_validator_has_a_snippet() -> None:
    assert [snippet["label"] for snippet in validators(VALIDATORS)] == list(VALIDATORS)


def unexplained(schema: Any, definitions: dict[str, Any], at: str = "") -> Iterator[str]:
    """The keys that neither they nor what they refer to explain."""
    if isinstance(schema, list):
        for part in schema:
            yield from unexplained(part, definitions, at)
    if isinstance(schema, dict):
        for key, part in schema.get("properties", {}).items():
            target = definitions.get(str(part.get("$ref", "")).removeprefix("#/$defs/"), {})
            if not (part.get("description") or target.get("description")):
                yield f"{at}/{key}"
        for key, part in schema.items():
            if key not in ("defaultSnippets", "examples", "enum"):
                yield from unexplained(part, definitions, f"{at}/{key}")


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_explained(kind: str) -> None:
    schema = schema_of(kind)
    assert list(unexplained(schema, schema.get("$defs", {}))) == []


def test_code_in_an_explanation_is_shown_as_code() -> None:
    schema = json.loads((ROOT / "schemas" / "flow.schema.json").read_text("utf-8"))
    final = schema["$defs"]["state"]["properties"]["final"]
    assert final["markdownDescription"] == final["description"] == "`true`: the conversation is over"


def test_the_editors_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests" / "editor" / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/yaml-language-server"]["version"] == "1.25.0"
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
