"""Keeps what messages came to, so that a text that reads nothing new is rendered and laid out once.

Most of what a shop says is the same for every customer: a question, a menu while the catalog is the same, the
buttons under both. Nothing here is truth: a `Prepared` may be dropped at any time, and threads may share one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from engine.flow import Button, Message
from engine.limits import Limits
from engine.message import Option, Outbound

MOST_KEPT = 4096
"""Layouts kept before all of them are dropped and made anew as they are needed."""

STEADY_BUSINESS = frozenset({"name", "currency", "languages", "phone", "address"})

Steadiness = Literal["always", "with the catalog", "never"]


class Prepared:
    """What one program has said before: texts, layouts of buttons, and the catalog last seen, by language."""

    __slots__ = ("catalogs", "conditions", "layouts", "steadiness", "texts")

    def __init__(self) -> None:
        self.catalogs: dict[str, tuple[Any, Any]] = {}
        self.conditions: dict[Hashable, Any] = {}
        self.steadiness: dict[int, Steadiness] = {}
        self.texts: dict[tuple[int, str], tuple[object, str]] = {}
        self.layouts: dict[Hashable, Layout] = {}

    def text(self, message: Message, draft: Any) -> str:
        """The message's text, rendered only if something that it reads may have changed.

        Empty lines at its end, which a template's last `{% endif %}` leaves, are dropped.
        """
        text = message.text
        if text is None:
            return ""
        if text.constant is not None:
            return text.constant.rstrip()
        steadiness = self.steadiness.get(id(message))
        if steadiness is None:
            steadiness = self.steadiness[id(message)] = steadiness_of(message)
        if steadiness == "never":
            return text.render(draft).rstrip()
        key = (id(message), draft.language)
        source = draft.resolve("catalog") if steadiness == "with the catalog" else None
        kept = self.texts.get(key)
        if kept is not None and kept[0] is source:
            return kept[1]
        rendered = text.render(draft).rstrip()
        self.texts[key] = (source, rendered)
        return rendered

    def keep(self, key: Hashable, layout: Layout) -> None:
        """Keeps a layout; when there are too many, for visits count up, all are dropped."""
        if len(self.layouts) >= MOST_KEPT:
            self.layouts.clear()
        self.layouts[key] = layout


class Layout:
    """Buttons as they go out in one state, visit and language, and what the conversation keeps of them.

    `limits` are those it was made for; `last` is the message that was last made with it.
    """

    __slots__ = ("last", "limits", "offered", "options")

    def __init__(self, limits: Limits, options: tuple[Option, ...], offered: list[list[Any]]) -> None:
        self.limits = limits
        self.options = options
        self.offered = offered
        self.last: Outbound | None = None

    def under(self, text: str) -> Outbound:
        """The message with these buttons under the text."""
        last = self.last
        if last is None or last.text != text:
            last = self.last = Outbound(text, self.options)
        return last


def steadiness_of(message: Message) -> Steadiness:
    """When the message's text may change, by what it reads."""
    steadiness: Steadiness = "always"
    for read in message.text.reads() if message.text is not None else ():
        if read.kind not in ("name", "call"):
            continue
        root = read.path[0]
        if root == "catalog":
            steadiness = "with the catalog"
        elif root != "settings" and not (
            root == "business" and len(read.path) > 1 and read.path[1] in STEADY_BUSINESS
        ):
            return "never"
    return steadiness


def is_plain(message: Message) -> bool:
    """Whether the message is a text and nothing else, buttons apart."""
    return (
        message.text is not None
        and not message.rows
        and message.media is None
        and message.header is None
        and message.footer is None
        and message.products is None
        and not message.ask_location
    )


def is_steady(buttons: tuple[Button, ...]) -> bool:
    """Whether the buttons bring no values, so that only the visit tells one press from another."""
    return not any(button.values for button in buttons)
