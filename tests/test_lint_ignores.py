"""`# flow-lint: ignore[rule] why`: where such a comment counts, and what is wrong with others."""

from __future__ import annotations

import pytest
from test_lint import BUSINESS, flow, found_in

from engine.lint.ignores import ignores_of
from engine.lint.selection import Selection

UNUSED = "  bye: Bye!"
LONG = '  bye: "Bye {{ custmer.name }}!"'

CASES = {
    "on its line": (f"{UNUSED}  # flow-lint: ignore[unused_message] for the sale\n", []),
    "on the line above": (f"  # flow-lint: ignore[unused_message] for the sale\n{UNUSED}\n", []),
    "above other comments": (f"  # flow-lint: ignore[unused_message] for it\n  # Soon.\n\n{UNUSED}\n", []),
    "a line too far": (
        f"  # flow-lint: ignore[unused_message] for it\n  one: One!\n{UNUSED}\n",
        ["unused_message"],
    ),
    "several rules": (
        f"{LONG}  # flow-lint: ignore[unused_message, too_long] for the sale\n",
        ["unknown_variable", "wrong_ignore"],
    ),
    "of another rule": (
        f"{UNUSED}  # flow-lint: ignore[unused_slot] for the sale\n",
        ["unused_message", "wrong_ignore"],
    ),
    "without a why": (f"{UNUSED}  # flow-lint: ignore[unused_message]\n", ["unused_message", "wrong_ignore"]),
    "of no rule": (f"{UNUSED}  # flow-lint: ignore why\n", ["unused_message", "wrong_ignore"]),
    "of a rule that there is not": (
        f"{UNUSED}  # flow-lint: ignore[unusd_message] why\n",
        ["unused_message", "wrong_ignore"],
    ),
    "with a word of its own": (
        f"{UNUSED}  # flow-lint: disable[unused_message] why\n",
        ["unused_message", "wrong_ignore"],
    ),
    "where it leaves nothing alone": ("  # flow-lint: ignore[unused_message] why\n", ["wrong_ignore"]),
    "of what no flow can run with": (
        "  bye: {text: Bye!, buttons: [hello]}  # flow-lint: ignore[schema] why\n",
        ["unknown_command", "unused_message", "wrong_ignore"],
    ),
    "in a text in quotes": (
        '  bye: "Bye! # flow-lint: ignore[unused_message] why"\n',
        ["unused_message"],
    ),
    "in a text of several lines": (
        "  bye: |\n    Bye!\n    # flow-lint: ignore[unused_message] why\n",
        ["unused_message"],
    ),
    "on the first line of a text of several lines": (
        "  bye: |  # flow-lint: ignore[unused_message, unknown_variable] why\n"
        "    Bye!\n    {{ custmer.name }}\n\n",
        [],
    ),
    "a text of several lines ends": (
        "  one: |  # flow-lint: ignore[unused_message] why\n    One!\n\n" + UNUSED + "\n",
        ["unused_message"],
    ),
    "with other words before": (
        f"{UNUSED}  # see flow-lint: ignore[unused_message] why\n",
        ["unused_message"],
    ),
}


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_comment(what: str, newline: str) -> None:
    messages, rules = CASES[what]
    text = flow(messages=messages).replace("\n", newline)
    assert sorted(problem.rule for problem in found_in({"shop.yaml": text})) == rules


def test_a_comment_of_a_rule_that_is_off_is_not_needless() -> None:
    text = flow(messages=f"{UNUSED}  # flow-lint: ignore[unused_message] why\n")
    ignored = Selection(ignored=frozenset(("unused_message",)))
    assert found_in({"shop.yaml": text}, ignored) == []


def test_a_needless_comment_can_be_mended_away() -> None:
    text = flow(messages="  # flow-lint: ignore[unused_message] why\n")
    (found,) = found_in({"shop.yaml": text})
    (edit,) = found.edits
    lines = text.splitlines(keepends=True)
    assert lines[edit.place.line - 1][edit.place.column - 1 :][: edit.length] == lines[-1]
    (behind,) = found_in({"shop.yaml": text.replace("\n  # flow", " # flow")})
    assert (behind.edits[0].place.column, behind.edits[0].text) == (len("  hello: Hello!") + 1, "")


def test_a_comment_of_a_template() -> None:
    files = {
        "business.yaml": BUSINESS,
        "shop.yaml": flow().replace("hello: Hello!", "hello: {template: shop/hello.j2}"),
        "templates/shop/hello.j2": "Hello\n{{ custmer.name }} {# flow-lint: ignore[unknown_variable] so #}\n",
        "templates/other/hello.j2": "{# flow-lint: ignore[unknown_variable] of another shop #}\n",
    }
    assert found_in(files) == []
    files["templates/shop/hello.j2"] = "Hello\n{# flow-lint: ignore[unknown_variable] a test #}\nyou\n"
    (found,) = found_in(files)
    assert (found.rule, found.place.line, found.place.column) == ("wrong_ignore", 2, 22)


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: 'b # flow-lint: ignore[x] y\n", "\tx # flow-lint: ignore[x] y"]
)
def test_a_file_that_is_no_yaml_is_read_as_far_as_it_is(text: str) -> None:
    before = "# flow-lint: ignore[schema] why\nb: c\n"
    found = list(ignores_of({"a.yaml": before + text}))
    assert [(one.first, one.last) for one in found] == [(1, 2)]
