"""flow-lint finds what cannot be compared or reckoned with, and the sandbox bears it out on real values."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from inspect import Parameter, signature
from typing import Any

import pytest
from drafts import draft_of

from engine.analysis.kinds import ATTRIBUTES, METHODS
from engine.business import BusinessAt
from engine.draft import Failed, Said
from engine.expressions import FILTERS, ExpressionFailed, Sandbox
from engine.jinja.running import PLAIN
from engine.lint import lint
from engine.lint.wrong_call import OF_FILTERS
from engine.reader import read_flow
from engine.shop import CartLine, Customer, Order, OrderLine, Product
from engine.shop_names import Cart, Catalog, Orders
from engine.source import Problem

FLOW = """\
flow: shop
start: initial
otherwise: hello
slots:
  name: text
  amount: money
  day: date
  hour: time
  moment: datetime
  agreed: boolean
  wanted: product
  notes: list of text
  numbers: list of number
settings:
  most: 50
  title: Shop
  strict: true
  sizes: [small, large]
states:
  initial:
    commands:
      add:
        pattern: "{{item:number}} x {{quantity:number}} {{size:word}}"
        save: {{name: A, amount: "1", day: today, hour: "10:00", moment: today, agreed: "yes", wanted: "1"}}
        validate: [{{check: '{check}', else: hello}}]
        reply: hello
        goto: end
      note: {{words: [note], save: {{notes: "a", numbers: "1"}}, reply: hello}}
    otherwise: {{reply: hello, goto: end}}
  end: {{final: true}}
messages:
  hello: {text}
