"""Holds every registry equal to its files, the schema, its cases and its headings in the reference."""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapters.channels import CHANNELS
from engine.actions import ACTIONS
from engine.declarations import Action
from engine.lint import RULES
from engine.lint.formats import FORMATS
from engine.types import TYPES
from engine.validators import VALIDATORS

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Registry:
    """A table, the package that holds its entries, and the modules there that its entries share."""

    package: str
    table: Mapping[str, Any]
    shared: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.package.rpartition(".")[2]

    @property
    def files(self) -> set[str]:
        """The entries by their files."""
        folder = ROOT.joinpath(*self.package.split("."))
        return {file.stem for file in folder.glob("*.py")} - {"__init__"} - self.shared


REGISTRIES = (
    Registry("engine.actions", ACTIONS),
    Registry("engine.validators", VALIDATORS),
    Registry("engine.types", TYPES),
    Registry(
        "engine.lint",
        RULES,
        frozenset(
            {"checked", "conversations", "ignores", "report", "selection", "text_walk", "translations"}
        ),
    ),
    Registry("engine.lint.formats", FORMATS),
    Registry(
        "adapters.channels",
        CHANNELS,
        frozenset({"channel", "cloud_api", "deadlines", "graph", "graph_errors", "http", "twilio_forms"}),
    ),
)
WORDS = REGISTRIES[:3]
"""The registries whose entries are words of the language."""

registries = pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.name)
words = pytest.mark.parametrize("registry", WORDS, ids=lambda registry: registry.name)


@registries
def test_every_entry_is_a_file_and_every_file_an_entry(registry: Registry) -> None:
    assert registry.files == set(registry.table)


@registries
def test_every_entry_is_called_as_the_table_calls_it(registry: Registry) -> None:
    named = {key: getattr(entry, "name", key) for key, entry in registry.table.items()}
    assert named == {key: key for key in registry.table}


@registries
def test_every_shared_module_serves_several_entries(registry: Registry) -> None:
    for module in registry.shared:
        assert importlib.import_module(f"{registry.package}.{module}").__doc__


@registries
def test_every_entry_says_what_it_is(registry: Registry) -> None:
    for name in registry.table:
        assert ast.get_docstring(_tree(importlib.import_module(f"{registry.package}.{name}"))), name


@words
def test_every_entry_has_its_cases(registry: Registry) -> None:
    assert {file.name for file in (ROOT / "tests" / "cases" / registry.name).iterdir()} == {
        f"{name}.yaml" for name in registry.table
    }


def test_no_cases_belong_to_nothing() -> None:
    known = {registry.name for registry in REGISTRIES}
    assert {folder.name for folder in (ROOT / "tests" / "cases").iterdir() if folder.is_dir()} <= known


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_lint_rule_has_a_broken_and_a_clean_example(rule: Any) -> None:
    assert rule.broken
    assert rule.clean
    assert rule.broken != rule.clean


def _schema() -> Any:
    return json.loads((ROOT / "schemas" / "flow.schema.json").read_text("utf-8"))


def _enums(schema: Any) -> list[set[str]]:
    """Every list of allowed words that stands somewhere in the schema."""
    if isinstance(schema, list):
        return [found for each in schema for found in _enums(each)]
    if not isinstance(schema, dict):
        return []
    own = [set(map(str, schema["enum"]))] if "enum" in schema else []
    return own + [found for each in schema.values() for found in _enums(each)]


def test_the_schema_knows_the_actions() -> None:
    do = _schema()["$defs"]["do"]
    assert set(ACTIONS) in _enums(do)
    assert set(_with_parameters(do)) == set(ACTIONS)


def test_the_schema_knows_the_validators() -> None:
    assert set(_with_parameters(_schema()["$defs"]["check"])) - {"else"} == set(VALIDATORS)


def _with_parameters(schema: Any) -> Mapping[str, Any]:
    """The properties of the form in which a word stands with its parameters."""
    forms = [schema, *schema.get("anyOf", ())]
    return next(form["properties"] for form in forms if "properties" in form)


@pytest.mark.parametrize(
    ("definition", "table"), [("do", ACTIONS), ("check", VALIDATORS)], ids=["actions", "validators"]
)
def test_the_schema_knows_every_parameter(definition: str, table: Mapping[str, Any]) -> None:
    schema = _with_parameters(_schema()["$defs"][definition])
    for name, declared in table.items():
        forms = [schema[name], *schema[name].get("anyOf", ())]
        known = {key for form in forms for key in form.get("properties", ())}
        assert known - {"value"} == set(declared.parameters) - {"value"}, name


def test_the_schema_knows_the_types() -> None:
    patterns = re.findall(r'"pattern": "\^\(list of \)\?\(([a-z|]+)\)\$"', json.dumps(_schema()))
    assert [set(pattern.split("|")) for pattern in patterns] == [set(TYPES)]


@words
def test_the_reference_has_a_place_for_every_entry(registry: Registry) -> None:
    """Its own heading, or in a section without headings its own row."""
    text = (ROOT / "docs" / "language.md").read_text("utf-8")
    _, _, after = text.partition(f"\n## {registry.name.capitalize()}\n")
    section, _, _ = after.partition("\n## ")
    places = re.findall(r"^### `(\w+)`", section, re.MULTILINE) or re.findall(
        r"^\| `(\w+)`", section, re.MULTILINE
    )
    assert places == list(registry.table)


@words
def test_every_entry_is_explained_in_a_line(registry: Registry) -> None:
    for name, entry in registry.table.items():
        for line in [entry.about, *(each.about for each in getattr(entry, "parameters", {}).values())]:
            assert line, name
            assert "\n" not in line, name


def _tree(module: ModuleType) -> ast.Module:
    """The module's source: what is compiled keeps neither its docstring nor its signatures."""
    name = Path(*module.__name__.split("."))
    return ast.parse((ROOT / name.with_suffix(".py")).read_text("utf-8"))


def _arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """The arguments of a module's function, each with whether it has a default."""
    tree = _tree(sys.modules[function.__module__])
    [made] = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function.__name__
    ]
    arguments = made.args
    without: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    by_place = zip(arguments.args, [*without, *arguments.defaults], strict=True)
    by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: default is not None for argument, default in [*by_place, *by_name]}


@pytest.mark.parametrize("entry", [*ACTIONS.values(), *VALIDATORS.values()], ids=lambda entry: entry.name)
def test_a_run_takes_the_parameters_that_are_declared(entry: Any) -> None:
    """Its arguments are the draft (for a validator also the value) and the declared names."""
    arguments = _arguments(getattr(entry, "run", None) or entry.check)
    own = 1 if isinstance(entry, Action) else 2
    declared = [name for name in entry.parameters if own == 1 or name != "value"]
    assert list(arguments)[:own] == ["draft", "value"][:own]
    assert sorted(list(arguments)[own:]) == sorted(declared)
    needed = {name for name in declared if not arguments[name]}
    assert needed == {name for name in declared if entry.parameters[name].required}
    assert getattr(entry, "single", None) in {None, *entry.parameters}
