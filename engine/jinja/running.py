"""Runs one text: where its names come from, what it may read of a value, and how values are printed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from jinja2.runtime import LoopContext, Macro
from jinja2.utils import missing

from engine.jinja.arithmetic import MAX_ITEMS, MAX_TEXT, Refused, made, reckon
from engine.jinja.empty import EMPTY
from engine.jinja.isolation import isolated_text
from engine.jinja.lines import Lines

MISSING = missing
"""What a name stands for behind which there is nothing."""

MAX_STEPS = 100_000
"""Rounds of loops and calls in one text; 64 characters made by an operator or a filter count as one."""


class _Sink:
    """Where compiled templates note what they export, which nobody asks for here."""

    def __setitem__(self, name: str, value: Any) -> None: ...

    def update(self, *_: Any) -> None: ...

    def add(self, *_: Any) -> None: ...

    def discard(self, *_: Any) -> None: ...

    def difference_update(self, *_: Any) -> None: ...


_SINK = _Sink()


class Context:
    """One run of a text: where its names come from, and how much it may still do."""

    __slots__ = ("names", "environment", "eval_ctx", "left", "_resolve")
    vars: ClassVar[Any] = _SINK
    exported_vars: ClassVar[Any] = _SINK

    def __init__(self, environment: Any, names: Any) -> None:
        self.names = names
        self.environment = environment
        self.eval_ctx = environment.eval_ctx
        self.left = MAX_STEPS
        self._resolve = names.resolve

    def resolve_or_missing(self, name: str) -> Any:
        value = self._resolve(name)
        return EMPTY if value is MISSING or value is None else value

    def spend(self, steps: int) -> None:
        """Counts what was done; raises Refused when it is too much."""
        self.left -= steps
        if self.left < 0:
            raise Refused("the text does too much: its loops and calls have no end in sight")

    def made(self, text: str) -> str:
        """The text, if it is not too long."""
        size = len(text)
        if size > 64:
            if size > MAX_TEXT:
                raise Refused(f"the text grows beyond {MAX_TEXT} characters")
            self.spend(size >> 6)
        return text


def _method(name: str) -> Callable[[Any], Any]:
    return operator.methodcaller(name)


def _weekday(day: date) -> str:
    return ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[day.weekday()]


_DATE: Mapping[str, Callable[[Any], Any] | None] = {
    "year": None,
    "month": None,
    "day": None,
    "weekday": _weekday,
}
_TIME: Mapping[str, Callable[[Any], Any] | None] = {"hour": None, "minute": None, "second": None}
PLAIN: Mapping[type, Mapping[str, Callable[[Any], Any] | None]] = {
    date: _DATE,
    time: _TIME,
    datetime: {**_DATE, **_TIME, "date": _method("date"), "time": _method("time")},
    timedelta: {
        "days": None,
        "hours": lambda span: int(span.total_seconds() // 3600),
        "minutes": lambda span: int(span.total_seconds() // 60),
    },
    LoopContext: dict.fromkeys(
        (
            "index",
            "index0",
            "revindex",
            "revindex0",
            "first",
            "last",
            "length",
            "previtem",
            "nextitem",
            "cycle",
        )
    ),
}
"""What texts may read of Python's own values; None where the attribute itself is read."""

_LOOP_METHODS = frozenset({"cycle"})
_SEQUENCES = (list, tuple, str)


