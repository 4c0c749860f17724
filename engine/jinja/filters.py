"""The filters and tests of texts: Jinja's own, bounded where they need it, and the shop's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.tests import TESTS as DEFAULT_TESTS
from jinja2.utils import pass_context

from engine.currencies import digits_of
from engine.jinja.arithmetic import MAX_ITEMS, MAX_TEXT, Refused, made
from engine.jinja.empty import EMPTY
from engine.jinja.isolation import isolate
from engine.jinja.lines import Lines
from engine.jinja.running import printed, taken

if TYPE_CHECKING:
    from babel import Locale

    from engine.jinja.running import Context

REMEMBERED = 4096
"""Formatted amounts that a sandbox keeps, since Babel takes long over each."""

_STYLES = ("short", "medium", "long", "full")
_MAX_WIDTH = 1000
_MAX_DIGITS = 12


@lru_cache(maxsize=256)
def locale_of(language: str, country: str) -> Locale:
    """Babel's locale of a language as a country writes it; else of the language alone, else English."""
    from babel import Locale, UnknownLocaleError

    plain = language.replace("-", "_")
    for tag in (
        f"{plain}_{country}" if country and "_" not in plain else plain,
        plain,
        plain.partition("_")[0],
    ):
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en")


@lru_cache(maxsize=256)
def _whole_pattern(language: str, country: str) -> str:
    pattern: str = locale_of(language, country).currency_formats["standard"].pattern
    return pattern.replace(".00", "")


def format_money(amount: Decimal | int, currency: str, language: str = "en", country: str = "") -> str:
    """The amount as people of that language write it; a whole one without decimals: ₹100, ₹99.50."""
    from babel.numbers import format_currency

    locale = locale_of(language, country)
    exact = Decimal(amount).quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_HALF_UP)
    if exact == exact.to_integral_value():
        whole = _whole_pattern(language, country)
        return format_currency(exact, currency, whole, locale=locale, currency_digits=False)
    return format_currency(exact, currency, locale=locale)


@pass_context
def money(context: Context, value: Any, currency: str | None = None) -> Any:
    """An amount in the business's currency: `{{ cart.total | money }}`."""
    if value is EMPTY or value is None:
        return EMPTY
    names = context.names
    business = names.business
    if value.__class__ is not Decimal:
        value = _decimal(value, "money")
    key = (names.language, business.country, currency or business.currency, value)
    remembered = context.environment.remembered
    text = remembered.get(key)
    if text is None:
        text = format_money(value, key[2], key[0], key[1])
        if len(remembered) >= REMEMBERED:
            remembered.clear()
        remembered[key] = text
    return text


@pass_context
def number(context: Context, value: Any, digits: int | None = None) -> Any:
    """A number as people of the language write it, with `digits` behind the point if that is given."""
    if value is EMPTY or value is None:
        return EMPTY
    from babel.numbers import format_decimal

    exact = _decimal(value, "number")
    if digits is not None:
        exact = _rounded(exact, digits, ROUND_HALF_UP)
    pattern = "#,##0." + "0" * digits if digits else "#,##0.############"
    return format_decimal(exact, pattern, locale=_locale(context))


@pass_context
def date_filter(context: Context, value: Any, style: str = "medium") -> Any:
    """The day of a date or moment; the style is short, medium, long or full."""
    if value is EMPTY or value is None:
        return EMPTY
    if isinstance(value, datetime):
        value = _local(context, value).date()
    if not isinstance(value, date):
        raise Refused(f"the filter `date` takes a date or a moment, not {_kind(value)}")
    from babel.dates import format_date

    return format_date(value, _style("date", style), locale=_locale(context))


@pass_context
def time_filter(context: Context, value: Any, style: str = "short") -> Any:
    """The time of day of a time or moment; the style is short, medium, long or full."""
    if value is EMPTY or value is None:
        return EMPTY
    if isinstance(value, datetime):
        value = _local(context, value).time()
    if not isinstance(value, time):
        raise Refused(f"the filter `time` takes a time or a moment, not {_kind(value)}")
    from babel.dates import format_time

    return format_time(value, _style("time", style), locale=_locale(context)).replace("\u202f", " ")


def bullets(values: Any) -> str:
    """A list as lines that start with `•`."""
    return Lines.of(("• ", printed(one)) for one in _items(values))


