"""Throws random customers at the seed shops: whatever they send, no turn breaks and the shop holds."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from talking import Talker

from adapters.channels.twilio import LIMITS as TWILIO
from adapters.packs import load_pack
from engine.interpreter import Interpreter
from engine.limits import PLAIN, Limits
from engine.message import Inbound, Media
from engine.rehearsal.fuzzing import unfit

FLOWS = Path(__file__).parent.parent / "flows"
MOST = {"cookie_barrel": 50, "wholesale": 500}
"""Pack: the most of one product that its flow takes."""


@cache
def interpreter_of(pack: str) -> Interpreter:
    reading = load_pack(FLOWS / pack)
    assert reading.pack is not None
    return Interpreter(reading.pack)


KNOWN = st.sampled_from(
    [
        "hi",
        "menu",
        "cart",
        "help",
        "done",
        "clear",
        "cancel",
        "confirm",
        "skip",
        "same",
        "yes",
        "ٹوکری",
        "مینو",
        "urdu",
        "english",
        "1, 2",
        "1, 50",
        "2 x 3",
        "۳، ۴",
        "7",
        "99, 1",
        "1, 0",
        "1, -5",
        "remove 1",
        "1",
        "1 x 10",
        "17 x 41",
        "1 x 500",
        "36 x 3",
        "4",
        "more",
        "place order",
        "no",
        "repeat",
        "my orders",
        "cancel order",
        "shop Madina Store, Main Bazaar",
        "talk to us",
        "Ayesha",
        "12 Clifton Block 5, Karachi",
        "{{ 7*7 }}",
        "{% for x in y %}",
        "'; DROP TABLE orders; --",
        "‮1, 2‬",
        "👍",
        "?",
        "",
        " ",
        "A" * 5000,
    ]
)
TEXTS = st.one_of(
    KNOWN, KNOWN, st.text(max_size=60), st.from_regex(r"-?\d{1,25} ?[,x×] ?-?\d{1,25}", fullmatch=True)
)
OTHERS = st.sampled_from(
    [
        Inbound("image", "cart", media=Media(id="1")),
        Inbound("audio", media=Media(id="2")),
        Inbound("location", latitude=24.8, longitude=67.0),
        Inbound("contacts"),
        Inbound("order", items=(("choc_chip", 2),)),
        Inbound("reaction", "👍"),
        Inbound("revoke"),
        Inbound("system"),
        Inbound("unsupported"),
    ]
)
PRESSES = st.tuples(st.just("press"), st.integers(0, 8))
STEPS = st.one_of(
    TEXTS, TEXTS, PRESSES, OTHERS, st.tuples(st.just("wait"), st.integers(1, 7200)), st.just(("event", 0))
)


def take(talk: Talker, step: Any, pressed: list[str]) -> list[str]:
    if isinstance(step, str):
        return talk.say(step)
    if isinstance(step, Inbound):
        return talk.hear(step)
    what, amount = step
    if what == "wait":
        return talk.wait(seconds=amount)
    if what == "event":
        return talk.event("handed_back")
    return talk.press_id(pressed[amount % len(pressed)], "a title") if pressed else talk.say("hi")


@pytest.mark.parametrize("pack", MOST)
@pytest.mark.parametrize("limits", [Limits(), PLAIN, TWILIO], ids=["buttons", "plain", "twilio"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_no_customer_breaks_a_turn(pack: str, limits: Limits, steps: list[Any]) -> None:
    interpreter = interpreter_of(pack)
    talk = Talker(interpreter, limits)
    pressed: list[str] = []
    for step in steps:
        before = talk.conversation
        said = take(talk, step, pressed)
        talk.now += timedelta(seconds=1)
        trace = talk.turn.trace if talk.turn else []
        is_message = not (isinstance(step, tuple) and step[0] in ("wait", "event"))
        recorded = [each["why"] for each in trace if each["step"] == "recorded"]
        assert said or recorded or not is_message, f"silence that nobody decided on, after {step!r}"
        for line in talk.conversation.cart:
            assert 1 <= line[1] <= MOST[pack], talk.conversation.cart
        if talk.turn is not None:
            pressed += [option.id for reply in talk.turn.replies for option in (*reply.buttons, *reply.rows)]
            for reply in talk.turn.replies:
                assert list(unfit(reply, limits)) == []
                assert "Traceback" not in reply.text
        assert talk.conversation.visit >= before.visit
    stock = talk.memory.stock
    sold: dict[str, int] = {}
    for placed in talk.memory.orders_placed:
        for line in placed.order.lines:
            sold[line.product.code] = sold.get(line.product.code, 0) + line.quantity
    for product in interpreter.pack.products:
        if product.stock is not None:
            assert stock[product.code] == product.stock - sold.get(product.code, 0) >= 0
