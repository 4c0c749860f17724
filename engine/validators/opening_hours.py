"""Asks whether the business is open."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from engine.business import WEEKDAYS, is_open
from engine.declarations import Example, Parameter, Validator
from engine.validators.date import at_business

if TYPE_CHECKING:
    from engine.draft import Draft


def check(draft: Draft, value: object = None) -> bool:
    """Looks at a moment, a time of today, or a day (open at all on it); else at the moment of the turn."""
    business = draft.business
    if isinstance(value, datetime):
        return is_open(business, at_business(value, business))
    if isinstance(value, date):
        return not business.opening_hours or bool(business.opening_hours.get(WEEKDAYS[value.weekday()]))
    if isinstance(value, time):
        return is_open(
            business, datetime.combine(draft.now.date(), value.replace(tzinfo=None), business.zone)
        )
    if value is None or (draft.message is not None and value == draft.message.text):
        return is_open(business, draft.now)
    return False


VALIDATOR: Validator = Validator(
    name="opening_hours",
    about="The business is open at that moment, at that time of today or on that day; without one, now.",
    parameters={
        "value": Parameter(
            {"type": "string"},
            "a date, time or datetime; without it the input if it is one; if there is none, now",
        ),
    },
    check=check,
    single="value",
    example=Example(
        flow="""\
flow: customer
start: initial
slots: {moment: time}
states:
  initial:
    otherwise: {goto: asking}
  asking:
    ask: ask
    input:
      save: moment
      validate: [{opening_hours: "{{ moment }}", else: closed_then}]
      reply: thank_you
      goto: done
  done: {final: true}
otherwise: not_understood
messages:
  ask: When would you like to fetch it?
  closed_then: "We are closed then. Today we are here from 7 to 14."
  thank_you: "It will be ready at {{ moment | time }}."
  not_understood: "Please send a time, like 10:30."
""",
        says=("when can I come?", "18:30", "13:15"),
    ),
)
