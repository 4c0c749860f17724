"""Says what a message means in a state: a rule, a line of what was offered, or nothing that is understood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zlib import crc32

import orjson

from engine.conversation import Conversation
from engine.draft import Draft
from engine.flow import NOTHING
from engine.frozen import Frozen
from engine.message import Inbound
from engine.patterns import Pattern
from engine.program import CompiledRule, CompiledState
from engine.words import fold, with_plain_digits

MORE = "more"
"""The command in the press id of a row that shows the rows after it."""


class Meaning(Frozen):
    """What was understood, and by what (`how`).

    `rule` None means that nothing was. `holes` are texts still to be read as `types` says; `values` are
    what a press brought beside them. `pick` is the value of a line of `choices`; `page` the message whose
    rows are wanted from a place on. `counts` is false for an old button, which is no try of the customer's.
    """

    __slots__ = ("how", "rule", "holes", "types", "values", "pick", "page", "language", "counts")

    def __init__(
        self,
        how: str,
        rule: CompiledRule | None = None,
        holes: Mapping[str, str] = NOTHING,
        types: Mapping[str, str] = NOTHING,
        values: Mapping[str, Any] = NOTHING,
        pick: str | None = None,
        page: tuple[str, int] | None = None,
        language: str = "",
        counts: bool = True,
    ) -> None:
        self.how: Final = how
        self.rule: Final = rule
        self.holes: Final = holes
        self.types: Final = types
        self.values: Final = values
        self.pick: Final = pick
        self.page: Final = page
        self.language: Final = language
        self.counts: Final = counts


class Press(NamedTuple):
    """What a button carries: the visit that offered it, its command (None: a line of choices), its values.

    `is_own` says that the command is the state's own, and that the flow has another of this name.
    """

    visit: int
    command: str | None
    values: Any
    is_own: bool = False


def encode_press(visit: int, command: str | None, values: Any, is_own: bool = False) -> str:
    """The id of a button or row; `decode_press` reads it back."""
    carried: list[Any] = [visit, command]
    if values or is_own:
        carried.append(values)
    if is_own:
        carried.append(True)
    return orjson.dumps(carried, default=_carried, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def _carried(value: Any) -> Any:
    """What stands for a value that JSON has no word for: a product's code, the number of a line or order."""
    if isinstance(value, Decimal):
        return str(value)
    for name in ("code", "number"):
        known = getattr(value, name, None)
        if known is not None:
            return known
    raise TypeError(f"a button cannot carry a {type(value).__name__.lower()}")


