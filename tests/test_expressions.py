"""Texts and expressions come to what the language says, and can do nothing else."""

# ruff: noqa: E501 - a case is read best on one line

from __future__ import annotations

import resource
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from drafts import SHOP, draft_of
from hypothesis import given
from hypothesis import strategies as st

from engine.draft import Draft
from engine.expressions import BadExpression, ExpressionFailed, Read, Sandbox, format_money
from engine.jinja.isolation import is_right_to_left, isolate, isolated_text
from engine.source import Place, Word

HERE = Place("flow.yaml", 7, 3)
ISOLATED = "\u2068{}\u2069".format


def names(**given: Any) -> Draft:
    """A turn with three pieces in the cart and these names beside it."""
    draft = draft_of(cart=[["cookie", 2, "50.00", ""], ["cake", 1, "120.50", "no nuts"]])
    draft.given.update({"item": 1, "quantity": 3, "who": "Ann", "numbers": [3, 1, 2], **given})
    return draft


def said(source: str, language: str = "en", **given: Any) -> str:
    return Sandbox().text(source, HERE, language).render(names(**given))


def worked_out(source: str, **given: Any) -> Any:
    return Sandbox().expression(source, HERE).evaluate(names(**given))


SAID = [
    ("Hello!", "Hello!"),
    ("one line\n", "one line"),
    ("a { b } c", "a { b } c"),
    ("✅ Added {{ quantity }}x {{ who }}", "✅ Added 3x Ann"),
    ("{{ business.name }} {{ cart.count }} {{ cart.total }}", "Corner Shop 3 220.50"),
    (
        "{% for line in cart.lines %}\n• {{ line.quantity }}x {{ line.product.name }} - {{ line.total | money }}\n{% endfor %}\nTotal: {{ cart.total | money }}",
        "• 2x Cookie - ₹100\n• 1x Cake - ₹120.50\nTotal: ₹220.50",
    ),
    ("{% for n in numbers %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}", "1, 2, 3"),
    ("{% for n in numbers if n > 1 %}{{ n }}{% else %}none{% endfor %}", "32"),
    ("{% for n in nothing %}{{ n }}{% else %}none{% endfor %}", "none"),
    ("{% set x = 5 %}{{ x }}{% if who %}{% set y = 1 %}{% endif %}{{ y }}", "51"),
    ("{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(3, b=4) }}", "1-2 3-4"),
    ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}!{% endcall %}", "<!>"),
    ("{% filter upper %}ab{{ who }}{% endfilter %}{% with z = 3 %}{{ z }}{% endwith %}", "ABANN3"),
    (
        "{{ catalog.find(2).name }} {{ catalog.find('cookie').price }} {{ cart.quantity(item) }}",
        "Cake 50.00 2",
    ),
    ("{{ catalog.find(99) }}|{{ catalog.find(99).name.first }}", "|"),
    ("{{ who[0] }}{{ who[:2] }}{{ numbers[5] }}{{ numbers[-1] }}", "AAn2"),
    ("{{ [who, none, 2] }} {{ {'a': [1]} }} {{ catalog.find(1) }}", "Ann, , 2 a: 1 Cookie"),
    ("{{ true }}{{ none }}{{ 'x' if false }}", "True"),
    # exact numbers
    (
        "{{ 0.1 + 0.2 }} {{ cart.total * 1.1 }} {{ 10 / 4 }} {{ 7 // 2 }} {{ 2 ** 10 }} {{ 7 % 4 }}",
        "0.3 242.550 2.5 3 1024 3",
    ),
    ("{{ (cart.total / 3) | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }}", "73.50 3 3"),
    ("{{ '1.5' | float + 1 }} {{ '12' | int + 1 }}", "2.5 13"),
    ("{{ 'a' * 3 }}{{ 2 * 'b' }}{{ 'c' + 'd' }}{{ 1 ~ 'e' ~ nothing }}", "aaabbcd1e"),
    # filters
    ("{{ cart.lines | map(attribute='product.name') | join(', ') }}", "Cookie, Cake"),
    (
        "{{ cart.lines | sum(attribute='total') }} {{ numbers | sort | first }} {{ numbers | max }}",
        "220.50 1 3",
    ),
    ("{{ catalog.available | selectattr('price', 'gt', 100) | map(attribute='code') | list }}", "cake"),
    ("{% for g in [1, 1, 2] | groupby('real') %}{% endfor %}{{ numbers | bullets }}", "• 3\n• 1\n• 2"),
    ("{{ [catalog.find(2), catalog.find(1)] | numbered }}", "2. Cake\n1. Cookie"),
    ("{{ ['x', 'y'] | numbered }}", "1. x\n2. y"),
    ("{{ nothing | bullets }}{{ nothing | numbered }}", ""),
    (
        "{{ 'hello world' | title }} {{ ' x ' | trim }} {{ 'abc' | upper }} {{ 'abcdef' | truncate(4) }}",
        "Hello World x ABC abc…",
    ),
    ("{{ 1234567.891 | number }} {{ 5 | number(2) }}", "1,234,567.891 5.00"),
    (
        "{{ today | date('long') }} · {{ now | date('short') }} · {{ now | time }}",
        "24 May 2026 · 24/05/2026 · 5:00 pm",
    ),
    ("{{ today.weekday }} {{ now.year }} {{ now.date.day }} {{ now.hour }}", "sunday 2026 24 17"),
    ("{{ 'Ann' | isolate }}", ISOLATED("Ann")),
    # what is empty
    ("{{ nothing }}{{ nothing.a.b }}{{ nothing[0] }}{{ nothing + 1 }}{{ 1 - nothing }}{{ -nothing }}", ""),
    (
        "{{ nothing < 3 }}{{ nothing >= 0 }}{{ 3 > nothing }}{{ nothing == nothing }}{{ nothing == none }}",
        "False" * 5,
    ),
    ("{{ nothing != 1 }}{{ not nothing }}{{ nothing is none }}{{ nothing is undefined }}", "True" * 4),
    ("{{ nothing is defined }}{{ 1 in nothing }}", "FalseFalse"),
    (
        "{{ nothing | default('d') }} {{ nothing or 'o' }} {{ nothing | length }} {{ nothing | int }}",
        "d o 0 0",
    ),
    (
        "{{ nothing | money }}{{ nothing | date }}{{ nothing | time }}{{ nothing | number }}{{ nothing | upper }}",
        "",
    ),
    ("{{ catalog.find(4).stock }}{{ orders.last }}{{ orders.last.number }}{{ failure.code }}", "0"),
    ("{{ catalog.find(2).stock is defined }}{{ catalog.find(2).stock < 1 }}", "FalseFalse"),
    # unknown attributes are empty; lint names them
    ("{{ cart.totl }}{{ who.upper }}{{ numbers.append }}{{ business.business }}{{ range }}{{ lipsum }}", ""),
    # a customer's words are data
    ("{{ words }}", "{{ cart }}{% for %}"),
]


