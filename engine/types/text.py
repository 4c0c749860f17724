"""Reads words as they are."""

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
