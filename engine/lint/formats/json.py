"""Gives the findings as one JSON list."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.report import Format, Report


def lines(report: Report) -> Iterator[str]:
    import json

    found = []
    for problem in report.problems:
        file, line, column = problem.place
        end = report.end_of(problem.place, problem.length)
        found.append(
            {
                "file": file,
                "line": line,
                "column": column,
                "end_line": end.line,
                "end_column": end.column,
                "rule": problem.rule,
                "severity": report.severity(problem),
                "message": problem.message,
                "conversation": list(problem.conversation),
                "edits": [
                    {
                        "file": edit.place.file,
                        "line": edit.place.line,
                        "column": edit.place.column,
                        "length": edit.length,
                        "text": edit.text,
                    }
                    for edit in problem.edits
                ],
            }
        )
    yield json.dumps(found, indent=2, ensure_ascii=False)


FORMAT = Format("json", "a JSON list; what counts begins at 1, the end is behind the last character", lines)
