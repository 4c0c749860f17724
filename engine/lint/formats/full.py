"""Shows each finding with its line, a caret under the spot, and the conversation that leads there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.report import Format, Report, count, headline, one_line, snippet


def lines(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield headline(report, problem)
        file, line, column = problem.place
        yield from snippet(report.line_of(file, line), line, column, problem.length)
        if problem.conversation:
            yield "  the shortest conversation that shows it:"
            yield from (f"    {one_line(said)}" for said in problem.conversation)
    if report.problems:
        yield count(report)


FORMAT = Format("full", "each finding with its line and a caret, for people (used unless you choose)", lines)
