"""Says what a storm left behind: every broken promise in a sentence of its own."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from storm_customers import MESSAGES, Customer
from storm_provider import Arrival

Rows = Callable[[str], list[tuple[Any, ...]]]

OPEN = "SELECT COUNT(*) FROM messages WHERE status IN ('received', 'queued', 'sending')"
SAID = """
    SELECT customers.phone, messages.provider_id, messages.status, messages.error FROM messages
    JOIN conversations ON conversations.id = messages.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    WHERE messages.direction = 'in' ORDER BY messages.id"""
TURNS = """
    SELECT customers.phone, messages.provider_id, turns.state_after, turns.error
    FROM turns
    JOIN messages ON messages.id = turns.message_id
    JOIN conversations ON conversations.id = turns.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    ORDER BY turns.id"""
REPLIES = """
    SELECT customers.phone, messages.id, messages.status, messages.error_code, messages.error FROM messages
    JOIN conversations ON conversations.id = messages.conversation_id
    JOIN customers ON customers.id = conversations.customer_id
    WHERE messages.direction = 'out' ORDER BY messages.id"""
ORDERS = """
    SELECT customers.phone, orders.number, orders.total, order_items.product, order_items.quantity
    FROM orders JOIN customers ON customers.id = orders.customer_id
    JOIN order_items ON order_items.order_id = orders.id ORDER BY orders.id, order_items.number"""
STOCK = "SELECT code, stock FROM products WHERE stock IS NOT NULL"


def verdict(
    rows: Rows, customers: Sequence[Customer], arrivals: Sequence[Arrival], stock: dict[str, int]
) -> list[str]:
    """What does not hold; empty where every promise was kept. `stock` is what there was at the beginning."""
    return [
        *_open(rows),
        *_every_message_once_and_in_order(rows, customers),
        *_replies(rows, arrivals),
        *_orders(rows, customers),
        *_numbers(rows),
        *_stock(rows, stock),
    ]


def _open(rows: Rows) -> Iterable[str]:
    [(count,)] = rows(OPEN)
    if count:
        yield f"{count} messages are still open"


def _every_message_once_and_in_order(rows: Rows, customers: Sequence[Customer]) -> Iterable[str]:
    kept: defaultdict[str, list[str]] = defaultdict(list)
    for phone, identity, status, error in rows(SAID):
        kept[phone].append(identity)
        if status != "handled":
            yield f"{identity} is {status}: {error}"
    turns: defaultdict[str, list[str]] = defaultdict(list)
    for phone, identity, _, error in rows(TURNS):
        turns[phone].append(identity)
        if error:
            yield f"the turn of {identity} broke: {error.splitlines()[-1]}"
    for customer in customers:
        wanted = [customer.id_of(place) for place in range(1, MESSAGES + 1)]
        if kept[customer.phone] != wanted:
            yield f"of customer {customer.number} were kept {kept[customer.phone]}"
        if turns[customer.phone] != wanted:
            yield f"customer {customer.number} had the turns {turns[customer.phone]}"


def _replies(rows: Rows, arrivals: Sequence[Arrival]) -> Iterable[str]:
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    for arrival in arrivals:
        arrived[arrival.to].append(int(arrival.reference.partition(".")[0]))
    ours: defaultdict[str, list[int]] = defaultdict(list)
    for phone, message, status, code, error in rows(REPLIES):
        ours[phone].append(message)
        if status not in ("sent", "delivered", "read"):
            yield f"reply {message} is {status}: {code} {error}"
    for phone in {*ours, *arrived}:
        first_time = list(dict.fromkeys(arrived[phone]))
        if first_time != ours[phone]:
            yield f"to {phone} went {first_time} instead of {ours[phone]}"
        if arrived[phone] != sorted(arrived[phone]):
            yield f"to {phone} an old reply came behind a newer one: {arrived[phone]}"


def _orders(rows: Rows, customers: Sequence[Customer]) -> Iterable[str]:
    lines: defaultdict[str, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for phone, number, _, product, quantity in rows(ORDERS):
        lines[phone][number][product] = quantity
    placed = Counter(phone for phone, _, after, _ in rows(TURNS) if after == "order_placed")
    for customer in customers:
        orders = lines[customer.phone]
        if len(orders) != placed[customer.phone]:
            told = placed[customer.phone]
            yield f"customer {customer.number} was told of {told} orders and has {len(orders)}"
        if customer.wants_the_scarce_one:
            if len(orders) > 1:
                yield f"customer {customer.number} has {len(orders)} orders"
        elif list(orders.values()) != [{"choc_chip": 2, "oatmeal": 1}]:
            yield f"customer {customer.number} has the orders {json.dumps(orders)}"


def _numbers(rows: Rows) -> Iterable[str]:
    """Order numbers are without gaps on every day: WA, the date, six digits."""
    days: defaultdict[str, list[int]] = defaultdict(list)
    for (number,) in rows("SELECT number FROM orders ORDER BY number"):
        days[number[2:10]].append(int(number[10:]))
    for day, found in days.items():
        if found != list(range(1, len(found) + 1)):
            yield f"the order numbers of {day} are {found}"


def _stock(rows: Rows, stock: dict[str, int]) -> Iterable[str]:
    sold: Counter[str] = Counter()
    for _, _, _, product, quantity in rows(ORDERS):
        sold[product] += quantity
    for code, left in rows(STOCK):
        if left != stock[code] - sold[code] or left < 0:
            yield f"of {code} there were {stock[code]}, {sold[code]} were sold, and {left} are left"