@pytest.mark.parametrize(("source", "expected"), SAID)
def test_texts_say(source: str, expected: str) -> None:
    assert said(source, words="{{ cart }}{% for %}") == expected


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ cart.__init__ }}",
    "{{ cart._total }}",
    "{{ cart.quantity.__self__ }}",
    "{{ cart.quantity.__func__ }}",
    "{{ nothing.__class__ }}",
    "{{ (numbers | first).__class__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ numbers | map(attribute='__class__') | list }}",
    "{{ numbers | map('attr', '__class__') | list }}",
    "{{ numbers | sort(attribute='__class__') }}",
    "{{ numbers | groupby('__class__') }}",
    "{{ numbers | join(',', attribute='__class__') }}",
    "{% set a = '__class__' %}{{ cart[a] }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    # no call but the listed ones
    "{{ who.upper() }}",
    "{{ '{0.__class__}'.format(who) }}",
    "{{ who.format_map({}) }}",
    "{{ numbers.append(4) }}",
    "{{ {'a': 1}.items() }}",
    "{{ range(3) }}",
    "{{ dict(a=1) }}",
    "{{ namespace(a=1) }}",
    "{{ lipsum() }}",
    "{{ cycler('a') }}",
    "{{ joiner() }}",
    "{{ catalog.find }}",
    "{{ now.replace(year=1) }}",
    "{{ ''.join(['a']) }}",
    # formatting and randomness
    "{{ '%s' % who }}",
    "{{ 'x' | format(1) }}",
    "{{ numbers | random }}",
    "{{ numbers | pprint }}",
    "{{ who | safe }}",
    # size
    "{{ 'a' * 10**8 }}",
    "{{ 10**8 * 'a' }}",
    "{{ [0] * 10**8 }}",
    "{% set n = 10**8 %}{{ 'a' * n }}",
    "{{ 10**(10**10) }}",
    "{{ 2**(64 ** 9) }}",
    "{{ (2**60) ** 64 * (2**60) ** 64 }}",
    "{{ 1e300 ** 60 }}",
    "{{ 1e999 }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 'x'|center(10**9) }}",
    "{{ who | center(10**9) }}",
    "{{ 'x'|indent(10**9) }}",
    "{{ ('x,' * 100) | join('y' * 10000) }}",
    "{{ big | replace('x', 'yyyy') }}",
    "{{ big ~ big }}",
    "{{ big + big }}",
    "{{ big }}{{ big }}",
    "{{ 5 | round(10**9) }}",
    "{{ 5.5 | round(10**9, 'ceil') }}",
    "{{ [1] | batch(10**9, 0) | list }}",
    "{{ [1] | slice(10**9) | list }}",
    "{% set a = [1, 1, 1, 1] %}" + "{% set a = [a, a, a, a] %}" * 20 + "{{ a }}",
    "{% set a = [1, 1, 1, 1] %}" + "{% set a = a + a %}" * 20 + "{{ a }}",
    "{% set a = 'abcd' %}" + "{% set a = a ~ a %}" * 30 + "{{ a }}",
    # loops
    "{% for i in range(10**9) %}x{% endfor %}",
    "".join(f"{{% for a{i} in numbers * 10 %}}" for i in range(5)) + "x" + "{% endfor %}" * 5,
    "{% for n in numbers recursive %}{{ loop(numbers) }}{% endfor %}",
    "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "".join(f"{{% for a{i} in numbers %}}" for i in range(12)) + "x" + "{% endfor %}" * 12,
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ 1" + " + 1" * 500 + " }}",
    # other statements
    "{% extends 'menu.j2' %}",
    "{% include 'menu.j2' %}",
    "{% import 'menu.j2' as m %}",
    "{% from 'menu.j2' import m %}",
    "{% block b %}{% endblock %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% set who.x = 1 %}",
    # mistakes
    "{{ 1 / 0 }}",
    "{{ 1 % nought }}",
    "{{ 'a' + 1 }}",
    "{{ who + 1 }}",
    "{{ 1 < 'a' }}",
    "{{ cart.lines }}",
    "{{ who | money }}",
    "{{ who | date }}",
    "{{ today | date('EEEE') }}",
    "{{ 5 | mony }}",
    "{{ 5 is nice }}",
    "{% for n in 5 %}{% endfor %}",
]


