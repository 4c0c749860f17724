"""Finds templates that no message is made of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from engine.analysis.survey import Survey
from engine.lint.checked import Checked, Rule
from engine.source import Place, Problem

_INCLUDES = r"""\{%[-+]?\s*(?:include|import|from|extends)\s+["']([^"']+)["']"""


def check(checked: Checked) -> Iterator[Problem]:
    pack = checked.pack
    if pack is None or not pack.templates or checked.problems:
        return  # A message that could not be read may be the one that names it.
    used = {path for survey in checked.surveys for path in _named(survey, pack.templates)}
    languages = {language for survey in checked.surveys for language in survey.flow.languages}
    waiting = sorted(used)
    while waiting:
        for included in re.findall(_INCLUDES, pack.templates[waiting.pop()]):
            for path in (included, *(translated(included, language) for language in languages)):
                if path in pack.templates and path not in used:
                    used.add(path)
                    waiting.append(path)
    folder = posixpath.basename(pack.path).strip(".") or pack.business.id
    own = {path for path in pack.templates if path.startswith(f"{folder}/")}
    for path in sorted(own - used):
        file = posixpath.normpath(posixpath.join(pack.path, "..", "..", "templates", path))
        yield Problem(
            Place(file, 1, 1), RULE.name, "no message is made of this template, and none includes it"
        )


def translated(path: str, language: str) -> str:
    """The path of a template's translation."""
    stem, dot, ending = path.rpartition(".")
    return f"{stem}.{language}.{ending}" if dot else f"{path}.{language}"


def _named(survey: Survey, templates: Mapping[str, str]) -> Iterator[str]:
    """The templates that messages name: a text of one stands in its file."""
    for message in survey.messages:
        if message.text is not None:
            file = message.text.place.file
            found = [path for path in templates if file.endswith(f"templates/{path}")]
            yield from sorted(found, key=len)[-1:]


RULE = Rule(
    name="unused_template",
    about="A file below `templates/` is named by no message and included by no other.",
    broken={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: {template: shop/hello.j2}
""",
        "templates/shop/hello.j2": """\
Hello!
""",
        "templates/shop/menu.j2": """\
Our menu
^
""",
    },
    clean={
        "business.yaml": """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: shop.yaml}
""",
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: {template: shop/hello.j2}
""",
        "templates/shop/hello.j2": """\
Hello!
{% include "shop/menu.j2" %}
""",
        "templates/shop/menu.j2": """\
Our menu
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
