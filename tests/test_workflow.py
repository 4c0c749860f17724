"""Tests the life of an order: which moves lead on, for whom, and that one machine serves all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_contract import ANN, CAKE, COOKIE, PACK, wanted

from engine.memory import MemoryShop
from engine.turn import Failure
from engine.workflow import DEEDS, Move, Workflow, make_move

LIFE = Workflow(
    "pending",
    {
        "confirm": Move("confirm", ("pending",), "confirmed", ("staff", "manager")),
        "prepare": Move("prepare", ("confirmed",), "preparing", ("staff", "manager")),
        "hold": Move("hold", ("preparing",), "preparing", ("manager",)),
        "deliver": Move("deliver", ("preparing",), "delivered", ("staff",)),
        # names that a machine or a status could take for its own
        "state": Move("state", ("delivered",), "trigger", ("staff",)),
        "cancel": Move(
            "cancel", ("pending", "confirmed"), "cancelled", ("customer", "staff"), ("restock",), "sorry"
        ),
    },
)


@pytest.mark.parametrize(
    ("status", "name", "by", "after"),
    [
        ("pending", "confirm", "staff", "confirmed"),
        ("pending", "confirm", "manager", "confirmed"),
        ("pending", "cancel", "customer", "cancelled"),
        ("confirmed", "cancel", "customer", "cancelled"),
        ("preparing", "hold", "manager", "preparing"),
        ("delivered", "state", "staff", "trigger"),
    ],
)
def test_a_move_leads_on(status: str, name: str, by: str, after: str) -> None:
    assert LIFE.move(status, name, by) == after


@pytest.mark.parametrize(
    ("status", "name", "by"),
    [
        ("pending", "confirm", "customer"),  # another role's move
        ("pending", "confirm", ""),
        ("preparing", "cancel", "customer"),  # does not lead on from here
        ("cancelled", "cancel", "staff"),
        ("pending", "eat", "staff"),  # no such move
        ("pending", "os.getcwd", "staff"),
        ("pending", "to_cancelled", "staff"),  # no way round the moves
        ("lost", "confirm", "staff"),  # a status of an older workflow
        ("", "confirm", "staff"),
    ],
)
def test_no_other_move_does(status: str, name: str, by: str) -> None:
    with pytest.raises(Failure) as failed:
        LIFE.move(status, name, by)
    assert failed.value.code == "not_allowed"


@given(
    st.sampled_from(LIFE.statuses),
    st.sampled_from(list(LIFE.moves)),
    st.sampled_from(["customer", "staff", "manager", "nobody"]),
)
def test_the_machine_does_what_the_table_says(status: str, name: str, by: str) -> None:
    move = LIFE.moves[name]
    if status in move.source and by in move.by:
        assert LIFE.move(status, name, by) == move.to
    else:
        with pytest.raises(Failure, match="not_allowed"):
            LIFE.move(status, name, by)


def test_statuses_are_named_once_the_start_first() -> None:
    assert LIFE.statuses == ("pending", "confirmed", "preparing", "delivered", "trigger", "cancelled")


def test_an_order_is_open_while_a_move_leads_on() -> None:
    assert [status for status in (*LIFE.statuses, "lost") if LIFE.is_open(status)] == [
        "pending",
        "confirmed",
        "preparing",
        "delivered",
    ]


def test_a_workflow_without_moves_is_over_at_once() -> None:
    life = Workflow("placed", {})
    assert life.statuses == ("placed",)
    assert not life.is_open("placed")
    with pytest.raises(Failure, match="not_allowed"):
        life.move("placed", "cancel", "staff")


def test_the_machine_holds_no_phantom_state_and_no_order() -> None:
    LIFE.move("pending", "confirm", "staff")
    machine = LIFE._machine
    assert list(machine.states) == list(LIFE.statuses)
    assert machine.models == []
    assert set(machine.events) == {f"move:{name}" for name in LIFE.moves}
    assert LIFE._machine is machine


def test_threads_share_it() -> None:
    def live(n: int) -> str:
        status = LIFE.move("pending", "confirm" if n % 2 else "cancel", "staff")
        return LIFE.move(status, "prepare", "staff") if n % 2 else status

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(live, range(400))) == ["cancelled", "preparing"] * 200


def test_a_move_brings_its_deeds() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    order = shop.place_order(wanted((COOKIE, 4), (CAKE, 1)))
    moved, move = make_move(shop, LIFE, order, "cancel", "customer", "too late")
    assert (moved.number, moved.status, moved.total, move.tell) == (
        order.number,
        "cancelled",
        Decimal("320.50"),
        "sorry",
    )
    assert everything.stock["cookie"] == 10
    assert everything.orders_placed[0].timeline == (("cancelled", "customer", "too late"),)


def test_a_move_that_is_not_allowed_changes_nothing() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    order = shop.place_order(wanted((COOKIE, 4)))
    with pytest.raises(Failure, match="not_allowed"):
        make_move(shop, LIFE, order, "confirm", "customer")
    assert everything.stock["cookie"] == 6
    assert everything.orders_placed[0].order.status == "pending"


def test_the_deeds_of_a_workflow_are_listed() -> None:
    assert set(DEEDS) == {"restock"}
