"""Makes the business, its products and its workflow from their files."""

from __future__ import annotations

import re
import string
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.business import ORDER_NUMBER, WEEKDAYS, Business
from engine.currencies import CURRENCIES, digits_of
from engine.nearest import unknown
from engine.reader.rule_reader import listed, mapped, name, names
from engine.reader.yaml_builder import DECIMAL, INTEGER
from engine.schema.pack import CURRENCY, HOURS, MOMENT
from engine.shop import Product
from engine.source import Listed, Mapped, Place, Problem, Span, Word
from engine.workflow import Move, Workflow

SPAN = r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-4]):([0-5]\d)"
DAYS = (date(2025, 10, 18), date(2025, 10, 19), date(2025, 11, 18), date(2026, 10, 18))
COUNT = r"0?[0-9]?[0-9]?d?"


def read_business(document: Mapped, problems: list[Problem]) -> Business | None:
    """Who sells; None where a part without which nothing works is missing or wrong."""
    called, currency, zone = (name(document.get(key)) for key in ("business", "currency", "timezone"))
    # What its schema has refused is not told twice.
    if currency is not None and re.search(CURRENCY, currency) is None:
        currency = None
    if currency is not None and currency not in CURRENCIES:
        message = f"'{currency}' is no currency; write its code in ISO 4217, such as INR"
        _say(problems, document, "currency", message)
        currency = None
    if zone is not None and not _is_zone(zone):
        _say(problems, document, "timezone", unknown("time zone", zone, _zones()))
        zone = None
    number = name(document.get("order_number"))
    wrong = wrong_in_order_number(number) if number is not None else None
    if wrong is not None:
        _say(problems, document, "order_number", wrong)
        number = None
    if called is None or currency is None or zone is None:
        return None
    return Business(
        id=called,
        name=name(document.get("name")) or called,
        currency=currency,
        timezone=zone,
        languages=names(document.get("languages")) or (Word("en"),),
        order_number=number or ORDER_NUMBER,
        opening_hours=_opening_hours(mapped(document.get("opening_hours")), problems),
        phone=name(document.get("phone")) or "",
        address=name(document.get("address")) or "",
        country=name(document.get("country")) or "",
        flows={role: file for role, file in mapped(document.get("flows")).items() if isinstance(file, Word)},
    )


def _say(problems: list[Problem], document: Mapped, key: str, message: str, rule: str = "schema") -> None:
    span = document.spans[key]
    problems.append(Problem(span.place, rule, message, span.length))


def _is_zone(zone: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _zones() -> list[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())


def wrong_in_order_number(shape: str) -> str | None:
    """What keeps a format from giving each order a number of its own; None where nothing does."""
    try:
        parts = list(string.Formatter().parse(shape))
    except ValueError:
        return "`order_number` has a brace too many or too few"
    fields = {field: spec or "" for _, field, spec, _ in parts if field is not None}
    for _, field, spec, conversion in parts:
        if field is None:
            continue
        if field not in ("date", "n") or conversion or "{" in (spec or ""):
            return f"`order_number` knows {{date:…}} and {{n:…}}, not {{{field}}}"
    if "n" not in fields:
        return "`order_number` needs {n}, the count of the day's orders, such as {n:06}"
    if not all(re.fullmatch(COUNT, spec or "") for _, field, spec, _ in parts if field == "n"):
        return "`{n:…}` takes how many digits it has, such as {n:06}"
    try:
        numbers = {shape.format(date=day, n=1) for day in DAYS}
    except (ValueError, KeyError, IndexError):
        return "`{date:…}` takes the parts of a date, such as {date:%Y%m%d}"
    if len(numbers) < len(DAYS):
        return "`order_number` needs the whole date, such as {date:%Y%m%d}: `n` starts over every day"
    return None


def _opening_hours(given: Mapped, problems: list[Problem]) -> dict[str, tuple[tuple[time, time], ...]]:
    hours: dict[str, tuple[tuple[time, time], ...]] = {}
    for day, value in given.items():
        spans = []
        for one in listed(value):
            if not isinstance(one, str) or re.search(HOURS, one) is None:
                continue
            found = re.fullmatch(SPAN, one)
            if found is None or (found[3] == "24" and found[4] != "00"):
                _say(problems, given, day, f"'{one}' is no span of hours; write 09:00-22:00")
                continue
            opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]) % 24, int(found[4]))
            spans.append((opens, closes))
        if day in WEEKDAYS:
            hours[day] = tuple(spans)
    return hours


