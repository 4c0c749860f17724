"""Puts a product into the cart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.declarations import Action, Example, Parameter
from engine.shop import CartLine
from engine.shop_names import Cart, Catalog, put_cart, stored_line
from engine.turn import Failure, Unfit

if TYPE_CHECKING:
    from engine.draft import Draft

MOST_PIECES = 1_000_000_000
"""More of one product than any shop has; its price still fits the storage."""


def run(draft: Draft, item: object, quantity: object = 1, note: str = "") -> Mapping[str, object]:
    """Joins the line of the same product and note, which then takes today's price.

    `left` of the failure `out_of_stock` is the whole stock, what is in the cart included. How few or many
    are wanted is for validators to check: a quantity below 1 raises Unfit.
    """
    pieces = whole_pieces(quantity)
    catalog: Catalog = draft.resolve("catalog")
    product = catalog.find(item)
    if product is None:
        raise Failure("no_such_item")
    if not product.on_sale:
        raise Failure("unavailable", product)
    cart: Cart = draft.resolve("cart")
    wanted = cart.quantity(product) + pieces
    if product.stock is not None and wanted > product.stock:
        raise Failure("out_of_stock", product, product.stock)
    whole_pieces(wanted)
    note = note.strip() if isinstance(note, str) else ""
    lines = [stored_line(line) for line in cart.lines]
    for number, line in enumerate(cart.lines, 1):
        if line.product.code == product.code and line.note == note:
            added = CartLine(number, product, line.quantity + pieces, product.price, note)
            lines[number - 1] = stored_line(added)
            break
    else:
        added = CartLine(len(lines) + 1, product, pieces, product.price, note)
        lines.append(stored_line(added))
    put_cart(draft, lines)
    return {"line": added}


def whole_pieces(quantity: object) -> int:
    """The quantity, which must be a whole number from 1 to MOST_PIECES; raises Unfit otherwise."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MOST_PIECES:
        raise Unfit(
            f"the quantity is {quantity!r}, not a whole number from 1 to {MOST_PIECES}: validate it before, "
            "for example with {between: {value: …, min: 1}}",
            "quantity",
            f"number from 1 to {MOST_PIECES}",
            quantity,
        )
    return quantity


ACTION: Action = Action(
    name="add_to_cart",
    about="Puts `quantity` of a product into the cart, if that many are left; no stock is taken yet.",
    parameters={
        "item": Parameter(
            {"type": ["integer", "string"]}, "the menu number or code of the product", required=True
        ),
        "quantity": Parameter({"type": "integer", "minimum": 1}, "how many; without it one"),
        "note": Parameter({"type": "string"}, "what the customer wants noted on the line", filled=False),
    },
    run=run,
    gives=("line",),
    fails=("no_such_item", "out_of_stock", "unavailable"),
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
        fails:
          no_such_item: not_on_the_list
          out_of_stock: only_so_many
          unavailable: not_today
        reply: added
      enough: {words: [enough], reply: goodbye, goto: done}
    otherwise: how_to
  done: {final: true}
otherwise: how_to
messages:
  added: "{{ line.quantity }}x {{ line.product.name }}, together {{ cart.total | money }}"
  not_on_the_list: We do not have that number.
  only_so_many: "Only {{ failure.left }} {{ failure.product.name }} left."
  not_today: "There is no {{ failure.product.name }} today."
  goodbye: Goodbye!
  how_to: "Write 6 of 1 for six rolls."
""",
        says=("6 of 1", "5 of 3", "1 of 9"),
    ),
)
