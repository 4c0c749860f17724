"""Makes the pages of the site that are generated: one for each validator, each action and each lint rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import indent

from engine.lint import RULES, lint
from engine.lint.checked import Rule
from engine.lint.formats import FORMATS
from engine.lint.report import Report
from engine.lint.selection import asking
from engine.reader import read_flow, read_pack
from engine.source import Problem

CARETS = re.compile(r"[ #]*\^+ *")
"""The line of a broken example that marks the spot."""


@cache
def pages() -> Mapping[str, str]:
    """The Markdown of every generated page, by its path in docs/; an index.md comes before its pages."""
    return {
        "rules/index.md": _page(_rules()),
        **{f"rules/{name}.md": _page(_rule(rule)) for name, rule in RULES.items()},
    }


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _table(head: str, rows: Iterator[str]) -> Iterator[str]:
    yield from ("", head, re.sub(r"[^|]+", "---", head), *rows)


def _file(name: str, text: str) -> Iterator[str]:
    """A block with a file of the page's pack."""
    language = {"yaml": "yaml", "j2": "jinja"}.get(name.rpartition(".")[2], "text")
    yield from ("", f'```{language} title="{name}"', text.rstrip("\n"), "```")


def _folded(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield from ("", f'??? note "{title}"')
    yield indent("\n".join(lines), "    ")


# Lint rules

SEVERITIES = {
    "error": "An error: a flow with it is refused.",
    "warning": "A warning: it fails with `--strict`, and before a flow is published.",
    "information": "Information: it never fails.",
}
PROFILES = {
    "draft": "Always looked for.",
    "pilot": "Looked for from the profile `pilot` on.",
    "production": "Looked for in the profile `production`.",
    "asked": "A matter of taste: off until it is asked for.",
}


def _rules() -> Iterator[str]:
    yield "# Lint rules"
    yield from (
        "",
        "`flow-lint` reads the files of a shop and says what does not fit together, before a customer finds",
        "out. Behind each finding stands the name of its rule, in brackets. Here is what each of them means,",
        "with an example that has the defect and one that has not.",
    )
    yield from _table(
        "| rule | finds | weight |",
        (f"| [`{name}`]({name}.md) | {rule.about} | {rule.severity} |" for name, rule in RULES.items()),
    )


def _rule(rule: Rule) -> Iterator[str]:
    yield from (f"# `{rule.name}`", "", rule.about, "")
    yield f"{SEVERITIES[rule.severity]} {PROFILES[rule.profile]}"
    yield from ("", "## With the defect")
    broken = {name: _unmarked(text) for name, text in rule.broken.items()}
    for name, text in broken.items():
        yield from _file(_path(name), text)
    yield from ("", "```console", f"$ {_command(rule)}", *_findings(broken, rule), "```")
    yield from ("", "## Without it")
    gone = [_path(name) for name in broken if name not in rule.clean]
    if gone:
        yield from ("", "```console", f"$ rm {' '.join(gone)}", "```")
    for name, text in rule.clean.items():
        if broken.get(name) != text:
            yield from _file(_path(name), text)
    yield from ("", "```console", f"$ {_command(rule)}", "```")


def _unmarked(text: str) -> str:
    return "".join(line for line in text.splitlines(True) if not CARETS.fullmatch(line.rstrip("\n")))


def _path(name: str) -> str:
    return name if name.startswith("templates/") else f"flows/shop/{name}"


def _command(rule: Rule) -> str:
    """What finds it."""
    if rule.profile == "asked":
        return f"flow-lint --select {rule.name}"
    return "flow-lint --profile production" if rule.profile == "production" else "flow-lint"


def _findings(files: Mapping[str, str], rule: Rule) -> Iterator[str]:
    """What `flow-lint` prints about these files."""
    by_path = {_path(name): text.split("\n") for name, text in files.items()}

    def line_of(file: str, number: int) -> str:
        lines = by_path.get(file, [])
        return lines[number - 1] if 0 < number <= len(lines) else ""

    return FORMATS["full"].lines(Report(_problems(files, rule), RULES, line_of))


def _problems(files: Mapping[str, str], rule: Rule) -> list[Problem]:
    own = {name: text for name, text in files.items() if not name.startswith("templates/")}
    templates = {
        name.removeprefix("templates/"): text for name, text in files.items() if name.startswith("templates/")
    }
    if "business.yaml" in own:
        return lint(read_pack(own, "flows/shop", templates), selection=asking(rule))
    by_path = {_path(name): text for name, text in own.items()}
    return lint(read_flow(by_path, _path("shop.yaml"), templates), selection=asking(rule))
