"""Finds flows in which nobody can ask for help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.lint.checked import Checked, Rule
from engine.source import Problem
from engine.words import fold

EVERYWHERE = "? help info"
"""Understood as a call for help whatever the language."""

HELP: Mapping[str, str] = {
    "ur": "مدد madad",
    "hi": "मदद सहायता madad",
    "ar": "مساعدة مساعده",
    "fa": "کمک راهنما",
    "he": "עזרה",
    "ps": "مرسته",
    "pa": "ਮਦਦ مدد",
    "bn": "সাহায্য",
    "es": "ayuda",
    "pt": "ajuda",
    "fr": "aide",
    "de": "hilfe",
    "it": "aiuto",
    "nl": "hulp",
    "tr": "yardım",
    "id": "bantuan tolong",
    "ms": "bantuan tolong",
    "sw": "msaada",
    "ru": "помощь",
    "zh": "帮助 幫助",
}
"""How people call for help, by language."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        if all(state.human or state.final for state in flow.states.values()):
            continue
        known = {
            fold(word) for rule in flow.commands.values() for words in rule.words.values() for word in words
        }
        calls = [*EVERYWHERE.split()]
        for language in flow.languages:
            calls += HELP.get(language.partition("-")[0], "").split()
        if not known.intersection(map(fold, calls)):
            said = "nobody can ask for help here: add a command of the flow with the words `help` and `?`"
            place = getattr(flow.name, "place", flow.place)
            yield Problem(place, RULE.name, said, max(1, len(flow.name)))


RULE = Rule(
    name="no_help",
    about="No command of the flow is understood when somebody asks for help, in any of its languages.",
    broken={
        "shop.yaml": """\
flow: shop
      ^^^^
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
commands:
  help: {words: [help, "?"], reply: how}
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  how: Just write what you would like.
""",
    },
    check=check,
    severity="information",
    profile="asked",
)
