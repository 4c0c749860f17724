"""Requests are counted as a moving window counts them, and what nobody asks for again is forgotten."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.strategies import MovingWindowRateLimiter

from adapters.web.request_counts import RequestCounts


class Clock:
    """Seconds, as a test sets them."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts(clock: Clock) -> RequestCounts:
    return RequestCounts(clock=clock)


def test_it_keeps_a_rate(counts: RequestCounts, clock: Clock) -> None:
    limiter, rate = MovingWindowRateLimiter(counts), parse("2 per 10 seconds")
    said = []
    for at in (0, 4, 9.5, 10.5, 11, 14.5, 14.6):
        clock.now = 1_000 + at
        said.append(limiter.hit(rate, "webhook", "192.0.2.7"))
    assert said == [True, True, False, True, False, True, False]
    assert limiter.hit(rate, "webhook", "192.0.2.8"), "another address has a count of its own"
    assert limiter.get_window_stats(rate, "webhook", "192.0.2.7").remaining == 0
    assert not limiter.test(rate, "webhook", "192.0.2.7")
    limiter.clear(rate, "webhook", "192.0.2.7")
    assert limiter.test(rate, "webhook", "192.0.2.7")


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5), st.integers(1, 3)), max_size=60),
    st.integers(1, 4),
    st.integers(1, 6),
)
def test_it_counts_as_somebody_would_who_remembers_everything(
    asked: list[tuple[str, float, int]], limit: int, expiry: int
) -> None:
    clock = Clock()
    counts = RequestCounts(clock=clock)
    came: dict[str, list[float]] = {"a": [], "b": []}
    for key, wait, amount in asked:
        clock.now += wait
        counting = [at for at in came[key] if at >= clock.now - expiry]
        fits = len(counting) + amount <= limit
        assert counts.acquire_entry(key, limit, expiry, amount) is fits
        if fits:
            came[key] += [clock.now] * amount
            counting += [clock.now] * amount
        oldest = counting[0] if counting else clock.now
        assert counts.get_moving_window(key, limit, expiry) == (oldest, len(counting))


def test_addresses_that_do_not_come_again_are_forgotten(counts: RequestCounts, clock: Clock) -> None:
    for number in range(1_000):
        clock.now += 0.01
        assert counts.acquire_entry(f"address {number}", 5, 1)
    assert counts.reset() <= 102, "no more than came within the second"


def test_threads_together_pass_no_more_than_the_limit(counts: RequestCounts) -> None:
    passed: list[bool] = []

    def ask() -> None:
        passed.extend(counts.acquire_entry("one", 100, 60) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 100


def test_it_counts_without_a_limit_too(counts: RequestCounts, clock: Clock) -> None:
    assert (counts.incr("one", 10), counts.incr("one", 10, 2)) == (1, 3)
    assert counts.get_expiry("one") == clock.now + 10
    clock.now += 11
    assert (counts.get("one"), counts.get("nobody")) == (0, 0)
    assert counts.check()
