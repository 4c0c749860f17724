"""Keeps a process of threads on one processor, where handing over Python's lock wakes no other."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def keep_to_one_processor() -> None:
    """Keeps this thread, and those that it starts from now on, on the processor on which it runs.

    Python runs one of its threads at a time. Over several processors each hand-over wakes another one, and
    what the threads share goes from cache to cache; and a thread that is woken pushes the running one aside,
    which holds what the other waits for. Changes nothing where the system knows no such thing, as Linux alone
    does. Raises OSError where it refuses.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {_processor_now()})
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _processor_now() -> int:
    """The processor on which this thread runs: the 39th word of what Linux says of it, 36 behind its name."""
    words = Path("/proc/thread-self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(words[36])
