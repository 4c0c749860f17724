"""Words are compared as the language says, whatever keyboards and emoji do to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.words import fold, nearest, with_plain_digits

FOLDED = [
    # plain ASCII
    ("Menu", "menu"),
    ("  MENU!! ", "menu"),
    ("'done'.", "done"),
    ("place   my\norder", "place my order"),
    ("don't", "don't"),
    ("\x00menu\x7f", "menu"),
    # nothing would be left
    ("?", "?"),
    (" ? ", "?"),
    ("?!", "?!"),
    ("👍", "👍"),
    ("👍🏽", "👍"),
    ("❤️", "❤"),
    ("👨‍👩‍👧", "👨‍👩‍👧"),
    ("", ""),
    ("   ", ""),
    # punctuation and emoji of any script at the ends
    ("✅ done ✅", "done"),
    ("menu 👍🏽", "menu"),
    ("¿menú?", "menú"),
    ("« Menu »", "menu"),
    ("مینو؟", "مینو"),
    ("🇵🇰 menu", "menu"),
    # compatibility forms and case
    ("ＭＥＮＵ", "menu"),
    ("STRASSE", "strasse"),
    ("Straße", "strasse"),
    ("ﬁne", "fine"),
    ("①", "1"),
    ("1️⃣", "1"),
    ("Cafe\u0301", "café"),
    # marks that belong to letters stay, marks that only steer direction go
    ("हाँ", "हाँ"),
    ("שָׁלוֹם", "שָׁלוֹם"),
    ("جِی ہاں", "جِی ہاں"),
    ("\u200fمینو\u200e", "مینو"),
    ("me\u200enu", "menu"),
    ("\u2068menu\u2069", "menu"),
    ("\ufeffmenu", "menu"),
    ("می\u200cخواهم", "می\u200cخواهم"),
]


@pytest.mark.parametrize(("typed", "folded"), FOLDED, ids=[ascii(typed) for typed, _ in FOLDED])
def test_words_are_folded(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_way_for_plain_ascii_gives_what_the_long_way_gives(text: str) -> None:
    from engine import words

    assert fold(text) == words._fold(text)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("meun", "menu"),
        ("chekout", "checkout"),
        ("CART", "cart"),
        ("hlep!", "help"),
        ("tota", None),
        ("xyz", None),
        ("no", None),
        ("", None),
    ],
)
def test_the_nearest_word(word: str, found: str | None) -> None:
    assert nearest(word, ["menu", "cart", "checkout", "help", "done"]) == found


def test_of_two_equally_near_words_the_first_is_meant() -> None:
    assert nearest("bart", ["cart", "dart"]) == "cart"
    assert nearest("dart", ["cart", "dart"]) == "dart"
    assert nearest("mennnu", ["menu"], distance=1) is None


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("۱۲", "12"), ("٣", "3"), (" 5 ", "5"), ("５", "5"), ("1️⃣", "1"), ("−4", "-4"), ("a\u200f1", "a1")],
)
def test_digits_of_any_script(typed: str, plain: str) -> None:
    assert with_plain_digits(typed) == plain
