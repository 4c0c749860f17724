"""Explains the rules: all of them in a table, and each with its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from adapters.flow_lint.arguments import UsageError
from adapters.flow_lint.telling import LEFT_BEHIND
from engine.lint import RULES, lint
from engine.lint.checked import Rule
from engine.lint.formats import FORMATS
from engine.lint.report import Report
from engine.lint.selection import asking

CARETS = re.compile(r"[ #]*\^+ *")
LONE_FLOW = "shop.yaml"
INDENT = "    "


def explained(name: str) -> Iterator[str]:
    """The lines that explain a rule. Raises UsageError for one that there is not."""
    if name == LEFT_BEHIND.name:
        yield from (f"{name}: {LEFT_BEHIND.severity}, by `flow-lint --live URL`", "", LEFT_BEHIND.about)
        return
    if name not in RULES:
        from engine.nearest import unknown

        raise UsageError(unknown("rule", name, RULES))
    rule = RULES[name]
    yield from (f"{rule.name}: {rule.severity}, {_when(rule)}", "", rule.about, "")
    if not rule.ignorable:
        yield from ("It cannot be ignored: no flow can run with what it finds.", "")
    broken = {file: without_carets(text) for file, text in rule.broken.items()}
    yield from ("This breaks it:", "", *_files(broken))
    yield from (f"{INDENT}{line}".rstrip() for line in _found(rule, broken))
    yield from ("", "This does not:", "", *_files(rule.clean))
    if rule.ignorable:
        yield f"A line is left alone by a comment on it: # flow-lint: ignore[{rule.name}] why"


def listed() -> Iterator[str]:
    """The lines of the table of all rules."""
    name = max(map(len, RULES))
    severity = max(len(rule.severity) for rule in RULES.values())
    profile = max(len(rule.profile) for rule in RULES.values())
    yield f"{'rule':{name}}  {'severity':{severity}}  {'from':{profile}}  finds"
    for rule in RULES.values():
        yield f"{rule.name:{name}}  {rule.severity:{severity}}  {rule.profile:{profile}}  {rule.about}"


def without_carets(text: str) -> str:
    """An example without the line that marks the spot of its finding."""
    return "".join(f"{line}\n" for line in text.splitlines() if not CARETS.fullmatch(line))


def _when(rule: Rule) -> str:
    if rule.profile == "asked":
        return f"off until asked for with --style or --select {rule.name}"
    if rule.profile == "draft":
        return "in every profile"
    return f"from the profile {rule.profile} on"


def _files(files: Mapping[str, str]) -> Iterator[str]:
    for file, text in files.items():
        if len(files) > 1:
            yield from (f"  {file}", "")
        yield from (f"{INDENT}{line}".rstrip() for line in text.splitlines())
        yield ""


def _found(rule: Rule, files: Mapping[str, str]) -> Iterator[str]:
    """What flow-lint prints of the example, this rule's findings alone."""
    from engine.reader import read_flow, read_pack

    templates = {
        name.removeprefix("templates/"): text for name, text in files.items() if name.startswith("templates/")
    }
    own = {name: text for name, text in files.items() if not name.startswith("templates/")}
    is_pack = "business.yaml" in own
    reading = read_pack(own, "", templates) if is_pack else read_flow(own, LONE_FLOW, templates)
    problems = lint(reading, selection=asking(rule))

    def line_of(file: str, line: int) -> str:
        lines = files.get(file, files.get(file.replace("../", ""), "")).splitlines()
        return lines[line - 1] if 0 < line <= len(lines) else ""

    return FORMATS["full"].lines(Report(problems, RULES, line_of))
