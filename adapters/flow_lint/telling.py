"""Tells what was found, in the form that was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from adapters.flow_lint.arguments import Arguments
from adapters.flow_lint.checking import Findings
from adapters.packs import LinesOfFiles
from adapters.version import VERSION
from engine.lint import RULES
from engine.lint.checked import Rule
from engine.lint.formats import FORMATS
from engine.lint.report import Report, count

LEFT_BEHIND: Final = Rule(
    name="left_behind",
    about="Conversations that are going on would stay on the version before, until they are over.",
    broken={},
    clean={},
    check=lambda checked: (),
    severity="warning",
    profile="asked",
)
"""It is asked by --live alone: what it finds stands in a database, and in no file."""


def report_of(found: Findings, strict: bool, instead: Mapping[str, bytes] | None = None) -> Report:
    """What the formats show; `instead` holds what was read in place of files."""
    lines = LinesOfFiles(instead or {})
    return Report(
        found.problems, {**RULES, LEFT_BEHIND.name: LEFT_BEHIND}, lines.line, found.files, strict, VERSION
    )


def shown(report: Report, arguments: Arguments) -> Iterator[str]:
    """The lines to print."""
    if arguments.statistics:
        return statistics(report)
    return FORMATS[arguments.format or "full"].lines(report)


def statistics(report: Report) -> Iterator[str]:
    """How many findings each rule has, the most frequent first."""
    by_rule = Counter(problem.rule for problem in report.problems)
    mendable = Counter(problem.rule for problem in report.problems if problem.edits)
    width = max((len(str(number)) for number in by_rule.values()), default=1)
    for rule, number in sorted(by_rule.items(), key=lambda one: (-one[1], one[0])):
        mends = f", --fix mends {mendable[rule]}" if mendable[rule] else ""
        yield f"{number:{width}} {rule} ({report.rules[rule].severity}{mends})"
    if report.problems:
        yield count(report)