def picked_by(value: Any) -> str:
    """The text by which a press knows a line to pick from; of a thing of the shop, what stands for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    for name in ("code", "number"):
        known = getattr(value, name, None)
        if known is not None:
            return str(known)
    return str(value)


def decode_press(press_id: str, conversation: Conversation) -> Press | None:
    """The press that an id stands for; None for an id that is not one of ours."""
    try:
        parts = orjson.loads(press_id)
    except orjson.JSONDecodeError:
        return None
    if not (isinstance(parts, list) and 2 <= len(parts) <= 4 and isinstance(parts[0], int)):
        return None
    if isinstance(parts[1], int):
        return _remembered(press_id, parts[0], conversation)
    if parts[1] is not None and not isinstance(parts[1], str):
        return None
    return Press(parts[0], parts[1], parts[2] if len(parts) > 2 else {}, len(parts) > 3 and bool(parts[3]))


def short_id(visit: int, press_id: str) -> str:
    """What stands for an id that is too long for the channel; its row is known by it while it is offered."""
    return f"[{visit},{crc32(press_id.encode())}]"


def _remembered(short: str, visit: int, conversation: Conversation) -> Press | None:
    """A press whose values were too long for an id: it names its row among what was offered."""
    for _, _, press_id, _ in conversation.offered:
        if short_id(visit, press_id) == short:
            return decode_press(press_id, conversation)
    return Press(visit, "", {})


def recognize(state: CompiledState, inbound: Inbound, press: Press | None, draft: Draft) -> Meaning:
    """What the message means, in the order that the language lays down.

    `press` is what the pressed button carried, None for a message that is no press or a button of others,
    whose title is then taken for typed words.
    """
    if press is not None:
        return _pressed(state, press, draft)
    if inbound.kind not in ("text", "press"):
        if (
            state.input is not None
            and inbound.kind in state.input.rule.accepts
            and exists(state.input, draft)
        ):
            return Meaning("input", state.input)
        return _nothing(state, "otherwise")
    text = inbound.text
    folded = fold(text)
    meaning = _word(state, folded, draft) or _offered(state, text, folded, draft)
    if meaning is not None:
        return meaning
    if inbound.kind == "press":
        return _nothing(state, "old button", counts=False)
    for pattern, types, rule in state.patterns:
        holes = pattern.match(text)
        if holes is not None and exists(rule, draft):
            return Meaning("pattern", rule, holes, types)
    if state.input is not None and "text" in state.input.rule.accepts and exists(state.input, draft):
        return Meaning("input", state.input)
    return _nothing(state, "otherwise")


def _nothing(state: CompiledState, how: str, counts: bool = True) -> Meaning:
    return Meaning(how, state.otherwise, counts=counts)


def exists(rule: CompiledRule, draft: Draft) -> bool:
    """Whether the rule is there now: its `when` holds, or it has none."""
    when = rule.when
    return when is None or bool(when.evaluate(draft))


def _pressed(state: CompiledState, press: Press, draft: Draft) -> Meaning:
    conversation = draft.conversation
    if press.visit == conversation.visit:
        if press.command is None and state.choices is not None:
            if isinstance(press.values, str):
                return Meaning("pick", state.choices, pick=press.values)
        elif press.command == MORE and (wanted := _page(press.values, draft)) is not None:
            return Meaning("more", page=wanted)
        elif press.command is not None and press.command in state.commands and isinstance(press.values, dict):
            rule = state.commands[press.command]
            if _is_whole(rule, press.values) and exists(rule, draft):
                return _brought("press", rule, press.values)
            return _nothing(state, "otherwise", counts=False)
    elif press.command in state.general and not press.is_own and isinstance(press.values, dict):
        rule = state.commands[str(press.command)]
        if _is_whole(rule, press.values) and exists(rule, draft):
            return _brought("old button", rule, press.values)
    return _nothing(state, "old button", counts=False)


def _brought(how: str, rule: CompiledRule, values: Mapping[str, Any]) -> Meaning:
    """A press of the rule; what it brings for the holes of a pattern is still to be read, as if typed."""
    if not values or not rule.rule.patterns:
        return Meaning(how, rule, values=values)
    # A pattern whose holes it all brings goes before others, in which a hole may be of another type.
    known = sorted(_patterns(rule), key=lambda pattern: not _fills(values, pattern))
    types = {hole.name: hole.type for pattern in reversed(known) for hole in pattern.holes}
    types = {name: types[name] for name in values if name in types}
    rest = {name: value for name, value in values.items() if name not in types}
    return Meaning(how, rule, {name: _typed(values[name]) for name in types}, types, rest)


def _typed(value: Any) -> str:
    """What somebody would type for the value; nothing for one that cannot be typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""


def _is_whole(rule: CompiledRule, values: Mapping[str, Any]) -> bool:
    """Whether a press brings all that the holes of a pattern would, where nothing else means the command."""
    if rule.rule.words or not rule.rule.patterns:
        return True
    return any(_fills(values, pattern) for pattern in _patterns(rule))


def _patterns(rule: CompiledRule) -> list[Pattern]:
    return [pattern for patterns in rule.rule.patterns.values() for pattern in patterns]


def _fills(values: Mapping[str, Any], pattern: Pattern) -> bool:
    return all(hole.name in values for hole in pattern.holes)


def _page(values: Any, draft: Draft) -> tuple[str, int] | None:
    """The message and the place that a row for more carries."""
    if not (isinstance(values, list) and len(values) == 2):
        return None
    name, start = values
    known = isinstance(name, str) and name in draft.flow.messages and isinstance(start, int)
    return (name, start) if known else None


def _word(state: CompiledState, folded: str, draft: Draft) -> Meaning | None:
    for words in (state.words, state.general_words):
        meanings = words.get(folded)
        if meanings is not None:
            for rule in meanings.rules:
                if exists(rule, draft):
                    return Meaning("word", rule, language=meanings.language)
    return None


def _offered(state: CompiledState, text: str, folded: str, draft: Draft) -> Meaning | None:
    conversation = draft.conversation
    if not conversation.offered:
        return None
    number = 0 if folded[:1].isalpha() else _number(text, folded)
    for offered_number, title, press_id, _ in conversation.offered:
        if (number and number == offered_number) or folded == folded_title(title):
            press = decode_press(press_id, conversation)
            if press is not None:
                return _pressed(state, press, draft)
    return None


folded_title = lru_cache(maxsize=4096)(fold)
"""The folded title of a row; a shop offers the same ones again and again."""


def _number(text: str, folded: str) -> int:
    """The number that the text is, in digits of any script, with marks around it or not; else 0."""
    digits = with_plain_digits(folded)
    if not digits.isdecimal() or len(digits) >= 10:
        return 0
    # A sign or a point is trimmed as any mark is, but what was typed with it is no number of a list.
    return 0 if with_plain_digits(text)[:1] in ("-", "+", ".") else int(digits)
