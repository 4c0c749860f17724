"""Turns exact amounts of a currency's main unit into whole numbers of its smallest unit, and back."""

from __future__ import annotations

from decimal import Decimal

from adapters.storage.database import StorageError
from engine.currencies import digits_of


class InexactAmount(StorageError):
    """An amount that the currency has no coin for."""


def to_units(amount: Decimal, currency: str) -> int:
    """The amount in the smallest unit: 50.00 INR are 5000. Raises InexactAmount for 50.005 INR."""
    scaled = amount.scaleb(digits_of(currency))
    units = int(scaled)
    if units != scaled:
        raise InexactAmount(f"{amount} {currency} is finer than the smallest unit of {currency}")
    return units


def from_units(units: int, currency: str) -> Decimal:
    """The amount in the main unit: 5000 of INR are 50.00."""
    return Decimal(units).scaleb(-digits_of(currency))
