"""Finds texts that a `#` ends, though what stands behind it may belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.analysis.survey import Survey
from engine.expressions import Text
from engine.lint.checked import Checked, Rule
from engine.reader.yaml_builder import in_quotes
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    lines = {
        (file, number): line
        for file, text in checked.sources.items()
        if " #" in text
        for number, line in enumerate(text.split("\n"), 1)
        if " #" in line and _may_be_text(line[line.index(" #") + 1 :])
    }
    files = {file for file, _ in lines}
    for survey in checked.surveys if lines else ():
        for text in _texts(survey):
            if text.place.file not in files:
                continue
            said = text.source.split("\n")
            end = text.place.within(len(said) - 1, len(said[-1]) + 1)
            behind = lines.get((end.file, end.line), "")[end.column - 1 :].rstrip()
            comment = behind.lstrip(" \t")
            if behind != comment and _may_be_text(comment):
                whole = in_quotes(said[-1] + behind)
                message = (
                    "the text ends before the #, what follows is a comment; "
                    f"if it belongs to the text: {whole}; if not, put it on a line of its own"
                )
                place = end._replace(column=end.column + len(behind) - len(comment))
                yield Problem(place, RULE.name, message, len(comment))


def _may_be_text(comment: str) -> bool:
    """Whether what may be a comment begins like `#5`, or would put a value in."""
    return comment.startswith("#") and (comment[1:2].isdigit() or "{{" in comment)


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
