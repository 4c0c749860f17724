"""Plays the conversation on Shoptalk's own interpreter: the real Cookie Barrel flow, as core.py drives it."""

from __future__ import annotations

import sys
from pathlib import Path

from cookie_barrel import SAYS
from serving import serve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import core

pack = core.with_endless_stock(core.read_pack(core.ROOT / "flows" / "cookie_barrel"))
interpreter = core.Interpreter(pack)


def transcript() -> tuple[list[object], int]:
    shop = core.MemoryShop(pack).for_customer("923001234567")
    raw = core.dump(interpreter.start())
    said: list[object] = []
    for text in SAYS:
        kept = len(raw)
        turn = interpreter.hear(core.load(raw), core.Inbound("text", text), shop, core.START)
        raw = core.dump(turn.conversation)
        said.append([[reply.text, [option.title for option in reply.buttons]] for reply in turn.replies])
    return said, kept


def run(conversations: int) -> float:
    turns_a_second = core.run_core(interpreter, pack, conversations, SAYS)
    return conversations * len(SAYS) / turns_a_second


serve(transcript, run)
