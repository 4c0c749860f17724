"""What `shoptalk new` makes: clean in every language and currency, whatever was answered."""

from __future__ import annotations

import io
import string
import sys
from argparse import ArgumentParser
from configparser import ConfigParser
from decimal import Decimal
from itertools import product as every
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.commands import new as new_command
from adapters.commands import test as test_command
from adapters.commands.lint import main as flow_lint
from adapters.provider_limits import PROVIDERS
from adapters.starter import OFFERED, Answers, language_texts, starter_pack
from adapters.starter.answers import (
    Product,
    WrongAnswer,
    currency_read,
    languages_read,
    name_read,
    products_read,
    slug_of,
    timezone_read,
)
from engine.currencies import CURRENCIES, digits_of
from engine.lint import RULES, lint
from engine.lint.selection import Selection
from engine.reader import Reading, read_pack
from engine.rehearsal.coverage import Coverage
from engine.rehearsal.script import script_of
from engine.rehearsal.transcript import play

ROOT = Path(__file__).parent.parent
BREAD = (Product("Bread", Decimal("3.50")),)


def answers_of(**changed: object) -> Answers:
    usual = Answers("shop", "Corner Shop", "EUR", ("en",), BREAD, "Europe/Berlin", "DE")
    return usual._replace(**changed)


def found_in(answers: Answers) -> tuple[Reading, list[str]]:
    reading = read_pack(starter_pack(answers), "flows/shop", {})
    found = [
        f"{one.place}: {one.message} [{one.rule}]"
        for one in lint(reading, selection=Selection("production", style=True), providers=PROVIDERS)
        if RULES[one.rule].severity != "information" or one.rule == "missing_fingerprint"
    ]
    return reading, found


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    parser = ArgumentParser()
    new_command.add_arguments(parser)
    return new_command.run(parser.parse_args(words))


@pytest.mark.parametrize("own", OFFERED)
@pytest.mark.parametrize("other", ["", *OFFERED])
def test_every_pair_of_languages_is_clean_and_can_be_played(own: str, other: str) -> None:
    tags = tuple(dict.fromkeys(tag for tag in (own, other) if tag))
    reading, found = found_in(answers_of(languages=tags))
    assert found == []
    assert reading.pack is not None
    scripts = [document for file, document in reading.documents.items() if file.startswith("conversations/")]
    assert len(scripts) == (4 if len(tags) == 1 else 9)
    coverage = Coverage(reading.pack.flows["customer"])
    for document in scripts:
        assert "it broke inside" not in play(reading.pack, script_of(document), watch=coverage.see)
    # What `shoptalk test --min 90` asks for.
    reached = 100 * len(coverage.reached) / len(coverage.items)
    assert reached >= 90, [item.unreached for item in coverage.unreached()]


@pytest.mark.parametrize("own", OFFERED)
def test_the_first_conversation_ends_with_an_order(own: str) -> None:
    reading, _ = found_in(answers_of(languages=(own,)))
    assert reading.pack is not None
    said = play(reading.pack, script_of(reading.documents["conversations/order.yaml"]))
    assert "[ordered]" in said
    assert "202510180001, pending" in said


def test_all_languages_at_once_are_clean() -> None:
    assert found_in(answers_of(languages=OFFERED))[1] == []


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_currency_takes_the_price_that_it_can_write(currency: str) -> None:
    price = {0: "350", 2: "3.50", 3: "3.505"}[digits_of(currency)]
    products = products_read(f"Bread {price}", currency)
    assert found_in(answers_of(currency=currency, products=products))[1] == []


def test_the_texts_of_every_language_are_the_same_texts() -> None:
    english = language_texts("en")
    for tag in OFFERED:
        texts = language_texts(tag)
        for part in ("words", "titles", "messages", "said"):
            assert texts[part].keys() == english[part].keys(), (tag, part)


hostile = st.text(
    st.one_of(
        st.sampled_from("\"'{}%#:-[],&*!|>@`?\\\n\t\r\u2028\u0085\u202e\u2066\x00\x7f\ufeff🥐👨‍👩‍👧قהа面"),
        st.characters(),
    ),
    max_size=70,
) | st.sampled_from(
    ["{{ 7 * 7 }}", "{% raw %}", "true", "null", "- a: b", "~", "0x1F", "2025-01-01", "yes", "<<"]
)


