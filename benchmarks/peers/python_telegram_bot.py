"""Plays the conversation on python-telegram-bot: a ConversationHandler in an Application, with persistence.

Updates are made before the clock starts, replies are collected instead of sent, and the bot is never online.
After every update the Application writes to its persistence, which keeps JSON; `user_data` is read back from
it before every update, which is what the library has `refresh_user_data` for. The state is read from the
handler's memory.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from cookie_barrel import (
    ASK_INSTRUCTIONS,
    ASK_NAME,
    CART_IS_EMPTY,
    CONFIRM,
    DONE,
    HOW_TO_ORDER,
    MENU,
    NOT_A_NAME,
    NOT_AN_ADDRESS,
    ORDER_LINE,
    PLEASE_CONFIRM,
    SAYS,
    SKIP,
    TOO_LONG,
    WELCOME,
    Reply,
    Shop,
    ask_address,
    is_address,
    is_instructions,
    is_name,
    item_added,
    order_placed,
    read_order_line,
    refusal,
    summary,
    with_line,
)
from serving import serve
from telegram import Chat, Message, Update, User
from telegram.ext import (
    Application,
    BasePersistence,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PersistenceInput,
    filters,
)
from telegram.request import BaseRequest

ORDER, NAME, ADDRESS, INSTRUCTIONS, CONFIRMATION = range(5)
Context = ContextTypes.DEFAULT_TYPE
START = datetime(2025, 10, 18, 9, 0, tzinfo=UTC)


class Offline(BaseRequest):
    """Answers the one question that an Application asks at its start: who am I."""

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """There is nothing to open."""

    async def shutdown(self) -> None:
        """There is nothing to close."""

    async def do_request(self, *_: Any, **__: Any) -> tuple[int, bytes]:
        me = {"id": 1, "is_bot": True, "first_name": "Cookie Barrel", "username": "cookie_barrel_bot"}
        return 200, json.dumps({"ok": True, "result": me}).encode()


class JsonPersistence(BasePersistence[dict, dict, dict]):
    """Keeps each customer's data and state as JSON."""

    def __init__(self) -> None:
        super().__init__(PersistenceInput(bot_data=False, chat_data=False, callback_data=False))
        self.data: dict[int, str] = {}
        self.states: dict[tuple[Any, ...], str] = {}

    async def update_conversation(self, name: str, key: tuple[Any, ...], new_state: object | None) -> None:
        if new_state is None:
            self.states.pop(key, None)
        else:
            self.states[key] = json.dumps(new_state)

    async def update_user_data(self, user_id: int, data: dict) -> None:
        self.data[user_id] = json.dumps(data)

    async def refresh_user_data(self, user_id: int, user_data: dict) -> None:
        raw = self.data.get(user_id)
        if raw is not None:
            user_data.clear()
            user_data.update(json.loads(raw))

    async def get_conversations(self, name: str) -> dict:
        return {}

    async def get_user_data(self) -> dict:
        return {}

    async def get_chat_data(self) -> dict:
        return {}

    async def get_bot_data(self) -> dict:
        return {}

    async def get_callback_data(self) -> None:
        return None

    async def update_chat_data(self, chat_id: int, data: dict) -> None:
        """Not stored."""

    async def update_bot_data(self, data: dict) -> None:
        """Not stored."""

    async def update_callback_data(self, data: Any) -> None:
        """Not stored."""

    async def drop_chat_data(self, chat_id: int) -> None:
        """Not stored."""

    async def drop_user_data(self, user_id: int) -> None:
        self.data.pop(user_id, None)

    async def refresh_chat_data(self, chat_id: int, chat_data: dict) -> None:
        """Not stored."""

    async def refresh_bot_data(self, bot_data: dict) -> None:
        """Not stored."""

    async def flush(self) -> None:
        """Written already."""


def say(context: Context, *replies: Reply) -> None:
    context.bot_data["replies"].extend(replies)


async def greet(update: Update, context: Context) -> int:
    context.user_data["cart"] = []
    say(context, WELCOME, MENU)
    return ORDER


async def add_item(update: Update, context: Context) -> int:
    cart = context.user_data["cart"]
    number, quantity = read_order_line(update.message.text)
    refused = refusal(cart, number, quantity)
    if refused:
        say(context, refused)
        return ORDER
    cart = context.user_data["cart"] = with_line(cart, number, quantity)
    say(context, item_added(number, quantity, cart))
    return ORDER


async def check_out(update: Update, context: Context) -> int:
    if not context.user_data["cart"]:
        say(context, CART_IS_EMPTY)
        return ORDER
    say(context, ASK_NAME)
    return NAME


