"""Gives the findings as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from engine.lint.checked import Rule
from engine.lint.formats.gitlab import fingerprints
from engine.lint.report import Format, Report
from engine.mending import after
from engine.source import Edit, Place, Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PLAIN = frozenset(string.ascii_letters + string.digits + "-._~/")
"""What stands for itself in an address (RFC 3986)."""

LEVELS: Mapping[str, str] = {"error": "error", "warning": "warning", "information": "note"}


def lines(report: Report) -> Iterator[str]:
    import json

    index = {name: at for at, name in enumerate(report.rules)}
    prints = fingerprints(report)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "flow-lint",
                        "version": report.version,
                        "rules": [_rule(rule) for rule in report.rules.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "artifacts": [{"location": _artifact(file)} for file in report.files],
                "results": [
                    _result(report, problem, index[problem.rule], print_)
                    for problem, print_ in zip(report.problems, prints, strict=True)
                ],
            }
        ],
    }
    yield json.dumps(log, indent=2, ensure_ascii=False)


def _rule(rule: Rule) -> dict[str, Any]:
    broken, clean = (
        "\n\n".join(f"{file}:\n\n{text.rstrip()}" for file, text in example.items())
        for example in (rule.broken, rule.clean)
    )
    text = f"{rule.about}\n\nBroken:\n\n{broken}\n\nClean:\n\n{clean}\n"
    markdown = "\n\n".join(
        (
            rule.about,
            "Broken:",
            *(f"`{file}`\n\n```\n{text.rstrip()}\n```" for file, text in rule.broken.items()),
            "Clean:",
            *(f"`{file}`\n\n```\n{text.rstrip()}\n```" for file, text in rule.clean.items()),
        )
    )
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.about},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": LEVELS[rule.severity], "enabled": rule.profile != "asked"},
        "properties": {"profile": rule.profile},
    }


def _result(report: Report, problem: Problem, index: int, fingerprint: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": LEVELS[report.severity(problem)],
        "message": {"text": problem.message},
        "locations": [_location(report, problem.place, problem.length)],
        "partialFingerprints": {"flowLint/v1": fingerprint},
    }
    if problem.conversation:
        steps = [
            {"location": {**_location(report, problem.place, problem.length), "message": {"text": said}}}
            for said in problem.conversation
        ]
        result["codeFlows"] = [
            {
                "message": {"text": "the shortest conversation that shows it"},
                "threadFlows": [{"locations": steps}],
            }
        ]
    if problem.edits:
        result["fixes"] = [_fix(report, problem.edits)]
    return result


def _fix(report: Report, edits: tuple[Edit, ...]) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        by_file.setdefault(edit.place.file, []).append(
            {
                "deletedRegion": _region(edit.place, after(report.line_of, edit.place, edit.length)),
                "insertedContent": {"text": edit.text},
            }
        )
    changes = [
        {"artifactLocation": _artifact(file), "replacements": replacements}
        for file, replacements in by_file.items()
    ]
    return {"description": {"text": "as `flow-lint --fix` mends it"}, "artifactChanges": changes}


def _location(report: Report, place: Place, length: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(place.file),
            "region": _region(place, report.end_of(place, length)),
        }
    }


def _region(start: Place, end: Place) -> dict[str, int]:
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _artifact(file: str) -> dict[str, str]:
    encoded = (
        chr(byte) if chr(byte) in PLAIN else f"%{byte:02X}" for byte in file.encode("utf-8", "replace")
    )
    return {"uri": "".join(encoded)}


FORMAT = Format("sarif", "SARIF 2.1.0, for code scanning and editors", lines)
