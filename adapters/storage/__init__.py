"""Keeps businesses, conversations, messages and orders in a database: `open_storage` gives the one way in."""

from adapters.storage.database import DatabaseURLError, StorageError
from adapters.storage.messages import Queued
from adapters.storage.money import InexactAmount
from adapters.storage.people import ChannelAddress
from adapters.storage.reports import Reports
from adapters.storage.storage import NotReady, Storage, UnknownBusiness, open_storage
from adapters.storage.turns import UnknownConversation, WaitingMessage, WorkingTurn

__all__ = [
    "ChannelAddress",
    "DatabaseURLError",
    "InexactAmount",
    "NotReady",
    "Queued",
    "Reports",
    "Storage",
    "StorageError",
    "UnknownBusiness",
    "UnknownConversation",
    "WaitingMessage",
    "WorkingTurn",
    "open_storage",
]
