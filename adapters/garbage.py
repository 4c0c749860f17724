"""Has Python's collector of garbage leave alone what a process keeps for as long as it lives."""

from __future__ import annotations

import gc

THRESHOLDS = (20_000, 20, 50)
"""Of the collector's three generations. Its own begin at 700: a few messages, which leave few circles."""


def settle() -> None:
    """To be called once all is loaded: what is there by now is gone through no more.

    Flows that are loaded later are collected as they always are; those of the start stay when newer ones
    take their place, some megabytes at most.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
