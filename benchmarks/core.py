"""Measures the engine's core: whole conversations on one core, against the bare dispatch of the same moves.

    python benchmarks/core.py [--conversations 3000] [--rounds 7] [--memory-turns 1000000]

A turn is what it is in production, without the database: the conversation is read from JSON, the message
is understood, validated and acted on, the replies are rendered from the real texts, the conversation is
written to JSON. The catalog is in memory. The floor is `transitions` alone: the library's own machine with
the same triggers, moves and conditions.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from transitions import Machine

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from adapters.packs import load_pack  # noqa: E402
from engine.conversation import dump, load  # noqa: E402
from engine.flow import Flow, Rule, State  # noqa: E402
from engine.interpreter import Interpreter  # noqa: E402
from engine.machine import triggers  # noqa: E402
from engine.memory import MemoryShop  # noqa: E402
from engine.message import Inbound  # noqa: E402
from engine.pack import Pack  # noqa: E402
from engine.program import compile_flow  # noqa: E402

SAYS = (
    "hi",
    "1, 2",
    "done",
    "Ayesha Khan",
    "12 Clifton Block 5, Karachi",
    "skip",
    "confirm",
)
START = datetime(2025, 10, 18, 9, 0, tzinfo=UTC)


class Talk:
    """All that the bare machine moves."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def read_pack(path: Path) -> Pack:
    """The pack; says what is wrong with it and ends where it cannot be read."""
    reading = load_pack(str(path))
    if reading.pack is None or reading.problems:
        sys.exit("\n".join(f"{problem.place}: {problem.message}" for problem in reading.problems))
    return reading.pack


def with_endless_stock(pack: Pack) -> Pack:
    """The pack, its stock uncounted, so that a million turns sell nothing out."""

    return pack._replace(products=tuple(product.replaced(stock=None) for product in pack.products))


def moves_of(interpreter: Interpreter, pack: Pack, says: Sequence[str] = SAYS) -> list[tuple[str, str]]:
    """The triggers that the conversation pulls, each with the state it is pulled in."""
    shop = MemoryShop(pack).for_customer("923001234567")
    talk = interpreter.start()
    moves = []
    for text in says:
        before = talk.state
        turn = interpreter.hear(talk, Inbound("text", text), shop, START)
        understood = next(step for step in turn.trace if step["step"] == "understood")
        moves.append((understood["rule"], before))
        talk = turn.conversation
    if talk.state != "order_placed":
        sys.exit(f"the conversation ended in {talk.state}, no order was placed")
    return moves


def run_core(interpreter: Interpreter, pack: Pack, conversations: int, says: Sequence[str] = SAYS) -> float:
    """Turns a second over whole conversations, each of a customer of its own."""
    messages = [Inbound("text", text) for text in says]
    moment = START
    begin = time.perf_counter()
    shop = MemoryShop(pack)
    for number in range(conversations):
        mine = shop.for_customer(str(number))
        raw = dump(interpreter.start())
        for message in messages:
            turn = interpreter.hear(load(raw), message, mine, moment)
            raw = dump(turn.conversation)
        moment += timedelta(seconds=1)
    return conversations * len(messages) / (time.perf_counter() - begin)


def plain_machine(interpreter: Interpreter) -> Machine:
    """The same triggers and moves in the library's own machine, with the same conditions and nothing else."""
    machine = Machine(
        model=None,
        states=[str(name) for name in interpreter.flow.states],
        initial=None,
        auto_transitions=False,
        send_event=True,
    )
    for trigger, rule, sources in triggers(interpreter.flow):
        for branch in rule.branches:
            when = branch.when
            holds = None if when is None else (lambda event, when=when: bool(when.evaluate(event.args[0])))
            machine.add_transition(trigger, sources, branch.goto or rule.goto, conditions=holds)
        machine.add_transition(trigger, sources, rule.goto)
    return machine


def run_floor(machine: Machine, moves: Sequence[tuple[str, str]], conversations: int) -> float:
    """Turns a second of `transitions` alone. Conditions hold as they do in the conversation."""
    pulled = [(machine.events[key], state) for key, state in moves]
    names = Names()
    begin = time.perf_counter()
    for _ in range(conversations):
        for event, state in pulled:
            event.trigger(Talk(state), names)
    return conversations * len(pulled) / (time.perf_counter() - begin)


class _Cart:
    offers: ClassVar[dict[str, str]] = {"is_empty": ""}
    is_empty = False


class Names:
    """What the conditions on the way read, at no cost."""

    language = "en"
    cart = _Cart()

    def resolve(self, name: str) -> object:
        return getattr(self, name)


def large_flow(size: int) -> Flow:
    """A flow of that many states, each with commands of its own and five that all understand."""
    states = {}
    for n in range(size):
        commands = {
            f"go_{n}": Rule(f"go_{n}", words={"en": (f"go {n}",)}, goto=f"s{(n + 1) % size}"),
            f"back_{n}": Rule(f"back_{n}", words={"en": (f"back {n}",)}, goto=f"s{(n - 1) % size}"),
        }
        states[f"s{n}"] = State(f"s{n}", commands=commands, otherwise=Rule("otherwise"))
    general = {f"c{n}": Rule(f"c{n}", words={"en": (f"c {n}",)}, goto="s0") for n in range(5)}
    return Flow(name="large", languages=("en",), start="s0", states=states, commands=general)


def measure_memory(interpreter: Interpreter, pack: Pack, turns: int) -> tuple[int, int]:
    """Bytes of Python's memory after a tenth of the turns and after all; each part has a shop of its own."""
    parts = 10
    tracemalloc.start(1)
    after = []
    for _ in range(parts):
        run_core(interpreter, pack, turns // parts // len(SAYS))
        gc.collect()
        after.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return after[0], after[-1]


def spread(values: Sequence[float]) -> str:
    """Median, and the least and greatest."""
    return f"{statistics.median(values):10,.0f}  ({min(values):,.0f} … {max(values):,.0f})"


def main() -> None:
    """Runs everything and prints it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory-turns", type=int, default=0, help="also watch memory over so many turns")
    arguments = parser.parse_args()
    pack = with_endless_stock(read_pack(ROOT / "flows" / "cookie_barrel"))
    interpreter = Interpreter(pack)
    moves = moves_of(interpreter, pack)
    machine = plain_machine(interpreter)
    run_core(interpreter, pack, 200)
    core, floor = [], []
    for _ in range(arguments.rounds):
        gc.collect()
        core.append(run_core(interpreter, pack, arguments.conversations))
        gc.collect()
        floor.append(run_floor(machine, moves, arguments.conversations))
    print(f"turns a second, whole conversations:   {spread(core)}")
    print(f"turns a second, transitions alone:     {spread(floor)}")
    ratios = [mine / bare for mine, bare in zip(core, floor, strict=True)]
    middle = statistics.median(ratios)
    print(f"ratio:                                 {middle:10.2f}  ({min(ratios):.2f} … {max(ratios):.2f})")
    flow = large_flow(1000)
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        compile_flow(flow)
        seconds.append(time.perf_counter() - begin)
    print(f"a flow of 1,000 states is compiled in: {statistics.median(seconds):10.3f} s")
    if arguments.memory_turns:
        first, last = measure_memory(interpreter, pack, arguments.memory_turns)
        print(f"memory after a tenth, after all turns: {first / 1e6:10.2f} MB, {last / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
