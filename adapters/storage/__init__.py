"""Keeps businesses, conversations, messages and orders in a database: `open_storage` gives the one way in."""

from adapters.storage.backlog import Backlog
from adapters.storage.channel_states import Alarm, ChannelState
from adapters.storage.database import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseGone,
    DatabaseURLError,
    StorageError,
)
from adapters.storage.failures import BrokenTimer
from adapters.storage.inbox import Accepted, Outcome
from adapters.storage.media import KeptFile, WaitingMedia
from adapters.storage.money import InexactAmount
from adapters.storage.outbox import PutAside, Queued, Rate, Wait
from adapters.storage.people import ChannelAddress, NotServed
from adapters.storage.reports import Reports
from adapters.storage.storage import NotReady, Storage, UnknownBusiness, open_storage
from adapters.storage.turns import Held, UnknownConversation
from adapters.storage.versions import InForce, KeptVersion, Live
from adapters.storage.working_turn import WaitingMessage, WorkingTurn

__all__ = [
    "Accepted",
    "Alarm",
    "Backlog",
    "BrokenTimer",
    "ChannelAddress",
    "ChannelState",
    "DatabaseAway",
    "DatabaseBusy",
    "DatabaseGone",
    "DatabaseURLError",
    "Held",
    "InForce",
    "InexactAmount",
    "KeptFile",
    "KeptVersion",
    "Live",
    "NotReady",
    "NotServed",
    "Outcome",
    "PutAside",
    "Queued",
    "Rate",
    "Reports",
    "Storage",
    "StorageError",
    "UnknownBusiness",
    "UnknownConversation",
    "Wait",
    "WaitingMedia",
    "WaitingMessage",
    "WorkingTurn",
    "open_storage",
]
