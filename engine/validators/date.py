"""Asks whether a day, or a moment, lies between two others and on a wanted weekday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.business import WEEKDAYS, Business
from engine.declarations import Example, Parameter, Validator
from engine.validators.between import UNBOUNDED

if TYPE_CHECKING:
    from engine.draft import Draft


def check(
    draft: Draft,
    value: object,
    min: object = UNBOUNDED,
    max: object = UNBOUNDED,
    weekdays: object = UNBOUNDED,
) -> bool:
    """Two moments are compared as moments, anything else as days on the business's calendar."""
    business = draft.business
    if not isinstance(value, date):
        return False
    if weekdays is not UNBOUNDED:
        if isinstance(weekdays, str) or not isinstance(weekdays, Sequence):
            return False
        if WEEKDAYS[_day(value, business).weekday()] not in weekdays:
            return False
    return (min is UNBOUNDED or _is_ordered(_bound(min), value, business)) and (
        max is UNBOUNDED or _is_ordered(value, _bound(max), business)
    )


def _bound(value: object) -> date | None:
    """The date or datetime of a bound, which may be written as 2026-05-24 or 2026-05-24T18:00."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _is_ordered(first: date | None, second: date | None, business: Business) -> bool:
    if first is None or second is None:
        return False
    if isinstance(first, datetime) and isinstance(second, datetime):
        return at_business(first, business) <= at_business(second, business)
    return _day(first, business) <= _day(second, business)


def _day(value: date, business: Business) -> date:
    return at_business(value, business).date() if isinstance(value, datetime) else value


def at_business(moment: datetime, business: Business) -> datetime:
    """The moment on the business's clock; one without a zone was meant on that clock."""
    return moment.replace(tzinfo=business.zone) if moment.tzinfo is None else business.local(moment)


_BOUND = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$",
    "patternErrorMessage": 'a day is written 2026-05-24 or 2026-05-24T18:00; today is "{{ today }}"',
}

VALIDATOR: Validator = Validator(
    name="date",
    about="The date, or date and time, is not before `min`, not after `max` and on one of the `weekdays`.",
    parameters={
        "value": Parameter({"type": "string"}, "the date or datetime; without it the input"),
        "min": Parameter(_BOUND, 'the first that passes: `"{{ today }}"`, 2026-05-24 or 2026-05-24T18:00'),
        "max": Parameter(_BOUND, "the last that passes, written likewise"),
        "weekdays": Parameter(
            {"type": "array", "items": {"enum": list(WEEKDAYS)}, "minItems": 1},
            "the weekdays that pass, in English; without them all",
        ),
    },
    check=check,
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {day: date}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: day
      validate: [{date: {min: "{{ today }}", weekdays: [saturday, sunday]}, else: not_that_day}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: For which day shall we bake?
  not_that_day: "We bake cakes for Saturdays and Sundays, from today on."
  thank_you: "See you on {{ day | date }}."
  not_understood: Which day is that?
""",
        says=("a cake please", "next monday", "25 October 2025"),
    ),
)
