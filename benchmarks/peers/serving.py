"""Answers run.py on standard output, a line of JSON for each line of JSON that it asks on standard input.

`{"ask": "transcript"}` is answered with `{"transcript": [[[text, [title, …]], …], …], "kept": bytes}`: the
replies of each message of one conversation, and the size of what was kept of it before the last one.
`{"ask": "run", "conversations": n}` is answered with `{"seconds": s}`.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from typing import Any


def serve(transcript: Callable[[], tuple[Any, int]], run: Callable[[int], float]) -> None:
    """Answers until the input ends; `run` plays so many conversations and gives the seconds it took."""
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["ask"] == "transcript":
            said, kept = transcript()
            answer: dict[str, Any] = {"transcript": said, "kept": kept}
        else:
            gc.collect()
            answer = {"seconds": run(asked["conversations"])}
        print(json.dumps(answer), flush=True)
