"""Writes what became of conversations as JUnit XML, which CI servers show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

UNWRITABLE = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no way to say."""


class Case(NamedTuple):
    """One thing that was tried: its suite, name and file, how many seconds it took, what was wrong."""

    suite: str
    name: str
    file: str
    seconds: float
    failure: str = ""


def write_junit(file: Path, cases: Sequence[Case]) -> None:
    """Writes the file; raises OSError where that cannot be done."""
    root = ElementTree.Element("testsuites", name="shoptalk")
    for suite in dict.fromkeys(case.suite for case in cases):
        own = [case for case in cases if case.suite == suite]
        failures = sum(bool(case.failure) for case in own)
        seconds = sum(case.seconds for case in own)
        at = ElementTree.SubElement(
            root,
            "testsuite",
            name=suite,
            tests=str(len(own)),
            failures=str(failures),
            errors="0",
            skipped="0",
            time=f"{seconds:.3f}",
        )
        for case in own:
            one = ElementTree.SubElement(
                at,
                "testcase",
                classname=suite,
                name=_plain(case.name),
                file=case.file,
                time=f"{case.seconds:.3f}",
            )
            if case.failure:
                first = case.failure.strip().split("\n", 1)[0]
                failure = ElementTree.SubElement(one, "failure", message=_plain(first), type="difference")
                failure.text = _plain(case.failure)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _plain(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
