"""The validators of the language: every question that a flow may ask of a value, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.declarations import Validator
from engine.validators import (
    between,
    check,
    date,
    email,
    in_catalog,
    in_stock,
    length,
    matches,
    one_of,
    opening_hours,
    phone,
    within,
)

VALIDATORS: Mapping[str, Validator] = MappingProxyType(
    {
        "length": length.VALIDATOR,
        "between": between.VALIDATOR,
        "one_of": one_of.VALIDATOR,
        "matches": matches.VALIDATOR,
        "in_catalog": in_catalog.VALIDATOR,
        "in_stock": in_stock.VALIDATOR,
        "phone": phone.VALIDATOR,
        "email": email.VALIDATOR,
        "date": date.VALIDATOR,
        "opening_hours": opening_hours.VALIDATOR,
        "within": within.VALIDATOR,
        "check": check.VALIDATOR,
    }
)
"""In the order in which the reference lists them."""
