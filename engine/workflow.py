"""The life of an order: its statuses, the moves between them and what each move brings with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from engine.frozen import Frozen
from engine.source import NOWHERE, Place
from engine.turn import Failure

if TYPE_CHECKING:
    from engine.shop import Order, Shop

DEEDS: Mapping[str, Callable[[Shop, str], None]] = MappingProxyType(
    {"restock": lambda shop, number: shop.restock(number)}
)
"""What a move may `do`, by name: each takes the shop and the order's number."""


class Move(Frozen):
    """One way on from a status: `by` are the roles that may take it, `tell` a customer's message."""

    __slots__ = ("name", "source", "to", "by", "do", "tell", "place")

    def __init__(
        self,
        name: str,
        source: tuple[str, ...],
        to: str,
        by: tuple[str, ...],
        do: tuple[str, ...] = (),
        tell: str | None = None,
        place: Place = NOWHERE,
    ) -> None:
        self.name: Final = name
        self.source: Final = source
        self.to: Final = to
        self.by: Final = by
        self.do: Final = do
        self.tell: Final = tell
        self.place: Final = place


class _Standing:
    """What the machine moves: a status."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


class Workflow(Frozen):
    """All statuses and moves of a business's orders. A new order stands in `start`."""

    __slots__ = ("start", "moves", "_machine", "_open")

    def __init__(self, start: str, moves: Mapping[str, Move]) -> None:
        self.start: Final = start
        self.moves: Final = moves
        self._open = frozenset([status for move in moves.values() for status in move.source])
        self._machine: Any = None

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status that is named, each once, the start first."""
        named = [status for move in self.moves.values() for status in (*move.source, move.to)]
        return tuple(dict.fromkeys((self.start, *named)))

    def _made_machine(self) -> Any:
        """One machine for all orders and threads; who may go is a condition of each transition."""
        from transitions import Machine

        machine = Machine(
            model=None, states=list(self.statuses), initial=None, auto_transitions=False, send_event=True
        )
        for move in self.moves.values():
            machine.add_transition(
                _trigger(move.name), list(move.source), move.to, conditions=_is_allowed_to(move.by)
            )
        return machine

    def is_open(self, status: str) -> bool:
        """Whether some move still leads out of the status."""
        return status in self._open

    def move(self, status: str, name: str, by: str) -> str:
        """The status after the move.

        Raises Failure `not_allowed` where it does not lead on from this status, or not for this role.
        """
        from transitions import MachineError

        if name not in self.moves or status not in self.statuses:
            raise Failure("not_allowed")
        if self._machine is None:
            self._machine = self._made_machine()
        standing = _Standing(status)
        try:
            moved = self._machine.events[_trigger(name)].trigger(standing, by=by)
        except MachineError as error:
            raise Failure("not_allowed") from error
        if not moved:
            raise Failure("not_allowed")
        return standing.state


def make_move(
    shop: Shop, workflow: Workflow, order: Order, name: str, by: str, reason: str = ""
) -> tuple[Order, Move]:
    """Makes the move with its deeds; gives the order after it, and the move, whose `tell` the caller says.

    Raises Failure `not_allowed`, before anything has changed.
    """
    status = workflow.move(order.status, name, by)
    move = workflow.moves[name]
    moved = shop.move_order(order.number, status, by, reason)
    for deed in move.do:
        DEEDS[deed](shop, order.number)
    return moved, move


def _trigger(name: str) -> str:
    """A name no attribute of the machine can have."""
    return f"move:{name}"


def _is_allowed_to(roles: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda event: bool(event.kwargs["by"] in roles)
