"""Who sells: the business, its clock, its opening hours and the numbers of its orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.frozen import Frozen

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOTHING: Mapping[str, Any] = MappingProxyType({})

ORDER_NUMBER = "{date:%Y%m%d}{n:04}"
"""How orders are numbered where the business does not say."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Business(Frozen):
    """Who sells. `currency` is an ISO 4217 code, `timezone` an IANA name.

    `opening_hours` maps a weekday to spans of opening and closing; a business without any is always open.
    `order_number` is a format with `{date:…}` (strftime) and `{n}`, the count of the day's orders. `flows`
    maps a role to the flow it talks to.
    """

    __slots__ = (
        "id",
        "name",
        "currency",
        "timezone",
        "languages",
        "order_number",
        "opening_hours",
        "phone",
        "address",
        "country",
        "flows",
        "_zone",
    )

    def __init__(
        self,
        id: str,
        name: str,
        currency: str,
        timezone: str,
        languages: tuple[str, ...],
        order_number: str = ORDER_NUMBER,
        opening_hours: Mapping[str, tuple[tuple[time, time], ...]] = NOTHING,
        phone: str = "",
        address: str = "",
        country: str = "",
        flows: Mapping[str, str] = NOTHING,
    ) -> None:
        self.id: Final = id
        self.name: Final = name
        self.currency: Final = currency
        self.timezone: Final = timezone
        self.languages: Final = languages
        self.order_number: Final = order_number
        self.opening_hours: Final = opening_hours
        self.phone: Final = phone
        self.address: Final = address
        self.country: Final = country
        self.flows: Final = flows
        self._zone: ZoneInfo | None = None

    @property
    def zone(self) -> ZoneInfo:
        if self._zone is None:
            from zoneinfo import ZoneInfo  # loaded where there is a clock to read: flow-lint starts without

            self._zone = ZoneInfo(self.timezone)
        return self._zone

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


class BusinessAt(Frozen):
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
    __slots__ = ("business", "moment")

    def __init__(self, business: Business, moment: datetime) -> None:
        self.business: Final = business
        self.moment: Final = moment

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
        return is_open(self.business, self.moment)

    @property
    def opens_at(self) -> datetime | None:
        return opens_at(self.business, self.moment)


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
