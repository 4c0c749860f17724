"""Says what becomes of the conversations that are going on when another version is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from adapters.published import Published
from engine.conversation import Conversation
from engine.interpreter import WHATSAPP, Interpreter
from engine.memory import MemoryShop
from engine.pack import Pack
from engine.publishing.fingerprint import state_fingerprint
from engine.publishing.versions import Version, moved_to
from engine.silence import starts_over


class Fate(NamedTuple):
    """What becomes of `talks` conversations in one state of one version; None for the version in force.

    `to` is the state in which they go on with the new version, None where they stay, for the reason in `why`.
    Those that `begin` are over, or have not begun: their next message takes the new version.
    """

    role: str
    version: int | None
    state: str
    is_changed: bool
    to: str | None
    why: str = ""
    begin: bool = False
    talks: int = 0


def fates(published: Published, pack: Pack, now: datetime) -> list[Fate]:
    """The fates of every conversation of the business, were this pack published; the most frequent first.

    A conversation that takes another version may still change its mind by what is said to it next.
    """
    business = pack.business.id
    newest = {role: Version(Interpreter(pack, role)) for role in pack.flows}
    shop = MemoryShop(pack)
    counted: Counter[Fate] = Counter()
    for live in published.storage.versions.live(business):
        own = published.of(business, live.role, live.version)
        new = newest.get(live.role) or newest["customer"]
        counted[_fate(live.role, live.conversation, own, new, shop, now)] += 1
    return [fate._replace(talks=count) for fate, count in counted.most_common()]


def _fate(
    role: str, conversation: Conversation, own: Version, new: Version, shop: MemoryShop, now: datetime
) -> Fate:
    state = own.flow.states.get(conversation.state)
    number = own.number or None
    if state is None or _begins(conversation, own, now):
        return Fate(role, None, "", False, None, begin=True)
    there = new.flow.states.get(conversation.state)
    is_changed = there is None or state_fingerprint(own.flow, state) != state_fingerprint(new.flow, there)
    draft = new.interpreter.draft(conversation, None, shop.for_customer("0"), now, WHATSAPP)
    moved = moved_to(conversation, own, new, draft)
    if isinstance(moved, Conversation):
        return Fate(role, number, conversation.state, is_changed, moved.state)
    return Fate(role, number, conversation.state, is_changed, None, moved.why)


def _begins(conversation: Conversation, own: Version, now: datetime) -> bool:
    if not conversation.heard_at:
        return True
    compiled = own.interpreter.program.states[conversation.state]
    over = starts_over(own.interpreter.program, compiled, conversation, now.timestamp())
    return bool(over) and not compiled.state.human


def told(fates: list[Fate], number: int | None) -> Iterator[str]:
    """The fates in words; `number` is what the new version will be called, None while nobody knows."""
    new = f"version {number}" if number else "the new version"
    for fate in fates:
        if fate.begin or (fate.to is not None and not fate.is_changed):
            continue
        many = conversations(fate.talks)
        goes, stays = ("goes", "stays") if fate.talks == 1 else ("go", "stay")
        if fate.to == fate.state:
            what = f"{goes} on with {new}"
        elif fate.to is not None:
            what = f"{goes} on in {fate.to}"
        else:
            own = f"version {fate.version}" if fate.version else "the version before"
            what = f"{stays} on {own} until that is over: {fate.why}"
        yield f"  {fate.state}: {many} {what}"
    same = sum(fate.talks for fate in fates if not fate.begin and fate.to is not None and not fate.is_changed)
    if same:
        yield f"  {conversations(same)} in states that did not change: on with {new}"
    over = sum(fate.talks for fate in fates if fate.begin)
    if over:
        yield f"  {conversations(over)} over or not begun: the next message begins on {new}"
    if not fates:
        yield "  nobody has written so far"


def conversations(count: int) -> str:
    """So many conversations, in words."""
    return f"{count} conversation{'' if count == 1 else 's'}"