"""


def found_in(check: str = "true", text: str = "Hello!") -> list[Problem]:
    quoted = "'" + text.replace("'", "''") + "'"
    written = FLOW.format(check=check.replace("'", "''"), text=quoted)
    reading = read_flow({"shop.yaml": written}, "shop.yaml", {})
    assert not reading.problems, reading.problems
    return [problem for problem in lint(reading) if problem.rule == "type_mismatch"]


VALUES = {
    "name": "Ann",
    "amount": Decimal("9.5"),
    "day": date(2025, 10, 18),
    "hour": time(10, 0),
    "moment": datetime(2025, 10, 18, 10, 0),
    "agreed": True,
    "wanted": Product(1, "apple", "Apple", Decimal(50), 5),
    "notes": ["a", "b"],
    "numbers": [1, 2],
    "item": 1,
    "quantity": 2,
    "size": "small",
}

MISMATCHED = [
    # expression, the operator or filter that is marked, words of the message
    ('quantity > "3"', ">", "write 3 without quotes"),
    ('cart.total < "10"', "<", "write 10 without quotes"),
    ("name > 3", ">", "`name` is a text and `3` a number: they cannot be compared"),
    ('"3" == quantity', "==", "never equal"),
    ('quantity != "3"', "!=", "never equal"),
    ('today == "monday"', "==", "`today` is a date and"),
    ('now.time > "18:00"', ">", "`now.time` is a time"),
    ("day < moment", "<", "a date and `moment` a moment"),
    ("settings.most < settings.title", "<", "`settings.most` is a number and `settings.title` a text"),
    ('agreed == "yes"', "==", "true or false"),
    ('wanted == "apple"', "==", "a product"),
    ("cart.lines > 3", ">", "a list"),
    ('catalog.find(item).price > "5"', ">", "without quotes"),
    ('cart.quantity(item) + quantity <= "50"', "<=", "without quotes"),
    ('catalog.available[0].price == "50"', "==", "without quotes"),
    ("(notes | first) > 3", ">", "a number"),
    ('(quantity | default(1)) > "3"', ">", "without quotes"),
    ('(notes | length) > "3"', ">", "without quotes"),
    ('-quantity > "3"', ">", "without quotes"),
    ('1 < quantity < "3"', "<", "without quotes"),
    ('quantity + "3"', "+", "write 3 without quotes; to join texts write `~`"),
    ("name - 1", "-", "makes nothing"),
    ("day + 1", "+", "makes nothing"),
    ("day - moment", "-", "makes nothing"),
    ("name * amount / name", "/", "makes nothing"),
    ("3 in name", "in", "never in it"),
    ("quantity in notes", "in", "never in it"),
    ('"1" in numbers', "in", "never in it"),
    ("name in quantity", "in", "nothing can be in it"),
    ('"apple" in catalog.available', "in", "a list"),
    ("(name | round) > 3", "round", "takes a number"),
    ("(quantity | length) > 3", "length", "takes a text or a list"),
    ("(cart.lines | abs) > 3", "abs", "takes a number"),
    ('size > quantity and name == "a"', ">", "cannot be compared"),
]


@pytest.mark.parametrize(("expression", "mark", "said"), MISMATCHED)
def test_what_does_not_go_together_is_found_where_it_stands(expression: str, mark: str, said: str) -> None:
    (problem,) = found_in(expression)
    line = FLOW.format(check=expression, text="x").splitlines()[problem.place.line - 1]
    start = problem.place.column - 1
    assert line[start : start + problem.length] == mark
    assert said in problem.message


@pytest.mark.parametrize("expression", [case[0] for case in MISMATCHED])
def test_what_is_found_is_never_true_or_breaks(expression: str) -> None:
    draft = draft_of()
    draft.given.update(VALUES, settings={"most": 50, "title": "Shop"})
    try:
        value = Sandbox().expression(expression).evaluate(draft)
    except ExpressionFailed:
        return
    assert value is ("!=" in expression) or (not isinstance(value, bool) and "*" in expression)


FITTING = [
    "quantity > 3",
    "quantity > amount",
    "cart.total < settings.most",
    'name == "Ann"',
    "day < today",
    "moment < now",
    "now - moment > now - now",
    "(now - moment).hours > 3",
    'today.weekday == "monday"',
    "now.date == day",
    "settings.strict == agreed",
    "agreed == 1",
    "settings.sizes == notes",
    "size in settings.sizes",
    '"a" in name',
    "item in numbers",
    'name + "x" == "Annx"',
    'name * 2 == "AnnAnn"',
    "notes + notes == notes",
    "(name | length) > 3",
    "(notes | length) > 3",
    'wanted.code == "apple"',
    "wanted == catalog.find(item)",
    "orders.last == orders.all[0]",
    'orders.last.status == "pending"',
    'orders.last.number == "7"',
    "failure.product == name",
    "(notes if agreed else name) == name",
    "(name or quantity) == 3",
    "quantity is none or item is defined",
    "(quantity | string) == name",
    "(name | int) > 3",
    "name == none",
]


@pytest.mark.parametrize("expression", FITTING)
def test_what_goes_together_is_not_found(expression: str) -> None:
    assert found_in(expression) == []


TEXTS = [
    ("{{ name | money }}", "money", 1),
    ("{{ cart.total | money }} {{ cart.total | date }}", "date", 1),
    ("{{ today | date }}, {{ now | time }}, {{ today | time }}", "time", 1),
    ('{% for line in cart.lines %}{% if line.quantity > "1" %}!{% endif %}{% endfor %}', ">", 1),
    ("{% for line in cart.lines if line.product.name > 1 %}{{ loop.index > 1 }}{% endfor %}", ">", 1),
    ('{% set first = 3 %}{{ first > "2" }}', ">", 1),
    ('{% if quantity < 2 %}a{% elif quantity < "3" %}b{% endif %}', "<", 1),
    ("{% for key, value in notes | items %}{{ key > 1 }}{{ value > 1 }}{% endfor %}", "", 0),
    ("{% macro m(one) %}{{ one > 1 }}{% endmacro %}{{ m(1) }}", "", 0),
    ("{{ 1 - 1 }} {{ name - 1 if name else 2 - 1 }}", "-", 1),
]


@pytest.mark.parametrize(("text", "mark", "count"), TEXTS)
def test_texts_are_looked_through(text: str, mark: str, count: int) -> None:
    found = found_in(text=text)
    assert len(found) == count
    for problem in found:
        line = FLOW.format(check="true", text=f"'{text}'").splitlines()[problem.place.line - 1]
        start = problem.place.column - 1
        assert line[start : start + problem.length] == mark


def marked_in(text: str, rule: str) -> list[tuple[str, str]]:
    """What a rule marks in a text, and what it says."""
    quoted = "'" + text.replace("'", "''") + "'"
    written = FLOW.format(check="true", text=quoted)
    reading = read_flow({"shop.yaml": written}, "shop.yaml", {})
    assert not reading.problems, reading.problems
    found = [one for one in lint(reading) if one.rule == rule]
    lines = written.splitlines()
    marks = [(one.place.line - 1, one.place.column - 1, one.length) for one in found]
    return [
        (lines[line][at : at + length], one.message)
        for (line, at, length), one in zip(marks, found, strict=True)
    ]


LOOP = "{% for one in cart.lines %}"
BREAKING = [
    # rule, text, the word that is marked, words of the message
    (
        "unprintable",
        "{{ cart }}",
        "cart",
        "the cart cannot be shown as a whole: say what of it, such as `cart.total`",
    ),
    ("unprintable", "{{ catalog }}", "catalog", "such as `catalog.available`"),
    ("unprintable", "{{ orders }}", "orders", "such as `orders.last`"),
    ("unprintable", "{{ message }}", "message", "such as `message.text`"),
    ("unprintable", "{{ cart.total }} {{ cart.lines }}", "lines", "such as `line.product.name`"),
    ("unprintable", "{{ cart.lines[0] }}", "lines", "a line of the cart"),
    ("unprintable", "{{ cart.lines | first }}", "lines", "a line of the cart"),
    ("unprintable", "{{ cart.lines | join(', ') }}", "lines", "a line of the cart"),
    ("unprintable", "{{ cart.lines | bullets }}", "lines", "a line of the cart"),
    ("unprintable", LOOP + "{{ one }}{% endfor %}", "one", "such as `one.product.name`"),
    ("unprintable", "{{ 'a' ~ cart }}", "cart", "the cart"),
    ("unprintable", "{{ cart | upper }}", "cart", "the cart"),
    ("unprintable", "{{ [cart] }}", "cart", "the cart"),
    ("unprintable", "{% set it = cart %}{{ it }}", "it", "such as `it.total`"),
    ("wrong_call", "{{ cart.quantity() }}", "quantity", "`quantity(…)` needs `item`"),
    ("wrong_call", "{{ cart.quantity(1, 2) }}", "quantity", "`quantity(…)` takes 1 value, and is given 2"),
    ("wrong_call", "{{ cart.quantity(items=1) }}", "quantity", "no parameter 'items'; did you mean 'item'?"),
    ("wrong_call", "{{ cart.quantity(1, item=1) }}", "quantity", "is given its `item` twice"),
    ("wrong_call", "{{ cart.quantity }}", "quantity", "write `quantity(item)`"),
    ("wrong_call", "{{ catalog.find(1, 2).name }}", "find", "takes 1 value"),
    (
        "wrong_call",
        "{{ now | date('yyyy') }}",
        "date",
        "`date` knows no style 'yyyy'; there is: short, medium,",
    ),
    ("wrong_call", "{{ now | date('medum') }}", "date", "did you mean 'medium'?"),
    ("wrong_call", "{{ now | time(style='12h') }}", "time", "no style '12h'"),
    ("wrong_call", "{{ now | date(styl='long') }}", "date", "did you mean 'style'?"),
    ("wrong_call", "{{ cart.total | money('usd') }}", "money", "did you mean 'USD'?"),
    ("wrong_call", "{{ cart.total | round(1, 'up') }}", "round", "no method 'up'"),
    ("wrong_call", "{{ cart.total | number(digits='a') }}", "number", "`digits` of `number` takes a number"),
    (
        "wrong_call",
        "{{ business.name | upper(3) }}",
        "upper",
        "takes nothing between brackets, and is given 1",
    ),
    ("wrong_call", "{{ business.name | replace('a') }}", "replace", "needs `new`"),
    ("wrong_call", "{% macro m(x) %}{{ x }}{{ m(x) }}{% endmacro %}{{ m(1) }}", "m", "never ends"),
    (
        "wrong_call",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1, 2) }}",
        "m",
        "takes 1 value, and is given 2",
    ),
    ("wrong_call", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(y=2) }}", "m", "no parameter 'y'"),
    (
        "type_mismatch",
        "{% for i in 5 %}x{% endfor %}",
        "in",
        "a loop goes through a list, and `5` is a number",
    ),
    ("type_mismatch", "{% for i in cart %}x{% endfor %}", "in", "`cart` is the cart; write `cart.lines`"),
    ("type_mismatch", "{% for i in now %}x{% endfor %}", "in", "`now` is a moment"),
]


@pytest.mark.parametrize(("rule", "text", "mark", "said"), BREAKING)
def test_what_would_break_a_turn_is_found(rule: str, text: str, mark: str, said: str) -> None:
    ((marked, message),) = marked_in(text, rule)
    assert marked == mark
    assert said in message


@pytest.mark.parametrize("text", [case[1] for case in BREAKING])
def test_what_is_found_does_break_it(text: str) -> None:
    draft = draft_of(message="hello")
    draft.conversation.cart = [["tea", 2, "20.00", ""]]
    if "usd" in text:
        assert "usd" in Sandbox().text(text).render(draft)
        return
    with pytest.raises(ExpressionFailed):
        Sandbox().text(text).render(draft)


HARMLESS = [
    "{{ orders.last }} {{ catalog.available }} {{ business }} {{ wanted }} {{ customer }}",
    "{{ catalog.available | bullets }} {{ cart.lines | map(attribute='product') | join(', ') }}",
    "{{ cart.lines | join(', ', 'product') }} {{ cart.lines | join(attribute='product') }}",
    "{% if cart %}a{% endif %}{{ cart.lines | length }}{{ cart.lines | sum(attribute='quantity') }}",
    "{% set cart = 3 %}{{ cart }}",
    "{% set cart %}a{% endset %}{{ cart }}",
    "{% if now %}{% set cart = 3 %}{% endif %}{{ cart }}",
    "{% with cart = 'a' %}{{ cart }}{% endwith %}",
    "{% macro m(cart, line=2) %}{{ cart }}{{ line }}{{ varargs | join }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
    "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(cart) m() %}{{ cart }}{% endcall %}",
    "{% for cart in notes %}{{ cart }}{% endfor %}{% for letter in name %}{{ letter }}{% endfor %}",
    "{{ cart.quantity(1) }} {{ cart.quantity(item=1) }} {{ cart.quantity(*[1]) }} {{ catalog.find(1) }}",
    "{{ now | date }} {{ now | date(settings.title) }} {{ now | time('long') }} {{ 5 | money('USD') }}",
    "{{ name | truncate(5, true, '') }} {{ name | trim('x') }} {{ amount | round(1, 'ceil') }}",
    "{{ name | replace('a', new='b') }} {{ notes | select('equalto', 'a') | join }} {{ name | d('x') }}",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_breaks_nothing_is_not_found(text: str) -> None:
    assert [marked_in(text, rule) for rule in ("unprintable", "wrong_call", "type_mismatch")] == [[], [], []]


@pytest.mark.parametrize(
    "name", sorted(FILTERS.keys() - {"map", "reject", "rejectattr", "select", "selectattr"})
)
def test_a_filter_takes_what_the_table_of_its_parameters_says(name: str) -> None:
    from jinja2.filters import FILTERS as OWN

    of = signature(FILTERS[name])
    if any(one.kind is Parameter.VAR_POSITIONAL for one in of.parameters.values()) and name != "trim":
        of = signature(OWN[name])
    passed = {"context", "environment", "eval_ctx"}
    if name in ("capitalize", "lower", "title", "trim", "upper", "urlencode", "wordcount"):
        assert OF_FILTERS[name].names == (("",) if name == "trim" else ())
        return
    taken = [one for one in of.parameters.values() if one.name not in passed][1:]
    assert OF_FILTERS[name].names == tuple(one.name for one in taken)
    assert OF_FILTERS[name].needed == sum(one.default is Parameter.empty for one in taken)


def test_the_second_of_two_equal_operators_is_marked() -> None:
    (problem,) = found_in('quantity > 3 and amount > "3"')
    line = FLOW.format(check='quantity > 3 and amount > "3"', text="x").splitlines()
    assert problem.place.column - 1 == line[problem.place.line - 1].rindex(">")


CHECKS = [
    ("{between: {value: '{{ name }}', min: 1}}", 1),
    ("{between: {value: '{{ quantity }}', min: '{{ settings.title }}'}}", 1),
    ("{between: {value: '{{ quantity }}', min: '{{ settings.most }}'}}", 0),
    ("{between: {value: '{{ quantity }}', min: 1}}", 0),
    ("{length: {value: '{{ quantity }}', max: 3}}", 1),
    ("{length: {value: '{{ name }}', max: '{{ settings.most }}'}}", 0),
]


@pytest.mark.parametrize(("check", "count"), CHECKS)
def test_what_validators_look_at_has_its_type(check: str, count: int) -> None:
    written = FLOW.format(check="true", text="Hello!")
    written = written.replace("[{check: 'true', else: hello}]", f"[{check[:-1]}, else: hello}}]")
    reading = read_flow({"shop.yaml": written}, "shop.yaml", {})
    assert not reading.problems, reading.problems
    assert len([one for one in lint(reading) if one.rule == "type_mismatch"]) == count


def test_a_validator_looks_at_the_input_as_its_slot_has_it() -> None:
    flow = """\
