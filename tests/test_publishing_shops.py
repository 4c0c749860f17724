"""Publishes changes of the seed shops with a customer in every state: all goes on as if nobody had."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from functools import cache

import pytest
from talking import Talker
from test_publishing import pack_of
from test_versions import Between

from engine.interpreter import Interpreter
from engine.sayings import sayings

PACKS = ("cookie_barrel", "wholesale")


@cache
def interpreter(pack: str, state: str = "", told: bool = False) -> Interpreter:
    """The pack's flow; with a state, it is another version in which that one has a new name."""
    same = pack_of(pack)
    if not state:
        return Interpreter(same)
    assert same.files is not None
    renamed = {
        file: re.sub(
            rf"(?<![\w/]){state}\b", f"{state}_anew", raw.decode() if isinstance(raw, bytes) else raw
        )
        for file, raw in same.files.items()
        if file.startswith("customer")
    }
    if told:
        renamed["customer.yaml"] += f"\nmoved: {{{state}: {state}_anew}}\n"
    return Interpreter(pack_of(pack, **{file.replace(".", "__"): text for file, text in renamed.items()}))


@cache
def commented(pack: str) -> Interpreter:
    edits = (("customer.yaml", "\nstates:\n", "\nabout: a shop\n# what there is\nstates:\n"),)
    return Interpreter(pack_of(pack, *edits))


def texts_in(talker: Talker) -> list[str]:
    """What a customer can say where the talk stands."""
    flow = talker.interpreter.flow
    products = talker.interpreter.pack.products
    found = (saying.said for saying in sayings(flow, flow.states[talker.state], products=products))
    return [*(said for said in found if isinstance(said, str)), "House 12, Street 4", "1, 2"]


@cache
def ways(pack: str) -> Mapping[str, tuple[str, ...]]:
    """State: the shortest that a customer says to come there and wait."""
    found: dict[str, tuple[str, ...]] = {}
    seen: set[tuple[str, bool]] = set()
    waiting: deque[tuple[str, ...]] = deque([()])
    while waiting:
        said = waiting.popleft()
        talker = Talker(interpreter(pack))
        for text in said:
            talker.say(text)
        standing = (talker.state, bool(talker.conversation.cart))  # an empty cart leads elsewhere
        if standing in seen:
            continue
        seen.add(standing)
        found.setdefault(talker.state, said)
        waiting.extend((*said, text) for text in texts_in(talker))
    return found


WAITING = [(pack, state) for pack in PACKS for state in ways(pack)]


@pytest.mark.parametrize("pack", PACKS)
def test_every_state_that_waits_is_tried(pack: str) -> None:
    flow = interpreter(pack).flow
    passed = {name for name, state in flow.states.items() if any(one.when is None for one in state.branches)}
    assert set(ways(pack)) >= set(flow.states) - passed - {"order_taken", "asking_to_replace"}


@pytest.mark.parametrize(("pack", "state"), WAITING)
@pytest.mark.parametrize("change", ["nothing", "a comment", "renamed", "renamed and told"])
def test_a_customer_in_every_state_hears_what_they_would_have_heard(
    pack: str, state: str, change: str
) -> None:
    old = interpreter(pack)
    new = {
        "nothing": lambda: interpreter(pack),
        "a comment": lambda: commented(pack),
        "renamed": lambda: interpreter(pack, state),
        "renamed and told": lambda: interpreter(pack, state, True),
    }[change]()
    way = ways(pack)[state]
    asked = Talker(old)
    for text in way:
        asked.say(text)
    for said in texts_in(asked):
        plain, between = Talker(old), Between(old)
        for text in way:
            plain.say(text)
            between.say(text)
        between.publish_compiled(new)
        assert between.say(said) == plain.say(said), said
        assert between.state.removesuffix("_anew") == plain.state, said
        assert dict(between.slots) == dict(plain.slots), said
        # And once more, from wherever that led.
        for more in ("1", "done"):
            assert between.say(more) == plain.say(more), (said, more)
            assert between.state.removesuffix("_anew") == plain.state, (said, more)
