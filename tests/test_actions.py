"""Tests the actions: each with its table of what was before, what is ordered, and what is after it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import pytest
from drafts import FLOW, SHOP, cases_of, draft_of
from shop_contract import ANN, BOB, wanted
from talking import Talker

from engine.actions import ACTIONS
from engine.draft import Draft
from engine.expressions import MISSING
from engine.memory import MemoryShop
from engine.message import Inbound
from engine.turn import BrokenTurn, Failure
from engine.workflow import Move, Workflow

Case = Mapping[str, Any]

LIFE = Workflow(
    "pending",
    {
        "deliver": Move("deliver", ("pending",), "delivered", ("staff",)),
        "cancel": Move("cancel", ("pending",), "cancelled", ("customer",), ("restock",), "order_cancelled"),
    },
)
PACK = SHOP._replace(workflow=LIFE)


def _cases(*outcomes: str) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}: {case['case']}")
        for name in ACTIONS
        for case in cases_of("actions", name)
        if (case.keys() & {"fails", "breaks"}) == set(outcomes)
    ]


def _before(case: Case) -> tuple[Draft, MemoryShop]:
    """The turn as the case describes it: what was ordered, then what the shop changed, then the cart."""
    before = case.get("before", {})
    pack = PACK if before.get("workflow", True) else PACK._replace(workflow=None)
    everything = MemoryShop(pack)
    everything.for_customer(BOB)
    by_code = {product.code: product for product in PACK.products}
    for lines in before.get("ordered", ()):
        order = wanted(*((by_code[code], quantity) for code, quantity in lines.items()))
        everything.for_customer(before.get("ordered_by", ANN)).place_order(order)
    for number, status in before.get("moved", {}).items():
        everything.move_order(number, status, "staff")
    for code, price in before.get("prices", {}).items():
        everything.put_product(by_code[code].replaced(price=price, stock=everything.stock.get(code)))
    for code in before.get("off_sale", ()):
        everything.put_product(by_code[code].replaced(on_sale=False))
    kept = {key: before[key] for key in ("cart", "slots", "language") if key in before}
    draft = draft_of(pack, everything, role=before.get("role", "customer"), **kept)
    if "order" in before:
        draft.message = Inbound("order", items=tuple(tuple(line) for line in before["order"]))
    draft.language = before.get("language", "en")
    draft.given.update(before.get("given", {}))
    draft.shop.save_customer(before.get("customer", {}))
    return draft, everything


def _look(draft: Draft, everything: MemoryShop) -> dict[str, Any]:
    """Everything an action may change, as it is now."""
    customer = draft.shop.customer()
    return {
        "cart": [list(line) for line in draft.conversation.cart],
        "slots": dict(draft.conversation.slots),
        "language": draft.conversation.language,
        "note": draft.conversation.note,
        "replies": list(draft.replies),
        "told": [list(each) for each in draft.told],
        "customer": {
            key: text for key in ("name", "address", "email", "language") if (text := getattr(customer, key))
        },
        "stock": everything.stock,
        "orders": {placed.order.number: placed.order.status for placed in everything.orders_placed},
    }


def _read(value: object, path: str) -> object:
    return reduce(getattr, path.split("."), value)


@pytest.mark.parametrize(("name", "case"), _cases())
def test_it_does_what_it_says_and_nothing_else(name: str, case: Case) -> None:
    draft, everything = _before(case)
    expected = _look(draft, everything)
    # whatever was read before must not be what is read afterwards
    for each in ("cart", "catalog", "orders", "customer", *FLOW.slots):
        draft.resolve(each)
    given = ACTIONS[name].run(draft, **case["parameters"]) or {}
    after = dict(case.get("after", {}))
    placed = after.pop("placed", {})
    timeline = after.pop("timeline", None)
    assert _look(draft, everything) == {**expected, **after}
    assert tuple(given) == ACTIONS[name].gives
    for each, attributes in case.get("gives", {}).items():
        assert {path: _read(given[each], path) for path in attributes} == attributes
    if placed:
        kept = everything.orders_placed[-1].draft
        assert {key: getattr(kept, key) for key in placed} == placed
    if timeline is not None:
        assert [list(step) for step in everything.orders_placed[-1].timeline] == timeline
    assert [[line.product.code, line.quantity] for line in draft.resolve("cart").lines] == [
        line[:2] for line in draft.conversation.cart
    ]
    assert [order.number for order in draft.resolve("orders").all] == [
        placed.order.number for placed in reversed(everything.orders_placed)
    ]
    assert draft.resolve("catalog").products[0].stock == everything.stock["cookie"]
    assert draft.resolve("customer") == draft.shop.customer()
    assert [name for name in FLOW.slots if draft.resolve(name) is not MISSING] == list(
        draft.conversation.slots
    )


@pytest.mark.parametrize(("name", "case"), _cases("fails"))
def test_it_fails_with_a_declared_code_and_changes_nothing(name: str, case: Case) -> None:
    draft, everything = _before(case)
    before = _look(draft, everything)
    with pytest.raises(Failure) as failed, draft.shop.savepoint():
        ACTIONS[name].run(draft, **case["parameters"])
    failure, expected = failed.value, case["fails"]
    assert failure.code in ACTIONS[name].fails
    assert failure.code == expected["code"]
    assert (failure.product.code if failure.product else None) == expected.get("product")
    assert failure.left == expected.get("left")
    if "name" in expected:
        assert failure.product is not None
        assert failure.product.name == expected["name"]
    assert _look(draft, everything) == before
    assert (failure.leaves is not None) == ("leaves" in case)
    if failure.leaves is not None:
        failure.leaves(draft)
        assert _look(draft, everything) == {**before, "cart": case["leaves"]}


@pytest.mark.parametrize(("name", "case"), _cases("breaks"))
def test_it_breaks_the_turn_where_the_flow_is_at_fault(name: str, case: Case) -> None:
    draft, everything = _before(case)
    before = _look(draft, everything)
    with pytest.raises(BrokenTurn, match=case["breaks"]):
        ACTIONS[name].run(draft, **case["parameters"])
    assert _look(draft, everything) == before


@pytest.mark.parametrize("name", ACTIONS)
def test_every_parameter_and_every_failure_has_a_case(name: str) -> None:
    cases = cases_of("actions", name)
    assert {parameter for case in cases for parameter in case["parameters"]} == set(ACTIONS[name].parameters)
    assert {case["fails"]["code"] for case in cases if "fails" in case} == set(ACTIONS[name].fails)


def test_an_action_never_changes_the_cart_in_place() -> None:
    """A conversation's copy shares its lines with the conversation it was copied from."""
    cart = [["cookie", 2, "50.00", ""], ["cake", 1, "120.50", ""]]
    for name, parameters in [
        ("add_to_cart", {"item": 1}),
        ("change_quantity", {"line": 1, "quantity": 3}),
        ("remove_from_cart", {"line": 1, "quantity": 1}),
        ("clear_cart", {}),
        ("place_order", {}),
        ("reset", {}),
    ]:
        draft = draft_of(cart=cart)
        ACTIONS[name].run(draft, **parameters)
        assert draft.conversation.cart != cart, name
        assert cart == [["cookie", 2, "50.00", ""], ["cake", 1, "120.50", ""]], name


