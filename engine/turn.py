"""What one turn came to: replies, the conversation after it, and the trace that explains both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from engine.frozen import Frozen

if TYPE_CHECKING:
    from engine.conversation import Conversation
    from engine.draft import Draft
    from engine.message import Outbound
    from engine.shop import Product

Trace = list[dict[str, Any]]
"""What happened, in order; each step a dict of plain values with `step` and, where the flow decided, `at`
(`file:line`, an engine.source.Spot until it is stored):

- `recorded` `why`: nothing else happened (`kind`, `human`, `second press`)
- `started_over` `why`: the conversation began anew (`final`, `timeout`, `gone`: its state is no more)
- `understood` `how` `rule`: what the message meant; `rule` is empty where nothing fits
- `read` `values`, `unreadable` `name` `type` `text`: holes and input as their types
- `refused` `validator` `values`, `tries` `count` `limit`
- `did` `action` `values`, `failed` `action` `code` `left` `product`, `answered` `code`
- `broke` `action`: a fault of its own, not of the customer's; the turn ended there
- `fell_to` `rule`: what answered instead of the rule that was understood
- `branch`, `went` `to`, `more` `start`, `pick_gone` `value`, `none_to_choose`
- `said` `messages` `language`: the names of the messages that went out
"""


class Failure(Exception):
    """An action cannot be done, for a reason that the flow answers: `code` as the action declares it.

    `leaves`, if given, is done to the conversation after everything else of the rule was taken back.
    """

    def __init__(
        self,
        code: str,
        product: Product | None = None,
        left: int | None = None,
        leaves: Callable[[Draft], None] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.product = product
        self.left = left
        self.leaves = leaves


class BrokenTurn(Exception):
    """A turn cannot be finished through a fault of the flow; nothing of it is kept."""


class Unfit(BrokenTurn):
    """An action was given a value that it cannot take: `name` is its parameter, `type` what it takes.

    Where a customer's message led to it, this is answered like input that cannot be read.
    """

    def __init__(self, message: str, name: str, type: str, value: object) -> None:
        super().__init__(message)
        self.name = name
        self.type = type
        self.value = value


class Told(Frozen):
    """A message for somebody else than the customer of this turn: the recipient's id and what they get."""

    __slots__ = ("recipient", "replies")

    def __init__(self, recipient: str, replies: tuple[Outbound, ...]) -> None:
        self.recipient: Final = recipient
        self.replies: Final = replies


class Timer(NamedTuple):
    """A timer of one silence: its place among those of the state, the visit, and when the silence began."""

    place: int
    visit: int
    heard_at: float


class SetApart(Frozen):
    """A timer that fires by itself, what to call it, and the conversation that goes on without it."""

    __slots__ = ("timer", "name", "conversation")

    def __init__(self, timer: Timer, name: str, conversation: Conversation) -> None:
        self.timer: Final = timer
        self.name: Final = name
        self.conversation: Final = conversation


class Turn(Frozen):
    """The outcome: the new `conversation`, `replies` to its customer and `told` to others.

    `calls_person` is true when the turn entered a state in which a person answers.
    """

    __slots__ = ("conversation", "replies", "trace", "told", "calls_person")

    def __init__(
        self,
        conversation: Conversation,
        replies: tuple[Outbound, ...],
        trace: Trace,
        told: tuple[Told, ...] = (),
        calls_person: bool = False,
    ) -> None:
        self.conversation: Final = conversation
        self.replies: Final = replies
        self.trace: Final = trace
        self.told: Final = told
        self.calls_person: Final = calls_person
