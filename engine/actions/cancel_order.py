"""Cancels an order, as far as the order's life allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from engine.actions.save_customer import written
from engine.declarations import Action, Example, Parameter
from engine.shop import Customer, Order
from engine.shop_names import Orders, spoken_order
from engine.turn import Failure
from engine.workflow import make_move

if TYPE_CHECKING:
    from engine.draft import Draft

LAST: Final = object()
"""The order of an action that names none. One that names an empty slot gets None, and finds no order."""


def run(draft: Draft, order: object = LAST, reason: object = "") -> Mapping[str, object]:
    """Makes the workflow's move `cancel` in the customer's role, with all that belongs to it.

    Raises Failure `no_such_order` or, where no such move leads on from here, `not_allowed`.
    """
    cancelled = order_of(draft, order)
    workflow = draft.pack.workflow
    if workflow is None:
        raise Failure("not_allowed")
    customer: Customer = draft.resolve("customer")
    cancelled, move = make_move(draft.shop, workflow, cancelled, "cancel", customer.role, written(reason))
    if move.tell is not None:
        draft.announce(move.tell)
    draft.forget_all()
    return {"order": spoken_order(draft, cancelled)}


def order_of(draft: Draft, order: object) -> Order:
    """The customer's order of this number, or the last; raises Failure `no_such_order`."""
    orders: Orders = draft.resolve("orders")
    if order is LAST:
        found = orders.last
    else:
        number = order.number if isinstance(order, Order) else written(order)
        found = next((each for each in orders.all if each.number.casefold() == number.casefold()), None)
    if found is None:
        raise Failure("no_such_order")
    return found


ACTION: Action = Action(
    name="cancel_order",
    about="Makes the move `cancel` of the order's workflow, and says what the workflow says then.",
    parameters={
        "order": Parameter({"type": "string"}, "the order or its number; without it the last"),
        "reason": Parameter({"type": "string"}, "why; kept with the order"),
    },
    run=run,
    gives=("order",),
    fails=("no_such_order", "not_allowed"),
    example=Example(
        flow="""\
flow: customer
start: initial
states:
  initial:
    commands:
      buy:
        words: [buy]
        do: [{add_to_cart: {item: rye}}, {place_order: {name: Ayesha}}]
        fails:
          no_such_item: not_possible
          cart_empty: not_possible
          out_of_stock: not_possible
          unavailable: not_possible
          price_changed: not_possible
        reply: ordered
      cancel:
        words: [cancel]
        do: cancel_order
        fails: {no_such_order: no_order, not_allowed: too_late}
        reply: cancelled
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  not_possible: That is not possible.
  ordered: "Order {{ order.number }}: {{ order.total | money }}"
  no_order: You have not ordered anything.
  too_late: That order cannot be cancelled any more.
  cancelled: "Order {{ order.number }} is cancelled."
  goodbye: Goodbye!
  how_to: "Write buy, and then cancel."
""",
        says=("cancel", "buy", "cancel", "cancel"),
        files={
            "workflow.yaml": """\
order:
  start: pending
  moves:
    bake: {from: pending, to: baked, by: [staff]}
    cancel: {from: pending, to: cancelled, by: [customer], do: restock}
""",
        },
    ),
)
