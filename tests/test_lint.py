"""Each lint rule finds what its broken example shows, at the marked spot, and nothing in its clean one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import engine.lint
from engine.lint import RULES, lint
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


def found_in(files: Mapping[str, str]) -> list[Problem]:
    templates = {
        name.removeprefix("templates/"): text for name, text in files.items() if name.startswith("templates/")
    }
    own = {name: text for name, text in files.items() if not name.startswith("templates/")}
    if "business.yaml" in own:
        return lint(read_pack(own, "", templates))
    return lint(read_flow(own, "shop.yaml", templates))


def shown(problems: list[Problem]) -> list[tuple[str, str, int, int, int]]:
    return [(one.rule, one.place.file, one.place.line, one.place.column, one.length) for one in problems]


@pytest.mark.parametrize("name", RULES)
def test_a_broken_example_has_exactly_its_finding(name: str) -> None:
    files, expected = {}, []
    for file, text in RULES[name].broken.items():
        files[file], spot = unmarked(text)
        if spot:
            expected.append((name, file, *spot))
    problems = found_in(files)
    assert shown(problems) == expected, problems
    assert len(expected) == 1


@pytest.mark.parametrize("name", RULES)
def test_a_clean_example_has_no_finding(name: str) -> None:
    assert found_in(RULES[name].clean) == []


def test_the_table_holds_every_rule_file() -> None:
    folder = Path(engine.lint.__file__).parent
    rules = {file.stem for file in folder.glob("*.py") if "RULE = Rule(" in file.read_text(encoding="utf-8")}
    assert rules == set(RULES)
    assert all(name == rule.name and rule.about.endswith(".") for name, rule in RULES.items())
