"""Where each character of a text stands in its file, however the text is written there."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.lint import lint
from engine.mending import mended
from engine.reader import read_flow
from engine.reader.yaml_text import read_yaml
from engine.source import Place, Word

FLOW = """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    ask: hello
    commands:
      go: {words: [go], reply: hello, goto: ordered}
  ordered: {final: true}
messages:
"""

# A message, or more, in which `nmae` is no name.
WRITTEN = {
    "plain": "  hello: Hi {{ nmae }} z\n",
    "escaped quotes and letters": '  hello: "Hi \\"x\\" \\u00e9 \\x41 \\U0001F36A {{ nmae }} z"\n',
    "escaped line ends": '  hello: "Hi\\n\\n {{ nmae }} z"\n',
    "escaped line ends in braces": '  hello: "Hi\\n{{\\nnmae }} z"\n',
    "a doubled apostrophe": "  hello: 'It''s 😀 {{ nmae }} z'\n",
    "literal": "  hello: |-\n    😀 one\n      two {{ nmae }} z\n",
    "literal with a comment": "  hello: |- # said first\n\n    one\n\n    two {{ nmae }} z\n",
    "literal with its indentation": "  hello: |2\n      deep {{ nmae }}\n",
    "folded": "  hello: >-\n    one\n    two\n\n    three {{ nmae }} z\n",
    "folded with deeper lines": "  hello: >\n\n    one\n\n      two\n\n\n    three\n    {{ nmae }} z\n",
    "plain on several lines": "  hello: one\n    two {{ business.name }}\n\n    three {{ nmae }}\n",
    "quoted on several lines": '  hello: "one  \n    two\n\n    three {{ nmae }} z"\n',
    "single quotes on several lines": "  hello: 'one\n\n    ''two''\n    three {{ nmae }} z'\n",
    "a line end that is escaped": '  hello: "one \\\n    \\ two {{ nmae }} z"\n',
    "an escaped and an empty line": '  hello: "one\\\n\n    two {{ nmae }} z"\n',
    "a tag on several lines": "  hello: |\n    {% if cart.is_empty\n       and nmae %}x{% endif %}\n",
    "below its key": "  hello:\n    one\n    two {{ nmae }}\n",
    "with an anchor": '  hello: &h "b {{ nmae }}"\n  bye: *h\n',
    "with an anchor above": '  hello: &h # twice\n    "b\\t{{ nmae }}"\n  bye: *h\n',
    "without quotes and with an anchor": "  hello: &h b {{ nmae }}\n  bye: *h\n",
    "behind a wrong line": '  other: {{ business.name }}\n  hello: "Hi\\n\\n {{ nmae }} z"\n',
}


@pytest.mark.parametrize("what", WRITTEN)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("begins", ["", "\ufeff"], ids=["", "bom"])
def test_a_finding_stands_where_its_word_does(what: str, newline: str, begins: str) -> None:
    text = FLOW + WRITTEN[what]
    reading = read_flow({"shop.yaml": (begins + text.replace("\n", newline)).encode()}, "shop.yaml", {})
    found = {one.place for one in lint(reading) if "nmae" in one.message}
    before = text[: text.index("nmae")]
    line = before.count("\n") + 1
    assert found == {Place("shop.yaml", line, len(before) - before.rfind("\n"))}


# Each place of a fault that reading itself finds in a text, a pattern or a value.
FAULTS = {
    "a text": ('  hello: "a\\n\\n {{ cart.__b }}"\n', "__b"),
    "a strange sign": ('  hello: "a\\n\\n {{ 5 @ 6 }}"\n', "@"),
    "a strange sign behind spaces": ('commands:\n  x: {words: [x], save: {s: "  {{ 1 @ }}"}}\n', "@"),
    "a filter": ('  hello: "a\\n\\n {{ 5 | mony }}"\n', "mony"),
    "a value behind spaces": ("commands:\n  x: {words: [x], save: {s: \"\\n {{ 's' | mony }}\"}}\n", "mony"),
    "a value behind a line": ("commands:\n  x:\n    save:\n      s: |\n\n        {{ 1 | mony }}\n", "mony"),
    "a fault behind spaces": ('commands:\n  x: {words: [x], save: {s: "  {{ cart.__b }}"}}\n', "__b"),
    "a type": ('commands:\n  x: {pattern: "\\u0062 {n:nubmer}"}\n', "nubmer"),
    "a hole": ("commands:\n  x: {pattern: 'it''s {customer:number}'}\n", "customer"),
    "a list": (
        'commands:\n  x: {words: [x], save: {s: ["{{ 1 | text }}", "\\"{{ 2 | mony }}"]}}\n',
        "mony",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_stands_where_its_sign_does(what: str) -> None:
    part, sign = FAULTS[what]
    text = "slots: {s: text}\n" + FLOW.replace("messages:\n", "") + part
    if part.startswith("commands"):
        text += "messages: {hello: Hello}\n"
    else:
        text = text.replace("  hello:", "messages:\n  hello:")
    found = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    before = text[: text.index(sign)]
    place = Place("shop.yaml", before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert place in [one.place for one in found], found


@pytest.mark.parametrize("what", WRITTEN)
def test_a_comment_above_leaves_the_whole_text_alone(what: str) -> None:
    above = "  # flow-lint: ignore[undefined_name] it is said at the till\n  hello:"
    text = FLOW + WRITTEN[what].replace("  hello:", above)
    found = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    assert not [one for one in found if one.rule in ("undefined_name", "unused_ignore")]


@pytest.mark.parametrize(
    "what", ["one\n    two\n    {{ s | }}", ">-\n    one\n    two\n    {{ s | }}", '"a\\n\\n {{ s | }}"']
)
def test_what_a_wrong_text_names_is_not_told_to_be_unused(what: str) -> None:
    text = f"slots: {{s: text}}\n{FLOW}  hello: {what}\n"
    found = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    assert [one.rule for one in found] == ["expression"]


def all_mends(text: str) -> str:
    problems = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
    return mended(text, [one.edits for one in problems if one.edits]).text


@pytest.mark.parametrize("what", WRITTEN)
def test_a_mend_changes_the_word_alone(what: str) -> None:
    wrong = FLOW + WRITTEN[what].replace("nmae", "business.name | uper")
    right = wrong.replace("uper", "upper")
    # Of a file that is no YAML, that is mended too.
    assert all_mends(wrong) == right.replace("other: {{ business.name }}", 'other: "{{ business.name }}"')


def test_a_name_that_is_written_with_escapes_is_left_to_people() -> None:
    text = FLOW + '  hello: "{{ 5 | mon\\u0079y }} {{ 5 | mony }}"\n'
    assert all_mends(text) == text.replace("| mony", "| money")


# Every character of any text, in every style that YAML knows

LETTERS = st.sampled_from("ab'\"\\:#{}%-é😀\u00a0\u200f  \n\n\t")
STYLES = {"plain": None, "single": "'", "double": '"', "literal": "|", "folded": ">"}
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
BY_LETTER = {"n": "\n", "t": "\t", "_": "\u00a0", "L": "\u2028"}


def reads_as(rest: str) -> set[str]:
    """What the sign or the escape at the beginning may read as."""
    found = {rest[:1]}
    if rest[:1] in ("", "\n", "\r", " "):
        found |= {" ", "\n"}
    escape = ESCAPE.match(rest)
    if escape:
        letter, digits = escape[0][1], escape[0][2:]
        found.add(chr(int(digits, 16)) if digits else BY_LETTER.get(letter, letter))
    return found


@given(
    st.text(LETTERS, max_size=40),
    st.sampled_from(list(STYLES)),
    st.integers(4, 30),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
@example("a\n\n  b\n c\nd e f\n\n", "folded", 4, True, "\n")
@example("a b c d e f\n\n\ng", "double", 4, False, "\r\n")
def test_each_character_has_the_place_where_it_stands(
    text: str, style: str, width: int, unescaped: bool, newline: str
) -> None:
    written: str = yaml.dump({"key": text}, default_style=STYLES[style], width=width, allow_unicode=unescaped)
    value, problems = read_yaml(written.replace("\n", newline), "shop.yaml")
    if problems or not isinstance(next(iter(value.values()), None), Word):
        return
    (word,) = value.values()
    assert word == text
    lines = written.split("\n")
    line = start = 0
    last = word.place
    for at, sign in enumerate(text):
        place = word.inner.within(line, at - start + 1)
        there = lines[place.line - 1][place.column - 1 :] + "\n"
        assert sign in reads_as(there), (at, place, there)
        assert place >= last
        last = place
        if sign == "\n":
            line, start = line + 1, at + 1


def test_places_are_those_of_files_for_anybody() -> None:
    (word,) = read_yaml('a: "x\\ty"', "f.yaml")[0].values()
    assert word.inner == Place("f.yaml", 1, 5)
    assert word.inner.within(0, 3) == Place("f.yaml", 1, 8)
    assert word.inner.within(0, 2).within(0, 2) == Place("f.yaml", 1, 8)
    assert word.inner.within(0, 99) == Place("f.yaml", 1, 9)
