"""Finds settings that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.survey import Survey
from engine.lint.checked import Checked, Rule, problem_at
from engine.nearest import meant
from engine.source import Place, Problem


def check(checked: Checked) -> Iterator[Problem]:
    used: set[Place] = set()
    for survey in checked.surveys:
        read = set(_read(checked, survey))
        used.update(place for name, place in places(survey) if name in read)
    for survey in checked.surveys:
        for name, place in places(survey):
            if place not in used and name not in checked.mentioned:
                yield problem_at(RULE.name, name, f"nothing reads the setting '{name}'")


def places(survey: Survey) -> Iterator[tuple[str, Place]]:
    """Each setting with its place, which flows that use the same file share."""
    for name in survey.flow.settings:
        place = getattr(name, "place", None)
        if place is not None:
            yield name, place


def _read(checked: Checked, survey: Survey) -> Iterator[str]:
    """The settings that are read, a slip of the pen counting as the one that was meant."""
    settings = survey.flow.settings
    if not settings:
        return
    for text in checked.texts_of(survey):
        for read in text.reads:
            if read.kind in ("name", "call") and read.path[0] == "settings":
                if len(read.path) < 2:
                    yield from settings  # All of them are handed on as a whole.
                else:
                    yield meant(read.path[1], settings) or read.path[1]


RULE = Rule(
    name="unused_setting",
    about="No text and no expression reads a setting, so that tuning it changes nothing.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
settings:
  most: 50
  least: 1
  ^^^^^
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "At most {{ settings.most }} pieces, please."
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
settings:
  most: 50
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: "At most {{ settings.most }} pieces, please."
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
