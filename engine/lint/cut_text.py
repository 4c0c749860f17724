"""Finds texts that a `#` ends, though what stands behind it may belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from engine.analysis.survey import Survey
from engine.expressions import Text
from engine.lint.checked import Checked, Rule
from engine.reader.yaml_builder import in_quotes
from engine.source import Problem

COMMENT = r"[ \t]+(?P<comment>#(?:[0-9]|[^\n]*\{\{)[^\n]*)"
"""One that begins like `#5`, or would put a value in."""


def check(checked: Checked) -> Iterator[Problem]:
    lines = {
        (file, text.count("\n", 0, found.start()) + 1): found["line"]
        for file, text in checked.sources.items()
        if " #" in text
        for found in re.finditer(rf"^(?P<line>[^\n]*[^\s#]{COMMENT})", text, re.MULTILINE)
    }
    if not lines:
        return
    files = {file for file, _ in lines}
    for survey in checked.surveys:
        for text in _texts(survey):
            if text.place.file not in files:
                continue
            said = text.source.split("\n")
            end = text.place.within(len(said) - 1, len(said[-1]) + 1)
            found = re.match(COMMENT, lines.get((end.file, end.line), "")[end.column - 1 :])
            if found is not None:
                comment = found["comment"].rstrip()
                whole = in_quotes(f"{said[-1]}{found[0].rstrip()}")
                message = (
                    "the text ends before the #, what follows is a comment; "
                    f"if it belongs to the text: {whole}; if not, put it on a line of its own"
                )
                place = end._replace(column=end.column + found.start("comment"))
                yield Problem(place, RULE.name, message, len(comment))


def _texts(survey: Survey) -> Iterable[Text]:
    """Every text of a flow that customers read and that stands in a YAML file."""
    for message in survey.messages:
        for text in (message.text, message.header, message.footer, message.list_button):
            if text is not None and text.source:
                yield text
    for site in survey.sites:
        yield from (text for text in (*site.rule.title.values(), *site.rule.about.values()) if text.source)


RULE = Rule(
    name="cut_text",
    about="A text ends before a `#` behind which something stands that may belong to it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Welcome to the #1 cookie shop!
                        ^^^^^^^^^^^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}  #1 from here it is easy
  ordered: {final: true}
messages:
  hello: "Welcome to the #1 cookie shop!"  #2 to be said shorter
  # {{ customer.name }} would be nice here.
""",
    },
    check=check,
    severity="warning",
)
