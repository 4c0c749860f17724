"""Reads days, written or told: 24/5, 24 May, tomorrow, Friday."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.declarations import Type, Unreadable
from engine.patterns import ANYTHING
from engine.words import fold, with_plain_digits

if TYPE_CHECKING:
    from engine.draft import Draft

_ISO = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_NUMERIC = r"(\d{1,2})\s?[/.\-]\s?(\d{1,2})(?:\s?[/.\-]\s?(\d{4}|\d{2}))?\.?"
_LONGEST = 60
_BESIDE = frozenset(
    {"next", "this", "on", "coming", "the", "اس", "اگلے", "اگلی", "کو", "يوم", "القادم", "القادمة"}
    | {"को", "अगले", "इस", "יום", "הבא", "ביום"}
)
_AWAY: Mapping[str, Mapping[str, int]] = {
    "en": {"today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "day after tomorrow": 2},
    "ur": {"آج": 0, "کل": 1, "پرسوں": 2, "aaj": 0, "kal": 1, "parson": 2},
    "hi": {"आज": 0, "कल": 1, "परसों": 2, "aaj": 0, "kal": 1, "parson": 2},
    "ar": {"اليوم": 0, "غدا": 1, "غدًا": 1, "بعد غد": 2},
    "fa": {"امروز": 0, "فردا": 1, "پس فردا": 2},
    "he": {"היום": 0, "מחר": 1, "מחרתיים": 2},
}
"""Days from today by language, where dateparser does not know the word or takes it for the past."""


def read(text: str, draft: Draft) -> datetime.date:
    """The day; one without a year is the next such day, today included."""
    plain = with_plain_digits(text)
    today = draft.now.date()
    if found := re.fullmatch(_ISO, plain):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := re.fullmatch(_NUMERIC, plain):
        first, second = int(found[1]), int(found[2])
        day, month = (first, second) if _day_comes_first(draft) else (second, first)
        if not found[3]:
            return _next(today, month, day)
        return _day(int(found[3]) + (2000 if len(found[3]) == 2 else 0), month, day)
    if not plain or len(plain) > _LONGEST or not any(map(str.isalpha, plain)):
        raise Unreadable("not a date")
    languages = tuple(dict.fromkeys([one.partition("-")[0] for one in (*draft.flow.languages, "en")]))
    named = _named(plain, languages, today)
    return named or _told(plain, languages, draft, today)


def _day(year: int, month: int, day: int) -> datetime.date:
    try:
        return datetime.date(year, month, day)
    except ValueError as error:
        raise Unreadable("there is no such day") from error


def _next(today: datetime.date, month: int, day: int) -> datetime.date:
    for year in range(today.year, today.year + 9):
        try:
            found = datetime.date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise Unreadable("there is no such day")


def _day_comes_first(draft: Draft) -> bool:
    """Whether people there write 24/5; English counts as American only where the country is."""
    from engine.jinja.filters import locale_of

    language, country = draft.flow.languages[0], draft.business.country
    if language == "en" and not country:
        return draft.business.timezone.partition("/")[0] not in ("America", "US")
    pattern: str = locale_of(language, country).date_formats["short"].pattern
    return pattern.index("d") < pattern.index("M")


def is_plain(text: str, languages: tuple[str, ...]) -> bool:
    """Whether digits alone, or one word, say the day; without reading it as a day of this year."""
    if any(map(str.isdecimal, text)):
        return re.fullmatch(f"{_ISO}|{_NUMERIC}", text) is not None
    spoken = tuple(language.partition("-")[0] for language in (*languages, "en"))
    return _named(text, spoken, datetime.date.min) is not None


def _named(text: str, languages: tuple[str, ...], today: datetime.date) -> datetime.date | None:
    """The day that a weekday, or a word such as `tomorrow`, names: a weekday is the next one after today."""
    words = _words(text)
    for language in languages:
        away = _AWAY.get(language, {}).get(words)
        if away is not None:
            return today + datetime.timedelta(days=away)
    found = next((day for language in languages if (day := _weekdays(language).get(words)) is not None), None)
    if found is None:
        return None
    return today + datetime.timedelta(days=(found - today.weekday() - 1) % 7 + 1)


def _words(text: str) -> str:
    return " ".join(word for word in fold(text).split() if word not in _BESIDE)


@lru_cache(maxsize=64)
def _weekdays(language: str) -> dict[str, int]:
    from engine.jinja.filters import locale_of

    days = locale_of(language, "").days
    return {
        _words(name): day
        for form in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for day, name in days[form][width].items()
    }


def _told(text: str, languages: tuple[str, ...], draft: Draft, today: datetime.date) -> datetime.date:
    from dateparser.data.languages_info import language_order
    from dateparser.date import DateDataParser

    settings: dict[str, Any] = {
        "RELATIVE_BASE": datetime.datetime.combine(today, datetime.time()),
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": "DMY" if _day_comes_first(draft) else "MDY",
        "REQUIRE_PARTS": ["day", "month"],
        "RETURN_AS_TIMEZONE_AWARE": False,
        "PARSERS": ["relative-time", "absolute-time"],
    }
    known = [each for each in languages if each in language_order]
    found = DateDataParser(languages=known, settings=settings).get_date_data(text)
    if found.date_obj is None or found.period != "day":
        raise Unreadable("not a date")
    day: datetime.date = found.date_obj.date()
    is_year_away = day == _year_after(today) and not re.search(r"\d{4}", text)
    return today if is_year_away else day


def _year_after(day: datetime.date) -> datetime.date | None:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return None


def load(stored: str, draft: object) -> datetime.date:
    return datetime.date.fromisoformat(stored)


TYPE: Type = Type(
    "date",
    "a day: 24/5, 24 May, today, tomorrow, Friday; without a year the next such day",
    read,
    shape=ANYTHING,
    store=datetime.date.isoformat,
    load=load,
    example="tomorrow",
    holds=datetime.date,
)
