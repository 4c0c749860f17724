"""Turns the cart into an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.actions.save_customer import written
from engine.declarations import Action, Example, Parameter
from engine.shop import Customer, OrderDraft
from engine.shop_names import Cart, Catalog, kept_lines, put_cart, spoken_order, stored_line
from engine.turn import Failure

if TYPE_CHECKING:
    from engine.draft import Draft

FIRST_STATUS = "placed"
"""The status of an order of a business that has no workflow."""


def run(
    draft: Draft,
    name: object = "",
    phone: object = "",
    address: object = "",
    location: Mapping[str, Any] | None = None,
    instructions: object = "",
    delivery: object = "",
) -> Mapping[str, object]:
    """Takes the stock, keeps the order and empties the cart.

    What is missing is taken from the customer's record. `location` is `{latitude, longitude, address}`.
    Raises Failure `cart_empty`, `unavailable`, `out_of_stock` or `price_changed`, which prices the cart anew.
    """
    cart: Cart = draft.resolve("cart")
    if cart.is_empty:
        raise Failure("cart_empty")
    for line in cart.lines:
        if not line.product.on_sale:
            raise Failure("unavailable", line.product)
    for line in cart.lines:
        if line.price != line.product.price:
            raise Failure("price_changed", line.product, leaves=price_anew)
    customer: Customer = draft.resolve("customer")
    place = location if isinstance(location, Mapping) else {}
    workflow = draft.pack.workflow
    wanted = OrderDraft(
        lines=kept_lines(draft, cart.lines),
        total=cart.total,
        status=workflow.start if workflow else FIRST_STATUS,
        placed_at=draft.now,
        name=written(name) or customer.name,
        phone=written(phone) or customer.phone,
        address=written(address) or written(place) or customer.address,
        latitude=place.get("latitude"),
        longitude=place.get("longitude"),
        instructions=written(instructions),
        delivery=written(delivery),
    )
    try:
        order = draft.shop.place_order(wanted)
    except Failure as failure:
        if failure.product is not None:
            failure.product = cart.catalog.find(failure.product.code) or failure.product
        raise
    put_cart(draft, [])
    draft.forget_all()
    return {"order": spoken_order(draft, order)}


def price_anew(draft: Draft) -> None:
    """Gives every line of the cart the price of today; what is no longer sold keeps its own."""
    draft.forget("catalog")
    draft.forget("cart")
    cart: Cart = draft.resolve("cart")
    catalog: Catalog = draft.resolve("catalog")
    put_cart(
        draft,
        [
            stored_line(line.replaced(price=line.product.price) if catalog.find(line.product) else line)
            for line in cart.lines
        ],
    )


ACTION: Action = Action(
    name="place_order",
    about="Turns the cart into an order: takes the stock, numbers the order, empties the cart.",
    parameters={
        "name": Parameter({"type": "string"}, "who gets it; without it the name that was saved"),
        "phone": Parameter({"type": "string"}, "whom to call; without it the customer's own number"),
        "address": Parameter({"type": "string"}, "where it goes; without it the address that was saved"),
        "location": Parameter({"type": "string"}, "where it goes, as a value of type location"),
        "instructions": Parameter({"type": "string"}, "what the customer asks for"),
        "delivery": Parameter({"type": "string"}, "how, or when, it shall be delivered"),
    },
    run=run,
    gives=("order",),
    fails=("cart_empty", "out_of_stock", "unavailable", "price_changed"),
    example=Example(
        flow="""\
flow: customer
start: initial
states:
  initial:
    commands:
      add:
        pattern: "{quantity:number} of {item:number}"
        do: add_to_cart
        fails: {no_such_item: not_possible, out_of_stock: not_possible, unavailable: not_possible}
        reply: cart
      buy:
        words: [buy]
        do: {place_order: {name: Ayesha, address: Garden Street 4}}
        fails:
          cart_empty: nothing_in_it
          out_of_stock: not_possible
          unavailable: not_possible
          price_changed: new_price
        reply: ordered
        goto: done
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  cart: >-
    {% for line in cart.lines %}{{ line.quantity }}x {{ line.product.name }}, {% endfor %}
    together {{ cart.total | money }}
  not_possible: That is not possible.
  nothing_in_it: Your cart is empty.
  new_price: "A price has changed. It is {{ cart.total | money }} now."
  ordered: "Order {{ order.number }}: {{ order.total | money }}"
  goodbye: Goodbye!
  how_to: "Write 6 of 1, and then buy."
""",
        says=("buy", "6 of 1", {"price": {"roll": 0.6}}, "buy", "buy"),
    ),
)
