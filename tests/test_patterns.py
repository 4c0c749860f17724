"""Patterns read what the language says they read, and nothing makes them slow."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.patterns import BadPattern, Hole, Pattern
from engine.source import Place

TWO = "{item:number}, {quantity:number}"
TIMES = "{item:number} x {quantity:number}"

READS = [
    (TWO, "1,2", ("1", "2")),
    (TWO, "1, 2", ("1", "2")),
    (TWO, "1 , 2", ("1", "2")),
    (TWO, "1,  2", ("1", "2")),
    (TWO, " 1\t,\n2 ", ("1", "2")),
    (TWO, "1, -3", ("1", "-3")),
    (TWO, "1, 0", ("1", "0")),
    (TWO, "+1, 2", ("+1", "2")),
    (TWO, "۱، ۲", ("۱", "۲")),
    (TWO, "١،٢", ("١", "٢")),
    (TWO, "१, २", ("१", "२")),
    (TWO, "１，２", ("１", "２")),
    (TWO, "1、2", ("1", "2")),
    (TWO, "1️⃣, 2️⃣", ("1", "2")),
    (TWO, "\u200f1, 2\u200f", ("1", "2")),
    (TWO, "1, 99999999999999999999", ("1", "99999999999999999999")),
    (TWO, "1 2", None),
    (TWO, "1,2,3", None),
    (TWO, "1,2 please", None),
    (TWO, "1.5, 2", None),
    (TWO, "abc", None),
    (TWO, "", None),
    ("{item:number}، {quantity:number}", "1,2", ("1", "2")),
    (TIMES, "1 x 2", ("1", "2")),
    (TIMES, "1x2", ("1", "2")),
    (TIMES, "1 X2", ("1", "2")),
    (TIMES, "1×2", ("1", "2")),
    (TIMES, "1 * 2", ("1", "2")),
    (TIMES, "1 2", None),
    ("{quantity:number} × {item:number}", "1 x 2", ("1", "2")),
    ("{what} x {n:number}", "Extra cheese x 2", ("Extra cheese", "2")),
    ("{what} x {n:number}", "Extra cheese*2", ("Extra cheese", "2")),
    ("{what} x {n:number}", "Extra cheesex2", None),
    ("add {n:number} {what}", "ADD 2 Choc Chip", ("2", "Choc Chip")),
    ("add {n:number} {what}", "add2Choc", ("2", "Choc")),
    ("add {n:number} {what}", "add 2\nChoc\nChip", ("2", "Choc\nChip")),
    ("add {what}", "addition", None),
    ("add {what}", "add  Żółta ŁÓDŹ ", ("Żółta ŁÓDŹ",)),
    ("ADD {what}", "add ½ ﬁg", ("½ ﬁg",)),
    ("{what}, {n:number}", "a, b, 3", ("a, b", "3")),
    ("{a} and {b} and {c}", "x and y and z and w", ("x", "y", "z and w")),
    ("{first} {rest}", "one two three", ("one", "two three")),
    ("{w:word}: {d:decimal}", "Choc-chip:1.5", ("Choc-chip", "1.5")),
    ("{w:word}", "two words", None),
    ("note: {text}", "NOTE:No nuts!", ("No nuts!",)),
    ("ऑर्डर {n:number}", "ऑर्डर 5", ("5",)),
    ("آرڈر {n:number}", "آرڈر ۵", ("۵",)),
    ("to {mail:email}, {tel:phone}", "to a.b@c.com, +92 (300) 123-4567", ("a.b@c.com", "+92 (300) 123-4567")),
    ("2 for {n:number}", "۲ for 5", ("5",)),
    ("{n:number} 5", "7 5", ("7",)),
    ("5{n:number}", "57", ("7",)),
    ("what's {x}?", "What’s up ؟", ("up",)),
    ("{price:money} for {what}", "Rs. 1,500 for tea", ("Rs. 1,500", "tea")),
]


@pytest.mark.parametrize(("source", "message", "holes"), READS)
def test_patterns_read(source: str, message: str, holes: tuple[str, ...] | None) -> None:
    found = Pattern.compile(source).match(message)
    assert (None if found is None else tuple(found.values())) == holes


@pytest.mark.parametrize(
    ("source", "column", "length", "said"),
    [
        ("", 0, 1, "at least one word"),
        ("   ", 0, 3, "at least one word"),
        ("{}", 0, 2, "needs a name"),
        ("a {Item}", 2, 6, "cannot name a hole"),
        ("a {item:nmber}", 8, 5, "no type `nmber`; there are text word number"),
        ("{item:}", 6, 1, "no type"),
        ("{a}, {a}", 5, 3, "twice"),
        ("{a}{b}", 3, 3, "between them"),
        ("{a:number}50", 10, 1, "takes this digit too"),
        ("{a:decimal}५", 11, 1, "takes this digit too"),
        ("{place:location}", 0, 16, "not typed"),
        ("a { b", 2, 1, "stands alone"),
        ("a } b", 2, 1, "stands alone"),
        ("{a, {b}", 0, 1, "stands alone"),
    ],
)
def test_what_is_no_pattern_is_said_with_its_place(source: str, column: int, length: int, said: str) -> None:
    with pytest.raises(BadPattern, match=r"\S") as raised:
        Pattern.compile(source)
    assert said in raised.value.message
    assert (raised.value.column, raised.value.length) == (column, length)


def test_a_pattern_knows_its_holes() -> None:
    pattern = Pattern.compile("{ item : number } of {what}", Place("flow.yaml", 3, 5))
    assert pattern.holes == (Hole("item", "number", 0), Hole("what", "text", 21))
    assert pattern.place.line == 3
    assert not pattern.is_lone_number
    assert pattern == Pattern.compile("{ item : number } of {what}", Place("flow.yaml", 3, 5))


@pytest.mark.parametrize(
    ("source", "is_lone"),
    [("{n:number}", True), (" {n:number} ", True), ("{n:decimal}", False), ("#{n:number}", False)],
)
def test_a_lone_number(source: str, is_lone: bool) -> None:
    assert Pattern.compile(source).is_lone_number is is_lone


SOURCES = [
    TWO,
    TIMES,
    "{a} x {b}, {c} - {d}",
    "{a} {b} {c} {d}!",
    "{a}, {p:phone}, {w:word}, {m:money} end",
    "{e:email} {f:email} {g} end",
    "{m:money} {n:money} {o:money} end",
    "{d:decimal}{w:word} end",
]
LONG = [
    unit * (65_536 // len(unit))
    for unit in (" ", "a", "1", ", ", "x ", "- x", "1 1", "a@", ",x-", "1,", "é ", "a 1 ")
]


@pytest.mark.parametrize("source", [source for source in SOURCES if "}{" not in source])
def test_no_message_makes_a_pattern_slow(source: str) -> None:
    """64 KB that almost fit take time linear in their length: seconds would mean that it is not."""
    pattern = Pattern.compile(source)
    begun = time.process_time()
    for message in LONG:
        assert pattern.match(f"{message}\x00") is None
    assert time.process_time() - begun < 3


@given(
    st.sampled_from([source for source in SOURCES if "}{" not in source]),
    st.text(alphabet="1a, x-@.é*+\n٣", max_size=60),
)
@settings(max_examples=300)
def test_a_pattern_reads_holes_that_stand_in_the_message(source: str, message: str) -> None:
    found = Pattern.compile(source).match(message)
    if found is not None:
        assert all(value and value in message for value in found.values())


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_pattern_or_is_refused(source: str) -> None:
    with suppress(BadPattern):
        Pattern.compile(source).match("1, 2")


@given(st.text(alphabet="abc ,.x12é؟", min_size=1, max_size=20).filter(str.strip))
def test_a_pattern_without_holes_fits_its_own_text(text: str) -> None:
    assert Pattern.compile(text).match(text.upper()) == {}
