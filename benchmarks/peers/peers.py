"""Lists the rows of the table: what is installed for each, in which version, and what sets it apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Peer:
    """A row: `packages` are what is installed, as pip or npm writes it.

    `texts` is what renders the replies, empty where there are none; `kept` what goes to JSON and back at
    every message; `fairness` what else sets the row apart.
    """

    name: str
    file: str
    language: Literal["Python", "JavaScript"]
    packages: tuple[str, ...]
    texts: str
    kept: str
    fairness: str


PEERS = (
    Peer(
        "Shoptalk",
        "shoptalk.py",
        "Python",
        (),
        "the pack's Jinja, in its sandbox",
        "the conversation",
        "The interpreter with the real flow: nine commands that are understood everywhere, two languages, "
        "buttons that are remembered, a savepoint a rule, and a trace that explains the turn. The other "
        "rows do none of this and know the words of this conversation alone; two keep a history of their "
        "own.",
    ),
    Peer(
        "`transitions` alone",
        "bare_transitions.py",
        "Python",
        (),
        "",
        "nothing",
        "A floor, no peer: the library's own machine is pulled through the same moves. It reads no "
        "message, validates nothing, has no cart and says nothing, so it has no transcript: what is "
        "checked is that it ends where the conversation ends.",
    ),
    Peer(
        "python-telegram-bot",
        "python_telegram_bot.py",
        "Python",
        ("python-telegram-bot==22.8",),
        "f-strings",
        "the customer's data; the state is only written",
        "A ConversationHandler in an Application with persistence, which writes after every update. It "
        "reads the state from its own memory, as it is made to: one process a bot. Its Updates are made "
        "before the clock starts, and its replies are collected, where a bot would await Telegram.",
    ),
    Peer(
        "SpiffWorkflow",
        "spiffworkflow.py",
        "Python",
        ("SpiffWorkflow==3.2.0",),
        "f-strings",
        "the workflow with its finished tasks",
        "A BPMN process whose scripts call plain functions. A converter of ours leaves the process out of "
        "the JSON, where the library would write it into every conversation. The history stays, and grows "
        "with every message.",
    ),
    Peer(
        "xstate",
        "xstate.mjs",
        "JavaScript",
        ("xstate@5.33.3",),
        "template strings",
        "the actor's snapshot",
        "One machine, and an actor a message, started from the snapshot. Guards and actions are functions.",
    ),
    Peer(
        "@floip/flow-runner",
        "flow_runner.mjs",
        "JavaScript",
        ("@floip/flow-runner@1.0.11",),
        "its own expressions",
        "the context with all interactions",
        "The nearest in kind: the flow is data, and its texts and choices are expressions that somebody "
        "without code may write. Reading the order line, summing up and placing the order are blocks of "
        "ours. The flow is left out of the JSON; the history stays, and grows with every message. What it "
        "reports on the console at every pause is silenced.",
    ),
    Peer(
        "botbuilder-dialogs",
        "botbuilder.mjs",
        "JavaScript",
        ("botbuilder-dialogs@4.23.3", "botbuilder-core@4.23.3"),
        "template strings",
        "the dialog stack and the draft",
        "A waterfall of text prompts with validators, over ConversationState and the library's "
        "MemoryStorage. An adapter collects the activities that would be sent.",
    ),
)
COMMON = (
    "Every row but the floor reads the same eight messages, one of which orders too many and is refused, "
    "keeps a cart, checks product, quantity, name and address, says the same words with the same buttons, "
    "and places one order a conversation, in memory. Nobody counts stock, sends anything or writes to a "
    "disk. `bytes` is the JSON that is kept before the last message. CPython interprets what node "
    "compiles while it runs."
)
"""What is true of every row."""
