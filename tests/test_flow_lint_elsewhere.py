"""flow-lint where others run it: as a hook of pre-commit, and in a workflow of GitHub."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from adapters.flow_lint.arguments import read_arguments

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / "deploy" / "flow-lint.github.yaml"


def test_the_hook_runs_the_program_of_the_package() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    package = ConfigParser()
    package.read(ROOT / "setup.cfg", encoding="utf-8")
    programs = package["options.entry_points"]["console_scripts"]
    assert hook["id"] == "flow-lint"
    assert hook["language"] == "python"
    assert f"\n{hook['entry']} = " in programs
    # It is called without the files, and checks `flows`.
    assert hook["pass_filenames"] is False
    changed = re.compile(hook["files"])
    for path in ("flows/shop/customer.yaml", "flows/shop/catalog.csv", "templates/shop/menu.ur.j2"):
        assert changed.search(path)
    assert not changed.search("deploy/compose.yaml")


def _commands() -> list[str]:
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    steps = workflow["jobs"]["flow-lint"]["steps"]
    return [step["run"] for step in steps if step.get("run", "").startswith("flow-lint")]


@pytest.mark.parametrize("command", _commands())
def test_the_workflow_calls_flow_lint_rightly(command: str) -> None:
    words = shlex.split(command.split(" > ")[0])[1:]
    arguments = read_arguments(words, {"GITHUB_ACTIONS": "true"})
    assert arguments.paths == ("flows",)
    assert arguments.format in ("github", "sarif")
    assert arguments.warnings_fail


def test_the_workflow_gives_code_scanning_what_was_written() -> None:
    assert len(_commands()) == 2
    text = WORKFLOW.read_text("utf-8")
    assert text.count("flow-lint.sarif") == 2
