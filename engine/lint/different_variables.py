"""Finds variables that a translation drops or adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.analysis.survey import NAMED, NO_NAMES, Survey, Written, written
from engine.expressions import Read, Text
from engine.flow import Message
from engine.lint.checked import Checked, Rule
from engine.source import Problem


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        flow = survey.flow
        for by_language in flow.messages.values():
            first = by_language[flow.languages[0]]
            for message in {id(one): one for one in by_language.values() if one is not first}.values():
                for part in ("text", "list_button", "header", "footer"):
                    own, other = getattr(first, part), getattr(message, part)
                    if own is not None and other is not None and own.place != other.place:
                        yield from _compare(checked, survey, message, own, other)


def _compare(checked: Checked, survey: Survey, message: Message, own: Text, other: Text) -> Iterator[Problem]:
    source, translation = written(own, NO_NAMES), written(other, NO_NAMES)
    wanted, found = paths_of(source), paths_of(translation)
    here = survey.known.union(*(said.names for said in survey.said.get(message.name, ())))
    here |= checked.names_told(survey, message.name)
    if any(path[0] not in here for path in (*wanted, *found)):
        return  # a name that is nowhere is a finding of its own
    word = message.name if message.place.file == other.place.file else " "
    place = message.place if message.place.file == other.place.file else other.place
    for path in wanted.keys() - found.keys():
        said = f"this translation drops '{'.'.join(path)}', which the text itself has"
        yield Problem(place, RULE.name, said, len(word))
    for said in _of_lines(own, other):
        yield Problem(place, RULE.name, said, len(word))
    for path in found.keys() - wanted.keys():
        read = found[path]
        said = f"this translation adds '{'.'.join(path)}', which the text itself has not"
        yield Problem(checked.place_of(translation, read), RULE.name, said, len(".".join(path)))


def _of_lines(own: Text, other: Text) -> Iterator[str]:
    """What the two say of the lines of a loop that both have; they may call a line by other names."""
    from engine.analysis.loops import loops_of  # few flows have translations

    wanted = loops_of(own)
    found = loops_of(other) if wanted else {}
    for source, loop in wanted.items():
        line = found.get(source)
        if line is None or loop.is_whole or line.is_whole:
            continue
        for path in sorted(loop.said - line.read):
            said = ".".join((loop.name, *path))
            yield f"this translation drops '{said}' of the loop, which the text itself has"
        for path in sorted(line.said - loop.read):
            said = ".".join((line.name, *path))
            yield f"this translation adds '{said}' in the loop, which the text itself has not"


def paths_of(text: Written) -> Mapping[tuple[str, ...], Read]:
    """What a text reads, each once."""
    return {read.path: read for read in reversed(text.reads) if read.kind in NAMED and read.path[0]}


RULE = Rule(
    name="different_variables",
    about="A translation does not read what the text that it translates reads.",
    broken={
        "shop.yaml": """\
flow: shop
languages: [en, ur]
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: [hello, open], goto: ordered}
  ordered: {final: true}
messages:
  hello: "Welcome to {{ business.name }}!"
  open: We are open.
""",
        "shop.ur.yaml": """\
messages:
  hello: خوش آمدید!
  ^^^^^
  open: ہم کھلے ہیں۔
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
    otherwise: {reply: [hello, open], goto: ordered}
  ordered: {final: true}
messages:
  hello: "Welcome to {{ business.name }}!"
  open: We are open.
""",
        "shop.ur.yaml": """\
messages:
  hello: "{{ business.name }} میں خوش آمدید!"
  open: ہم کھلے ہیں۔
""",
    },
    check=check,
)
