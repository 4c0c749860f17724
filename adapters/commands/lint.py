"""The program `flow-lint`: says what is wrong with flows, packs and folders of packs, and mends it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.flow_lint.arguments import USAGE, Arguments, UsageError, paths_or_default, read_arguments

if TYPE_CHECKING:
    from adapters.flow_lint.checking import Findings

CLEAN, FOUND, WRONG_USE, OWN_FAULT = 0, 1, 2, 3

OWN_FAULT_SAYS = """\
flow-lint: this is a fault of flow-lint itself, not of your files: it broke while it looked at them.
Please report what stands above, with the files that you checked and what `flow-lint --version` says.
Until it is mended, `flow-lint PATH` with one file after the other tells which of them it cannot look at."""


def main(words: list[str]) -> int:
    """Does what the words ask for; 0 clean, 1 problems, 2 wrong use, 3 a fault of its own."""
    try:
        return _run(words)
    except UsageError as error:
        print(f"flow-lint: {error}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"flow-lint: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return WRONG_USE
    except Exception:
        traceback.print_exc()
        print(OWN_FAULT_SAYS, file=sys.stderr)
        return OWN_FAULT


def _run(words: list[str]) -> int:
    if words and words[0] in ("rule", "rules"):
        return _explain(words[0], words[1:])
    arguments = read_arguments(words, os.environ)
    if arguments.help:
        print(USAGE, end="")
        return CLEAN
    if arguments.version:
        from adapters.version import VERSION

        print(f"flow-lint {VERSION}")
        return CLEAN
    from adapters.flow_lint.checking import check

    paths = paths_or_default(arguments.paths)
    found = check(paths, arguments.selection)
    if arguments.live:
        from adapters.flow_lint.live import left_behind

        found = found._replace(problems=sorted((*found.problems, *left_behind(arguments.live, paths))))
    return _tell(arguments, found)


def _explain(word: str, names: Sequence[str]) -> int:
    if names and names[0] in ("--help", "-h"):
        print(USAGE, end="")
        return CLEAN
    if word == "rules" and names:
        raise UsageError("`flow-lint rules` lists all rules; `flow-lint rule NAME` explains one")
    if word == "rule" and not names:
        raise UsageError("which rule? `flow-lint rules` lists them (for a folder of this name, ./rule)")
    from adapters.flow_lint.explaining import explained, listed

    if word == "rules":
        for line in listed():
            print(line)
    for number, name in enumerate(names):
        for line in (*(("",) if number else ()), *explained(name)):
            print(line)
    return CLEAN


def _tell(arguments: Arguments, found: Findings) -> int:
    """Prints what was found; 1 where something of it fails."""
    if not found.problems and arguments.format in ("", "full", "concise"):
        return CLEAN
    from adapters.flow_lint.telling import report_of, shown

    report = report_of(found, arguments.warnings_fail)
    for line in shown(report, arguments):
        print(line)
    return FOUND if any(report.fails(problem) for problem in report.problems) else CLEAN