def read_products(document: Mapped, currency: str | None, problems: list[Problem]) -> tuple[Product, ...]:
    """The products, in the order of the file; numbers and codes are each used once."""
    products = []
    first: dict[tuple[str, Any], int] = {}
    rows = [given for given in listed(document.get("products")) if isinstance(given, Mapped)]
    lines = {str(given["number"]): given.spans["number"].place.line for given in rows if "number" in given}
    for given in rows:
        number, code, price = given.get("number"), name(given.get("code")), given.get("price")
        for key in ("number", "code"):
            value = given.get(key)
            line = first.get((key, value)) if isinstance(value, int | str) else None
            if line is not None:
                _say(
                    problems,
                    given,
                    key,
                    f"{key} {value} is used a second time; the first is on line {line}",
                    "clash",
                )
            elif key in given and isinstance(value, int | str):
                first[(key, value)] = given.spans[key].place.line
        line = lines.get(code or "")
        if line is not None and code != str(number):
            said = f"the code {code} is the number of the product on line {line}: which of them is meant?"
            _say(problems, given, "code", said, "clash")
        if type(number) is not int or code is None or not isinstance(price, int | Decimal):
            continue
        price = Decimal(price)
        if currency is not None and -int(price.as_tuple().exponent) > digits_of(currency):
            digits = digits_of(currency)
            _say(
                problems,
                given,
                "price",
                f"a price in {currency} has at most {digits} digits behind the point",
            )
        stock = given.get("stock")
        products.append(
            Product(
                number=number,
                code=code,
                name=name(given.get("name")) or code,
                price=price,
                stock=stock if type(stock) is int else None,
                category=name(given.get("category")) or "",
                on_sale=given.get("available") is not False,
            )
        )
    return tuple(products)


FIELD = r'[ \t]*(?:"((?:[^"]|"")*)"[ ]*|([^%s\r\n]*))(?P<end>%s|\r\n|\n|\r|$)'
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_csv(text: str, file: str) -> tuple[Mapped, list[Problem]]:
    """The products of a table whose first row names the columns, as the document a catalog.yaml would be.

    Fields are parted by commas, semicolons or tabs, whichever stands first in the first row.
    """
    rows, problems = _rows(text, file)
    document, products = Mapped(Place(file, 1, 1)), Listed(Place(file, 1, 1))
    document.put(Word.at("products", products.place), products, Span(products.place, 1))
    header = [Word.at(word.strip().lower(), word.place) for word in rows[0]] if rows else []
    for row in rows[1:]:
        if not any(word.strip() for word in row):
            continue
        product = Mapped(row[0].place)
        for key, word in zip(header, row, strict=False):
            if word.strip() and key not in product:
                value = _cell(key, word)
                product.put(Word.at(key, word.place), value, Span(word.place, max(1, len(word))))
        if len(row) > len(header):
            extra = row[len(header)]
            message = "this row has more fields than the first row names; put a text with a comma in quotes"
            problems.append(Problem(extra.place, "schema", message, max(1, len(extra))))
        products.put(product, Span(product.place, 1))
    return document, problems


def _cell(column: str, word: Word) -> Any:
    text = word.strip()
    if column in ("number", "price", "stock"):
        if INTEGER.fullmatch(text):
            return int(text)
        if DECIMAL.fullmatch(text):
            return Decimal(text)
    if column == "available" and text.lower() in TRUTHS:
        return TRUTHS[text.lower()]
    return Word.at(text, word.place)


def _rows(text: str, file: str) -> tuple[list[list[Word]], list[Problem]]:
    parted_by = next((sign for sign in text.partition("\n")[0] if sign in ",;\t"), ",")
    field = re.compile(FIELD % (parted_by, parted_by))
    rows: list[list[Word]] = [[]]
    line, line_start, at = 1, 0, 0
    while at < len(text):
        found = field.match(text, at)
        if found is None:
            message = "the quotes of this field are not closed, or something stands behind them"
            return rows, [Problem(Place(file, line, at - line_start + 1), "schema", message)]
        quoted = found[1]
        value = quoted.replace('""', '"') if quoted is not None else found[2]
        rows[-1].append(Word.at(value, Place(file, line, at - line_start + 1)))
        breaks = found[0].count("\n") + found[0].count("\r") - found[0].count("\r\n")
        at = found.end()
        if breaks:
            line, line_start = line + breaks, at
        if found["end"] != parted_by:
            rows.append([])
    return [row for row in rows if row], []


def check_moment(conversation: Mapped, problems: list[Problem]) -> None:
    """Whether there is the moment at which a conversation begins."""
    at = conversation.get("at")
    if isinstance(at, Word) and re.search(MOMENT, at):
        try:
            datetime.fromisoformat(at)
        except ValueError:
            _say(problems, conversation, "at", f"there is no such moment as {at}")


def read_workflow(document: Mapped) -> Workflow | None:
    """The life of an order; None where it cannot be told."""
    order = mapped(document.get("order"))
    start, moves = name(order.get("start")), mapped(order.get("moves"))
    if start is None:
        return None
    read = {}
    for key, value in moves.items():
        given = mapped(value)
        source, to = names(given.get("from")), name(given.get("to"))
        if source and to is not None:
            read[key] = Move(
                name=key,
                source=source,
                to=to,
                by=names(given.get("by")),
                do=names(given.get("do")),
                tell=name(given.get("tell")),
                place=moves.word(key).place,
            )
    return Workflow(start, read)