def numbered(values: Any) -> str:
    """A list as lines that start with a number: a product's own, else its place in the list."""
    return Lines.of(
        (f"{_own_number(one) or place}. ", printed(one)) for place, one in enumerate(_items(values), 1)
    )


def isolate_filter(value: Any) -> str:
    """The value between U+2068 and U+2069, so that it does not turn a right-to-left line around."""
    return isolate(printed(value))


def _own_number(value: Any) -> Any:
    offers = getattr(value.__class__, "offers", ())
    return value.number if "number" in offers and "code" in offers else None


def _items(values: Any) -> Any:
    return (values,) if isinstance(values, str) else made(taken(values))


def _local(context: Context, moment: datetime) -> datetime:
    zone = context.names.now.tzinfo
    return moment.astimezone(zone) if moment.tzinfo and zone else moment


def _locale(context: Context) -> Locale:
    return locale_of(context.names.language, context.names.business.country)


def _style(filter_name: str, style: str) -> Any:
    if style not in _STYLES:
        raise Refused(f"the filter `{filter_name}` knows {' '.join(_STYLES)}, not {style!r}")
    return style


def _kind(value: Any) -> str:
    return "a text" if isinstance(value, str) else f"a {value.__class__.__name__.lower()}"


def _decimal(value: Any, filter_name: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            pass
    raise Refused(f"the filter `{filter_name}` takes a number, not {_kind(value)}")


def _rounded(value: Decimal, digits: int, rounding: str) -> Decimal:
    if not -_MAX_DIGITS <= digits <= _MAX_DIGITS:
        raise Refused(f"numbers are rounded to at most {_MAX_DIGITS} digits")
    return value.quantize(Decimal(1).scaleb(-digits), rounding) + 0


_ROUNDING = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


def round_filter(value: Any, precision: int = 0, method: str = "common") -> Any:
    """The number with `precision` digits behind the point; halves go up."""
    if value is EMPTY:
        return EMPTY
    if method not in _ROUNDING:
        raise Refused(f"the filter `round` knows {' '.join(_ROUNDING)}, not {method!r}")
    return _rounded(_decimal(value, "round"), precision, _ROUNDING[method])


def float_filter(value: Any, default: Any = Decimal(0)) -> Any:
    """The value as an exact decimal; `default` where it is none."""
    try:
        return _decimal(value, "float")
    except Refused:
        return default


@pass_context
def center(context: Context, value: Any, width: int = 80) -> str:
    return context.made(printed(value).center(_width("center", width)))


@pass_context
def indent(context: Context, value: Any, width: int = 4, first: bool = False, blank: bool = False) -> str:
    text = printed(value)
    width = _width("indent", width)
    _bound(len(text) + (text.count("\n") + 1) * width)
    return context.made(str(DEFAULT_FILTERS["indent"](text, width, first, blank)))


@pass_context
def join(context: Context, values: Any, separator: str = "", attribute: Any = None) -> str:
    items = made(taken(values))
    if attribute is not None:
        items = [_path(context, one, attribute) for one in items]
    texts = [printed(one) for one in items]
    separator = printed(separator)
    _bound(sum(map(len, texts)) + len(separator) * len(texts))
    return context.made(separator.join(texts))


@pass_context
def replace(context: Context, value: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, old, new = printed(value), printed(old), printed(new)
    times = text.count(old) if count is None or count < 0 else min(count, text.count(old))
    _bound(len(text) + times * len(new))
    return context.made(text.replace(old, new, times))


@pass_context
def wordwrap(context: Context, value: Any, width: int = 79, break_long_words: bool = True) -> str:
    if width < 1:
        raise Refused("the filter `wordwrap` takes a width of at least 1")
    text = printed(value)
    wrapped = DEFAULT_FILTERS["wordwrap"](context.environment, text, width, break_long_words, "\n")
    return context.made(str(wrapped))


@pass_context
def truncate(context: Context, value: Any, length: int = 255, killwords: bool = False, end: str = "…") -> str:
    shortened = DEFAULT_FILTERS["truncate"](
        context.environment, printed(value), max(length, len(end)), killwords, end, 0
    )
    return context.made(str(shortened))


def _width(filter_name: str, width: int) -> int:
    if not 0 <= width <= _MAX_WIDTH:
        raise Refused(f"the filter `{filter_name}` takes a width up to {_MAX_WIDTH}")
    return width


def _bound(size: int) -> None:
    if size > MAX_TEXT:
        raise Refused(f"the text grows beyond {MAX_TEXT} characters")


def _path(context: Context, value: Any, attribute: Any) -> Any:
    for part in attribute.split(".") if isinstance(attribute, str) else (attribute,):
        value = context.environment.getitem(
            value, int(part) if isinstance(part, str) and part.isdecimal() else part
        )
    return value


def _of_text(change: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja's that makes one text out of another, about as long."""

    def changed(context: Context, value: Any, *args: Any) -> Any:
        result = change(printed(value), *args)
        return context.made(result) if isinstance(result, str) else result

    return pass_context(changed)


def _of_list(name: str) -> Callable[..., Any]:
    """A filter of Jinja's on a list, whose result is made at once and counted."""
    change = DEFAULT_FILTERS[name]
    wanted: str = getattr(getattr(change, "jinja_pass_arg", None), "name", "")

    def changed(context: Context, values: Any, *args: Any, **kwargs: Any) -> Any:
        items = made(taken(values))
        context.spend(len(items))
        first = {"context": context, "environment": context.environment, "eval_context": context.eval_ctx}
        lead = (first[wanted],) if wanted else ()
        result = change(*lead, items, *args, **kwargs)
        if isinstance(result, Iterable) and not isinstance(result, (str, tuple, Mapping)):
            result = made(taken(result))
        return EMPTY if result is None else result

    return pass_context(changed)


def _slice(context: Context, values: Any, parts: int, fill_with: Any = None) -> Any:
    return _in_parts(context, "slice", values, parts, fill_with)


def _batch(context: Context, values: Any, size: int, fill_with: Any = None) -> Any:
    return _in_parts(context, "batch", values, size, fill_with)


def _in_parts(context: Context, name: str, values: Any, count: int, fill_with: Any) -> Any:
    if not 1 <= count <= MAX_ITEMS:
        raise Refused(f"the filter `{name}` takes a number from 1 to {MAX_ITEMS}")
    return made(list(DEFAULT_FILTERS[name](made(taken(values)), count, fill_with)))


def _reverse(values: Any) -> Any:
    return taken(values)[::-1]


def _length(values: Any) -> int:
    return len(taken(values))


def _pairs(values: Any) -> Any:
    return list(values.items()) if isinstance(values, Mapping) else ()


def _is_none(value: Any) -> bool:
    return value is None or value is EMPTY


_LISTS = (
    *("first", "last", "list", "groupby", "map", "max", "min", "sort", "sum", "unique", "dictsort"),
    *("reject", "rejectattr", "select", "selectattr"),
)

FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "batch": pass_context(_batch),
    "bullets": bullets,
    "capitalize": _of_text(str.capitalize),
    "center": center,
    "count": _length,
    "d": DEFAULT_FILTERS["default"],
    "date": date_filter,
    "default": DEFAULT_FILTERS["default"],
    "float": float_filter,
    "indent": indent,
    "int": DEFAULT_FILTERS["int"],
    "isolate": isolate_filter,
    "items": _pairs,
    "join": join,
    "length": _length,
    "lower": _of_text(str.lower),
    "money": money,
    "number": number,
    "numbered": numbered,
    "replace": replace,
    "reverse": _reverse,
    "round": round_filter,
    "slice": pass_context(_slice),
    "string": printed,
    "time": time_filter,
    "title": _of_text(DEFAULT_FILTERS["title"]),
    "trim": _of_text(str.strip),
    "truncate": truncate,
    "upper": _of_text(str.upper),
    "urlencode": _of_text(DEFAULT_FILTERS["urlencode"]),
    "wordcount": _of_text(DEFAULT_FILTERS["wordcount"]),
    "wordwrap": wordwrap,
    **{name: _of_list(name) for name in _LISTS},
}
"""Every filter that texts may use."""

_NO_TESTS = ("callable", "escaped", "sameas")
_TESTS: dict[str, Any] = {name: test for name, test in DEFAULT_TESTS.items() if name not in _NO_TESTS}

TESTS: Mapping[str, Callable[..., Any]] = {**_TESTS, "none": _is_none}
"""Every test that texts may use; what is empty is also `none`."""
