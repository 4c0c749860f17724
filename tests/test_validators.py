"""Tests the validators: each with its table of values that pass and values that it refuses."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any

import pytest
from drafts import SHOP, cases_of, draft_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contract import NOON, PACK

from engine.message import Inbound
from engine.turn import BrokenTurn
from engine.validators import VALIDATORS
from engine.validators.matches import LONGEST_SECONDS
from engine.validators.within import kilometres_between


def _rows(outcome: str) -> list[Any]:
    return [
        pytest.param(name, case, value, id=f"{name}-{case['parameters']}-{value!r}"[:120])
        for name in VALIDATORS
        for case in cases_of("validators", name)
        for value in case[outcome]
    ]


def _check(name: str, case: dict[str, Any], value: object) -> bool:
    moment = datetime.fromisoformat(str(case["now"])) if "now" in case else NOON
    draft = draft_of(moment=moment, message=case.get("message"))
    return VALIDATORS[name].check(draft, value, **case["parameters"])


@pytest.mark.parametrize(("name", "case", "value"), _rows("passes"))
def test_passes(name: str, case: dict[str, Any], value: object) -> None:
    assert _check(name, case, value) is True


@pytest.mark.parametrize(("name", "case", "value"), _rows("refuses"))
def test_refuses(name: str, case: dict[str, Any], value: object) -> None:
    assert _check(name, case, value) is False


@pytest.mark.parametrize("name", VALIDATORS)
def test_every_parameter_has_a_case(name: str) -> None:
    used = {parameter for case in cases_of("validators", name) for parameter in case["parameters"]}
    assert used == set(VALIDATORS[name].parameters) - {"value"}


@pytest.mark.parametrize("name", set(VALIDATORS) - {"check"})
def test_all_but_check_may_look_at_another_value(name: str) -> None:
    assert "value" in VALIDATORS[name].parameters


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.lists(st.integers()),
    st.dictionaries(st.sampled_from(["latitude", "longitude", "address"]), st.floats() | st.text()),
)


@pytest.mark.parametrize(("name", "case"), [(name, cases_of("validators", name)[0]) for name in VALIDATORS])
@settings(max_examples=50)
@given(value=VALUES)
def test_no_value_breaks_a_validator(name: str, case: dict[str, Any], value: object) -> None:
    assert isinstance(_check(name, case, value), bool)


BOUNDS = {
    "length": {"min", "max"},
    "between": {"min", "max"},
    "one_of": {"values"},
    "in_stock": {"quantity"},
    "phone": {"country"},
    "date": {"min", "max", "weekdays"},
    "within": {"latitude", "longitude", "kilometres"},
}


@pytest.mark.parametrize(("name", "parameter"), [(name, each) for name in BOUNDS for each in BOUNDS[name]])
@settings(max_examples=25)
@given(bound=VALUES)
def test_no_parameter_that_is_worked_out_breaks_a_validator(name: str, parameter: str, bound: object) -> None:
    case = cases_of("validators", name)[0]
    parameters = {**case["parameters"], parameter: bound}
    for value in case["passes"]:
        assert isinstance(_check(name, {**case, "parameters": parameters}, value), bool)


def test_no_pattern_holds_a_turn_up() -> None:
    before = perf_counter()
    assert not VALIDATORS["matches"].check(draft_of(), "a" * 60 + "b", pattern="(a|aa)+$")
    assert perf_counter() - before < 40 * LONGEST_SECONDS


@pytest.mark.parametrize("pattern", ["(", "[a", "*", 5])
def test_a_pattern_that_is_none_breaks_the_turn_and_says_so(pattern: object) -> None:
    with pytest.raises(BrokenTurn, match="no regular expression"):
        VALIDATORS["matches"].check(draft_of(), "text", pattern=pattern)


def test_a_number_without_a_country_needs_its_plus_where_the_business_has_none() -> None:
    draft = draft_of(SHOP._replace(business=SHOP.business.replaced(country="")))
    check = VALIDATORS["phone"].check
    assert check(draft, "+923001234567")
    assert not check(draft, "03001234567")
    assert check(draft, "03001234567", country="PK")


def test_a_business_without_opening_hours_is_always_open() -> None:
    draft = draft_of(PACK)
    assert VALIDATORS["opening_hours"].check(draft)
    assert VALIDATORS["opening_hours"].check(draft, draft.now.date())


def test_a_place_that_was_sent_is_looked_at_though_nothing_saves_it() -> None:
    centre = {"latitude": 24.86, "longitude": 67.0, "kilometres": 5}
    draft = draft_of()
    check = VALIDATORS["within"].check
    for latitude, is_near in [(24.87, True), (25.0, False)]:
        draft.message = Inbound("location", latitude=latitude, longitude=67.0)
        assert check(draft, "", **centre) is is_near
        assert check(draft, "Saddar", **centre) is False


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_a_distance_is_the_same_there_and_back(a: float, b: float, c: float, d: float) -> None:
    there, back = kilometres_between(a, b, c, d), kilometres_between(c, d, a, b)
    assert there == pytest.approx(back)
    assert 0 <= there < 20_016
    assert kilometres_between(a, b, a, b) == 0


@pytest.mark.parametrize(
    "pattern", ["(", "(?V1)(?V0)a", "(" * 3000 + ")" * 3000, "x{2000000000}", 5, "(a{999}){999}"]
)
def test_what_is_no_regular_expression_breaks_the_turn_and_nothing_else(pattern: object) -> None:
    with pytest.raises(BrokenTurn, match="no regular expression"):
        VALIDATORS["matches"].check(draft_of(), "a text", pattern=pattern)
