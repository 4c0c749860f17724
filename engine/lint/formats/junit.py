"""Gives the findings as JUnit's XML, which most servers that run checks can show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.lint.report import Format, Report, headline, one_line, snippet
from engine.source import Problem

NO_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""What XML has no place for; compiled only where this form is asked for."""


def lines(report: Report) -> Iterator[str]:
    failing = sum(report.fails(problem) for problem in report.problems)
    by_file: dict[str, list[Problem]] = {file: [] for file in report.files}
    for problem in report.problems:
        by_file.setdefault(problem.place.file, []).append(problem)
    tests = sum(len(found) or 1 for found in by_file.values())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="flow-lint" tests="{tests}" failures="{failing}" errors="0">'
    for file, found in by_file.items():
        failures = sum(report.fails(problem) for problem in found)
        name = _attribute(file)
        counts = f'tests="{len(found) or 1}" failures="{failures}" errors="0" skipped="0"'
        yield f'  <testsuite name="{name}" {counts}>'
        if not found:
            yield f'    <testcase name="{name}" classname="{name}"/>'
        for problem in found:
            yield from _case(report, problem)
        yield "  </testsuite>"
    yield "</testsuites>"


def _case(report: Report, problem: Problem) -> Iterator[str]:
    """A test that failed; or one that passed, and had something to say."""
    file, line, column = problem.place
    name, path = _attribute(f"{problem.rule} at {line}:{column}"), _attribute(file)
    yield f'    <testcase name="{name}" classname="{path}" file="{path}" line="{line}">'
    shown = [
        headline(report, problem),
        *snippet(report.line_of(file, line), line, column, problem.length),
        *(f"    {one_line(said)}" for said in problem.conversation),
    ]
    text = _text("\n".join(shown))
    if report.fails(problem):
        message = _attribute(one_line(problem.message))
        yield f'      <failure type="{problem.rule}" message="{message}">{text}</failure>'
    else:
        yield f"      <system-out>{text}</system-out>"
    yield "    </testcase>"


def _text(text: str) -> str:
    return _escaped(text, quote=False)


def _attribute(text: str) -> str:
    return _escaped(one_line(text))


def _escaped(text: str, quote: bool = True) -> str:
    from html import escape  # it knows two thousand names of letters, and this form is seldom asked for

    return escape(re.sub(NO_XML, "\ufffd", text), quote)


FORMAT = Format("junit", "JUnit's XML: a test for each finding, and for each file that has none", lines)
