"""Finds the shortest conversations that reach everything in a flow which nothing has reached so far."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Set
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from engine.interpreter import Interpreter
from engine.pack import Pack
from engine.rehearsal.coverage import Coverage, Item, Key
from engine.rehearsal.provocations import Provocations
from engine.rehearsal.script import Script
from engine.rehearsal.shrinking import smaller
from engine.rehearsal.stage import Stage
from engine.rehearsal.talk import Unplayable
from engine.sayings import Said

MOST_TRIED = 60_000
"""So many things are tried before what is still unreached is given up."""

LONGEST = 14
"""Conversations are not joined beyond so many entries: nobody reads them."""

FIRM = 6
"""What has come of saying something in a state so often in a row is what comes of it."""

PATIENCE = 0.5
"""So many entries more a conversation counts for each one that has come to the same place before."""

KNOWN = {"name": "Sana Malik", "address": "Flat 3, 21 Mall Road, Lahore"}
"""A customer who has been here before."""

CHANGES = ("stock", "gone", "price", "breaks")

Told = Callable[[int, int, int], None]
"""Called as the search goes on with how many things were tried, how many of them are allowed, and how many
items are still to be found."""


class Path(NamedTuple):
    """A conversation, and what it is there to reach."""

    script: Script
    reaches: tuple[Item, ...]


class Explored(NamedTuple):
    """What a search came to. `is_whole` says that it ended because nothing was left to try; then what was
    not found cannot be reached by anything that was tried, however long. `broke` are the faults that it ran
    into, each once: conversations go no further there."""

    paths: tuple[Path, ...]
    unreached: tuple[Item, ...]
    tried: int
    longest: int
    is_whole: bool
    broke: tuple[str, ...] = ()


class _Node(NamedTuple):
    """Where a conversation has come to: how it began, what was said, what that reached."""

    stage: Stage
    script: Script
    reached: frozenset[Key]
    changed: str


class _Habit:
    """What came of saying the same in one state, again and again: always this, or now this, now that."""

    __slots__ = ("last", "times")

    def __init__(self) -> None:
        self.last: Hashable = None
        self.times = 0

    @property
    def is_firm(self) -> bool:
        """Whether it has led to the same so often that it need not be tried any more."""
        return self.times >= FIRM

    def note(self, outcome: Hashable) -> None:
        self.times = self.times + 1 if outcome == self.last else 1
        self.last = outcome


class _Find(NamedTuple):
    script: Script
    reached: frozenset[Key]


def explore(
    pack: Pack,
    role: str,
    coverage: Coverage,
    most_tried: int = MOST_TRIED,
    told: Told = lambda tried, most, wanted: None,
) -> Explored:
    """Searches for conversations that reach what `coverage` lacks, the shortest first; changes nothing in it.

    It is a search by breadth over the interpreter itself, on forks of one shop. Of conversations that have
    come to the same point (state, what is filled, cart, language …) only the first goes on.
    """
    interpreter = Interpreter(pack, role)
    tries = Provocations(interpreter.flow, tuple(product for product in pack.products))
    wanted = set(coverage.items) - coverage.reached
    everything = frozenset(wanted)
    order = count()
    waiting: list[tuple[float, int, _Node]] = []
    seen: set[Hashable] = set()
    crowd = Counter[Hashable]()
    habits: defaultdict[Hashable, _Habit] = defaultdict(_Habit)
    for script in _beginnings(interpreter.flow.languages, role):
        stage = Stage(pack, script, interpreter=interpreter)
        heappush(waiting, (0, next(order), _Node(stage, script, frozenset(), "")))
    found: list[_Find] = []
    broke: dict[str, None] = {}
    tried = longest = 0
    while waiting and wanted and tried < most_tried:
        _, _, node = heappop(waiting)
        longest = max(longest, len(node.script.says) + 1)
        state = node.stage.talk.conversation.state
        for said in tries.of(node.stage, bool(node.changed)):
            habit = habits[state, node.changed, repr(said)]
            if habit.is_firm:
                continue
            tried += 1
            if not tried % 200:
                told(tried, most_tried, len(wanted))
            reached_now = _try(node.stage, said, coverage, broke)
            if reached_now is None:
                habit.note(None)
                continue
            stage, keys = reached_now
            habit.note((stage.talk.conversation.state, frozenset(keys)))
            reached = node.reached | (keys & everything)
            changed = node.changed or change_in(said)
            script = replace(node.script, says=(*node.script.says, said))
            if keys & wanted:
                found.append(_Find(script, reached))
                wanted -= keys
                told(tried, most_tried, len(wanted))
                if not wanted:
                    break
            mark = (*_place(stage, changed), *_mark(stage))
            if mark not in seen:
                seen.add(mark)
                place = _place(stage, changed)
                crowd[place] += 1
                cost = len(script.says) + PATIENCE * (crowd[place] - 1)
                heappush(waiting, (cost, next(order), _Node(stage, script, reached, changed)))
    paths = tuple(_joined(pack, interpreter, found, coverage, everything - wanted))
    items = [item for item in coverage.unreached() if item.key in wanted]
    return Explored(paths, tuple(items), tried, longest, not waiting and bool(wanted), tuple(broke))


def _beginnings(languages: tuple[str, ...], role: str) -> Iterator[Script]:
    yield Script("", (), role)
    yield Script("", (), role, customer=KNOWN)
    for language in languages[1:]:
        yield Script("", (), role, language=str(language))


def change_in(said: Said) -> str:
    """What happens to the shop with this entry, in a word; empty where it is said."""
    return next((key for key in CHANGES if key in said), "") if isinstance(said, Mapping) else ""


def _try(
    before: Stage, said: Said, coverage: Coverage, broke: dict[str, None]
) -> tuple[Stage, set[Key]] | None:
    """What comes of saying this: how things stand then, and what it reached; None where it cannot be done.

    What breaks leads nowhere either, and is noted in `broke`.
    """
    stage = before.fork()
    state = stage.talk.conversation.state
    try:
        turns = stage.act(said)
    except Unplayable:
        return None
    except Exception as error:
        broke[f"{type(error).__name__}: {error}"] = None
        return None
    keys: set[Key] = set()
    for turn in turns:
        keys |= coverage.reached_by(state, turn)
        state = turn.conversation.state
    return stage, keys


def _place(stage: Stage, changed: str) -> tuple[Hashable, ...]:
    """Where a conversation is, roughly: of many at one place those that came first are followed first."""
    talk = stage.talk.conversation
    return talk.state, bool(talk.cart), talk.language or stage.talk.shop.customer().language, changed


def _mark(stage: Stage) -> tuple[Hashable, ...]:
    """What tells one point of a conversation from another; two with the same mark lead to the same items."""
    talk = stage.talk.conversation
    shop = stage.talk.shop
    customer = shop.customer()
    orders = shop.orders()
    products = {product.code: product for product in shop.products()}
    in_cart = [products.get(line[0]) for line in talk.cart]
    return (
        tuple(sorted((slot, _rough(value)) for slot, value in talk.slots.items())),
        min(len(talk.cart), 2),
        _rough(sum(line[1] for line in talk.cart)),
        any(product is None or not product.is_available for product in in_cart),
        any(product is not None and str(product.price) != line[2] for product, line in _with(in_cart, talk)),
        customer.is_known,
        bool(customer.address),
        min(talk.tries, 5),
        tuple(talk.fired),
        bool(talk.offered),
        min(len(orders), 2),
        orders[0].status if orders else "",
        any(product.is_available for product in products.values()),
    )


def _with(in_cart: list[Any], talk: Any) -> Iterator[tuple[Any, Any]]:
    yield from zip(in_cart, talk.cart, strict=True)


def _rough(value: Any) -> Hashable:
    """A number by its size, anything else by being there."""
    if isinstance(value, bool) or not isinstance(value, int):
        return True
    return value if value <= 4 else len(str(value)) * 10


def _joined(
    pack: Pack, interpreter: Interpreter, found: list[_Find], coverage: Coverage, needed: frozenset[Key]
) -> Iterator[Path]:
    """Few conversations that reach all that was found: those that reach most, joined where that goes."""

    def reached(script: Script) -> set[Key]:
        return _reached_by(pack, interpreter, script, coverage)

    left = set(needed)
    chosen: list[tuple[Script, frozenset[Key]]] = []
    for find in sorted(found, key=lambda find: (-len(find.reached), len(find.script.says))):
        fresh = find.reached & left
        if not fresh:
            continue
        left -= fresh
        shortest = _shrunk(find.script, fresh, reached)
        for number, (script, reaches) in enumerate(chosen):
            longer = replace(script, says=(*script.says, *shortest.says))
            if _same_beginning(script, shortest) and len(longer.says) <= LONGEST:
                both = reaches | fresh
                if both <= reached(longer):
                    chosen[number] = (_shrunk(longer, both, reached), both)
                    break
        else:
            chosen.append((shortest, frozenset(fresh)))
    for script, reaches in chosen:
        items = sorted((coverage.items[key] for key in reaches), key=lambda item: item.place)
        more = f", and {len(items) - 1} more" if len(items) > 1 else ""
        yield Path(replace(script, title=f"{_purpose(items[0])}{more}"), tuple(items))


def _shrunk(script: Script, needed: Set[Key], reached: Callable[[Script], set[Key]]) -> Script:
    """The conversation without every line that it can do without, to reach what it is there for."""
    steps = [script.says, *smaller(script.says, lambda says: needed <= reached(replace(script, says=says)))]
    return replace(script, says=steps[-1])


def _purpose(item: Item) -> str:
    """What a conversation shows that is there for this item."""
    return (
        item.unreached.replace(" is never ", " is ")
        .replace(" are never ", " are ")
        .replace(" never ", " ")
        .replace("there is always something", "there is nothing")
        .replace(" can always be read", " cannot be read")
    )


def _same_beginning(one: Script, other: Script) -> bool:
    return (one.language, one.customer) == (other.language, other.customer)


def _reached_by(pack: Pack, interpreter: Interpreter, script: Script, coverage: Coverage) -> set[Key]:
    stage = Stage(pack, script, interpreter=interpreter)
    keys: set[Key] = set()
    for said in script.says:
        state = stage.talk.conversation.state
        try:
            turns = stage.act(said)
        except Exception:
            return set()  # each goes its way alone, as it did when it was found
        for turn in turns:
            keys |= coverage.reached_by(state, turn)
            state = turn.conversation.state
    return keys
