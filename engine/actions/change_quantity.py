"""Changes how many of a product are in the cart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.actions.add_to_cart import whole_pieces
from engine.declarations import Action, Example, Parameter
from engine.shop import CartLine
from engine.shop_names import Cart, put_cart, stored_line
from engine.turn import Failure

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, *, line: object = None, item: object = None, quantity: object) -> Mapping[str, object]:
    """Changes the line, or the first line of the item; its price stays what it was when it was added."""
    pieces = whole_pieces(quantity)
    cart: Cart = draft.resolve("cart")
    old = lines_of(cart, line, item)[0]
    others = cart.quantity(old.product) - old.quantity
    stock = old.product.stock
    if stock is not None and others + pieces > stock:
        raise Failure("out_of_stock", old.product, stock)
    changed = old.replaced(quantity=pieces)
    put_cart(draft, [stored_line(changed if line is old else line) for line in cart.lines])
    return {"line": changed}


def lines_of(cart: Cart, line: object, item: object) -> list[CartLine]:
    """The line of this number, or all lines of the item, at least one; raises Failure `no_such_item`."""
    if line is not None:
        number = line.number if isinstance(line, CartLine) else line
        found = [each for each in cart.lines if str(each.number) == str(number).strip()]
        product = None
    else:
        product = cart.catalog.find(item)
        code = product.code if product else item
        found = [each for each in cart.lines if each.product.code == code]
    if not found:
        raise Failure("no_such_item", product)
    return found


ACTION: Action = Action(
    name="change_quantity",
    about="Changes how many of a product are in the cart, if that many are left.",
    parameters={
        "line": Parameter({"type": ["integer", "string"]}, "the number of the line in the cart"),
        "item": Parameter(
            {"type": ["integer", "string"]},
            "instead of the line, the menu number or code of the product: its first line is meant",
            instead_of="line",
        ),
        "quantity": Parameter({"type": "integer", "minimum": 1}, "how many there shall be", required=True),
    },
    run=run,
    gives=("line",),
    fails=("no_such_item", "out_of_stock"),
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
      change:
        pattern: "make {item:number} {quantity:number}"
        do: change_quantity
        fails: {no_such_item: not_in_cart, out_of_stock: only_so_many}
        reply: cart
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  cart: >-
    {% for line in cart.lines %}{{ line.quantity }}x {{ line.product.name }}, {% endfor %}
    together {{ cart.total | money }}
  not_possible: That is not possible.
  not_in_cart: That is not in your cart.
  only_so_many: "Only {{ failure.left }} {{ failure.product.name }} left."
  goodbye: Goodbye!
  how_to: "Write 6 of 1, and then make 1 10."
""",
        says=("6 of 1", "make 1 10", "make 2 1"),
    ),
)
