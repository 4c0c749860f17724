"""Gives the findings as a Code Quality report, which GitLab shows in merge requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from engine.lint.report import Format, Report, one_line

SEVERITIES: Mapping[str, str] = {"error": "major", "warning": "minor", "information": "info"}


def lines(report: Report) -> Iterator[str]:
    import json

    prints = fingerprints(report)
    found = [
        {
            "check_name": problem.rule,
            "description": one_line(problem.message),
            "severity": SEVERITIES[report.severity(problem)],
            "fingerprint": print_,
            "location": {
                "path": problem.place.file,
                "positions": {
                    "begin": {"line": problem.place.line, "column": problem.place.column},
                    "end": {"line": end.line, "column": end.column},
                },
            },
        }
        for problem, print_ in zip(report.problems, prints, strict=True)
        for end in (report.end_of(problem.place, problem.length),)
    ]
    yield json.dumps(found, indent=2, ensure_ascii=False)


def fingerprints(report: Report) -> list[str]:
    """For each finding a word that stays when lines above it come and go; no two are equal."""
    import hashlib

    made: list[str] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    for problem in report.problems:
        file, line, _ = problem.place
        what = (file, problem.rule, report.line_of(file, line).strip())
        text = "\0".join((*what, str(seen[what])))
        seen[what] += 1
        made.append(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
    return made


FORMAT = Format("gitlab", "a Code Quality report of GitLab", lines)
