"""Shows each finding on one line."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.report import Format, Report, headline


def lines(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield headline(report, problem)


FORMAT = Format("concise", "each finding on one line", lines)
