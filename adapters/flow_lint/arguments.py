"""Reads what stands behind `flow-lint` on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.lint.selection import PILOT, PROFILES, Selection

USAGE: Final = """\
usage: flow-lint [OPTION…] [PATH…]
       flow-lint rule NAME
       flow-lint rules

Says what is wrong with flows, each problem as file:line:column: message [rule].

  PATH             a flow, a pack (a folder with a business.yaml) or a folder of packs; `-` is a flow on
                   standard input; without one `flows`, or the current folder if there is no `flows`
  rule NAME        explains a rule, with an example that breaks it and one that does not
  rules            lists the rules, with their severities and profiles

What is looked for:
  --profile NAME   draft while you write, pilot (used unless you choose) for a shop that is tried out,
                   production for one that people rely on; each asks more than the one before
  --select RULES   these rules too, whatever the profile; several with commas between them
  --ignore RULES   without these rules
  --style          the rules of taste too
  --strict         warnings fail as errors do; they do in the production profile
  --live URL       the conversations of this database too, as in DATABASE_URL, that would be left behind

A line is left alone by a comment on it: `# flow-lint: ignore[RULE] why`.

What is done:
  --fix            mends what can be mended without judgement; every other byte of the files stays
  --diff           shows what --fix would do, and writes nothing
  --watch          looks again whenever a file changes, until Ctrl-C

How it is told:
  --format NAME    full (used unless you choose), concise, json, github (used by itself on GitHub Actions),
                   gitlab, sarif or junit
  --statistics     how many findings each rule has, in place of the findings
  --stdin-name FILE  what standard input is called, and beside which files it belongs

  --help           this text
  --version        which flow-lint this is

Leaves with 0 where all is well, 1 where there are problems (an error, or a warning where they fail;
information never fails), or with --diff something to mend, 2 where it was called wrongly, and 3 where
flow-lint itself is at fault.
"""

FLAGS: Final = ("--strict", "--style", "--fix", "--diff", "--watch", "--statistics")
VALUED: Final = ("--profile", "--select", "--ignore", "--format", "--stdin-name", "--live")
OTHERS: Final = ("--help", "-h", "--version")
WRITTEN: Final = frozenset(("missing_fingerprint",))
STANDARD_INPUT: Final = "-"


class UsageError(Exception):
    """What was asked for cannot be done; the message says why."""


class Arguments:
    """What flow-lint was asked for. `format` is empty where none was chosen."""

    __slots__ = (
        "paths",
        "selection",
        "strict",
        "format",
        "fix",
        "diff",
        "watch",
        "statistics",
        "stdin_name",
        "live",
        "help",
        "version",
    )

    def __init__(
        self,
        paths: tuple[str, ...] = (),
        selection: Selection = PILOT,
        strict: bool = False,
        format: str = "",
        fix: bool = False,
        diff: bool = False,
        watch: bool = False,
        statistics: bool = False,
        stdin_name: str = "",
        live: str = "",
        help: bool = False,
        version: bool = False,
    ) -> None:
        self.paths: Final = paths
        self.selection: Final = selection
        self.strict: Final = strict
        self.format: Final = format
        self.fix: Final = fix
        self.diff: Final = diff
        self.watch: Final = watch
        self.statistics: Final = statistics
        self.stdin_name: Final = stdin_name
        self.live: Final = live
        self.help: Final = help
        self.version: Final = version

    @property
    def warnings_fail(self) -> bool:
        return self.strict or self.selection.profile == "production"


def read_arguments(words: list[str], environment: Mapping[str, str]) -> Arguments:
    """The arguments; on GitHub Actions its format is chosen where no other is. Raises UsageError."""
    given: dict[str, Any] = {}
    lists: dict[str, frozenset[str]] = {"--select": frozenset(), "--ignore": frozenset()}
    paths: list[str] = []
    profile = PILOT.profile
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=")
        if word == "--":
            paths += waiting
        elif word in OTHERS:
            given["version" if word == "--version" else "help"] = True
        elif word in FLAGS:
            given[word.removeprefix("--")] = True
        elif option in VALUED:
            value = value if equals else _next(waiting, option)
            if option in lists:
                lists[option] |= _rules(option, value)
            elif option == "--profile":
                profile = _one_of("profile", value, PROFILES)
            else:
                given[option.removeprefix("--").replace("-", "_")] = value
        elif word.startswith("-") and word != STANDARD_INPUT:
            _refuse(option)
        else:
            paths.append(word)
    style = given.pop("style", False)
    if given.get("fix") or given.get("diff"):
        # What only makes later findings possible is no finding of its own before production.
        lists["--select"] |= WRITTEN
    if not given.get("format") and environment.get("GITHUB_ACTIONS") == "true":
        given["format"] = "github"
    arguments = Arguments(
        paths=tuple(paths),
        selection=Selection(profile, lists["--select"], lists["--ignore"], style),
        **given,
    )
    return _checked(arguments)


def _checked(arguments: Arguments) -> Arguments:
    if arguments.format:
        from engine.lint.formats import FORMATS

        _one_of("format", arguments.format, FORMATS)
    if STANDARD_INPUT in arguments.paths:
        if len(arguments.paths) > 1:
            raise UsageError("`-` stands alone: standard input is one flow")
        if arguments.watch:
            raise UsageError("standard input cannot be watched")
    elif arguments.stdin_name:
        raise UsageError("--stdin-name names what comes from standard input; give `-` as the path")
    if arguments.watch and (arguments.fix or arguments.diff):
        raise UsageError("--watch only looks; use --fix or --diff without it")
    if arguments.fix and arguments.diff:
        raise UsageError("--diff shows what --fix would write; use one of them")
    return arguments


def _next(waiting: Iterator[str], option: str) -> str:
    value = next(waiting, None)
    if value is None:
        raise UsageError(f"{option} needs a value behind it")
    return value


def _one_of(what: str, value: str, allowed: Any) -> Any:
    if value not in allowed:
        from engine.nearest import unknown

        raise UsageError(unknown(what, value, allowed))
    return value


def _rules(option: str, value: str) -> frozenset[str]:
    from engine.lint import RULES

    names = frozenset(name.strip() for name in value.split(",") if name.strip())
    for name in sorted(names):
        _one_of("rule", name, RULES)
        if option == "--ignore" and not RULES[name].ignorable:
            raise UsageError(f"the rule {name} cannot be ignored: no flow can run with what it finds")
    return names


def _refuse(option: str) -> None:
    from engine.nearest import nearest

    near = nearest(option, (*FLAGS, *VALUED, *OTHERS))
    mend = f"did you mean {near}?" if near else "`flow-lint --help` tells which there are"
    raise UsageError(f"no option {option}; {mend}")


def paths_or_default(paths: tuple[str, ...]) -> tuple[str, ...]:
    """What is checked where nobody says what: the folder `flows`, or the current one."""
    return paths or ("flows" if os.path.isdir("flows") else ".",)
