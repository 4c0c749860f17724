"""Every example of what can be said fits the rule that it stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
from drafts import draft_of

from adapters.packs import load_pack
from engine.declarations import Unreadable
from engine.durations import read_duration
from engine.flow import Flow
from engine.pack import Pack
from engine.sayings import fitting, sayings, spelled
from engine.types import TYPES
from engine.words import fold

PACKS = [load_pack(Path("flows") / name).pack for name in ("cookie_barrel", "wholesale")]


def flows() -> list[tuple[Pack, Flow]]:
    return [(pack, flow) for pack in PACKS if pack is not None for flow in pack.flows.values()]


@pytest.mark.parametrize(("pack", "flow"), flows(), ids=lambda one: getattr(one, "path", ""))
def test_a_command_is_said_by_its_word_or_a_text_that_fits_its_pattern(pack: Pack, flow: Flow) -> None:
    said = set()
    for state in flow.states.values():
        for saying in sayings(flow, state, products=pack.products):
            if saying.kind != "command" or not isinstance(saying.said, str):
                continue
            words = [fold(word) for words in saying.rule.words.values() for word in words]
            patterns = [pattern for group in saying.rule.patterns.values() for pattern in group]
            assert fold(saying.said) in words or any(one.match(saying.said) for one in patterns)
            said.add(saying.rule.name)
    assert said >= set(flow.commands)


@pytest.mark.parametrize(("pack", "flow"), flows(), ids=lambda one: getattr(one, "path", ""))
def test_every_pattern_has_a_text_that_fits(pack: Pack, flow: Flow) -> None:
    rules = [*flow.commands.values(), *(rule for s in flow.states.values() for rule in s.commands.values())]
    patterns = [pattern for rule in rules for group in rule.patterns.values() for pattern in group]
    assert patterns
    for pattern in patterns:
        assert pattern.match(fitting(pattern, pack.products)) is not None, pattern.source


def test_final_states_hear_nothing_and_human_ones_no_words() -> None:
    flow = PACKS[1].flows["customer"]  # type: ignore[union-attr]
    assert list(sayings(flow, flow.states["order_taken"])) == []
    assert {saying.kind for saying in sayings(flow, flow.states["with_a_person"])} == {"event"}


@pytest.mark.parametrize("name", [name for name, one in TYPES.items() if one.example])
def test_the_example_of_a_type_can_be_read(name: str) -> None:
    try:
        TYPES[name].read(TYPES[name].example, draft_of())
    except Unreadable as error:
        pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("seconds", [1, 59, 60, 90, 3600, 7200, 86400, 129600])
def test_a_length_of_time_reads_back(seconds: int) -> None:
    duration = read_duration(spelled(seconds))
    assert duration is not None
    assert duration.total_seconds() == seconds
