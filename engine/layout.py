"""Fits what is to be said into what a channel can show: nothing is cut off, everything finds a place.

Buttons and lists that a channel cannot show, or has too few places for, go out as numbered text; long
lists get a row that shows more; long texts are split at a line.
"""

import re
from typing import NamedTuple

from engine.limits import Limits
from engine.message import Media, Option, Outbound

_MARKS = r"[ *_\u2066-\u2069\u200e\u200f]{0,4}"
_NUMBERED_LINE = rf"(?m)^{_MARKS}\d{{1,9}}{_MARKS}[.)]{_MARKS}(?:\s|$)"


class Row(NamedTuple):
    """A line to press or type: its number (0 for none), title, press id and second line."""

    number: int
    title: str
    id: str
    about: str = ""


class Saying(NamedTuple):
    """A message as the flow means it, before any channel. `as_list` asks for a list rather than buttons."""

    text: str = ""
    rows: tuple[Row, ...] = ()
    as_list: bool = False
    list_button: str = ""
    more: Row | None = None
    media: tuple[str, Media] | None = None
    ask_location: bool = False
    products: tuple[str, ...] = ()
    header: str = ""
    footer: str = ""


def fit(saying: Saying, limits: Limits, numbered: bool = True) -> tuple[list[Outbound], bool]:
    """The messages that say it on a channel with these limits, and whether they show the rows' numbers.

    `numbered` false keeps numbers out of the text, for a state that reads numbers as something else.
    """
    if saying.products and limits.products and (saying.rows or saying.media or saying.ask_location):
        cards = _cards("", saying.products, limits)
        messages, numbers_shown = fit(saying._replace(products=()), limits, numbered)
        return [*cards, *messages], numbers_shown
    if saying.rows and not saying.ask_location:
        if fits_buttons(saying, limits):
            buttons = tuple(Option(row.title, row.id) for row in saying.rows)
            return _with_body(saying, limits, Outbound(buttons=buttons)), False
        if _fits_list(saying, limits):
            shown = (*saying.rows, saying.more) if saying.more else saying.rows
            rows = tuple(Option(row.title, row.id, row.about) for row in shown)
            interactive = Outbound(rows=rows, list_button=saying.list_button)
            return _with_body(saying, limits, interactive), False
    if saying.rows:
        listing = "\n".join(_line(row, numbered) for row in saying.rows)
        text = f"{saying.text}\n\n{listing}" if saying.text else listing
        return _plain(saying._replace(text=text), limits), numbered
    return _plain(saying, limits), False


def page(rows: tuple[Row, ...], start: int, limits: Limits, more: Row) -> tuple[tuple[Row, ...], Row | None]:
    """The rows that one list shows from `start` on, and the row for those after it, if there are any."""
    left = rows[start:]
    if limits.rows == 0 or len(left) <= limits.rows:
        return left, None
    return left[: limits.rows - 1], more


def shows_as_list(saying: Saying, limits: Limits) -> bool:
    """Whether the rows go out as the channel's own list, and therefore in pages."""
    return not saying.ask_location and not fits_buttons(saying, limits) and _fits_list(saying, limits)


def numbers_its_lines(text: str) -> bool:
    """Whether lines of the text begin with a number already, as a menu's do: other numbers would clash."""
    return re.search(_NUMBERED_LINE, text) is not None


def fits_buttons(saying: Saying, limits: Limits) -> bool:
    """Whether the channel can show all rows as buttons."""
    rows = saying.rows
    if saying.as_list or len(rows) > limits.buttons:
        return False
    for row in rows:
        if not 0 < len(row.title) <= limits.button_title or len(row.id) > limits.press_id or row.about:
            return False
    return len({row.title for row in rows}) == len(rows)


def _fits_list(saying: Saying, limits: Limits) -> bool:
    if not saying.as_list or not limits.rows or len(saying.list_button) > limits.list_button:
        return False
    return all(
        0 < len(row.title) <= limits.row_title
        and len(row.about) <= limits.row_about
        and len(row.id) <= limits.press_id
        for row in (*saying.rows, *((saying.more,) if saying.more else ()))
    )


def _line(row: Row, numbered: bool) -> str:
    mark = f"{row.number}." if numbered and row.number else "•"
    return f"{mark} {row.title} - {row.about}" if row.about else f"{mark} {row.title}"


def _with_body(saying: Saying, limits: Limits, interactive: Outbound) -> list[Outbound]:
    """The interactive message under its text; a text too long for it goes ahead in messages of its own."""
    messages: list[Outbound] = []
    media = saying.media
    heads_it = media is not None and bool(interactive.buttons) and media[0] in limits.headers
    if media is not None and not heads_it:
        messages.extend(_media(saying, limits, ""))
    header = saying.header if len(saying.header) <= limits.header and not heads_it else ""
    footer = saying.footer if len(saying.footer) <= limits.footer else ""
    text = _joined("" if header else saying.header, saying.text, "" if footer else saying.footer)
    if not text:
        text, header = header or saying.list_button or "…", ""
    chunks = split(text, limits.body)
    if len(chunks) > 1:
        messages.extend(Outbound(text=part) for part in split("\n".join(chunks[:-1]), limits.text))
    messages.append(
        interactive._replace(text=chunks[-1], header=header, footer=footer, media=media if heads_it else None)
    )
    return messages


def _plain(saying: Saying, limits: Limits) -> list[Outbound]:
    text = saying.text
    if saying.header or saying.footer:
        text = _joined(saying.header, text, saying.footer)
    asks_place = saying.ask_location and limits.location_request
    if saying.media is not None:
        if not asks_place:
            return _media(saying, limits, text)
        return [*_media(saying, limits, ""), *_plain(saying._replace(media=None), limits)]
    if asks_place:
        chunks = split(text or "📍", limits.body)
        return [*[Outbound(text=part) for part in chunks[:-1]], Outbound(text=chunks[-1], ask_location=True)]
    if saying.products and limits.products:
        return _cards(text, saying.products, limits)
    if len(text) <= limits.text:
        return [Outbound(text=text)] if text else []
    return [Outbound(text=part) for part in split(text, limits.text)]


def _cards(text: str, codes: tuple[str, ...], limits: Limits) -> list[Outbound]:
    """The products as catalogue cards under the text; several want one, so that there is always something."""
    *ahead, last = split(text or "🛒", limits.body)
    cards = [codes[at : at + limits.products] for at in range(0, len(codes), limits.products)]
    return [*[Outbound(text=part) for part in ahead], *[Outbound(text=last, products=some) for some in cards]]


def _media(saying: Saying, limits: Limits, text: str) -> list[Outbound]:
    assert saying.media is not None  # noqa: S101
    kind, media = saying.media
    if kind not in limits.media:
        text = _joined(text, media.link or media.id)
        return [Outbound(text=part) for part in split(text, limits.text)]
    if kind in limits.captions and len(text) <= limits.caption:
        return [Outbound(text=text, media=saying.media)]
    after = [Outbound(text=part) for part in split(text, limits.text)] if text else []
    return [Outbound(media=saying.media), *after]


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def split(text: str, limit: int) -> list[str]:
    """The text in parts of at most `limit` characters, at line ends where there are any, else at spaces."""
    parts = []
    while len(text) > limit:
        cut = text.rfind("\n", 1, limit + 1)
        if cut <= 0:
            cut = text.rfind(" ", 1, limit + 1)
        if cut <= 0:
            cut = limit
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n ")
    if text or not parts:
        parts.append(text)
    return [part for part in parts if part] or [""]
