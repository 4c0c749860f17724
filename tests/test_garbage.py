"""What is there at the start is gone through no more; what is thrown away later still goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, weakref
from adapters.garbage import THRESHOLDS, settle

class Circle:
    def __init__(self):
        self.self = self

settle()
assert gc.get_freeze_count() > 1000 and gc.get_threshold() == THRESHOLDS
seen = weakref.ref(Circle())
assert seen() is not None
kept = [[] for _ in range(THRESHOLDS[0] + 1000)]
assert seen() is None
"""


def test_circles_are_collected_after_the_process_has_settled() -> None:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
