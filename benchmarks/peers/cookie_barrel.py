"""Is the shop of the Python peers: the catalog, the texts, what a message may mean, and the orders.

A peer adds what it is a peer for: the dispatch, and the keeping of the conversation. `cookie_barrel.mjs` is
the same for the peers in JavaScript. All is in memory, amounts are whole paisa.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

SCRIPT: dict[str, Any] = json.loads((Path(__file__).parent / "conversation.json").read_text("utf-8"))
SAYS: tuple[str, ...] = tuple(SCRIPT["says"])
MOST_OF_ONE: int = SCRIPT["most_of_one"]

ORDER_LINE = re.compile(r"(\d+)\s*(?:,|x|\s)\s*(\d+)", re.IGNORECASE)
DONE = frozenset({"done", "checkout"})
SKIP = frozenset({"skip", "none", "no", "nothing", "no thanks"})
CONFIRM = frozenset({"confirm", "yes", "ok"})

Reply = tuple[str, tuple[str, ...]]
"""A text and the titles of its buttons."""

Cart = list[list[int]]
"""Lines of [product number, quantity, price when added], as JSON keeps them."""


class Product(NamedTuple):
    number: int
    name: str
    price: int


class Order(NamedTuple):
    number: str
    total: int
    lines: Cart
    name: str
    address: str
    instructions: str


PRODUCTS = {each["number"]: Product(**each) for each in SCRIPT["products"]}


class Shop:
    """Where orders go, numbered as they come."""

    def __init__(self) -> None:
        self.orders: dict[str, tuple[str, Order]] = {}

    def place_order(self, customer: str, cart: Cart, name: str, address: str, instructions: str) -> Order:
        """Prices the cart again, numbers the order and keeps it."""
        lines = [[number, quantity, PRODUCTS[number].price] for number, quantity, _ in cart]
        number = f"WA{SCRIPT['order_day']}{len(self.orders) + 1:06}"
        order = Order(number, total_of(lines), lines, name, address, instructions)
        self.orders[number] = (customer, order)
        return order


def word_of(text: str) -> str:
    """A message as commands are compared: without case and outer spaces."""
    return text.strip().lower()


def read_order_line(text: str) -> tuple[int, int] | None:
    """The product's number and the quantity, where the message is one."""
    read = ORDER_LINE.fullmatch(text.strip())
    return (int(read[1]), int(read[2])) if read else None


def refusal(cart: Cart, number: int, quantity: int) -> Reply | None:
    """Why so many of this product cannot be had, or None where they can."""
    if number not in PRODUCTS:
        return "❌ Invalid item number", ("Menu",)
    if quantity < 1:
        return "❌ Quantity must be at least 1", ()
    if sum(line[1] for line in cart if line[0] == number) + quantity > MOST_OF_ONE:
        return f"❌ Maximum quantity is {MOST_OF_ONE}", ()
    return None


def with_line(cart: Cart, number: int, quantity: int) -> Cart:
    """The cart with so many more of the product."""
    lines = [list(line) for line in cart]
    for line in lines:
        if line[0] == number:
            line[1] += quantity
            return lines
    return [*lines, [number, quantity, PRODUCTS[number].price]]


def is_name(text: str) -> bool:
    return 2 <= len(text.strip()) <= 60


def is_address(text: str) -> bool:
    return 10 <= len(text.strip()) <= 300


def is_instructions(text: str) -> bool:
    return len(text.strip()) <= 400


def total_of(cart: Cart) -> int:
    return sum(quantity * price for _, quantity, price in cart)


def money(amount: int) -> str:
    """An amount as customers read it: ₹50, ₹549.50."""
    whole, rest = divmod(amount, 100)
    return f"₹{whole:,}.{rest:02}" if rest else f"₹{whole:,}"


MENU_LINES = "\n".join(f"{each.number}. {each.name} - {money(each.price)}" for each in PRODUCTS.values())
WELCOME: Reply = (f"👋 Welcome to {SCRIPT['business']}!", ("اردو",))
MENU: Reply = (
    f"🍪 Our Menu\n{MENU_LINES}\n\nTo order, send the number and how many: *1, 2* is 2 pieces of number 1.",
    ("View cart", "Checkout", "Help"),
)
HOW_TO_ORDER: Reply = (
    "To order, send the item number, a comma and the quantity.\nExample: *1, 2* is 2 pieces of number 1.",
    ("Menu", "Help"),
)
CART_IS_EMPTY: Reply = (
    "🛒 Your cart is empty. Send a number from the menu and how many, like *1, 2*",
    ("Menu",),
)
ASK_NAME: Reply = ("👤 What name is the order for?", ())
NOT_A_NAME: Reply = ("❌ Enter valid name (at least 2 characters)", ())
NOT_AN_ADDRESS: Reply = ("❌ Complete delivery address (10+ characters)", ())
ASK_INSTRUCTIONS: Reply = ("📝 Any special instructions? Write them, or send *skip*.", ("Skip",))
TOO_LONG: Reply = ("❌ Please keep the instructions under 400 characters.", ())
PLEASE_CONFIRM: Reply = (
    "Please send *confirm* to place the order, or *cancel* to drop it.",
    ("Confirm", "Cancel"),
)


def item_added(number: int, quantity: int, cart: Cart) -> Reply:
    text = f"✅ Added {quantity}x {PRODUCTS[number].name}\nCart Total: {money(total_of(cart))}"
    return text, ("View cart", "Checkout", "Menu")


def ask_address(name: str) -> Reply:
    return f"🏠 Where shall we bring it, {name}? Please send the complete delivery address.", ()


def summary(cart: Cart, name: str, address: str, instructions: str) -> Reply:
    lines = "\n".join(
        f"• {quantity}x {PRODUCTS[number].name} - {money(quantity * price)}"
        for number, quantity, price in cart
    )
    text = (
        f"📋 Order Summary\n👤 Name: {name}\n🏠 Address: {address}\n"
        f"📝 Instructions: {instructions or 'none'}\n\n{lines}\nTotal: {money(total_of(cart))}\n\n"
        "Send *confirm* to place the order, or *cancel* to drop it."
    )
    return text, ("Confirm", "Cancel")


def order_placed(order: Order) -> Reply:
    return f"✅ Order Confirmed!\nOrder #: {order.number}\nTotal: {money(order.total)}", ()
