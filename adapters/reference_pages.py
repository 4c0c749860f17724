"""Makes the pages of the site that are generated: one for each validator, each action and each lint rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from textwrap import indent

import yaml

from adapters import reference_texts as texts
from adapters.provider_limits import PROVIDERS
from adapters.reference import call_of, cell
from adapters.starter import Answers, starter_pack
from adapters.starter.answers import Product
from engine.actions import ACTIONS
from engine.declarations import Action, Example, Parameter, Validator
from engine.drawing import svg
from engine.drawing.graph import graph_of
from engine.lint import RULES, lint
from engine.lint.checked import Rule
from engine.lint.formats import FORMATS
from engine.lint.report import Report
from engine.lint.selection import asking
from engine.reader import read_flow, read_pack
from engine.rehearsal.script import Script
from engine.rehearsal.transcript import play
from engine.source import Problem
from engine.validators import VALIDATORS

CARETS = re.compile(r"[ #]*\^+ *")
"""The line of a broken example that marks the spot."""


@cache
def pages() -> Mapping[str, str]:
    """The Markdown of every generated page, by its path in docs/; an index.md comes before its pages."""
    return {
        "validators/index.md": _page(_words("Validators", "validators", texts.VALIDATORS_ABOUT, VALIDATORS)),
        **{f"validators/{name}.md": _page(_validator(one)) for name, one in VALIDATORS.items()},
        "actions/index.md": _page(_words("Actions", "actions", texts.ACTIONS_ABOUT, ACTIONS)),
        **{f"actions/{name}.md": _page(_action(one)) for name, one in ACTIONS.items()},
        "rules/index.md": _page(_rules()),
        **{f"rules/{name}.md": _page(_rule(rule)) for name, rule in RULES.items()},
    }


@cache
def pictures() -> Mapping[str, str]:
    """The SVG of every generated picture, by its path in docs/."""
    answers = Answers(
        slug="bakery",
        name="Corner Bakery",
        currency="EUR",
        languages=("en",),
        products=(Product("Bread", Decimal("3.50")), Product("Cake", Decimal(18))),
        timezone="Europe/Berlin",
        country="DE",
    )
    pack = read_pack(starter_pack(answers), "flows/bakery", {}).pack
    if pack is None:
        raise ValueError("the bakery of the pages cannot be read")
    return {"learn/bakery.svg": svg(graph_of(pack.flows["customer"], "en", pack.business.name), None)}


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


# Validators and actions

BUSINESS = """\
business: shop
name: Corner Bakery
currency: EUR
timezone: Europe/Berlin
languages: [en]
opening_hours: {saturday: 07:00-14:00}
flows: {customer: customer.yaml}
"""
CATALOG = """\
products:
  - {number: 1, code: roll, name: Roll, price: 0.50}
  - {number: 2, code: rye, name: Rye bread, price: 3.80}
  - {number: 3, code: cherry, name: Cherry cake, price: 18.00, stock: 2}
"""
NOTHING_LEFT = """\
orders:
    none

stock:
    as before
"""
"""The end of a transcript that changed nothing; a page leaves it out."""
SHARED: Mapping[str, str] = {"business.yaml": BUSINESS, "catalog.yaml": CATALOG}
"""The files of every example's pack, beside its flow."""


def _words(
    title: str, place: str, about: str, table: Mapping[str, Action] | Mapping[str, Validator]
) -> Iterator[str]:
    yield from (f"# {title}", "", about)
    yield from _table(
        "| name | what it does |" if place == "actions" else "| name | what passes |",
        (f"| [`{name}`]({name}.md) | {cell(one.about)} |" for name, one in table.items()),
    )


def _validator(declared: Validator) -> Iterator[str]:
    yield from (f"# `{declared.name}`", "", declared.about)
    yield from _parameters(declared.parameters)
    if declared.single:
        yield from (
            "",
            f"A value that stands alone is `{declared.single}`: `{{{call_of(declared)}, else: …}}`.",
        )
    yield from (
        "",
        "What does not pass is answered with the message behind `else`, and nothing else happens.",
    )
    yield from _example(declared.example)


