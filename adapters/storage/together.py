"""Does at once what several threads ask for at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

PATIENCE = 0.0005
"""Seconds for which the first waits for as many as came together the last time."""


class _Group(Generic[Asked, Answer]):
    """What was asked together, each with a lock that is let go when its thread is to look up."""

    __slots__ = ("answers", "asked", "is_done", "sleepers")

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.sleepers: list[threading.Lock] = []
        self.answers: Sequence[Answer | None] = ()
        self.is_done = False


class Together(Generic[Asked, Answer]):
    """One thread does the work of all that ask while another work is under way.

    `work` is given a function that says what was asked: called as late as can be, it says more. It gives an
    answer to each, None where that one is to be done otherwise; giving none at all is None for each.

    Where several came together the last time, the first to come waits a moment for as many, since whoever
    asks again and again gets each answer at the same moment as the others; of those the last does the work.
    """

    def __init__(self, work: Callable[[Callable[[], Sequence[Asked]]], Sequence[Answer | None]]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._is_busy = False
        self._expected = 1
        self._open: _Group[Asked, Answer] = _Group()

    def do(self, asked: Asked) -> Answer | None:
        """The answer to this; None where there is none."""
        sleeper = threading.Lock()
        sleeper.acquire()
        with self._lock:
            group = self._open
            place = len(group.asked)
            group.asked.append(asked)
            group.sleepers.append(sleeper)
            leads = not self._is_busy and place + 1 >= self._expected
            self._is_busy = self._is_busy or leads
            waits = place == 0 and not self._is_busy
        while not leads:
            is_woken = sleeper.acquire(timeout=PATIENCE if waits else -1)
            if group.is_done:
                return group.answers[place]
            with self._lock:
                # There is no answer yet, and nobody at work: this thread is, unless more are to come.
                is_free = group is self._open and not self._is_busy
                waits = is_free and is_woken and len(group.asked) < self._expected
                leads = is_free and not waits
                self._is_busy = self._is_busy or leads
        self._lead(group)
        return group.answers[place]

    def _lead(self, group: _Group[Asked, Answer]) -> None:
        answers: Sequence[Answer | None] = ()
        try:
            answers = self._work(partial(self._closed, group))
        finally:
            with self._lock:
                if group is self._open:
                    self._open = _Group()
                group.answers = answers or [None] * len(group.asked)
                group.is_done = True
                self._is_busy = False
                self._expected = len(group.asked) + len(self._open.asked)
                following = self._open.sleepers[:1]
            for sleeper in (*group.sleepers, *following):
                if sleeper.locked():
                    sleeper.release()

    def _closed(self, group: _Group[Asked, Answer]) -> Sequence[Asked]:
        """All that belongs to the group, to which nothing is added from now on."""
        with self._lock:
            if group is self._open:
                self._open = _Group()
        return group.asked