class Attributes:
    """What texts may read of values: the listed attributes of each type, found once and kept."""

    def __init__(self) -> None:
        self.readable: dict[type, dict[str, Callable[[Any], Any] | None]] = {
            kind: dict(readers) for kind, readers in PLAIN.items()
        }

    def get(self, obj: Any, attribute: str) -> Any:
        """The attribute, or dictionary item, of this name; empty where there is none."""
        cls = obj.__class__
        readers = self.readable.get(cls)
        if readers is None:
            readers = self._readers(cls)
        if attribute in readers:
            reader = readers[attribute]
            value = getattr(obj, attribute) if reader is None else reader(obj)
        else:
            value = self._item(obj, attribute)
        return EMPTY if value is None else value

    def item(self, obj: Any, argument: Any) -> Any:
        """The item of this key or position; else the attribute of this name; else empty."""
        if isinstance(argument, str) and not isinstance(obj, Mapping):
            return self.get(obj, argument)
        value = self._item(obj, argument)
        return EMPTY if value is None else value

    def _item(self, obj: Any, key: Any) -> Any:
        if isinstance(obj, Mapping):
            return obj.get(key)
        if isinstance(key, str) and key.startswith("_"):
            raise Refused(f"`{key}` is not for texts: names that start with `_` are closed")
        if isinstance(obj, _SEQUENCES) and isinstance(key, int):
            return obj[key] if -len(obj) <= key < len(obj) else None
        return None

    def _readers(self, cls: type) -> dict[str, Callable[[Any], Any] | None]:
        offers = getattr(cls, "offers", None)
        if isinstance(offers, Mapping):
            return self.readable.setdefault(cls, dict.fromkeys(offers))
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            return self.readable.setdefault(cls, dict.fromkeys(cls._fields))
        for plain in (datetime, date, time, timedelta):
            if issubclass(cls, plain):
                return self.readable.setdefault(cls, dict(PLAIN[plain]))
        return self.readable.setdefault(cls, {})


def printed(value: Any) -> str:
    """The value as texts show it: nothing for empty, a list with commas, a thing of the shop by its name."""
    cls = value.__class__
    if cls is str:
        return value  # type: ignore[no-any-return]
    if cls is int:
        return str(value)
    if value is EMPTY or value is None:
        return ""
    if isinstance(value, (str, int, Decimal, float, date, time, timedelta)):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {printed(one)}" for key, one in made(value).items())
    if isinstance(value, Iterable) and not isinstance(value, type):
        return ", ".join([printed(one) for one in made(taken(value))])
    offers = getattr(cls, "offers", None) or ()
    for name in ("name", "number"):
        if name in offers and "product" not in offers:
            return printed(getattr(value, name))
    if callable(value):
        name = getattr(value, "__name__", "this")
        raise Refused(f"`{name}` is a method: call it with its parentheses")
    raise Refused(f"a {cls.__name__.lower()} cannot be printed as a whole: say what of it")


def taken(values: Iterable[Any]) -> Any:
    """The values as something with a length; what yields them one by one is read up to MAX_ITEMS."""
    if isinstance(values, (list, tuple, str, Mapping)):
        return values
    found = []
    for one in values:
        found.append(one)
        if len(found) > MAX_ITEMS:
            raise Refused(f"a list of a text holds at most {MAX_ITEMS} items")
    return found


def joined(values: Iterable[Any]) -> str:
    """What `~` makes of the values."""
    return "".join([printed(value) for value in values])


def isolated(value: Any) -> str:
    """The value as a right-to-left text shows it."""
    if value.__class__ is Lines:
        return "\n".join(mark + isolated_text(text) for mark, text in value.rows)
    return isolated_text(printed(value))


def join_parts(parts: Iterable[str]) -> str:
    """The parts as one text. Raises Refused for more than MAX_TEXT characters."""
    text = "".join(parts)
    if len(text) > MAX_TEXT:
        raise Refused(f"the text grows beyond {MAX_TEXT} characters")
    return text


def call(context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Calls a macro of the text or one of the listed methods; raises Refused for anything else."""
    context.spend(1)
    kwargs.pop("_loop_vars", None)
    kwargs.pop("_block_vars", None)
    if obj.__class__ is Macro:
        return obj(context.eval_ctx, *args, **kwargs)
    owner = getattr(obj, "__self__", None)
    name = getattr(obj, "__name__", "")
    allowed = _LOOP_METHODS if isinstance(owner, LoopContext) else getattr(owner.__class__, "methods", ())
    if name not in allowed:
        called = f"`{name}`" if name else "this"
        raise Refused(f"{called} cannot be called: texts call only the listed methods and their own macros")
    value = obj(*[None if one is EMPTY else one for one in args], **kwargs)
    return EMPTY if value is None else value


def call_binop(context: Any, sign: str, left: Any, right: Any) -> Any:
    """Reckons within bounds; money stays exact."""
    value = reckon(sign, left, right)
    if value.__class__ is str:
        context.made(value)
    return value
