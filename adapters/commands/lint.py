"""The program `flow-lint`: says what is wrong with flows, packs and folders of packs, and mends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from adapters.flow_lint.arguments import (
    STANDARD_INPUT,
    USAGE,
    Arguments,
    UsageError,
    paths_or_default,
    read_arguments,
)

if TYPE_CHECKING:
    from adapters.flow_lint.checking import Check, Findings
    from adapters.flow_lint.fixing import Fixed

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
        import traceback

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
    if STANDARD_INPUT in arguments.paths:
        return _of_standard_input(arguments)
    from adapters.flow_lint.checking import Findings, check

    paths = paths_or_default(arguments.paths)

    def look(instead: Mapping[str, bytes]) -> Findings:
        found = check(paths, arguments.selection, instead)
        if not arguments.live:
            return found
        from adapters.flow_lint.live import left_behind

        return Findings(sorted((*found.problems, *left_behind(arguments.live, paths))), found.files)

    if arguments.watch:
        return _watch(arguments, paths, look)
    if not arguments.fix and not arguments.diff:
        return _tell(arguments, look({}))
    from adapters.flow_lint.fixing import difference, fixed, write

    done = fixed(look)
    if arguments.diff:
        sys.stdout.writelines(difference(done.files))
        return FOUND if done.files else CLEAN
    write(done.files)
    _tell_mended(done)
    return _tell(arguments, done.found)


def _of_standard_input(arguments: Arguments) -> int:
    """Checks the flow on standard input; with --fix it is printed as mended, and its findings apart."""
    from adapters.flow_lint.checking import check_given
    from adapters.packs import shown

    name = shown(Path(arguments.stdin_name or "stdin"))
    given = {name: sys.stdin.buffer.read()}

    def look(instead: Mapping[str, bytes]) -> Findings:
        return check_given(name, arguments.selection, instead)

    if not arguments.fix and not arguments.diff:
        return _tell(arguments, look(given), given)
    from adapters.flow_lint.fixing import difference, fixed

    done = fixed(look, given)
    changed = {name: done.files[name]} if name in done.files else {}
    if arguments.diff:
        sys.stdout.writelines(difference(changed, given))
        return FOUND if changed else CLEAN
    sys.stdout.flush()
    sys.stdout.buffer.write(changed.get(name, given[name]))
    return _tell(arguments, done.found, {**given, **changed}, sys.stderr)


def _tell_mended(done: Fixed) -> None:
    if done.made:
        what = "1 finding" if done.made == 1 else f"{done.made} findings"
        where = next(iter(done.files)) if len(done.files) == 1 else f"{len(done.files)} files"
        print(f"flow-lint: mended {what} in {where}", file=sys.stderr)


def _watch(arguments: Arguments, paths: Sequence[str], look: Check) -> int:
    """Tells what was found each time a file changes; ends with Ctrl-C, as the last look would have."""
    from adapters.flow_lint import watching

    code = CLEAN
    files: list[str] = []
    try:
        for _ in watching.changes(lambda: watching.folders_of(paths, files), watching.pause):
            try:
                found = look({})
                files[:] = found.files
                code = _tell(arguments, found)
            except (UsageError, FileNotFoundError) as error:  # a file that is being moved or saved
                code = WRONG_USE
                print(f"flow-lint: {error}", file=sys.stderr)
            else:
                if code == CLEAN and not found.problems:
                    print("all is well")
            print("flow-lint watches; Ctrl-C ends it", flush=True)
    except KeyboardInterrupt:
        return code
    return code


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


def _tell(
    arguments: Arguments,
    found: Findings,
    instead: Mapping[str, bytes] | None = None,
    to: TextIO | None = None,
) -> int:
    """Prints what was found; 1 where something of it fails. `instead` was read in place of files."""
    if not found.problems and arguments.format in ("", "full", "concise"):
        return CLEAN
    from adapters.flow_lint.telling import report_of, shown

    report = report_of(found, arguments.warnings_fail, instead)
    for line in shown(report, arguments):
        print(line, file=to)
    return FOUND if any(report.fails(problem) for problem in report.problems) else CLEAN