async def explain(update: Update, context: Context) -> int:
    say(context, HOW_TO_ORDER)
    return ORDER


async def take_name(update: Update, context: Context) -> int:
    name = update.message.text.strip()
    if not is_name(name):
        say(context, NOT_A_NAME)
        return NAME
    context.user_data["name"] = name
    say(context, ask_address(name))
    return ADDRESS


async def take_address(update: Update, context: Context) -> int:
    address = update.message.text.strip()
    if not is_address(address):
        say(context, NOT_AN_ADDRESS)
        return ADDRESS
    context.user_data["address"] = address
    say(context, ASK_INSTRUCTIONS)
    return INSTRUCTIONS


async def skip(update: Update, context: Context) -> int:
    return show_summary(context, "")


async def take_instructions(update: Update, context: Context) -> int:
    instructions = update.message.text.strip()
    if not is_instructions(instructions):
        say(context, TOO_LONG)
        return INSTRUCTIONS
    return show_summary(context, instructions)


def show_summary(context: Context, instructions: str) -> int:
    data = context.user_data
    data["instructions"] = instructions
    say(context, summary(data["cart"], data["name"], data["address"], instructions))
    return CONFIRMATION


async def confirm(update: Update, context: Context) -> int:
    data = context.user_data
    shop: Shop = context.bot_data["shop"]
    customer = str(update.effective_user.id)
    order = shop.place_order(customer, data["cart"], data["name"], data["address"], data["instructions"])
    say(context, order_placed(order))
    data.clear()
    return ConversationHandler.END


async def ask_to_confirm(update: Update, context: Context) -> int:
    say(context, PLEASE_CONFIRM)
    return CONFIRMATION


def words(of: frozenset[str]) -> filters.Regex:
    return filters.Regex(rf"(?i)^\s*(?:{'|'.join(sorted(of))})\s*$")


async def application() -> Application:
    """The bot, ready for updates, and nothing in it yet."""
    line = filters.Regex(rf"(?i)^\s*{ORDER_LINE.pattern}\s*$")
    conversation = ConversationHandler(
        entry_points=[MessageHandler(filters.TEXT, greet)],
        states={
            ORDER: [
                MessageHandler(line, add_item),
                MessageHandler(words(DONE), check_out),
                MessageHandler(filters.TEXT, explain),
            ],
            NAME: [MessageHandler(filters.TEXT, take_name)],
            ADDRESS: [MessageHandler(filters.TEXT, take_address)],
            INSTRUCTIONS: [
                MessageHandler(words(SKIP), skip),
                MessageHandler(filters.TEXT, take_instructions),
            ],
            CONFIRMATION: [
                MessageHandler(words(CONFIRM), confirm),
                MessageHandler(filters.TEXT, ask_to_confirm),
            ],
        },
        fallbacks=[],
        name="order",
        persistent=True,
    )
    built = (
        Application.builder()
        .token("1:offline")
        .request(Offline())
        .get_updates_request(Offline())
        .updater(None)
        .job_queue(None)
        .persistence(JsonPersistence())
        .build()
    )
    built.add_handler(conversation)
    await built.initialize()
    built.bot_data.update(shop=Shop(), replies=[])
    return built


def updates_of(customer: int) -> list[Update]:
    user = User(customer, "Ayesha", is_bot=False)
    chat = Chat(customer, Chat.PRIVATE)
    return [
        Update(number, message=Message(number, START, chat, from_user=user, text=text))
        for number, text in enumerate(SAYS)
    ]


async def hear(application: Application, update: Update) -> list[Reply]:
    """The replies to one update, after it was persisted."""
    application.bot_data["replies"] = replies = []
    await application.process_update(update)
    await application.update_persistence()
    return replies


async def play_one() -> tuple[list[object], int]:
    bot = await application()
    said: list[object] = []
    for update in updates_of(1):
        persistence = bot.persistence
        kept = sum(len(raw.encode()) for raw in (*persistence.data.values(), *persistence.states.values()))
        said.append(await hear(bot, update))
    return said, kept


async def play(conversations: int) -> float:
    bot = await application()
    updates = [updates_of(customer) for customer in range(1, conversations + 1)]
    begin = time.perf_counter()
    for mine in updates:
        for update in mine:
            await hear(bot, update)
    seconds = time.perf_counter() - begin
    if len(bot.bot_data["shop"].orders) != conversations:
        raise SystemExit("not every conversation placed its order")
    return seconds


serve(lambda: asyncio.run(play_one()), lambda conversations: asyncio.run(play(conversations)))
