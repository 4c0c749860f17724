"""Says when the next message may leave, so that a provider's limits are kept before they are hit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

# The generic cell rate algorithm: one moment in a row remembers everything. It lies `interval` further on
# with every message; how far it may lie ahead of the clock is what may leave in one burst.


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast messages may leave: `per_number` a second from one number, and to one customer one in
    `customer_interval` seconds after a burst of `customer_burst`."""

    per_number: float = 80.0
    customer_interval: float = 6.0
    customer_burst: int = 45

    @property
    def number(self) -> Pace:
        """A tenth of a second's worth may leave in one burst; no second ever sees more than `per_number`."""
        burst = max(1, int(self.per_number / 10))
        return Pace(1 / (self.per_number - burst + 1), burst)

    @property
    def customer(self) -> Pace:
        """The pace of what one customer is sent."""
        return Pace(self.customer_interval, self.customer_burst)


class Pace(NamedTuple):
    """One message in `interval` seconds, after a burst of at most `burst`."""

    interval: float
    burst: int

    def free_at(self, ready_at: datetime | None, now: datetime) -> datetime:
        """The moment from which the next message may leave; not after `now` where it may leave at once."""
        if ready_at is None:
            return now
        return ready_at - timedelta(seconds=self.interval * (self.burst - 1))

    def after_one(self, ready_at: datetime | None, now: datetime) -> datetime:
        """What is to be remembered when one leaves now."""
        return max(ready_at or now, now) + timedelta(seconds=self.interval)
