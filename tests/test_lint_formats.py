"""The forms of flow-lint's report: what other programs read holds to what they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.lint import RULES
from engine.lint.checked import Rule
from engine.lint.formats import FORMATS
from engine.lint.report import Report
from engine.source import Edit, Place, Problem

LINES = ["flow: shop", "start: initial", "messages:", "  hello: Hello!", '  bye: "Bye 👋, goto: don"']
HERE = Place("flows/my shop/customer.yaml", 5, 9)
ERROR = Problem(
    Place("flows/my shop/customer.yaml", 2, 8),
    "unknown_state",
    "no state 'initial', 100% sure: \"<&>\"",
    7,
    ("customer: hi, there: 100%", "[ Checkout ]", "[a <state> & more]"),
    (Edit(Place("flows/my shop/customer.yaml", 2, 8), "initial", "final"),),
)
WARNING = Problem(HERE, "unused_message", "nothing says\nthe message \x1b[31m\ufffe", 400)
INFORMATION = Problem(Place("flows/my shop/customer.yaml", 1, 1), "too_long", "told", 4)
ALL = sorted([ERROR, WARNING, INFORMATION])
LONG = RULES["too_long"]
TABLE = {
    **RULES,
    LONG.name: Rule(LONG.name, LONG.about, LONG.broken, LONG.clean, LONG.check, severity="information"),
}


def report(problems: Sequence[Problem] = ALL, strict: bool = False) -> Report:
    def line_of(file: str, line: int) -> str:
        return LINES[line - 1] if 0 < line <= len(LINES) else ""

    return Report(problems, TABLE, line_of, ["flows/my shop/business.yaml", HERE.file], strict, "1.2.3")


def written(name: str, problems: Sequence[Problem] = ALL, strict: bool = False) -> str:
    return "\n".join(FORMATS[name].lines(report(problems, strict)))


def test_full_shows_severity_and_conversation() -> None:
    assert written("full", [ERROR, INFORMATION]) == (
        "flows/my shop/customer.yaml:2:8: no state 'initial', 100% sure: \"<&>\" [unknown_state]\n"
        "  2 | start: initial\n"
        "    |        ^^^^^^^\n"
        "  the shortest conversation that shows it:\n"
        "    customer: hi, there: 100%\n"
        "    [ Checkout ]\n"
        "    [a <state> & more]\n"
        "flows/my shop/customer.yaml:1:1: information: told [too_long]\n"
        "  1 | flow: shop\n"
        "    | ^^^^\n"
        "1 error, 1 piece of information"
    )


def test_concise_is_a_line_a_finding() -> None:
    assert written("concise").splitlines() == [
        "flows/my shop/customer.yaml:1:1: information: told [too_long]",
        "flows/my shop/customer.yaml:2:8: no state 'initial', 100% sure: \"<&>\" [unknown_state]",
        "flows/my shop/customer.yaml:5:9: warning: nothing says the message "
        "\ufffd[31m\ufffe [unused_message]",
    ]


def test_json_says_all_of_a_finding() -> None:
    found = json.loads(written("json"))
    assert [one["severity"] for one in found] == ["information", "error", "warning"]
    assert found[1] == {
        "file": HERE.file,
        "line": 2,
        "column": 8,
        "end_line": 2,
        "end_column": 15,
        "rule": "unknown_state",
        "severity": "error",
        "message": ERROR.message,
        "conversation": list(ERROR.conversation),
        "edits": [{"file": HERE.file, "line": 2, "column": 8, "length": 7, "text": "final"}],
    }
    # Columns count code points, and a span ends with its line.
    assert (found[2]["column"], found[2]["end_column"]) == (9, len(LINES[4]) + 1)


def test_github_escapes_what_would_end_a_command() -> None:
    error = written("github", [ERROR])
    assert error == (
        "::error title=flow-lint (unknown_state),file=flows/my shop/customer.yaml,line=2,col=8,"
        "endLine=2,endColumn=15::flows/my shop/customer.yaml:2:8: no state 'initial', 100%25 sure: \"<&>\" "
        "[unknown_state]%0A  customer: hi, there: 100%25%0A  [ Checkout ]%0A  [a <state> & more]"
    )
    strange = Problem(Place("a:b,c%.yaml", 1, 1), "unused_message", "one\r\ntwo")
    line = written("github", [strange])
    assert "\n" not in line
    assert "file=a%3Ab%2Cc%25.yaml," in line
    assert line.startswith("::warning ")
    assert written("github", [INFORMATION]).startswith("::notice ")


def test_gitlab_has_what_it_needs() -> None:
    found = json.loads(written("gitlab"))
    for one in found:
        assert one.keys() == {"check_name", "description", "severity", "fingerprint", "location"}
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not one["location"]["path"].startswith(("/", "./"))
        assert one["location"]["positions"]["begin"]["line"] >= 1
    assert len({one["fingerprint"] for one in found}) == len(found)


def test_a_fingerprint_stays_when_lines_come_above_it() -> None:
    twice = [WARNING, WARNING._replace(place=HERE._replace(column=16))]
    before = [one["fingerprint"] for one in json.loads(written("gitlab", twice))]
    LINES.insert(0, "# a comment")
    try:
        moved = [one._replace(place=one.place._replace(line=6)) for one in twice]
        after = [one["fingerprint"] for one in json.loads(written("gitlab", moved))]
    finally:
        del LINES[0]
    assert before == after
    assert len(set(before)) == 2


@pytest.mark.parametrize(("strict", "failures"), [(False, 1), (True, 2)])
def test_junit_counts_what_it_holds(strict: bool, failures: int) -> None:
    root = ElementTree.fromstring(written("junit", strict=strict).encode())
    assert root.tag == "testsuites"
    assert root.attrib == {"name": "flow-lint", "tests": "4", "failures": str(failures), "errors": "0"}
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["flows/my shop/business.yaml", HERE.file]
    for suite in suites:
        cases = suite.findall("testcase")
        assert len(cases) == int(suite.get("tests", ""))
        assert sum(case.find("failure") is not None for case in cases) == int(suite.get("failures", ""))
        assert all({"name", "classname"} <= case.attrib.keys() for case in cases)
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == ERROR.message
    assert "[a <state> & more]" in (failure.text or "")


# SARIF


def test_sarif_says_where_how_grave_and_how_it_comes_to_it() -> None:
    (run,) = json.loads(written("sarif"))["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("flow-lint", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in driver["rules"])
    assert run["columnKind"] == "unicodeCodePoints"
    assert [one["level"] for one in run["results"]] == ["note", "error", "warning"]
    for one in run["results"]:
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    error = run["results"][1]
    where = error["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "flows/my%20shop/customer.yaml"
    assert where["region"] == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 15}
    (thread,) = error["codeFlows"][0]["threadFlows"]
    said = [one["location"]["message"]["text"] for one in thread["locations"]]
    assert said == list(ERROR.conversation)
    (change,) = error["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 15},
            "insertedContent": {"text": "final"},
        }
    ]


def test_paths_in_sarif_are_relative() -> None:
    uris = re.findall(r'"uri": "([^"]+)"', written("sarif"))
    assert uris
    assert not [uri for uri in uris if uri.startswith("/") or ":" in uri or "\\" in uri]


@pytest.mark.parametrize("name", ["json", "gitlab", "sarif", "junit"])
def test_where_all_is_well_there_is_still_a_document(name: str) -> None:
    text = written(name, [])
    read: Any = ElementTree.fromstring if name == "junit" else json.loads
    assert read(text.encode()) is not None


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object that has these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def several(item: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **more}


TEXT = {"type": "string"}
FROM_ONE = {"type": "integer", "minimum": 1}
FROM_ZERO = {"type": "integer", "minimum": 0}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = closed("text", text=TEXT, markdown=TEXT)
ARTIFACT = closed("uri", uri={"type": "string", "format": "uri-reference"})
REGION = closed(
    "startLine startColumn endLine endColumn",
    startLine=FROM_ONE,
    startColumn=FROM_ONE,
    endLine=FROM_ONE,
    endColumn=FROM_ONE,
)
PHYSICAL = closed("artifactLocation region", artifactLocation=ARTIFACT, region=REGION)
LOCATION = closed("physicalLocation", physicalLocation=PHYSICAL, message=MESSAGE)
THREAD = closed("locations", locations=several(closed("location", location=LOCATION), minItems=1))
REPLACEMENT = closed("deletedRegion", deletedRegion=REGION, insertedContent=closed("text", text=TEXT))
CHANGE = closed(
    "artifactLocation replacements",
    artifactLocation=ARTIFACT,
    replacements=several(REPLACEMENT, minItems=1),
)
SARIF = closed(
    "version runs",
    **{"$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"}},
    version={"const": "2.1.0"},
    runs=several(
        closed(
            "tool results",
            tool=closed(
                "driver",
                driver=closed(
                    "name",
                    name=TEXT,
                    version=TEXT,
                    rules=several(
                        closed(
                            "id",
                            id=TEXT,
                            shortDescription=MESSAGE,
                            help=MESSAGE,
                            defaultConfiguration=closed("", level=LEVEL, enabled={"type": "boolean"}),
                            properties={"type": "object"},
                        ),
                        uniqueItems=True,
                    ),
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            artifacts=several(closed("", location=ARTIFACT), uniqueItems=True),
            results=several(
                closed(
                    "message",
                    ruleId=TEXT,
                    ruleIndex=FROM_ZERO,
                    level=LEVEL,
                    message=MESSAGE,
                    locations=several(LOCATION),
                    partialFingerprints={"type": "object", "additionalProperties": TEXT},
                    codeFlows=several(
                        closed("threadFlows", message=MESSAGE, threadFlows=several(THREAD, minItems=1))
                    ),
                    fixes=several(
                        closed(
                            "artifactChanges",
                            description=MESSAGE,
                            artifactChanges=several(CHANGE, minItems=1),
                        )
                    ),
                )
            ),
        )
    ),
)
"""What of SARIF 2.1.0 is written here: its keys, which of them are needed, and what they hold."""


def test_sarif_keeps_to_its_schema() -> None:
    from jsonschema import Draft7Validator

    for problems in (ALL, []):
        errors = Draft7Validator(SARIF).iter_errors(json.loads(written("sarif", problems)))
        assert [f"{list(error.path)}: {error.message}" for error in errors] == []
