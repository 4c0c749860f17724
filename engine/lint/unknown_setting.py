"""Finds settings that are read and not there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.nearest import renamed, unknown
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        settings = survey.flow.settings
        for text in checked.texts_of(survey):
            for read in text.reads:
                if read.path[0] != "settings" or len(read.path) < 2:
                    continue
                setting = read.path[1]
                if setting not in settings and setting not in checked.mentioned:
                    said = unknown("setting", setting, settings)
                    place = checked.place_of(text, read, 1)
                    edits = renamed(setting, settings, place)
                    yield Problem(place, RULE.name, said, len(setting), edits=edits)


RULE = Rule(
    name="unknown_setting",
    about="A text or an expression reads a setting that the flow does not have.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
settings: {max_quantity: 50}
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "At most {{ settings.max_quantty }} pieces, please."
  #                           ^^^^^^^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
settings: {max_quantity: 50}
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "At most {{ settings.max_quantity }} pieces, please."
""",
    },
    check=check,
)