def _action(declared: Action) -> Iterator[str]:
    yield from (f"# `{declared.name}`", "", declared.about)
    yield from _parameters(declared.parameters)
    if any(one.filled for one in declared.parameters.values()):
        yield from (
            "",
            "A parameter that is left out takes the hole, slot or given name of the same name, where there is"
            " one.",
        )
    if declared.gives:
        given = ", ".join(f"`{name}`" for name in declared.gives)
        yield from ("", f"**Gives** {given}, which texts can read until the end of the turn.")
    if declared.fails:
        yield from (
            "",
            f"**Fails with** {', '.join(f'`{code}`' for code in declared.fails)}. Each wants an answer in the"
            " rule's `fails`, or in the flow's. On a failure nothing of the rule is kept.",
        )
    yield from _example(declared.example)


def _parameters(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if not parameters:
        yield from ("", "It takes no parameters.")
        return
    yield from _table(
        "| parameter | is | what it is for | needed |",
        (
            f"| `{name}` | {_kind(one)} | {cell(one.about)} | {'yes' if one.required else 'no'} |"
            for name, one in parameters.items()
        ),
    )


KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "expression": "an expression",
    "regex": "a regular expression",
    "slot": "a slot",
    "message": "a message",
    "language": "a language",
    "role": "a role",
}
"""What a JSON type or a format is called on a page."""


def _kind(parameter: Parameter) -> str:
    schema = parameter.schema
    named = schema.get("format") or schema.get("type")
    if named is None:
        return "anything"
    return " or ".join(
        KINDS[each].replace(" ", "\N{NO-BREAK SPACE}")
        for each in ([named] if isinstance(named, str) else named)
    )


def _example(example: Example) -> Iterator[str]:
    """The flow of the example, the rest of its pack, the conversation and what is said in it."""
    files = {**SHARED, "customer.yaml": example.flow, **example.files}
    pack = read_pack(files, "flows/shop", {}).pack
    if pack is None:
        raise ValueError(f"this example cannot be read:\n{example.flow}")
    yield from ("", "## An example")
    yield from _file("flows/shop/customer.yaml", example.flow)
    for name, text in example.files.items():
        yield from _file(f"flows/shop/{name}", text)
    rest = {name: text for name, text in SHARED.items() if name not in example.files}
    yield from _folded(
        "The rest of this shop", (line for name in rest for line in _file_of(name, rest[name]))
    )
    yield from _folded(
        "The conversation, as a file", _file_of("conversations/example.yaml", _written(example))
    )
    yield from ("", "This is what is said, and what the shop answers:")
    said = play(pack, Script("An example", example.says)).removeprefix("conversation: An example\n\n")
    yield from _file("flows/shop/conversations/example.txt", f"…\n{said.replace(NOTHING_LEFT, '…')}")


def _file_of(name: str, text: str) -> Iterator[str]:
    return _file(f"flows/shop/{name}", text)


def _written(example: Example) -> str:
    """The conversation of an example as a file."""
    document = {"conversation": "An example", "says": list(example.says)}
    return yaml.safe_dump(document, default_flow_style=None, allow_unicode=True, sort_keys=False, width=100)


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
        (f"| [`{name}`]({name}.md) | {cell(rule.about)} | {rule.severity} |" for name, rule in RULES.items()),
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
    if rule.ignorable:
        yield from ("", "## Where it is right as it stands", "")
        yield "A comment on the line leaves it alone. Say why, for whoever reads it next:"
        yield f"`# flow-lint: ignore[{rule.name}] why`"
    else:
        yield from ("", "No comment can silence it: a flow cannot run with what it finds.")


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
        reading = read_pack(own, "flows/shop", templates)
    else:
        by_path = {_path(name): text for name, text in own.items()}
        reading = read_flow(by_path, _path("shop.yaml"), templates)
    return lint(reading, selection=asking(rule), providers=PROVIDERS)
