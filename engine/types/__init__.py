"""The table of types that slots hold and holes read."""

from __future__ import annotations

from collections.abc import Mapping

from engine.declarations import Type
from engine.types import (
    boolean,
    date,
    datetime,
    decimal,
    email,
    location,
    media,
    money,
    number,
    order,
    phone,
    product,
    text,
    time,
    word,
)

TYPES: Mapping[str, Type] = {
    "text": text.TYPE,
    "word": word.TYPE,
    "number": number.TYPE,
    "decimal": decimal.TYPE,
    "money": money.TYPE,
    "boolean": boolean.TYPE,
    "date": date.TYPE,
    "time": time.TYPE,
    "datetime": datetime.TYPE,
    "phone": phone.TYPE,
    "email": email.TYPE,
    "location": location.TYPE,
    "media": media.TYPE,
    "product": product.TYPE,
    "order": order.TYPE,
}
