"""Files of a pack become a Pack: every key of a flow, translations, used files, and all problems at once."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.packs import load_pack, packs_in
from engine.flow import Flow
from engine.reader import Reading, read_flow, read_pack
from engine.reader.pack_files import wrong_in_order_number
from engine.source import Place, Word

ROOT = Path(__file__).parent.parent
BUSINESS = """
business: shop
name: Shop
currency: INR
timezone: Asia/Karachi
languages: [en, ur]
flows: {customer: customer.yaml}
"""
FLOW = """
flow: customer
start: initial
states: {initial: {}}
"""


def pack_of(files: Mapping[str, str | bytes], templates: Mapping[str, str] | None = None) -> Reading:
    return read_pack(
        {"business.yaml": BUSINESS, "customer.yaml": FLOW, **files}, "flows/shop", templates or {}
    )


def said(reading: Reading) -> list[str]:
    return [
        f"{one.place.file}:{one.place.line}:{one.place.column} {one.message} [{one.rule}]"
        for one in reading.problems
    ]


def flow_of(
    text: str, files: Mapping[str, str] | None = None, templates: Mapping[str, str] | None = None
) -> Flow:
    reading = read_flow({"f.yaml": text, **(files or {})}, "f.yaml", templates or {})
    assert reading.problems == ()
    return reading.flows["f.yaml"]


WHOLE = """
flow: customer
title: Ordering
about: everything
languages: [en, ur]
start: initial
timeout: 30 minutes
settings: {max: 50, sizes: [small, large], rate: 1.50}
slots: {name: text, wanted: product, notes: list of text}
commands:
  menu: {words: [menu, 1], title: The menu, about: all of it, reply: menu, ask_again: true}
events:
  handed_back: welcome
otherwise: [sorry, menu]
fails: {no_such_item: sorry}
moved: {old: initial}
states:
  initial:
    branches: [{when: name, do: reset, fails: {x: sorry}, reply: welcome, goto: asking}]
    ask: [welcome, menu]
    ignore: [menu]
    commands:
      add:
        pattern: ["{item:number}, {quantity:number}", "{item:number}"]
        when: not cart.is_empty
        save: {notes: "{{ item }}", name: Bob}
        validate:
          - {in_catalog: "{{ item }}", else: {reply: sorry, goto: asking, ask_again: true}}
          - {check: "item > 0", else: sorry}
        do: [add_to_cart, {clear_slot: name}, {add_to_cart: {item: "{{ item }}", quantity: 2}}]
        branches: [{goto: asking}]
    events: {handed_back: {goto: initial}}
    otherwise: {reply: sorry, goto: asking}
    tries: {limit: 3, then: {reply: sorry, goto: helping}}
    after: [{wait: 10 minutes, reply: sorry}, {wait: 2 days, goto: initial}]
  asking:
    input: {accepts: [text, location], save: name, else: sorry, goto: picking}
  picking:
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      about: "{{ product.price | money }}"
      value: "{{ product.code }}"
      save: wanted
      none: sorry
      reply: menu
      goto: over
  helping: {human: true}
  over: {final: true}
