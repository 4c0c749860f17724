"""Gives the findings as annotations of GitHub Actions, which shows them beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.lint.report import Format, Report, one_line

LEVELS: Mapping[str, str] = {"error": "error", "warning": "warning", "information": "notice"}


def lines(report: Report) -> Iterator[str]:
    for problem in report.problems:
        file, line, column = problem.place
        end = report.end_of(problem.place, problem.length)
        properties = {
            "title": f"flow-lint ({problem.rule})",
            "file": file,
            "line": line,
            "col": column,
            "endLine": end.line,
            "endColumn": end.column,
        }
        shown = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        said = "\n".join(
            (
                f"{file}:{line}:{column}: {one_line(problem.message)} [{problem.rule}]",
                *(f"  {one_line(each)}" for each in problem.conversation),
            )
        )
        yield f"::{LEVELS[report.severity(problem)]} {shown}::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format("github", "annotations of GitHub Actions (used by itself there)", lines)
