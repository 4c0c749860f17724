"""Says in words of the flow what one version of a pack does otherwise than another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import time
from typing import Any

from engine.business import WEEKDAYS
from engine.flow import Flow, Message
from engine.pack import Pack
from engine.publishing.changed_rules import changed_answers, changed_rule, changed_rules, changed_state
from engine.publishing.wording import (
    changed,
    gone,
    listed,
    of_button,
    shown,
    switched,
    table,
    texts,
)
from engine.shop import Product
from engine.workflow import Workflow

OF_PEOPLE = {"title": "the title of the flow", "about": "the description of the flow"}

OF_MESSAGE: Mapping[str, str] = {
    "text": "the text of {}",
    "list_button": "what opens the list of {}",
    "header": "the header of {}",
    "footer": "the footer of {}",
}

OF_MOVE: Mapping[str, str] = {
    "source": "where it comes from",
    "to": "where it goes",
    "by": "who may do it",
    "do": "what it does",
    "tell": "what the customer is told",
}


def differences(old: Pack, new: Pack) -> list[str]:
    """What is otherwise in the new pack, a sentence each; nothing for packs that do and say the same."""
    return list(dict.fromkeys(_pack(old, new)))


def _pack(old: Pack, new: Pack) -> Iterator[str]:
    before_and_now = (old.business.parts(), new.business.parts())
    for name in before_and_now[0]:
        if name not in ("flows", "opening_hours"):
            was, now = (parts[name] for parts in before_and_now)
            yield from changed(f"the business: `{name}`", was, now)
    for day in WEEKDAYS:
        spans = (_open(pack.business.opening_hours, day) for pack in (old, new))
        yield from _apart(f"the business: {day}", *spans)
    roles = dict.fromkeys((*old.flows, *new.flows))
    for role in roles:
        before, after = old.flows.get(role), new.flows.get(role)
        if before is None or after is None:
            yield f"the flow of {role} was {'added' if before is None else 'removed'}"
            continue
        prefix = f"{role}: " if len(roles) > 1 else ""
        for sentence in _flow(before, after):
            yield prefix + sentence
    yield from _products(old, new)
    yield from _workflow(old.workflow, new.workflow)


def _open(hours: Mapping[str, tuple[tuple[time, time], ...]], day: str) -> str:
    if not hours:
        return "open at any time"
    spans = [f"from {shown(opens)} to {shown(closes)}" for opens, closes in hours.get(day, ())]
    return f"open {' and '.join(spans)}" if spans else "closed"


def _apart(what: str, was: str, now: str) -> Iterator[str]:
    if was != now:
        yield f"{what} was {was}, is {now}"


def _workflow(old: Workflow | None, new: Workflow | None) -> Iterator[str]:
    yield from changed("the workflow: the first status", *(one.start if one else None for one in (old, new)))
    before, after = (one.moves if one is not None else {} for one in (old, new))
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield f"the workflow: the move {name} was {'added' if was is None else 'removed'}"
            continue
        for field, what in OF_MOVE.items():
            yield from changed(
                f"the workflow: the move {name}: {what}", getattr(was, field), getattr(now, field)
            )


def _flow(old: Flow, new: Flow) -> Iterator[str]:
    yield from changed("the name of the flow", old.name, new.name)
    for field, what in OF_PEOPLE.items():
        yield from changed(what, getattr(old, field), getattr(new, field))
    yield from changed("the state in which talks begin", old.start, new.start)
    yield from changed("the silence after which a talk starts over", old.timeout, new.timeout)
    for language in gone(old.languages, new.languages):
        yield f"the language {language} was removed"
    for language in gone(new.languages, old.languages):
        yield f"the language {language} was added"
    if sorted(old.languages) == sorted(new.languages):
        yield from changed("the order of the languages", old.languages, new.languages)
    yield from table("setting ", old.settings, new.settings)
    yield from _slots(old, new)
    yield from changed_rules("", "command", old.commands, new.commands, old, new)
    yield from changed_rules("", "event", old.events, new.events, old, new)
    yield from changed_rule("`otherwise`", old.otherwise, new.otherwise, old, new)
    yield from changed_answers("the answer to the failure ", old.fails, new.fails)
    for name, state in old.states.items():
        if name not in new.states:
            to = new.moved.get(name)
            where = f"; talks there go on in {to}" if to else ""
            yield f"state {name} was removed{where}"
        else:
            yield from changed_state(state, new.states[name], old, new)
    for name in gone(new.states, old.states):
        yield f"state {name} was added"
    told = old.states.keys() - new.states.keys()
    moved = ({name: to for name, to in flow.moved.items() if name not in told} for flow in (old, new))
    yield from table("where talks go on that were left in ", *moved)
    yield from _messages(old, new)
    names = ({f"{one} in {language}": text for language, t in flow.names.items() for one, text in t.items()}
             for flow in (old, new))  # fmt: skip
    yield from table("the name of ", *names)


def _slots(old: Flow, new: Flow) -> Iterator[str]:
    for name in dict.fromkeys((*old.slots, *new.slots)):
        was, now = (_type(flow, name) for flow in (old, new))
        if not was or not now:
            yield f"slot {name} ({was or now}) was {'removed' if was else 'added'}"
        else:
            yield from _apart(f"slot {name}", was, now)


def _type(flow: Flow, name: str) -> str:
    slot = flow.slots.get(name)
    if slot is None:
        return ""
    return f"list of {slot.type}" if slot.is_list else str(slot.type)


# Messages and products


def _messages(old: Flow, new: Flow) -> Iterator[str]:
    for name in dict.fromkeys((*old.messages, *new.messages)):
        was, now = old.messages.get(name), new.messages.get(name)
        if was is None or now is None:
            yield f"message {name} was {'added' if was is None else 'removed'}"
            continue
        for field, what in OF_MESSAGE.items():
            yield from texts(what.format(name), *(_spoken(one, _getter(field)) for one in (was, now)))
        yield from texts(f"the picture or file of {name}", *(_spoken(one, _media) for one in (was, now)))
        first, second = was[old.languages[0]], now[new.languages[0]]
        kinds = (one.media[0] if one.media else None for one in (first, second))
        yield from changed(f"{name}: the kind of file", *kinds)
        for field in ("buttons", "rows"):
            yield from _offers(f"{name}: the {field}", getattr(first, field), getattr(second, field))
        yield from switched(
            first.ask_location,
            second.ask_location,
            f"{name}: it asks for a place now",
            f"{name}: it does not ask for a place any more",
        )
        yield from changed(f"{name}: the products", first.products, second.products)


def _offers(what: str, old: Any, new: Any) -> Iterator[str]:
    was, now = (listed([of_button(button) for button in buttons]) or "none" for buttons in (old, new))
    if was != now:
        yield f"{what} were {was}, are {now}"


def _getter(field: str) -> Callable[[Message], Any]:
    return lambda message: getattr(message, field)


def _media(message: Message) -> Any:
    return message.media[1] if message.media is not None else None


def _spoken(by_language: Mapping[str, Message], part: Callable[[Message], Any]) -> dict[str, Any]:
    """The texts by language, without those that only stand in for a missing one."""
    spoken: dict[str, Any] = {}
    for language, message in by_language.items():
        text = part(message)
        if text is not None and not any(text is one for one in spoken.values()):
            spoken[language] = text
    return spoken


def _products(old: Pack, new: Pack) -> Iterator[str]:
    was, now = ({product.code: product for product in pack.products} for pack in (old, new))
    for code in dict.fromkeys((*was, *now)):
        first, second = was.get(code), now.get(code)
        if first is None or second is None:
            product: Any = first or second
            yield f"product {product.name} ({code}) was {'added' if first is None else 'removed'}"
            continue
        for field in ("name", "number", "price", "category"):
            yield from changed(f"{first.name}: the {field}", getattr(first, field), getattr(second, field))
        yield from switched(
            first.on_sale,
            second.on_sale,
            f"{first.name} is on sale now",
            f"{first.name} is not on sale any more",
        )
        yield from _apart(f"{first.name}: the first stock", _stock(first), _stock(second))


def _stock(product: Product) -> str:
    return "not counted" if product.stock is None else str(product.stock)
