"""Whatever is wrong in a text or an expression is told in words of the flow, and at its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.expressions import BadExpression, Sandbox

# What is written, what is said of it, and the column of that, from 0.
TEXTS = [
    ("{% if cart.is_empty %}x", "this {% if %} has no {% endif %}", 3),
    ("{% for a in b %}{% if x %}y{% endif %}", "this {% for %} has no {% endfor %}", 3),
    (
        "{% for a in b %}{% if x %}y{% endfor %}{% endif %}",
        "{% endfor %} stands within {% if %}, which needs its {% endif %} before",
        30,
    ),
    ("{{ a b }}", "`b` does not go with what stands before it; is a sign missing between them?", 5),
    ("{{ a", "this {{ is never closed by }}", 0),
    ("{{ a }", "{{ is closed by }}, and not by a lone `}`", 5),
    ("{{ }}", "nothing stands between {{ and }}", 0),
    ("{{ 5 + }}", "something is missing behind `+`", 5),
    ("{% %}", "behind {% stands the name of a tag, such as if, for or set", 3),
    ("{% if %}x{% endif %}", "something is missing behind `if`", 3),
    ("{% if a = b %}x{% endif %}", "to compare two values, write `==`", 8),
    ("{% if a AND b %}x{% endif %}", "write `and` in small letters", 8),
    (
        "{% fi x %}",
        "no tag 'fi'; there is: if, for, set, with, macro, call, filter, raw, endif, endfor, endset, "
        "endwith, endmacro, endcall, endfilter, endraw, elif, else, include, import, from",
        3,
    ),
    ("{% endif %}", "{% endif %} closes nothing: no {% if %} is open", 3),
    ("{% else %}", "{% else %} stands in no {% if %}", 3),
    ("{% endfor %}", "{% endfor %} closes nothing: no {% for %} is open", 3),
    ("{% if x", "this {% is never closed by %}", 0),
    ("{# open", "this {# is never closed by #}", 0),
    ("{% raw %}x", "this {% raw %} has no {% endraw %}", 3),
    ("{{ a && b }}", "write `and` for `&`", 5),
    ("{{ a || b }}", "write `or` for `||`", 6),
    ("{{ !a }}", "write `not` for `!`, and `!=` for what is not equal", 3),
    ("{{ “a” }}", "“ is no quote here; type \" or '", 3),
    ("{{ 'a }}", "this ' is never closed", 3),
    ('{{ "a }}', 'this " is never closed', 3),
    ("{{ a. }}", "behind the `.` a name is missing", 6),
    ("{{ a[1 }}", "a `]` is missing before this `}`", 7),
    ("{{ (a + b }}", "a `)` is missing before this `}`", 10),
    ("{{ a) }}", "this `)` closes nothing", 4),
    ("{{ [a) }}", "a `]` is missing before this `)`", 5),
    ("{{ {a} }}", "what stands in { } here has a key and a value; a name stands without braces", 5),
    ("{{ {'a': } }}", "something is missing before `}`", 9),
    ("{% for a b %}x{% endfor %}", "`in` is missing before `b`", 9),
    ("{% for a of b %}x{% endfor %}", "`in` is missing before `of`", 9),
    ("{% set a %}", "this {% set %} has no {% endset %}; to set one value, write {% set name = … %}", 3),
    ("{% set a = %}", "something is missing behind `=`", 9),
    ("{% set 5 = 3 %}", "here a new name should stand, as in {% set name = … %}", 9),
    ("{% set a == 3 %}", "to set a name, write one `=`", 9),
    ("{{ a | }}", "something is missing behind `|`", 5),
    ("{{ a is }}", "something is missing behind `is`", 5),
    ("{{ a is b is c }}", "join two questions with `and`, each with its `is`", 10),
    ("{{ a ? b : c }}", "`?` means nothing here; write `this if that else something`", 5),
    ("{{ a; }}", "`;` does not go with what stands before it; is a sign missing between them?", 4),
    ("{{ a @ b }}", "`@` means nothing here; take it away", 5),
    ("{{ f(a=1, 2) }}", "in a call, values stand before those with a name", 10),
    ("{{ f(a b) }}", "a `,` is missing before `b`", 7),
    ("{{ '\\x' }}", "what stands behind a \\ in this text is unknown", 3),
    (
        "{% macro a(b=1, c) %}{% endmacro %}",
        "parameters with a value of their own stand behind those without",
        17,
    ),
    ("{% from 'a' import _b %}", "names that start with `_` are closed", 22),
    ("{% call x %}y{% endcall %}", "{% call %} needs a macro with its brackets: {% call name() %}", 10),
    ("{% elif x %}", "{% elif %} stands in no {% if %}", 3),
    ("{% if a %}x{% else if b %}y{% endif %}", "write {% elif … %} for {% else if … %}", 19),
    ("{% if a %}x{% elseif b %}y{% endif %}", "no tag 'elseif'; did you mean 'elif'?", 14),
    ("{% if a %}x{% end %}", "no tag 'end'; did you mean 'endif'?", 14),
    ("{{ a == }}", "something is missing behind `==`", 5),
    ("{{ a <> b }}", "write `!=` for `<>`", 6),
    ("{{ 5 5 }}", "`5` does not go with what stands before it; is a sign missing between them?", 5),
    ("{{ a 'b' }}", "`'b'` does not go with what stands before it; is a sign missing between them?", 5),
    ("{{ price € }}", "`€` means nothing here; take it away", 9),
    ("{% include %}", "something is missing behind `include`", 3),
    ("{{ a{{ b }} }}", "`{` does not go with what stands before it; is a sign missing between them?", 4),
    ("{% if a }}x{% endif %}", "{% is closed by %}, and not by a lone `}`", 8),
]

EXPRESSIONS = [
    ("a b", "nothing may follow the expression, but `b` does", 2),
    ("(a", "this ( is never closed by )", 0),
    ("", "an expression is missing here", 0),
    ("{% if %}", "something is missing before `%`", 1),
    ("a; b", "nothing may follow the expression, but `;` does", 1),
    ("not", "something is missing behind `not`", 0),
    ("a is", "here a name is missing", 2),
    ("a }} b", "nothing may follow the expression, but `}}` does", 2),
    ("a if b els c", "nothing may follow the expression, but `els` does", 7),
    ("x[", "something is missing behind `[`", 1),
    ("cart.total > 5 EUR", "nothing may follow the expression, but `EUR` does", 15),
]


@pytest.mark.parametrize(("source", "said", "column"), TEXTS)
def test_what_is_wrong_in_a_text(source: str, said: str, column: int) -> None:
    with pytest.raises(BadExpression) as raised:
        Sandbox().text(f"One\n{source}")
    assert raised.value.message == said
    assert (raised.value.line, raised.value.column) == (1, column)


@pytest.mark.parametrize(("source", "said", "column"), EXPRESSIONS)
def test_what_is_wrong_in_an_expression(source: str, said: str, column: int) -> None:
    with pytest.raises(BadExpression) as raised:
        Sandbox().expression(source)
    assert raised.value.message == said
    assert (raised.value.line, raised.value.column) == (0, column)


def test_line_ends_of_other_systems_move_nothing() -> None:
    with pytest.raises(BadExpression) as raised:
        Sandbox({"a.j2": "One\r\ntwo\r\n {{ a @ b }}"}).template("a.j2")
    assert (raised.value.line, raised.value.column) == (2, 6)


JARGON = re.compile(
    r"\btoken|jinja|\bchar\b|expected|print statement|statement block|template data|\boperator\b|"
    r"\bEOF\b|\bidentifier|\bsubscript|\blbrac|\brbrac|\b[lr]paren|variable_|block_begin|\bpython",
    re.IGNORECASE,
)
PIECES = [
    *(
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "{#",
        "#}",
        "if ",
        "else",
        "elif ",
        "endif",
        "for ",
        " in ",
        "endfor",
        "set ",
        "=",
    ),
    *(
        "macro m()",
        "endmacro",
        "call m()",
        "endcall",
        "filter ",
        "include 'a'",
        "raw",
        "endraw",
        "with ",
        " is ",
        "!",
    ),
    *(
        "a",
        "b.c",
        "5",
        "1.5",
        "'x'",
        '"',
        "'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        "|",
        "~",
        "+",
        "==",
        "<",
        "&",
    ),
    *(
        " and ",
        " or ",
        " NOT ",
        "“",
        "\\",
        "é",
        "\n",
        " ",
        "-",
        "@",
        "upper",
        "import 'a' as b",
        "break",
        "block x",
    ),
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.booleans())
def test_nothing_is_told_in_the_words_of_the_parser(source: str, is_expression: bool) -> None:
    fault = fault_in(source, is_expression)
    if fault is None:
        return
    assert not JARGON.search(re.sub(r"'[^']*'|`[^`]*`", "", fault.message)), fault.message
    lines = [*source.split("\n"), ""]
    assert 0 <= fault.line < len(lines)
    assert fault.column is None or 0 <= fault.column <= len(lines[fault.line])
    assert fault.length >= 1


def fault_in(source: str, is_expression: bool) -> BadExpression | None:
    sandbox = Sandbox()
    try:
        sandbox.expression(source) if is_expression else sandbox.text(source)
    except BadExpression as error:
        return error
    return None
