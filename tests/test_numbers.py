"""Which business a provider's number belongs to, as servers start one after the other."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from live_server import NUMBER, settings_of
from processes import ROOT

from adapters.wiring import load_packs, make_site, storage_here


@pytest.mark.parametrize(
    ("named", "served", "owner"),
    [
        pytest.param("", ("wholesale", "cookie_barrel"), "cookie_barrel", id="it stays where it is served"),
        pytest.param("wholesale", ("cookie_barrel", "wholesale"), "wholesale", id="a setting names another"),
        pytest.param("", ("wholesale",), "wholesale", id="nobody here serves who had it"),
    ],
)
def test_a_number_that_has_a_business_keeps_it(
    tmp_path: Path, named: str, served: tuple[str, ...], owner: str
) -> None:
    """Two hosts that serve the same packs in another order do not give it back and forth."""
    packs = load_packs([ROOT / "flows"])
    first = settings_of(tmp_path, "http://127.0.0.1:9")
    assert first.meta is not None
    again = replace(first, meta=replace(first.meta, business=named))
    with closing(storage_here(first)) as storage:
        make_site(first, packs, storage, threads=0)
        assert storage.channel_business("meta", NUMBER) == "cookie_barrel"
        make_site(again, {name: packs[name] for name in served}, storage, threads=0)
        assert storage.channel_business("meta", NUMBER) == owner
