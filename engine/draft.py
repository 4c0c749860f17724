"""A turn while it is worked out: everything a rule may read or change, so that all of it can be dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from engine.business import Business
from engine.expressions import MISSING
from engine.flow import NOTHING, Branch, Flow, Slot
from engine.limits import Limits
from engine.pack import Pack
from engine.shop import Shop
from engine.shop_names import NAMES as SHOP_NAMES
from engine.turn import Trace
from engine.types import TYPES

if TYPE_CHECKING:
    from engine.conversation import Conversation
    from engine.message import Inbound
    from engine.prepared import Prepared


class Failed:
    """The name `failure`: why an action was not done."""

    offers: ClassVar[Mapping[str, str]] = {
        "code": "the failure's code",
        "product": "the product it is about, if any",
        "left": "how many of it are left, if that is known",
    }
    __slots__ = ("code", "product", "left")

    def __init__(self, code: str, product: Any, left: int | None) -> None:
        self.code = code
        self.product = product
        self.left = left


class Said:
    """The name `message`: what the customer just sent."""

    offers: ClassVar[Mapping[str, str]] = {
        "text": "its text or caption",
        "kind": "text, press, image, audio, video, document, location, contacts, order …",
        "latitude": "of a location",
        "longitude": "of a location",
        "media": "the id or address of a picture, sound, film or file",
    }
    __slots__ = ("_inbound",)

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound

    @property
    def text(self) -> str:
        return self._inbound.text

    @property
    def kind(self) -> str:
        return self._inbound.kind

    @property
    def latitude(self) -> float | None:
        return self._inbound.latitude

    @property
    def longitude(self) -> float | None:
        return self._inbound.longitude

    @property
    def media(self) -> str | None:
        media = self._inbound.media
        return (media.id or media.link) if media else None


class Draft:
    """The working copy of one turn.

    `at` is the moment in seconds since 1970. `given` holds the holes that were read and what actions gave,
    `language` the language of the replies, `failure` what the failure's answer may read, `suggest` finds the
    command nearest to what was not understood. `origin` is the state the turn began in, `chosen` the branch
    of the rule that was taken, `branch` the one whose actions are being done, `passed` how many states were
    entered; `asking` says that the state's `ask` follows, `items` are its choices. `refused` are the new
    values of slots that a refusal did not take: only its own replies, the first `refusals` of all, still see
    them. Values read by `resolve` are remembered until `forget`.
    """

    __slots__ = (
        "prepared",
        "pack",
        "flow",
        "business",
        "shop",
        "conversation",
        "message",
        "moment",
        "at",
        "limits",
        "language",
        "given",
        "failure",
        "suggest",
        "trace",
        "told",
        "replies",
        "refused",
        "refusals",
        "calls_person",
        "passed",
        "origin",
        "branch",
        "chosen",
        "asking",
        "items",
        "_known",
        "_now",
    )

    def __init__(
        self,
        pack: Pack,
        flow: Flow,
        shop: Shop,
        conversation: Conversation,
        message: Inbound | None,
        moment: datetime,
        limits: Limits,
        prepared: Prepared | None = None,
    ) -> None:
        self.prepared = prepared or _nothing_prepared()
        self.pack = pack
        self.flow = flow
        self.business: Business = pack.business
        self.shop: Shop = shop
        self.conversation = conversation
        self.message = message
        self.moment: datetime = moment
        self.at = moment.timestamp()
        self.limits = limits
        self.language = flow.languages[0]
        self.given: dict[str, Any] = {}
        self.failure: Failed | None = None
        self.suggest: Callable[[], str] | None = None
        self.trace: Trace = []
        self.told: list[tuple[str, str, Mapping[str, Any]]] = []
        self.replies: list[str] = []
        self.refused: Mapping[str, Any] = NOTHING
        self.refusals = 0
        self.calls_person = False
        self.passed = 0
        self.origin = conversation.state
        self.branch: Branch | None = None
        self.chosen: Branch | None = None
        self.asking = False
        self.items: Sequence[Any] | None = None
        self._known: dict[str, Any] = {}
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment of the turn on the business's clock."""
        if self._now is None:
            self._now = self.business.local(self.moment)
        return self._now

    def resolve(self, name: str) -> Any:
        """What a bare name stands for in expressions and texts; MISSING for nothing."""
        given, known = self.given, self._known
        if name in given:
            return given[name]
        if name in known:
            return known[name]
        slot = self.flow.slots.get(name)
        if slot is not None:
            value = self.kept(name, slot)
            if value is None:
                return MISSING
        else:
            make = NAMES.get(name)
            if make is None:
                return MISSING
            value = make(self)
        known[name] = value
        return value

    def kept(self, name: str, slot: Slot) -> Any:
        """What the slot holds, whatever else stands under its name in this turn; None where it is empty."""
        stored = self.conversation.slots.get(name)
        if stored is None:
            return None
        load = TYPES[slot.type].load
        if slot.is_list:
            return [one for one in [load(each, self) for each in stored] if one is not None]
        return load(stored, self)

    def choose_none(self) -> None:
        """Forgets the branch of a rule that was taken before."""
        self.chosen = None

    def forget(self, name: str) -> None:
        """Lets the name be made anew at its next use, since what it reads has changed."""
        self._known.pop(name, None)

    def forget_all(self) -> None:
        """Lets every name be made anew."""
        self._known.clear()

    def save(self, slot: str, value: Any) -> None:
        """Puts a value into a slot; None empties it. Into a list it is added, or each of a list."""
        declared = self.flow.slots[slot]
        store = TYPES[declared.type].store
        slots = self.conversation.slots
        if declared.is_list:
            added = value if isinstance(value, (list, tuple)) else [value]
            grown = [*slots.get(slot, ()), *[store(one) for one in added if one is not None]]
            self.conversation.slots = {**slots, slot: grown}
            self.forget(slot)
        elif value is None:
            self.clear_slot(slot)
        else:
            self.conversation.slots = {**slots, slot: store(value)}
            self.forget(slot)

    def clear_slot(self, slot: str) -> None:
        """Empties the slot."""
        slots = self.conversation.slots
        if slot in slots:
            self.conversation.slots = {name: value for name, value in slots.items() if name != slot}
        self.forget(slot)

    def reset(self) -> None:
        """Empties slots and cart."""
        self.conversation.slots = {}
        self.conversation.cart = []
        self.given.pop("cart", None)
        self.forget_all()

    def speak(self, language: str) -> None:
        """Answers in this language from now on, in this turn already."""
        self.conversation.language = language
        self.language = language
        self.forget_all()

    def hand_over(self, note: str) -> None:
        """Leaves a note for the person who will answer."""
        self.conversation.note = note

    def tell(self, role: str, message: str) -> None:
        """Has a message of the role's flow sent to everybody in that role, with the names of this turn."""
        self.told.append((role, message, dict(self.given)))

    def announce(self, message: str) -> None:
        """Says a message of this flow, by its name, with the replies of the turn."""
        self.replies.append(message)


def _nothing_prepared() -> Prepared:
    # Who only asks for the reserved names, as flow-lint does, needs nothing of what is said.
    from engine.prepared import Prepared

    return Prepared()


def _settings(draft: Draft) -> Mapping[str, Any]:
    names = draft.flow.names.get(draft.language)
    if not names:
        return draft.flow.settings
    return {name: names.get(name, value) for name, value in draft.flow.settings.items()}


NAMES: dict[str, Callable[[Draft], Any]] = {
    **SHOP_NAMES,
    "failure": lambda draft: MISSING if draft.failure is None else draft.failure,
    "message": lambda draft: MISSING if draft.message is None else Said(draft.message),
    "settings": _settings,
    "now": lambda draft: draft.now,
    "today": lambda draft: draft.now.date(),
    "suggestion": lambda draft: (draft.suggest() if draft.suggest else "") or MISSING,
}
"""Every reserved name of the language that reads something, and how it is made."""

RESERVED = frozenset(NAMES) | {"records"}
"""The names that no slot may take."""
