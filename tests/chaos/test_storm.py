"""A short storm in every test run; `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from storm import Plan, storm


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        ("sqlite", Plan(customers=60, seconds=10, kills=4, seed=20251018)),
        ("postgresql", Plan(customers=60, seconds=12, kills=7, seed=20251018)),
    ],
)
def test_nothing_is_lost_and_nothing_doubled(kind: str, plan: Plan, tmp_path: Path) -> None:
    outcome = storm(plan, kind, tmp_path)
    assert outcome.broken == [], outcome.story