@pytest.mark.parametrize("source", ESCAPES, ids=[source[:50] for source in ESCAPES])
def test_what_no_text_may_do_is_refused(source: str) -> None:
    with pytest.raises((BadExpression, ExpressionFailed)):
        said(source, big="x" * 60_000, nought=0)


@pytest.mark.parametrize("source", ["{{ 'a' * 10**8 }}", "{{ [1] * 10**8 }}", "{{ 'x' | center(10**9) }}"])
def test_what_would_grow_is_refused_while_reading_and_costs_no_memory(source: str) -> None:
    """Jinja folds constants while compiling, which costs 100 MB and a second here."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadExpression):
        Sandbox().text(source, HERE)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_nothing_is_worked_out_before_it_is_said() -> None:
    text = Sandbox().text("{{ 'x' ~ boom }}{{ 'a' | center(9) }}", HERE)
    text.compile()
    assert text.render(names(boom=1)) == "x1    a    "


BAD = [
    ("{{ cart.total", 0, 0),
    ("one\n{{ a b }}", 1, 5),
    ("one\ntwo {% if %}", 1, 7),
    ("{% for x in y %}", 0, 3),
    ("{% endfor %}", 0, 3),
    ("a\n\n{{ x.__class__ }}", 2, 5),
    ("a\n{{ 'a' * 10**8 }}", 1, 7),
]


@pytest.mark.parametrize(("source", "line", "column"), BAD)
def test_what_cannot_be_read_is_said_with_its_place(source: str, line: int, column: int | None) -> None:
    with pytest.raises(BadExpression) as raised:
        Sandbox().text(source, HERE)
    assert raised.value.line == line
    if column is not None:
        assert raised.value.column == column
    assert raised.value.message


@pytest.mark.parametrize("source", ["", "a b", "a ==", "{{ a }}", "a | ", "a; b", "a = b", "if x"])
def test_what_is_no_expression(source: str) -> None:
    with pytest.raises(BadExpression):
        Sandbox().expression(source, HERE)


def test_an_expression_with_braces_is_told_to_stand_without() -> None:
    with pytest.raises(BadExpression, match=r"without braces: cart\.is_empty"):
        Sandbox().expression("{{ cart.is_empty }}", HERE)


def test_a_failure_names_its_place_and_line() -> None:
    with pytest.raises(ExpressionFailed, match=r"flow.yaml:7: .*divides by zero") as raised:
        said("one\ntwo\n{{ 5 / nought }}", nought=0)
    assert (raised.value.place, raised.value.line) == (HERE, 2)


WORKED_OUT = [
    ("cart.is_empty", False),
    ("not cart.is_empty", True),
    ("cart.quantity(item) + quantity <= 5", True),
    ("cart.total < 220.51", True),
    ("cart.total == 220.5", True),
    ("cart.total > 9.99 and quantity in [1, 2, 3]", True),
    ("nothing", None),
    ("not nothing", True),
    ("nothing.a", None),
    ("nothing > 1", False),
    ("orders.last", None),
    ("numbers | sort", [1, 2, 3]),
    ("numbers | map('string') | list", ["3", "1", "2"]),
    ("numbers | select('gt', 1)", [3, 2]),
    ("'1e5'", "1e5"),
    ("'None'", "None"),
    ("quantity", 3),
    ("1.5", Decimal("1.5")),
    ("now.date", date(2026, 5, 24)),
]


@pytest.mark.parametrize(("source", "value"), WORKED_OUT)
def test_expressions_come_to(source: str, value: Any) -> None:
    result = worked_out(source)
    assert result == value
    assert type(result) is type(value)


CHAINS = [
    "who",
    "cart.total",
    "cart.lines",
    "catalog.available",
    "nothing",
    "nothing.a.b",
    "orders.last.number",
    "cart.totl",
]


@pytest.mark.parametrize("chain", CHAINS)
def test_the_short_way_of_a_chain_is_the_way_of_the_template(chain: str) -> None:
    assert worked_out(chain) == worked_out(f"({chain}) if true else 0")
    assert worked_out(f"not {chain}") == worked_out(f"not ({chain} or false)")


def test_the_short_way_is_as_strict() -> None:
    with pytest.raises(BadExpression):
        worked_out("cart._total")


def test_values_keep_their_types() -> None:
    sandbox, draft = Sandbox(), names()
    lines = worked_out("cart.lines")
    cases: list[tuple[Any, Any]] = [
        ("plain", "plain"),
        (5, 5),
        (None, None),
        ("{{ quantity }}", 3),
        (" {{ cart.lines }} ", lines),
        ("{{ nothing }}", None),
        ("{{ '1e5' }}", "1e5"),
        ("no. {{ quantity }}", "no. 3"),
        ("{{ quantity }}{{ quantity }}", "33"),
        ("{% if quantity %}yes{% endif %}", "yes"),
        (["a", "{{ quantity }}"], ["a", 3]),
        ({"min": 1, "max": {"deep": ["{{ who }}"]}}, {"min": 1, "max": {"deep": ["Ann"]}}),
    ]
    for source, value in cases:
        made = sandbox.value(source, HERE, "ur")
        made.compile()
        assert made.evaluate(draft) == value
        assert made.is_constant == ((made.constant == value and value is not None) or source is None)
    assert [read.path for read in sandbox.value({"a": ["{{ x }}"], "b": "{{ y.z }}"}, HERE).reads()] == [
        ("x",),
        ("y", "z"),
    ]


def test_a_value_inside_knows_its_own_place() -> None:
    inner = Word.at("{{ 1 / nought }}", Place("flow.yaml", 9, 9))
    with pytest.raises(ExpressionFailed) as raised:
        Sandbox().value([inner], HERE).evaluate(names(nought=0))
    assert raised.value.place.line == 9


FILES = {
    "menu.j2": "{% from 'macros.j2' import price as p %}{% import 'macros.j2' as m %}\n{% include 'line.j2' %}\n{{ p(5) }} {{ m.twice(6) }}",
    "macros.j2": "{% macro price(x) %}<{{ x | money }}>{% endmacro %}{% macro twice(x) %}{{ price(x) }}{{ price(x) }}{% endmacro %}",
    "line.j2": "Hi {{ who }}{{ nobody.x }}\n",
    "line.ur.j2": "سلام {{ who }}\n",
    "loop.j2": "{% include 'loop2.j2' %}",
    "loop2.j2": "{% include 'loop.j2' %}",
    "lost.j2": "\n{% include 'lin.j2' %}",
    "broken.j2": "{% include 'bad.j2' %}",
    "bad.j2": "ok\n{{ a b }}",
    "fails.j2": "one\n{{ 1 / nought }}",
    "plain.j2": "just words\n",
    "dynamic.j2": "{% include who %}",
    "no_macro.j2": "{% from 'macros.j2' import prize %}",
    "optional.j2": "a{% include 'nowhere.j2' ignore missing %}b",
    "shadow.j2": "{% set x = 1 %}{% for x in numbers %}{% include 'x.j2' %}{% endfor %}{{ x }}",
    "x.j2": "{{ x }}{% set x = 9 %}",
}


@pytest.mark.parametrize(
    ("path", "language", "expected"),
    [
        ("menu.j2", "en", "Hi Ann\n<₹5> <₹6><₹6>"),
        ("plain.j2", "en", "just words"),
        ("optional.j2", "en", "ab"),
        ("shadow.j2", "en", "3121"),
        ("line.j2", "ur", f"سلام {ISOLATED('Ann')}"),
        ("line.j2", "de", "Hi Ann"),
    ],
)
def test_templates_include_and_import(path: str, language: str, expected: str) -> None:
    assert Sandbox(FILES).template(path, HERE, language).render(names()) == expected


def test_an_included_file_is_translated_too() -> None:
    assert "سلام" in Sandbox(FILES).template("menu.j2", HERE, "ur").render(names())


@pytest.mark.parametrize(
    ("path", "message", "file", "line"),
    [
        ("mneu.j2", "no template 'mneu.j2'; did you mean 'menu.j2'", "", 0),
        ("loop.j2", "includes itself", "loop2.j2", 0),
        ("lost.j2", "no template 'lin.j2'; did you mean 'line.j2'", "lost.j2", 1),
        ("broken.j2", "does not go with what stands before it", "bad.j2", 1),
        ("dynamic.j2", "between quotes", "dynamic.j2", 0),
        ("no_macro.j2", "no macro `prize`", "no_macro.j2", 0),
    ],
)
def test_what_is_wrong_in_a_file_is_said_there(path: str, message: str, file: str, line: int) -> None:
    with pytest.raises(BadExpression, match=message) as raised:
        Sandbox(FILES).template(path, HERE)
    assert (raised.value.file, raised.value.line) == (file, line)


def reads(source: str) -> list[tuple[Any, ...]]:
    return [
        (read.kind, ".".join(read.path), read.line, read.column, read.guarded)
        for read in Sandbox().text(source, HERE).reads()
    ]


READS = [
    ("nothing here", []),
    ("{{ cart.totl }}", [("name", "cart.totl", 0, 3, False)]),
    ("a\n  {{ x }} {{ x.y['z'] }}", [("name", "x", 1, 5, False), ("name", "x.y.z", 1, 13, False)]),
    ("{{ x | mony('a') | upper }}", [("name", "x", 0, 3, False), ("filter", "mony", 0, 7, False), ("filter", "upper", 0, 19, False)]),
    ("{{ x is odd }}{{ x is not nice }}", [("name", "x", 0, 3, True), ("test", "odd", 0, 8, False), ("name", "x", 0, 17, True), ("test", "nice", 0, 26, False)]),
    ("{{ cart.quantity(item) }}", [("call", "cart.quantity", 0, 3, False), ("name", "item", 0, 17, True)]),
    ("{{ who.upper() }}{{ 'a'.b() }}", [("call", "who.upper", 0, 3, False), ("call", ".b", 0, 24, False)]),
    ("{% for x in cart.lines %}{{ x.name }}{{ loop.index }}{{ y }}{% endfor %}{{ x }}", [("name", "cart.lines", 0, 12, True), ("name", "y", 0, 56, False), ("name", "x", 0, 75, False)]),
    ("{% set a = b %}{{ a }}", [("name", "b", 0, 11, False)]),
    ("{% macro m(a, b=c) %}{{ a }}{{ b }}{{ d }}{% endmacro %}{{ m(e) }}", [("name", "c", 0, 16, False), ("name", "d", 0, 38, False), ("name", "e", 0, 61, False)]),
    ("{{ a | default(b) }}{{ a or b }}", [("name", "a", 0, 3, True), ("filter", "default", 0, 7, False), ("name", "b", 0, 15, False), ("name", "a", 0, 23, True), ("name", "b", 0, 28, False)]),
    ("{% if a %}{{ a.b }}{% else %}{{ a }}{% endif %}", [("name", "a", 0, 6, True), ("name", "a.b", 0, 13, True), ("name", "a", 0, 32, False)]),
    ("{% if a is defined and b > 1 %}{{ a }}{{ b }}{{ c }}{% endif %}", [("name", "a", 0, 6, True), ("test", "defined", 0, 11, False), ("name", "b", 0, 23, True), ("name", "a", 0, 34, True), ("name", "b", 0, 41, True), ("name", "c", 0, 48, False)]),
    ("{% if not a %}x{% else %}{{ a }}{% endif %}", [("name", "a", 0, 10, True), ("name", "a", 0, 28, True)]),
    ("{{ a if a else b }}", [("name", "a", 0, 3, True), ("name", "a", 0, 8, True), ("name", "b", 0, 15, False)]),
    ("{{ x | map('uper') | select('od') }}", [("name", "x", 0, 3, False), ("filter", "map", 0, 7, False), ("filter", "uper", 0, 12, False), ("filter", "select", 0, 21, False), ("test", "od", 0, 29, False)]),
    ("{{ f(value=value) }}", [("call", "f", 0, 3, False), ("name", "value", 0, 11, False)]),
    ("{% filter uper %}{{ a }}{% endfilter %}", [("filter", "uper", 0, 10, False), ("name", "a", 0, 20, False)]),
    ("{% set a = b %}{% if a %}{{ a }}{{ b }}{% endif %}", [("name", "b", 0, 11, True), ("name", "b", 0, 35, True)]),
    ("{% set a = not b %}{% if not a %}{{ b }}{% endif %}", [("name", "b", 0, 15, True), ("name", "b", 0, 36, True)]),
    ("{% set b = b %}{{ b }}", [("name", "b", 0, 11, False)]),
    ("{% set a = b %}{{ a or 1 }}{{ a | default(2) }}", [("name", "b", 0, 11, True), ("filter", "default", 0, 34, False)]),
    ("{% with a = b %}{% if a %}{{ a }}{% endif %}{% endwith %}", [("name", "b", 0, 12, True)]),
    ("{% macro m(a) %}{% if a %}{{ a }}{% endif %}{% endmacro %}{{ m(b) }}{{ m(a=c) }}", [("name", "b", 0, 63, True), ("name", "c", 0, 75, True)]),
    ("{% macro m(a, b) %}{{ a }}{{ b or 1 }}{% endmacro %}{{ m(c, b=d) }}", [("name", "c", 0, 57, False), ("name", "d", 0, 62, True)]),
    ("{{ a | length }}{{ [a, 'x'] | select | first }}", [("name", "a", 0, 3, True), ("filter", "length", 0, 7, False), ("name", "a", 0, 20, True), ("filter", "select", 0, 30, False), ("filter", "first", 0, 39, False)]),
    ("{% if a %}{% set b = 1 %}{% endif %}{{ b }}", [("name", "a", 0, 6, True), ("set", "b", 0, 39, False)]),
    ("{% if a %}{% set b = 1 %}{% else %}{% set b = 2 %}{% endif %}{{ b }}", [("name", "a", 0, 6, True)]),
    ("{% if a %}{% set b = 1 %}{% endif %}{% if a %}{{ b }}{% endif %}{{ b or 2 }}{{ b if a }}", [("name", "a", 0, 6, True), ("name", "a", 0, 42, True), ("name", "a", 0, 84, True)]),
    ("{% if a %}{% set b = 1 %}{% endif %}{% if not a %}{% set b = 2 %}{% endif %}{{ b }}", [("name", "a", 0, 6, True), ("name", "a", 0, 46, True)]),
    ("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ c }}", [("name", "c", 0, 44, False)]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), READS)
def test_a_text_says_what_it_reads(source: str, expected: list[tuple[Any, ...]]) -> None:
    assert reads(source) == expected


@pytest.mark.parametrize(
    ("source", "reckoned"),
    [
        ("a + 1 > 3", {"a"}),
        ("a and a * 2 > b", set()),
        ("a | default(0) + b", {"b"}),
        ("(a or 0) - c.quantity(d)", {"c.quantity"}),
        ("a > 3", set()),
        ("2 * (a | round)", {"a"}),
        ("a ~ b", set()),
    ],
)
def test_what_is_reckoned_with_is_known(source: str, reckoned: set[str]) -> None:
    found = Sandbox().expression(source, HERE).reads()
    assert {".".join(read.path) for read in found if read.reckoned} == reckoned


@pytest.mark.parametrize(
    ("source", "holds", "implied"),
    [
        ("a and b.c", True, {("a",), ("b", "c")}),
        ("not a", False, {("a",)}),
        ("not a or b", False, {("a",)}),
        ("a or b", True, set()),
        ("a == 3", True, {("a",)}),
        ("a != 3", True, set()),
        ("a is undefined", False, {("a",)}),
        ("a", False, set()),
        ("a or ''", True, {("a",)}),
        ("a | default('x')", True, set()),
        ("(a or '') | length > 2", True, {("a",)}),
        ("2 < (a or '') | length", True, {("a",)}),
        ("(a or '') | length < 2", True, set()),
        ("a | length < 2", True, set()),
        ("a | length != 0", True, {("a",)}),
        ("(a or 'Bob') == 'Bob'", True, set()),
        ("(a or '') == 'Bob'", True, {("a",)}),
    ],
)
def test_what_an_expression_implies(source: str, holds: bool, implied: set[tuple[str, ...]]) -> None:
    assert Sandbox().expression(source, HERE).implies(holds) == implied


def test_reads_know_the_place_of_each_word_and_the_file() -> None:
    (read,) = Sandbox().expression("cart\n  .totl", HERE).reads()
    assert [(part.line, part.column) for part in read.parts] == [(0, 0), (1, 3)]
    found = Sandbox(FILES).template("menu.j2", HERE).reads()
    assert [(one.file, one.path) for one in found if one.kind == "name"] == [
        ("line.j2", ("who",)),
        ("line.j2", ("nobody", "x")),
    ]


def test_a_compiled_text_still_says_what_it_reads() -> None:
    text = Sandbox().text("{% for x in xs %}{{ y }}{% endfor %}", HERE)
    before: tuple[Read, ...] = text.reads()
    text.compile()
    assert text.reads() == before


def test_what_it_reads_is_worked_out_once() -> None:
    text = Sandbox().text("{{ cart.total }} {{ name }}", HERE)
    first = text.reads()
    text.render(names(cart={"total": 1}, name="Ann"))
    assert text.reads() is first  # a refusal asks at every message, and to parse costs 200 µs


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("کل {{ cart.total | money }}", f"کل {ISOLATED('₹220.50')}"),
        ("سلام {{ who }}!", f"سلام {ISOLATED('Ann')}!"),
        ("{{ nothing }}۔", "۔"),
        ("{{ ', ' }}", ", "),
        ("{{ page }}", "https://shop.example/a"),
        (
            "https://shop.example/{{ who }}/{{ item }} {{ who }}",
            f"https://shop.example/Ann/1 {ISOLATED('Ann')}",
        ),
        ("{{ who | isolate }}", ISOLATED("Ann")),
        ("{{ ['Ann', 'Bob'] | bullets }}", f"• {ISOLATED('Ann')}\n• {ISOLATED('Bob')}"),
        ("{{ [catalog.find(1)] | numbered }}", f"1. {ISOLATED('Cookie')}"),
        ("{% macro m(x) %}({{ x }}){% endmacro %}{{ m(who) }}", f"({ISOLATED('Ann')})"),
        ("{{ lines }}", f"{ISOLATED('one')}\n{ISOLATED('two')}"),
        ("{{ stray }}", ISOLATED("ab")),
        ("{% if who == 'Ann' %}{{ who }}{% endif %}", ISOLATED("Ann")),
    ],
)
def test_a_right_to_left_text_isolates_what_is_put_in(source: str, expected: str) -> None:
    given = {"page": "https://shop.example/a", "lines": "one\ntwo", "stray": "a\u2068b"}
    assert said(source, "ur", **given) == expected
    assert "\u2068" not in said(source.replace("| isolate", ""), "en", **{**given, "stray": ""})


def test_values_and_expressions_are_never_isolated() -> None:
    assert Sandbox().value("{{ who }}!", HERE, "ur").evaluate(names()) == "Ann!"
    assert worked_out("who ~ '!'") == "Ann!"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        *[
            (language, True)
            for language in ("ur", "ar-EG", "fa", "he", "ckb", "ps", "sd", "ug", "yi", "dv", "pa-Arab")
        ],
        *[(language, False) for language in ("en", "hi", "ur-Latn", "pa", "")],
    ],
)
def test_languages_that_run_from_right_to_left(language: str, expected: bool) -> None:
    assert is_right_to_left(language) is expected


@given(st.text(alphabet="ab1 ,\n\u2066\u2067\u2068\u2069ب:/", max_size=30))
def test_isolating_is_balanced_and_done_once(text: str) -> None:
    once = isolate(text)
    for line in once.split("\n"):
        assert line.count("\u2068") == line.count("\u2069") <= 1
    assert isolated_text(once) == once


@pytest.mark.parametrize(
    ("amount", "currency", "language", "expected"),
    [
        ("100", "INR", "en", "₹100"),
        ("100.00", "INR", "en", "₹100"),
        ("99.50", "INR", "en", "₹99.50"),
        ("99.999", "INR", "en", "₹100"),
        ("0", "INR", "en", "₹0"),
        ("-5", "INR", "en", "-₹5"),
        ("1234567.5", "INR", "en", "₹1,234,567.50"),
        ("100", "INR", "ur", "₹100"),
        ("1234.5", "EUR", "de", "1.234,50\xa0€"),
        ("1234", "EUR", "de", "1.234\xa0€"),
        ("500", "JPY", "en", "¥500"),
        ("1.5", "KWD", "en", "KWD1.500"),
        ("7", "INR", "zz", "₹7"),
        ("7", "INR", "en-US", "₹7"),
    ],
)
def test_money(amount: str, currency: str, language: str, expected: str) -> None:
    assert format_money(Decimal(amount), currency, language) == expected


def test_money_is_written_as_the_country_writes_it() -> None:
    assert format_money(Decimal(123456), "INR", "en", "IN") == "₹1,23,456"


def test_remembered_amounts_are_bounded_and_know_language_and_currency() -> None:
    from engine.jinja.filters import REMEMBERED

    sandbox = Sandbox()
    text = sandbox.text("{{ amount | money }}|{{ amount | money('EUR') }}", HERE, "en")
    assert text.render(names(amount=Decimal("5.50"))) == "₹5.50|€5.50"
    german = names(amount=Decimal("5.50"))
    german.language = "de"
    assert text.render(german) == "5,50\xa0₹|5,50\xa0€"
    draft = names()
    for amount in range(REMEMBERED + 10):
        draft.given["amount"] = amount
        text.render(draft)
    assert len(sandbox.environment.remembered) <= REMEMBERED


def test_moments_are_told_on_the_clock_of_the_business() -> None:
    utc = datetime.fromisoformat("2026-05-24T20:30:00+00:00")
    assert said("{{ at | date('short') }} {{ at | time }}", at=utc) == "25/05/2026 1:30 am"
    assert said("{{ at | time }} {{ span.hours }}", at=time(9, 5), span=timedelta(hours=3)) == "9:05 am 3"


def test_names_are_read_only_where_they_are_needed() -> None:
    asked: list[str] = []

    class Asked:
        language, business = "en", SHOP.business
        now = names().now

        def resolve(self, name: str) -> Any:
            asked.append(name)
            return name

    sandbox = Sandbox()
    assert sandbox.text("{{ a }}{{ b }}{{ a }}").render(Asked()) == "aba"
    assert sandbox.expression("c").evaluate(Asked()) == "c"
    assert asked == ["a", "b", "c"]


def test_what_stands_in_two_places_is_parsed_once_and_each_says_it() -> None:
    sandbox = Sandbox()
    source = "{% for n in numbers %}{{ n }} {% endfor %}{{ numbers | join('x') }}"
    there, here = Place("flow.yaml", 2, 2), sandbox.text(source, HERE, "en")
    right_to_left = sandbox.text(source, there, "ur")
    assert right_to_left.parsed()[0] is here.parsed()[0]
    before = repr(here.parsed()[0].tree)
    said_of_both = [one.render(names()) for one in (here, right_to_left, here)]
    assert said_of_both == ["3 1 2 3x1x2", said(source, "ur"), "3 1 2 3x1x2"]
    assert repr(sandbox.text(source).parsed()[0].tree) == before, "compiling leaves it as it was"
    assert sandbox.expression("quantity + 1", HERE).parsed() != sandbox.expression("quantity + 2").parsed()
    once, again = (sandbox.value("{{ quantity }}", place) for place in (HERE, there))
    assert (once.place, again.place) == (HERE, there)
    assert once.parsed()[0] is again.parsed()[0]


@given(st.text(alphabet="{}%#|.()[]'\"abx_ 19*+-~\n", max_size=40))
def test_whatever_is_written_is_a_text_or_is_refused(source: str) -> None:
    draft = names()
    for make in (Sandbox().text, Sandbox().expression, Sandbox().value):
        try:
            made = make(source, HERE)
            made.reads()
            made.render(draft) if hasattr(made, "render") else made.evaluate(draft)
        except (BadExpression, ExpressionFailed):
            continue


@given(st.text(max_size=200))
def test_what_a_customer_says_is_printed_and_nothing_else(text: str) -> None:
    assert said("<{{ words }}>", words=text) == f"<{text}>"