flow: shop
start: initial
otherwise: hello
slots: {{saved: {type}}}
states:
  initial:
    input: {{save: saved, validate: [{{{validator}: {{min: 2}}, else: hello}}], else: hello, reply: hello}}
messages: {{hello: "Hello {{{{ saved }}}}"}}
"""
    for type_name, validator, count in (
        ("number", "between", 0),
        ("text", "between", 1),
        ("text", "length", 0),
        ("number", "length", 1),
    ):
        text = flow.format(type=type_name, validator=validator)
        found = lint(read_flow({"shop.yaml": text}, "shop.yaml", {}))
        assert len([one for one in found if one.rule == "type_mismatch"]) == count, (type_name, validator)


OFFERED: dict[str, Any] = {
    "business": BusinessAt,
    "customer": Customer,
    "cart": Cart,
    "line": CartLine,
    "catalog": Catalog,
    "product": Product,
    "orders": Orders,
    "order": Order,
    "order line": OrderLine,
    "failure": Failed,
    "message": Said,
}


@pytest.mark.parametrize("kind", OFFERED)
def test_every_attribute_that_is_offered_has_its_kind(kind: str) -> None:
    assert set(ATTRIBUTES[kind]) == set(OFFERED[kind].offers)
    methods = {name for owner, name in METHODS if owner == kind}
    assert methods == set(getattr(OFFERED[kind], "methods", ()))


@pytest.mark.parametrize(("kind", "plain"), [("date", date), ("time", time), ("moment", datetime)])
def test_every_part_of_a_moment_has_its_kind(kind: str, plain: type) -> None:
    assert set(ATTRIBUTES[kind]) == set(PLAIN[plain])
