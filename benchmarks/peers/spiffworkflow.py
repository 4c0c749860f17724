"""Plays the conversation on SpiffWorkflow: a BPMN process that goes to JSON and back at every message.

The process itself (`spiffworkflow.bpmn`) is parsed once and left out of the JSON, by a converter of ours in
the library's serializer: as it comes, the serializer writes the whole process into every conversation.
"""

from __future__ import annotations

import time
from pathlib import Path
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
    PLEASE_CONFIRM,
    SAYS,
    SKIP,
    TOO_LONG,
    WELCOME,
    Cart,
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
    word_of,
)
from serving import serve
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import DEFAULT_CONFIG, BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.helpers import BpmnConverter
from SpiffWorkflow.bpmn.specs import BpmnProcessSpec

parser = BpmnParser()
parser.add_bpmn_file(str(Path(__file__).parent / "spiffworkflow.bpmn"))
PROCESS = parser.get_spec("customer")


class SharedProcess(BpmnConverter):
    """Names the process instead of writing it out: there is one, and everybody has it."""

    def to_dict(self, spec: BpmnProcessSpec) -> dict[str, str]:
        return {"name": spec.name}

    def from_dict(self, dct: dict[str, str]) -> BpmnProcessSpec:
        return PROCESS


class Desk:
    """What the scripts of the process call: it reads messages, answers, and takes the orders."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.customer = ""
        self.replies: list[Reply] = []
        names = ("say", "read_order", "read_name", "read_address", "read_instructions", "read_confirmation")
        functions: dict[str, Any] = {name: getattr(self, name) for name in names}
        self.engine = PythonScriptEngine(TaskDataEnvironment({**functions, "WELCOME": WELCOME, "MENU": MENU}))

    def say(self, reply: Reply) -> None:
        self.replies.append(reply)

    def read_order(self, cart: Cart, message: str) -> tuple[Cart, bool]:
        """The cart after the message, and whether the customer is done with it."""
        line = read_order_line(message)
        if line is not None:
            refused = refusal(cart, *line)
            if refused:
                self.say(refused)
                return cart, False
            cart = with_line(cart, *line)
            self.say(item_added(*line, cart))
            return cart, False
        if word_of(message) not in DONE:
            self.say(HOW_TO_ORDER)
            return cart, False
        self.say(ASK_NAME if cart else CART_IS_EMPTY)
        return cart, bool(cart)

    def read_name(self, message: str) -> tuple[str, bool]:
        name = message.strip()
        self.say(ask_address(name) if is_name(name) else NOT_A_NAME)
        return name, is_name(name)

    def read_address(self, message: str) -> tuple[str, bool]:
        address = message.strip()
        self.say(ASK_INSTRUCTIONS if is_address(address) else NOT_AN_ADDRESS)
        return address, is_address(address)

    def read_instructions(self, message: str, cart: Cart, name: str, address: str) -> tuple[str, bool]:
        instructions = "" if word_of(message) in SKIP else message.strip()
        if not is_instructions(instructions):
            self.say(TOO_LONG)
            return "", False
        self.say(summary(cart, name, address, instructions))
        return instructions, True

    def read_confirmation(self, message: str, cart: Cart, name: str, address: str, instructions: str) -> bool:
        if word_of(message) not in CONFIRM:
            self.say(PLEASE_CONFIRM)
            return False
        self.say(order_placed(self.shop.place_order(self.customer, cart, name, address, instructions)))
        return True


SERIALIZER = BpmnWorkflowSerializer(
    BpmnWorkflowSerializer.configure({**DEFAULT_CONFIG, BpmnProcessSpec: SharedProcess})
)


def hear(raw: str, message: str, desk: Desk) -> str:
    """The conversation after the message; what was answered is in `desk.replies`."""
    if raw:
        workflow = SERIALIZER.deserialize_json(raw)
        workflow.script_engine = desk.engine
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        task.data["message"] = message
        task.run()
    else:
        workflow = BpmnWorkflow(PROCESS, script_engine=desk.engine)
    workflow.do_engine_steps()
    return SERIALIZER.serialize_json(workflow)


def transcript() -> tuple[list[list[Reply]], int]:
    desk = Desk()
    said = []
    raw = ""
    for message in SAYS:
        kept = len(raw.encode())
        desk.replies = []
        raw = hear(raw, message, desk)
        said.append(desk.replies)
    return said, kept


def run(conversations: int) -> float:
    desk = Desk()
    begin = time.perf_counter()
    for number in range(conversations):
        desk.customer = str(number)
        raw = ""
        for message in SAYS:
            desk.replies = []
            raw = hear(raw, message, desk)
    seconds = time.perf_counter() - begin
    if len(desk.shop.orders) != conversations:
        raise SystemExit("not every conversation placed its order")
    return seconds


serve(transcript, run)