@given(
    name=hostile,
    sold=st.lists(hostile, min_size=1, max_size=8),
    tags=st.sampled_from([*every(OFFERED, OFFERED)]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_the_pack_is_clean_or_the_answer_is_refused(
    name: str, sold: list[str], tags: tuple[str, str]
) -> None:
    try:
        called = name_read(name)
        products = products_read("\n".join(f"{one} 3.50" for one in sold), "EUR")
    except WrongAnswer:
        return
    answers = answers_of(
        slug=slug_of(called), name=called, products=products, languages=tuple(dict.fromkeys(tags))
    )
    reading, found = found_in(answers)
    assert found == []
    assert reading.pack is not None
    assert reading.pack.business.name == called
    assert [one.name for one in reading.pack.products] == [one.name for one in products]


@given(hostile)
@settings(deadline=None)
def test_a_slug_is_a_name_for_programs(name: str) -> None:
    slug = slug_of(name)
    assert slug
    assert set(slug) <= set(string.ascii_lowercase + string.digits + "_")
    assert slug[0] in string.ascii_lowercase


SLUGS = [
    ("Corner Shop", "corner_shop"),
    ("Café Zoë's", "cafe_zoes"),
    ("Пекарня", "pekarnya"),
    ("面包店", "mianbaodian"),
    ("میری بیکری", "myry_bykry"),
    ("24 hours", "shop_24_hours"),
    ("!?", "shop"),
]


@pytest.mark.parametrize(("name", "slug"), SLUGS)
def test_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug


PRODUCTS = [
    ("Bread 3.50", [("Bread", "3.50")]),
    ("Bread 3,50, Tea 2", [("Bread", "3.50"), ("Tea", "2.00")]),
    ("Bread = 3.5\nTea: 2", [("Bread", "3.50"), ("Tea", "2.00")]),
    ("روٹی ۳٫۵۰، چائے ۲۰", [("روٹی", "3.50"), ("چائے", "20.00")]),
    ("1 2\n3 4", [("1", "2.00"), ("3", "4.00")]),
    ("Box of 12 549.50", [("Box of 12", "549.50")]),
]


@pytest.mark.parametrize(("answer", "products"), PRODUCTS)
def test_products(answer: str, products: list[tuple[str, str]]) -> None:
    assert [(one.name, str(one.price)) for one in products_read(answer, "EUR")] == products


REFUSED = [
    (lambda: name_read(" \u200e "), "a letter at least"),
    (lambda: name_read("x" * 61), "60 characters at most; "),
    (lambda: currency_read("EURO"), "did you mean EUR?"),
    (lambda: currency_read("?"), "three letters"),
    (lambda: languages_read("", OFFERED), "of en, ar, he, hi, ur"),
    (lambda: languages_read("en, fr", OFFERED), "no first texts in 'fr'"),
    (
        lambda: products_read("A very large loaf of bread 3", "EUR"),
        "22 characters at most, to fit into a row",
    ),
    (lambda: products_read("Bread", "EUR"), "'Bread' has no price"),
    (lambda: products_read("", "EUR"), "a product at least"),
    (lambda: products_read("Bread 3.505", "EUR"), "EUR has 2 digits behind the point, not 3.505"),
    (lambda: products_read("Bread 3.50", "JPY"), "JPY has no digits behind the point"),
    (lambda: products_read("Bread 1, bread 2", "EUR"), "bread is there twice"),
    (lambda: products_read("Bread 99999999999", "EUR"), "too large"),
    (lambda: products_read(", ".join(f"p{n} {n}" for n in "abcdefghi"), "EUR"), "has no price"),
    (
        lambda: products_read("\n".join(f"{n} 1" for n in "abcdefghi"), "EUR"),
        "8 products at most, these are 9",
    ),
    (lambda: timezone_read("../Berlin"), "no time zone '../Berlin'"),
    (lambda: timezone_read("Berlin"), "Asia/Karachi"),
]


@pytest.mark.parametrize(("read", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_refused_in_words(read: object, said: str) -> None:
    with pytest.raises(WrongAnswer) as refused:
        read()  # type: ignore[operator]
    assert said in str(refused.value)


def test_enter_four_times_makes_a_shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, "\n\n\n\n", "Corner Shop") == 0
    said = capsys.readouterr().out
    assert said.count("?") >= 4
    assert "shoptalk chat flows/corner_shop" in said
    assert flow_lint(["flows"]) == 0
    assert test_command.run(_for_tests(["flows"])) == 0
    assert "4 conversations, all as their snapshots say" in capsys.readouterr().out
    assert sorted(one.name for one in (tmp_path / "flows").iterdir()) == ["corner_shop"]


def test_what_is_typed_is_what_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = "Bäckerei Blau\nchf\nhe en\nלחם 4,20, קפה 3\n"
    assert run(tmp_path, monkeypatch, typed, "bakery", "--timezone", "Europe/Zurich") == 0
    made = {file.name: file.read_text("utf-8") for file in (tmp_path / "flows" / "bakery").glob("*.yaml")}
    assert sorted(made) == [
        "business.yaml",
        "catalog.yaml",
        "customer.en.yaml",
        "customer.yaml",
        "workflow.yaml",
    ]
    for line in ("name: Bäckerei Blau", "currency: CHF", "country: CH", "languages: [he, en]"):
        assert line in made["business.yaml"]
    assert "name: לחם, price: 4.20" in made["catalog.yaml"]


def test_flags_ask_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [
        "--call",
        "A",
        "--currency",
        "JPY",
        "--languages",
        "en",
        "--product",
        "Tea 350",
        "--product",
        "Egg 20",
    ]
    assert run(tmp_path, monkeypatch, "", "a", *flags, "--in", "shops") == 0
    assert "[" not in capsys.readouterr().out
    assert "price: 350}" in (tmp_path / "shops" / "a" / "catalog.yaml").read_text("utf-8")


def test_nothing_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, "", "a") == 0
    catalog = tmp_path / "flows" / "a" / "catalog.yaml"
    catalog.write_text("mine", "utf-8")
    assert run(tmp_path, monkeypatch, "", "A!") == 1
    assert "there is a flows/a already; nothing was changed" in capsys.readouterr().err
    assert catalog.read_text("utf-8") == "mine"


def test_a_wrong_answer_that_is_piped_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, "\nEURO\n", "a") == 2
    assert "did you mean EUR?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class Typing(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def test_who_sits_at_a_terminal_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Typing("\nEURO\nEUR\n\nBread\nBread 3\n"))
    parser = ArgumentParser()
    new_command.add_arguments(parser)
    assert new_command.run(parser.parse_args(["a"])) == 0
    said = capsys.readouterr().out
    assert "  there is no currency 'EURO'; did you mean EUR?" in said
    assert "'Bread' has no price" in said


def test_editors_find_the_schemas_that_the_first_lines_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, monkeypatch, "", "a", "--languages", "en,ur") == 0
    files = list((tmp_path / "flows").rglob("*.yaml"))
    assert len(files) == 14
    for file in files:
        first = file.read_text("utf-8").splitlines()[0]
        assert (file.parent / first.removeprefix("# yaml-language-server: $schema=")).is_file(), file


def _for_tests(words: list[str]) -> object:
    parser = ArgumentParser()
    test_command.add_arguments(parser)
    return parser.parse_args(words)


def test_the_wheel_carries_everything_that_a_new_pack_is_made_of() -> None:
    package = ConfigParser()
    package.read(ROOT / "setup.cfg", encoding="utf-8")
    folder = ROOT / "adapters" / "starter"
    carried = {
        file
        for pattern in package["options.package_data"]["adapters.starter"].split(",")
        for file in folder.glob(pattern.strip())
    }
    needed = {file for file in folder.rglob("*") if file.suffix in (".yaml", ".j2")}
    assert carried == needed
    assert len(needed) == len(OFFERED) + 10
