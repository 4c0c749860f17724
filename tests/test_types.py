"""Every type reads what its table of cases says, and keeps it as JSON."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from drafts import CASES, FLOW, NOON, SHOP, cases_of, draft_of
from hypothesis import given
from hypothesis import strategies as st
from shop_contract import ANN, wanted

from engine.declarations import Unreadable
from engine.draft import Draft
from engine.memory import MemoryShop
from engine.message import Inbound, Media
from engine.patterns import Pattern
from engine.types import TYPES

ROWS = [(name, case) for name in TYPES for case in cases_of("types", name)]


def draft_for(case: dict[str, Any]) -> Draft:
    changes = {key: case[key] for key in ("country", "currency") if key in case}
    pack = SHOP._replace(business=SHOP.business.replaced(**changes))
    everything = MemoryShop(pack)
    for code in case.get("ordered", ()):
        product = next(one for one in pack.products if one.code == code)
        everything.for_customer(ANN, "customer").place_order(wanted((product, 1), at=NOON))
    draft = draft_of(pack, everything)
    draft.flow = FLOW._replace(languages=tuple(case.get("languages", FLOW.languages)))
    message = dict(case.get("message", {"kind": "text"}))
    if "media" in message:
        message["media"] = Media(**message["media"])
    draft.message = Inbound(**{"text": case["text"], **message})
    return draft


@pytest.mark.parametrize(("name", "case"), ROWS, ids=[f"{name}-{case['text'][:20]}" for name, case in ROWS])
def test_a_type_reads_its_cases(name: str, case: dict[str, Any]) -> None:
    declared = TYPES[name]
    draft = draft_for(case)
    if case.get("refused"):
        with pytest.raises(Unreadable):
            declared.read(case["text"], draft)
        return
    value = declared.read(case["text"], draft)
    stored = declared.store(value)
    assert stored == case["stores"]
    assert declared.load(orjson.loads(orjson.dumps(stored)), draft) == value


def test_every_type_has_cases_that_read_and_cases_that_refuse() -> None:
    assert {path.stem for path in (CASES / "types").glob("*.yaml")} == set(TYPES)
    for name, declared in TYPES.items():
        assert declared.name == name
        kinds = {bool(case.get("refused")) for each, case in ROWS if each == name}
        assert kinds == {True, False}, name


def test_what_a_product_or_order_slot_remembers_may_be_gone() -> None:
    draft = draft_of()
    assert TYPES["product"].load("no-such-code", draft) is None
    assert TYPES["order"].load("C1", draft) is None


@pytest.mark.parametrize("name", [name for name, declared in TYPES.items() if declared.shape])
def test_what_a_type_reads_fits_its_hole(name: str) -> None:
    pattern = Pattern.compile(f"take {{it:{name}}} now")
    for case in cases_of("types", name):
        if not case.get("refused") and "\n" not in case["text"]:
            found = pattern.match(f"take {case['text'].strip()} now")
            assert found is not None, case["text"]
            assert TYPES[name].store(TYPES[name].read(found["it"], draft_for(case))) == case["stores"]


QUICK = [name for name in TYPES if name not in ("date", "datetime")]


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    draft = draft_of(message=text)
    for name in QUICK:
        try:
            orjson.dumps(TYPES[name].store(TYPES[name].read(text, draft)))
        except Unreadable:
            continue
