"""Finds translations that are kept without, or with an old, fingerprint of what they translate."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.lint.translations import KEY, Translated, added, renewed, translated
from engine.source import Mapped, Place, Problem

MOST_NAMED = 5


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        without: dict[str, list[Translated]] = {}
        for one in translated(checked, survey):
            if one.span is None:
                without.setdefault(one.document.place.file, []).append(one)
            elif one.translation_changed:
                edit = renewed(one)
                said = f"this is the fingerprint of an earlier '{one.name}'; `flow-lint --fix` renews it"
                place, length = one.span
                yield Problem(place, RULE.name, said, length, edits=(edit,) if edit else ())
        for file, some in without.items():
            yield _without(some, checked.sources.get(file, ""))


def _without(some: list[Translated], source: str) -> Problem:
    document = some[0].document
    prints = {one.name: one.fingerprint for one in some}
    edit = added(document, prints, source)
    named = ", ".join(list(prints)[:MOST_NAMED]) + (" …" if len(prints) > MOST_NAMED else "")
    who = "`flow-lint --fix` writes their fingerprints"
    if edit is None:
        who = "write below `fingerprints`: " + ", ".join(f"{name}: {one}" for name, one in prints.items())
    said = f"nobody will hear when an original changes ({named}): {who}"
    place, length = _where(document)
    return Problem(place, RULE.name, said, length, edits=(edit,) if edit else ())


def _where(document: Mapped) -> tuple[Place, int]:
    for key in (KEY, "messages"):
        if key in document:
            return document.word(key).place, len(key)
    return document.place, 1


RULE = Rule(
    name="missing_fingerprint",
    about="A translation has no fingerprint, so that nobody hears when its original changes.",
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
  hello: Welcome!
""",
        "shop.ur.yaml": """\
messages:
^^^^^^^^
  hello: خوش آمدید!
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
    severity="information",
    profile="production",
)
