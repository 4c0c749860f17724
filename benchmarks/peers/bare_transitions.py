"""Pulls the conversation's triggers on `transitions` alone, the interpreter's library, as core.py does."""

from __future__ import annotations

import sys
from pathlib import Path

from cookie_barrel import SAYS
from serving import serve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import core

pack = core.with_endless_stock(core.read_pack(core.ROOT / "flows" / "cookie_barrel"))
interpreter = core.Interpreter(pack)
moves = core.moves_of(interpreter, pack, SAYS)
machine = core.plain_machine(interpreter)


def transcript() -> tuple[None, int]:
    """There are no replies; but one model, pulled through all of it, ends where the conversation does."""
    talk = core.Talk(moves[0][1])
    for trigger, state in moves:
        if talk.state != state:
            sys.exit(f"{trigger} is pulled in {talk.state}, not in {state}")
        machine.events[trigger].trigger(talk, core.Names())
    if talk.state != "order_placed":
        sys.exit(f"the conversation ended in {talk.state}")
    return None, 0


def run(conversations: int) -> float:
    turns_a_second = core.run_floor(machine, moves, conversations)
    return conversations * len(SAYS) / turns_a_second


serve(transcript, run)
