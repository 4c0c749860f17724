"""The schemas of a business, its catalog, its workflow and its conversations."""

from __future__ import annotations

from typing import get_args

from engine.business import WEEKDAYS
from engine.limits import Kind
from engine.schema.parts import (
    IDENTIFIERS,
    NAME,
    Schema,
    closed,
    duration,
    flag,
    language,
    list_of,
    mapping,
    matching,
    one_or_more,
    ref,
    text,
)
from engine.shop import Shop
from engine.workflow import DEEDS

CURRENCY = "^[A-Z]{3}$"
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9] ?[-–] ?(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
PHONE = r"^\+?[0-9]{4,20}$"
METHODS = [name for name in vars(Shop) if not name.startswith("_")]
SENDABLE = tuple(kind for kind in get_args(Kind) if kind != "press")


def name(about: str) -> Schema:
    return matching(NAME, about, "a name is letters, digits and `_`, without spaces")


def business_schema() -> Schema:
    hours = matching(HOURS, "from when to when", "hours are written 09:00-22:00")
    day: Schema = {
        "anyOf": [hours, {"type": "array", "items": hours}],
        "description": "`09:00-22:00`, or a list of such spans; a day without any is closed",
    }
    keys: dict[str, Schema] = {
        "business": matching(
            "^[a-z][a-z0-9_]*$",
            "its name for programs",
            "a business's own name is lower case letters, digits and `_`",
        ),
        "name": text("what it is called"),
        "currency": matching(
            CURRENCY,
            "the code of its currency, such as INR",
            "a currency is three capital letters, such as INR",
        ),
        "timezone": text("where its clock stands, such as Asia/Karachi"),
        "languages": list_of(
            language("a language tag"), "the languages it speaks, the first its default", minItems=1
        ),
        "order_number": text(
            "how orders are numbered: `{date:…}` is the day, `{n:06}` counts the day's orders"
        ),
        "opening_hours": closed(
            dict.fromkeys(WEEKDAYS, day),
            "when it is open, by weekday; without it, always",
            **{"x-kind": "weekday"},
        ),
        "phone": text("its telephone number"),
        "address": text("where it is"),
        "country": matching(
            "^[A-Z]{2}$",
            "the country whose telephone numbers need no prefix, such as PK",
            "a country is two capital letters, such as PK",
        ),
        "flows": mapping(text("a flow's file"), "role: the flow it talks to; `customer` is one of them")
        | {"required": ["customer"]},
    }
    required = ["business", "name", "currency", "timezone", "languages", "flows"]
    return {"title": "A business", **closed(keys, "who sells"), "required": required}


def catalog_schema() -> Schema:
    product = closed(
        {
            "number": {
                "type": "integer",
                "minimum": 1,
                "description": "its number on the menu, its own for good",
            },
            "code": name("its code, its own for good"),
            "name": text("what it is called", minLength=1),
            "price": {
                "type": "number",
                "minimum": 0,
                "description": "its price, exact, in the business's currency",
            },
            "stock": {
                "type": "integer",
                "minimum": 0,
                "description": "how many there are; without it they are not counted",
            },
            "category": text("the heading under which it stands"),
            "available": flag("`false`: not on sale for now"),
        },
        "one product",
        required=["number", "code", "name", "price"],
    )
    return {
        "title": "A catalog",
        **closed(
            {"products": list_of(ref("product"), "the products")}, "the products that a business starts with"
        ),
        "required": ["products"],
        "$defs": {"product": product},
    }


def workflow_schema() -> Schema:
    move = closed(
        {
            "from": one_or_more(name("a status"), "the status, or statuses, that it leads out of"),
            "to": name("the status that it leads to"),
            "by": one_or_more(name("a role"), "the roles that may make it"),
            "do": one_or_more(
                {"type": "string", "enum": list(DEEDS), "x-kind": "deed of a workflow"},
                f"what happens with it, of `{' '.join(DEEDS)}`",
            ),
            "tell": text(
                "the message of the customer's flow that the customer gets; it can read `order`",
                format="message",
            ),
        },
        "one way from a status to the next",
        required=["from", "to", "by"],
    )
    order = closed(
        {"start": name("the status of a new order"), "moves": mapping(move, "the moves, by name")},
        "the life of an order",
        required=["start", "moves"],
    )
    return {
        "title": "A workflow",
        **closed({"order": order}, "the life of what a business does"),
        "required": ["order"],
    }


def conversation_schema() -> Schema:
    count: Schema = {"type": "integer", "minimum": 0}
    deeds = {
        "wait": closed(
            {"wait": duration("how long the customer is silent")}, "time passes", required=["wait"]
        ),
        "press": closed(
            {"press": text('a command, or what its button says; or the id of a forged one: `[1,"confirm"]`')},
            "the customer presses something that was offered",
        ),
        "send": closed(
            {
                "send": {
                    "type": "string",
                    "enum": list(SENDABLE),
                    "x-kind": "kind of message",
                    "description": "what is sent",
                },
                "text": text("its text or caption"),
                "latitude": {"type": "number", "description": "of a location"},
                "longitude": {"type": "number", "description": "of a location"},
                "address": text("of a location"),
                "items": mapping(
                    {"type": "integer", "minimum": 1}, "of an order: product code, and how many of it"
                ),
            },
            "the customer sends something else than text",
        ),
        "event": closed({"event": text("an event of the flow")}, "something happens elsewhere"),
        "stock": closed({"stock": mapping(count, "product code: how many are left")}, "the stock changes"),
        "price": closed(
            {"price": mapping({"type": "number", "minimum": 0}, "product code: its price")}, "prices change"
        ),
        "gone": closed(
            {"gone": text("the code of a product that is no longer sold")}, "the product is no longer sold"
        ),
        "breaks": closed(
            {
                "breaks": {
                    "type": "string",
                    "enum": METHODS,
                    "x-kind": "method of the shop",
                    "description": "a method of the shop, such as place_order",
                }
            },
            "the shop breaks once, inside",
        ),
    }
    every = {key: part for deed in deeds.values() for key, part in deed["properties"].items()}
    entry: Schema = {
        "type": "object",
        "properties": every,
        "additionalProperties": False,
        "minProperties": 1,
        "description": "what happens instead of a text",
        "allOf": [
            {
                "oneOf": [{"required": [key]} for key in deeds],
                "errorMessage": f"an entry is one of: {', '.join(deeds)}; two of them are two entries",
            },
            *(
                {
                    "if": {"required": [key]},
                    "then": {"propertyNames": {"enum": list(deed["properties"]), "x-kind": "key"}},
                }
                for key, deed in deeds.items()
            ),
        ],
    }
    keys: dict[str, Schema] = {
        "conversation": text("what it shows, in a sentence"),
        "role": text("who talks; without it `customer`"),
        "language": text("the language that the customer has saved"),
        "provider": name("through which provider: `meta`, `twilio` …; without it as WhatsApp shows it"),
        "customer": closed(
            {key: text(f"the {key} that was saved") for key in ("name", "address", "email")}
            | {
                "phone": matching(
                    PHONE, "the customer's number", "a number is written in digits: 923001234567"
                )
            },
            "what the business already knows of the customer",
        ),
        "at": matching(
            MOMENT,
            "when it begins, on the business's clock: 2025-10-18T11:00",
            "a moment is written 2025-10-18T11:00",
        ),
        "start_at": {
            "anyOf": [
                name("a state"),
                closed(
                    {
                        "state": name("the state that is entered"),
                        "slots": mapping(
                            {}, "slot: its value, written as a customer would; a list for a list", IDENTIFIERS
                        ),
                        "cart": mapping(
                            {"type": "integer", "minimum": 1}, "product code: how many are in the cart"
                        ),
                    },
                    "a state, and what the conversation remembers there",
                    required=["state"],
                ),
            ],
            "description": "the state that is entered before anything is said, or"
            " `{state: …, slots: {…}, cart: {…}}`; without it nobody has spoken yet",
        },
        "says": list_of(
            {"anyOf": [{"type": "string"}, entry]},
            "what the customer says: texts, and what happens instead of one",
            minItems=1,
        ),
    }
    return {
        "title": "A conversation",
        **closed(keys, "what a customer says, as a test"),
        "required": ["conversation", "says"],
    }