messages:
  welcome: Hello
  sorry: {text: Sorry, buttons: [menu, {add: {item: 1}}]}
  menu: {template: shop/menu.j2, list: {button: Choose, rows: [menu]}, header: Top, footer: Bottom}
  place: {text: Where?, ask_location: true, image: https://example.org/a.png}
  cards: {products: [a, b]}
""".replace("{text: Where?,", '{text: "Where?",')


def test_every_key_of_a_flow() -> None:
    templates = {"shop/menu.j2": "The menu {{ name }}"}
    flow = flow_of(WHOLE, {}, templates)
    assert (flow.name, flow.title, flow.about, flow.languages) == (
        "customer",
        "Ordering",
        "everything",
        ("en", "ur"),
    )
    assert (flow.start, flow.timeout, dict(flow.moved)) == (
        "initial",
        timedelta(minutes=30),
        {"old": "initial"},
    )
    assert dict(flow.settings) == {"max": 50, "sizes": ["small", "large"], "rate": Decimal("1.50")}
    assert [(slot.name, slot.type, slot.is_list) for slot in flow.slots.values()] == [
        ("name", "text", False),
        ("wanted", "product", False),
        ("notes", "text", True),
    ]
    menu = flow.commands["menu"]
    assert menu.words == {"en": ("menu", "1")}
    assert (menu.reply, menu.ask_again, menu.title["en"].source) == (("menu",), True, "The menu")
    assert flow.events["handed_back"].reply == ("welcome",)
    assert flow.otherwise is not None
    assert (flow.otherwise.name, flow.otherwise.reply) == ("otherwise", ("sorry", "menu"))
    assert flow.fails["no_such_item"].reply == ("sorry",)

    initial = flow.states["initial"]
    assert (initial.ask, initial.ignore) == (("welcome", "menu"), {"menu"})
    branch = initial.branches[0]
    assert branch.when is not None
    assert (branch.when.source, branch.do[0].action, branch.reply, branch.goto) == (
        "name",
        "reset",
        ("welcome",),
        "asking",
    )
    assert initial.tries is not None
    assert (initial.tries.limit, initial.tries.then.goto) == (3, "helping")
    assert [rule.wait for rule in initial.after] == [timedelta(minutes=10), timedelta(days=2)]
    assert (initial.otherwise and initial.otherwise.goto) == "asking"

    add = initial.commands["add"]
    assert [pattern.source for pattern in add.patterns["en"]] == [
        "{item:number}, {quantity:number}",
        "{item:number}",
    ]
    assert [slot for slot, _ in add.save] == ["notes", "name"]
    assert [(check.validator, set(check.parameters)) for check in add.validate] == [
        ("in_catalog", {"value"}),
        ("check", {"expression"}),
    ]
    refusal = add.validate[0].refusal
    assert refusal is not None
    assert (refusal.reply, refusal.goto, refusal.ask_again) == (("sorry",), "asking", True)
    assert [(step.action, set(step.parameters)) for step in add.do] == [
        ("add_to_cart", set()),
        ("clear_slot", {"slot"}),
        ("add_to_cart", {"item", "quantity"}),
    ]
    asking = flow.states["asking"].input
    assert asking is not None
    assert (asking.accepts, asking.save) == (("text", "location"), (("name", None),))
    assert asking.unreadable is not None
    assert asking.unreadable.reply == ("sorry",)

    choices = flow.states["picking"].choices
    assert choices is not None
    assert (choices.source.source, choices.name, choices.none and choices.none.reply) == (
        "catalog.available",
        "product",
        ("sorry",),
    )
    assert (choices.rule.save, choices.rule.reply, choices.rule.goto) == (
        (("wanted", None),),
        ("menu",),
        "over",
    )
    assert set(choices.title) == {"en", "ur"}
    assert flow.states["helping"].human
    assert flow.states["over"].final

    sorry = flow.messages["sorry"]["en"]
    assert [(button.command, set(button.values)) for button in sorry.buttons] == [
        ("menu", set()),
        ("add", {"item"}),
    ]
    listed = flow.messages["menu"]["en"]
    assert listed.text is not None
    assert listed.list_button is not None
    assert (listed.text.source, listed.list_button.source, [row.command for row in listed.rows]) == (
        "The menu {{ name }}",
        "Choose",
        ["menu"],
    )
    assert flow.messages["place"]["en"].ask_location
    media = flow.messages["place"]["en"].media
    assert media is not None
    assert (media[0], media[1].source) == ("image", "https://example.org/a.png")


def test_names_know_where_they_stand() -> None:
    flow = flow_of(WHOLE, {}, {"shop/menu.j2": ""})
    goto = flow.states["initial"].branches[0].goto
    assert isinstance(goto, Word)
    assert goto.place == Place("f.yaml", 19, 81)
    assert flow.states["asking"].place == Place("f.yaml", 36, 3)
    assert flow.messages["sorry"]["en"].place == Place("f.yaml", 53, 3)
    reply = flow.commands["menu"].reply[0]
    assert isinstance(reply, Word)
    assert reply.place.line == 11


UR = """
words: {menu: [مینو], add: [شامل]}
patterns: {add: "{item:number} عدد"}
titles: {menu: فہرست}
names: {choc: چاکلیٹ}
messages:
  sorry: معذرت
  place: {text: کہاں, image: https://example.org/b.png}
"""


def test_translations() -> None:
    templates = {"shop/menu.j2": "The menu", "shop/menu.ur.j2": "مینو {{ name }}"}
    flow = flow_of(WHOLE, {"f.ur.yaml": UR}, templates)
    assert flow.commands["menu"].words == {"en": ("menu", "1"), "ur": ("مینو",)}
    assert flow.commands["menu"].title["ur"].source == "فہرست"
    assert [pattern.source for pattern in flow.states["initial"].commands["add"].patterns["ur"]] == [
        "{item:number} عدد"
    ]
    assert flow.names["ur"] == {"choc": "چاکلیٹ"}
    sorry = flow.messages["sorry"]
    assert sorry["ur"].text is not None
    assert sorry["ur"].text.source == "معذرت"
    assert sorry["ur"].buttons == sorry["en"].buttons
    assert sorry["ur"].place == Place("f.ur.yaml", 7, 3)
    media = flow.messages["place"]["ur"].media
    assert media is not None
    assert media[1].source == "https://example.org/b.png"
    assert flow.messages["place"]["ur"].ask_location
    menu = flow.messages["menu"]["ur"]
    assert menu.text is not None
    assert menu.text.source == "مینو {{ name }}"
    assert [row.command for row in menu.rows] == ["menu"]


def test_a_translation_may_say_more_than_the_text() -> None:
    flow = flow_of(
        WHOLE,
        {"f.ur.yaml": "messages:\n  sorry: {text: معذرت, list: {rows: [menu]}}\n  menu: {header: اوپر}\n"},
        {"shop/menu.j2": "The menu"},
    )
    sorry = flow.messages["sorry"]["ur"]
    assert (sorry.buttons, [row.command for row in sorry.rows]) == ((), ["menu"])
    menu = flow.messages["menu"]
    assert menu["ur"].header is not None
    assert menu["ur"].header.source == "اوپر"
    assert menu["ur"].text is menu["en"].text


def test_a_message_that_a_language_lacks_is_the_first_languages_own() -> None:
    flow = flow_of(WHOLE, {"f.ur.yaml": UR}, {"shop/menu.j2": "The menu"})
    assert flow.messages["welcome"]["ur"] is flow.messages["welcome"]["en"]
    assert flow.messages["menu"]["ur"] is flow.messages["menu"]["en"]


def test_a_pack_speaks_the_languages_of_the_business() -> None:
    reading = pack_of({})
    assert reading.problems == ()
    assert reading.pack is not None
    assert reading.pack.flows["customer"].languages == ("en", "ur")


def test_used_files_join() -> None:
    flow = flow_of(
        FLOW + "use: [parts/common.yaml]\ncommands: {cart: {words: [cart], goto: initial}}\n",
        {
            "parts/common.yaml": "use: more.yaml\nslots: {name: text}\nmessages: {hi: Hi}\n",
            "parts/more.yaml": "commands: {menu: {words: [menu], reply: hi}}\n"
            "states: {other: {final: true}}\n",
        },
    )
    assert set(flow.commands) == {"cart", "menu"}
    assert set(flow.states) == {"initial", "other"}
    assert set(flow.slots) == {"name"}
    assert flow.messages["hi"]["en"].place.file == "parts/common.yaml"


def test_used_files_bring_their_translations() -> None:
    reading = pack_of(
        {
            "customer.yaml": FLOW + "use: common.yaml\n",
            "common.yaml": "messages: {hi: Hi}\n",
            "common.ur.yaml": "messages: {hi: سلام}\n",
        }
    )
    assert reading.problems == ()
    assert reading.pack is not None
    text = reading.pack.flows["customer"].messages["hi"]["ur"].text
    assert text is not None
    assert text.source == "سلام"


def test_files_that_use_each_other_are_read_once() -> None:
    flow = flow_of(
        FLOW + "use: a.yaml\n",
        {"a.yaml": "use: b.yaml\nmessages: {a: A}\n", "b.yaml": "use: [a.yaml, f.yaml]\n"},
    )
    assert set(flow.messages) == {"a"}


def test_a_file_outside_of_the_pack_is_said_to_be_outside() -> None:
    files = {"business.yaml": BUSINESS, "customer.yaml": FLOW + "use: [../../common.yaml]\n"}
    said = [one.message for one in read_pack(files, "flows/shop", {}).problems]
    assert said == [
        "'../../common.yaml' lies outside of the pack, which uses files of its own folder: move it there"
    ]


WRONG: list[tuple[dict[str, str | bytes], list[str]]] = [
    # Files beside a good business.yaml and customer.yaml, and everything that is said of them.
    (
        {"customer.yaml": FLOW + "use: comon.yaml\n", "common.yaml": "messages: {a: A}\n"},
        ["customer.yaml:5:6 no file 'comon.yaml'; did you mean 'common.yaml'? [missing_file]"],
    ),
    (
        {"customer.yaml": FLOW + "use: c.yaml\nmessages: {a: A}\n", "c.yaml": "messages: {b: B, a: A}\n"},
        ["c.yaml:1:18 'a' stands here a second time; the first is at flows/shop/customer.yaml:6 [clash]"],
    ),
    (
        {"customer.yaml": FLOW + "slots: {cart: text}\n"},
        ["customer.yaml:5:9 'cart' is a name of the language; no slot may take it [reserved_name]"],
    ),
    (
        {"customer.yaml": FLOW + 'commands: {a: {pattern: "x {cart:number}", goto: initial}}\n'},
        ["customer.yaml:5:29 'cart' is a name of the language; no hole may take it [reserved_name]"],
    ),
    (
        {
            "customer.yaml": FLOW.replace(
                "states: {initial: {",
                'states: {initial: {choices: {from: "[1]", as: today, title: x, value: x}, ',
            )
        },
        [
            "customer.yaml:4:47 'today' is a name of the language;"
            " call the lines of the list otherwise [reserved_name]"
        ],
    ),
    (
        {
            "customer.yaml": FLOW
            + 'slots: {name: text}\ncommands: {a: {pattern: "x {name}", goto: initial}}\n'
        },
        [
            "customer.yaml:6:29 the hole 'name' has the name of a slot;"
            " save it there (`save: name`) or rename it [hole_hides_slot]"
        ],
    ),
    (
        {"customer.yaml": FLOW + 'commands: {a: {pattern: "{item:nubmer}", goto: initial}}\n'},
        ["customer.yaml:5:32 no type 'nubmer'; did you mean 'number'? [unknown_type]"],
    ),
    (
        {"customer.yaml": FLOW + "messages: {a: {template: shop/meno.j2}}\n"},
        ["customer.yaml:5:26 no template 'shop/meno.j2'; did you mean 'shop/menu.j2'? [unknown_template]"],
    ),
    (
        {"customer.ur.yaml": "words: {menu: [a]}\nmessages: {b: c}\n"},
        [
            "customer.ur.yaml:1:9 no command 'menu'; there is none here [unknown_command]",
            "customer.ur.yaml:2:12 no message 'b'; there is none here [unknown_message]",
        ],
    ),
    (
        {"customer.de.yaml": "messages: {}\n"},
        ["customer.de.yaml:1:1 the flow does not speak 'de'; add it to `languages` [unspoken_language]"],
    ),
    (
        {"customer.en.yaml": "messages: {}\n"},
        [
            "customer.en.yaml:1:1 'en' is the flow's own language;"
            " its texts stand in the flow [unspoken_language]"
        ],
    ),
    (
        {"business.yaml": BUSINESS.replace("INR", "INX")},
        ["business.yaml:4:11 'INX' is no currency; write its code in ISO 4217, such as INR [schema]"],
    ),
    (
        {"business.yaml": BUSINESS.replace("Karachi", "Karachy")},
        ["business.yaml:5:11 no time zone 'Asia/Karachy'; did you mean 'Asia/Karachi'? [schema]"],
    ),
    (
        {"business.yaml": BUSINESS.replace("customer.yaml", "custmer.yaml")},
        ["business.yaml:7:19 no file 'custmer.yaml'; did you mean 'customer.yaml'? [missing_file]"],
    ),
    (
        {"business.yaml": BUSINESS + 'order_number: "WA{n}"\n'},
        [
            "business.yaml:8:15 `order_number` needs the whole date, such as {date:%Y%m%d}:"
            " `n` starts over every day [schema]"
        ],
    ),
    (
        {
            "catalog.yaml": "products:\n"
            "  - {number: 1, code: a, name: A, price: 1}\n"
            "  - {number: 1, code: a, name: B, price: 1.005}\n"
        },
        [
            "catalog.yaml:3:14 number 1 is used a second time; the first is on line 2 [clash]",
            "catalog.yaml:3:23 code a is used a second time; the first is on line 2 [clash]",
            "catalog.yaml:3:42 a price in INR has at most 2 digits behind the point [schema]",
        ],
    ),
    (
        {"catalog.csv": "number,code,name,prise\n1,a,A,5\n"},
        [
            "catalog.csv:2:7 no key 'prise'; did you mean 'price'? [schema]",
        ],
    ),
    (
        {"catalog.csv": 'number;code;name;price\n1;a;"A; b";x\n'},
        ["catalog.csv:2:12 `price` takes a number, here stands a text [schema]"],
    ),
    (
        {"conversations/a.yaml": "says: [hi]\n"},
        ["conversations/a.yaml:1:1 this file needs `conversation` [schema]"],
    ),
    (
        {
            "customer.yaml": FLOW + "mesages: {}\n",
            "workflow.yaml": "order: {}\n",
            "catalog.yaml": "a: {{ b }}\n",
        },
        [
            'catalog.yaml:1:4 a text that begins with {{ needs quotes: "{{ b }}" [yaml]',
            "catalog.yaml:1:1 no key 'a'; there is: products [schema]",
            "catalog.yaml:1:1 this file needs `products` [schema]",
            "customer.yaml:5:1 no key 'mesages'; did you mean 'messages'? [schema]",
            "workflow.yaml:1:1 `order` needs `start` [schema]",
            "workflow.yaml:1:1 `order` needs `moves` [schema]",
        ],
    ),
]


@pytest.mark.parametrize(("files", "expected"), WRONG, ids=lambda value: str(value)[:60])
def test_wrong(files: dict[str, str | bytes], expected: list[str]) -> None:
    reading = pack_of(files, {"shop/menu.j2": ""})
    assert sorted(said(reading)) == sorted(f"flows/shop/{one}" for one in expected)


def test_expressions_and_templates_are_told_where_they_break() -> None:
    flow = (
        FLOW + 'commands: {a: {words: a, when: "cart is", reply: m}}\n'
        "messages:\n  m: {template: shop/m.j2}\n  n: |\n    Hi\n    {{ name }\n"
    )
    reading = pack_of({"customer.yaml": flow}, {"shop/m.j2": "Hello\n{% if %}x{% endif %}\n"})
    places = [(one.place.file, one.place.line) for one in reading.problems if one.rule == "expression"]
    assert places == [
        ("flows/shop/customer.yaml", 5),
        ("flows/shop/customer.yaml", 10),
        ("templates/shop/m.j2", 2),
    ]
    assert {one.rule for one in reading.problems} == {"expression"}


def test_without_a_business_there_is_no_pack() -> None:
    reading = read_pack({"customer.yaml": FLOW}, "flows/shop", {})
    assert reading.pack is None
    assert said(reading) == [
        "flows/shop/business.yaml:1:1 a pack needs a business.yaml:"
        " its name, currency, time zone and flows [missing_file]"
    ]


def test_as_much_of_a_wrong_flow_as_can_be_read() -> None:
    text = (
        FLOW.replace("{}", "{ask: hi, goto: x}")
        + "commands: {a: {words: a, do: [nothing, reset], goto: [x]}}\nmessages: {hi: Hi, no: 5}\n"
    )
    reading = read_flow({"f.yaml": text}, "f.yaml", {})
    assert len(reading.problems) == 4
    flow = reading.flows["f.yaml"]
    assert flow.states["initial"].ask == ("hi",)
    assert [step.action for step in flow.commands["a"].do] == ["reset"]
    assert flow.messages["no"]["en"].text is None


def test_business() -> None:
    text = BUSINESS + (
        'opening_hours: {monday: 09:00-22:00, friday: [09:00-12:30, "14:00-24:00"], sunday: []}\n'
        "phone: '+92 300 1234567'\naddress: Mall Road\ncountry: PK\norder_number: \"WA{date:%Y%m%d}{n:06}\"\n"
    )
    reading = pack_of({"business.yaml": text})
    assert reading.problems == ()
    assert reading.pack is not None
    business = reading.pack.business
    assert business.opening_hours == {
        "monday": ((time(9), time(22)),),
        "friday": ((time(9), time(12, 30)), (time(14), time(0))),
        "sunday": (),
    }
    assert (business.phone, business.address, business.country) == ("+92 300 1234567", "Mall Road", "PK")
    assert business.order_number_of(date(2025, 10, 18), 1) == "WA20251018000001"
    assert business.flows == {"customer": "customer.yaml"}


ORDER_NUMBERS = [
    ("WA{date:%Y%m%d}{n:06}", None),
    ("{n:04}-{date:%d%m%y}", None),
    ("{date:%Y%m%d}", "needs {n}"),
    ("{n}", "needs the whole date"),
    ("{date:%d}{n}", "needs the whole date"),
    ("{date}{n}{x}", "not {x}"),
    ("{date.year}{n}", "not {date.year}"),
    ("{date:%Y%m%d}{n:0999999999}", "how many digits"),
    ("{date:%Y%m%d}{n!r}", "not {n}"),
    ("{date:{n}}{n}", "not {date}"),
    ("{date:%Y%m%d}{n", "a brace too many or too few"),
    ("{}{n}", "not {}"),
]


@pytest.mark.parametrize(("shape", "wrong"), ORDER_NUMBERS)
def test_order_number(shape: str, wrong: str | None) -> None:
    message = wrong_in_order_number(shape)
    assert message is None if wrong is None else wrong in (message or "")


@given(st.text(alphabet="{}%dnaYm:!0.x", max_size=12))
def test_any_order_number_is_answered(shape: str) -> None:
    if wrong_in_order_number(shape) is None:
        shape.format(date=date(2025, 1, 1), n=1)


CATALOGS = {
    "catalog.yaml": "products:\n  - {number: 1, code: a, name: 'A, b', price: 50.10, stock: 3, category: C}\n"
    "  - {number: 2, code: b, name: B, price: 4, available: false}\n",
    "catalog.csv": "\ufeffNumber,code,name,price,stock,category,available\n"
    '1,a,"A, b",50.10,3,C,\n2, b ,B,4,,,no\n\n',
}


@pytest.mark.parametrize(("file", "text"), CATALOGS.items())
def test_catalog(file: str, text: str) -> None:
    reading = pack_of({file: text})
    assert reading.problems == ()
    assert reading.pack is not None
    first, second = reading.pack.products
    assert (first.number, first.code, first.name, str(first.price), first.stock, first.category) == (
        1,
        "a",
        "A, b",
        "50.10",
        3,
        "C",
    )
    assert (second.price, second.stock, second.on_sale) == (Decimal(4), None, False)


def test_workflow() -> None:
    text = (
        "order:\n  start: new\n  moves:\n"
        "    cancel: {from: [new, done], to: gone, by: staff, do: restock, tell: sorry}\n"
    )
    reading = pack_of({"workflow.yaml": text})
    assert reading.problems == ()
    assert reading.pack is not None
    assert reading.pack.workflow is not None
    assert reading.pack.workflow.start == "new"
    move = reading.pack.workflow.moves["cancel"]
    assert (move.source, move.to, move.by, move.do, move.tell) == (
        ("new", "done"),
        "gone",
        ("staff",),
        ("restock",),
        "sorry",
    )
    assert move.place == Place("flows/shop/workflow.yaml", 4, 5)


def test_cookie_barrel_reads_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert packs_in("flows") == (Path("flows/cookie_barrel"), Path("flows/wholesale"))
    assert packs_in("flows/cookie_barrel") == (Path("flows/cookie_barrel"),)
    reading = load_pack("flows/cookie_barrel")
    assert reading.problems == ()
    assert reading.pack is not None
    flow = reading.pack.flows["customer"]
    text = (ROOT / flow.place.file).read_text(encoding="utf-8")
    assert text.split("\n")[flow.place.line - 1] == "flow: customer"
    assert {message["ur"] is message["en"] for message in flow.messages.values()} == {False}


def test_problems_are_named_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "flows" / "shop"
    pack.mkdir(parents=True)
    (pack / "business.yaml").write_text(BUSINESS)
    (pack / "customer.yaml").write_text(FLOW + "messages: {m: {template: shop/m.j2}}\n")
    (tmp_path / "templates" / "shop").mkdir(parents=True)
    (tmp_path / "templates" / "shop" / "m.j2").write_text("{% if %}")
    monkeypatch.chdir(tmp_path / "flows")
    reading = load_pack(pack)
    assert [one.place.file for one in reading.problems] == ["../templates/shop/m.j2"]
    with pytest.raises(NotADirectoryError):
        load_pack(pack / "nothing")


def test_a_clean_flow_of_500_lines_reads_fast() -> None:
    states = "\n".join(
        f"  s{n}:\n    ask: m{n}\n    commands:\n"
        f"      go: {{words: [go, next], do: clear_cart, goto: s{(n + 1) % 70}}}\n"
        f"    input: {{save: name, validate: [{{length: {{min: 2, max: 60}}, else: m{n}}}], goto: s0}}"
        for n in range(70)
    )
    messages = "\n".join(f"  m{n}:\n    text: Hello number {n}" for n in range(70))
    head = "flow: f\nlanguages: [en]\nstart: s0\nslots:\n  name: text\n"
    text = f"{head}states:\n{states}\nmessages:\n{messages}\n"
    assert len(text.splitlines()) > 490
    flow_of(text)
    spent = []
    for _ in range(5):
        start = clock.perf_counter()
        flow_of(text)
        spent.append(clock.perf_counter() - start)
    assert min(spent) < 0.2, f"{min(spent) * 1000:.0f} ms"


SIGNS = st.sampled_from(
    ["", " ", "\n", ":", "{", "}", "[", "]", '"', "-", "5", "x", "{{", "null", "~", "true", "&a", "*a", "1.5"]
)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 6), SIGNS), max_size=3))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_flow_gives_findings_and_never_breaks(changes: list[tuple[int, int, str]]) -> None:
    text = WHOLE
    for at, dropped, sign in changes:
        text = text[:at] + sign + text[at + dropped :]
    reading = read_flow({"f.yaml": text, "f.ur.yaml": UR}, "f.yaml", {"shop/menu.j2": "{{ name }}"})
    assert reading.flows or reading.problems
    lines = text.split("\n")
    for problem in reading.problems:
        if problem.place.file == "f.yaml":
            assert 1 <= problem.place.line <= len(lines)


@given(
    st.binary(max_size=60),
    st.sampled_from(
        ["business.yaml", "customer.yaml", "catalog.csv", "workflow.yaml", "conversations/a.yaml"]
    ),
)
@settings(max_examples=100, deadline=None)
def test_random_bytes_in_a_pack_give_findings(raw: bytes, file: str) -> None:
    reading = pack_of({file: raw})
    assert reading.pack is not None or reading.problems