def test_an_order_as_a_value_is_read_anew() -> None:
    everything = MemoryShop(PACK)
    shop = everything.for_customer(ANN)
    order = shop.place_order(wanted((PACK.products[-1], 1)))
    everything.move_order(order.number, "delivered", "staff")
    draft = draft_of(PACK, everything)
    with pytest.raises(Failure, match="not_allowed"):
        ACTIONS["cancel_order"].run(draft, order=order)


def test_what_is_added_is_the_line_that_a_later_action_of_the_rule_may_name() -> None:
    draft = draft_of()
    given = ACTIONS["add_to_cart"].run(draft, item=1)
    assert given is not None
    ACTIONS["change_quantity"].run(draft, line=given["line"], quantity=4)
    assert draft.conversation.cart == [["cookie", 4, "50.00", ""]]


SWAP = """
flow: customer
languages: [en]
start: a
slots: {line: number}
states:
  a:
    commands:
      add: {pattern: "add {item:number}", do: add_to_cart, reply: cart}
      swap:
        pattern: "swap {old:number} for {new:number}"
        do: [{add_to_cart: {item: "{{ new }}"}}, {remove_from_cart: {item: "{{ old }}"}}]
        reply: cart
      set:
        pattern: "set {old:number} beside {new:number}"
        do: [{add_to_cart: {item: "{{ new }}"}}, {change_quantity: {item: "{{ old }}", quantity: 3}}]
        reply: cart
      first:
        pattern: "first but {item:number}"
        do: [{remove_from_cart: {line: 1}}]
        reply: cart
      save: {pattern: "line {line:number}", save: line, reply: cart}
      drop: {pattern: "drop {item:number}", do: {remove_from_cart: {item: "{{ item }}"}}, reply: cart}
otherwise: cart
fails: {no_such_item: failed, out_of_stock: failed, unavailable: failed}
messages:
  cart: "{% for line in cart.lines %}{{ line.quantity }} {{ line.product.name }} {% endfor %}"
  failed: "{{ failure.code }}"
"""


@pytest.mark.parametrize(
    ("said", "cart"),
    [
        (["add 1", "swap 1 for 7"], "1 Plum"),  # not the line that was just added
        (["add 1", "set 1 beside 7"], "3 Apple 1 Plum"),
        (["add 1", "add 7", "first but 7"], "1 Plum"),
        (["line 1", "add 1", "add 7", "drop 7"], "1 Apple"),
    ],
)
def test_what_the_flow_writes_goes_before_what_a_name_would_fill_in(said: list[str], cart: str) -> None:
    talk = Talker(SWAP)
    assert [talk.say(text) for text in said][-1] == [cart]
