"""Who sells: the business, its clock, its opening hours and the numbers of its orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from string import Formatter
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Business:
    """Who sells. `currency` is an ISO 4217 code, `timezone` an IANA name.

    `opening_hours` maps a weekday to spans of opening and closing; a business without any is always open.
    `order_number` is a format with `{date:…}` (strftime) and `{n}`, the count of the day's orders. `flows`
    maps a role to the flow it talks to.
    """

    id: str
    name: str
    currency: str
    timezone: str
    languages: tuple[str, ...]
    order_number: str = "{date:%Y%m%d}{n:04}"
    opening_hours: Mapping[str, tuple[tuple[time, time], ...]] = field(default_factory=dict)
    phone: str = ""
    address: str = ""
    country: str = ""
    flows: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def zone(self) -> ZoneInfo:
        from zoneinfo import ZoneInfo  # loaded where there is a clock to read: flow-lint starts without

        return ZoneInfo(self.timezone)

    def local(self, moment: datetime) -> datetime:
        """The moment on the business's own clock."""
        return moment if moment.tzinfo is self.zone else moment.astimezone(self.zone)

    def order_number_of(self, day: date, n: int) -> str:
        """The number of the day's n-th order, n counted from 1."""
        return _dated(self.order_number, day).format(n=n)


@lru_cache(maxsize=256)
def _dated(order_number: str, day: date) -> str:
    """The format of the day's order numbers, in which only `{n}` is left to put in."""
    parts = []
    for literal, field_name, spec, _ in Formatter().parse(order_number):
        parts.append(literal.replace("{", "{{").replace("}", "}}"))
        if field_name == "date":
            parts.append(format(day, spec or "").replace("{", "{{").replace("}", "}}"))
        elif field_name is not None:
            parts.append(f"{{{field_name}:{spec}}}")
    return "".join(parts)


@dataclass(frozen=True)
class BusinessAt:
    """The business at one moment: what texts read as `business`."""

    offers: ClassVar[Mapping[str, str]] = {
        "name": "what the business is called",
        "currency": "the code of its currency, such as INR",
        "languages": "the languages it speaks, the first its default",
        "is_open": "whether it is open now",
        "opens_at": "the moment it opens next (now, while it is open)",
        "phone": "its telephone number",
        "address": "where it is",
    }
    business: Business
    now: datetime

    @property
    def name(self) -> str:
        return self.business.name

    @property
    def currency(self) -> str:
        return self.business.currency

    @property
    def languages(self) -> tuple[str, ...]:
        return self.business.languages

    @property
    def phone(self) -> str:
        return self.business.phone

    @property
    def address(self) -> str:
        return self.business.address

    @property
    def is_open(self) -> bool:
        return is_open(self.business, self.now)

    @property
    def opens_at(self) -> datetime | None:
        return opens_at(self.business, self.now)


def is_open(business: Business, moment: datetime) -> bool:
    """Whether the business is open at the moment; a span that closes before it opens runs past midnight."""
    if not business.opening_hours:
        return True
    local = business.local(moment)
    at = local.time()
    for opens, closes in business.opening_hours.get(WEEKDAYS[local.weekday()], ()):
        if opens <= at < closes or (closes <= opens and at >= opens):
            return True
    yesterday = business.opening_hours.get(WEEKDAYS[local.weekday() - 1], ())
    return any(closes < opens and at < closes for opens, closes in yesterday)


def opens_at(business: Business, moment: datetime) -> datetime | None:
    """The next moment at which the business is open, on its own clock; None for one that never opens."""
    local = business.local(moment)
    if is_open(business, moment):
        return local
    for days in range(8):
        day = local.date() + timedelta(days=days)
        for opens, _ in sorted(business.opening_hours.get(WEEKDAYS[day.weekday()], ())):
            start = datetime.combine(day, opens, business.zone)
            if start > local:
                return start
    return None
