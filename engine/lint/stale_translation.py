"""Finds translations of texts that have changed since they were translated."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.lint.translations import translated
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for one in translated(checked, survey):
            if one.span is None or not one.original_changed or one.translation_changed:
                continue
            said = (
                f"the text of '{one.name}' has changed since it was translated into '{one.language}': change "
                "the translation too; if it is still right, delete this line and run `flow-lint --fix`"
            )
            word = one.document["fingerprints"].word(one.name)
            yield Problem(word.place, RULE.name, said, len(word))


RULE = Rule(
    name="stale_translation",
    about="The text of a message has changed since it was translated, as its fingerprint shows.",
    broken={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Welcome! We are open until ten.
""",
        "shop.ur.yaml": """\
messages:
  hello: خوش آمدید!
fingerprints:
  hello: 3542b4d2-cb812cbd
  ^^^^^
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Welcome!
""",
        "shop.ur.yaml": """\
messages:
  hello: خوش آمدید!
fingerprints:
  hello: 3542b4d2-cb812cbd
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
