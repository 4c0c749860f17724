"""Says what a turn decided: messages rendered with the turn's names, their buttons made pressable."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

from engine.built_in import built_in
from engine.cards import card_codes, card_line
from engine.draft import Draft
from engine.expressions import Expression, Text
from engine.flow import Button, Flow, Message, Rule
from engine.frozen import Frozen
from engine.layout import Row, Saying, fit, fits_buttons, numbers_its_lines, page, shows_as_list
from engine.message import Media, Option, Outbound
from engine.prepared import Layout, Prepared, is_plain, is_steady
from engine.program import CompiledRule, CompiledState
from engine.recognizer import MORE, encode_press, picked_by, short_id
from engine.shop_names import menu_number

TITLE_ALONE = -1
"""Stands for the number of a row that an earlier message of the turn showed: only its title can be typed."""


def speak(
    draft: Draft, state: CompiledState, asked: int, items: Sequence[Any] | None
) -> tuple[Outbound, ...]:
    """What goes out for `draft.replies`, the last `asked` of which are the state's `ask`.

    `items` are the choices that join the last of those; None where none are offered. What was offered is
    remembered in the conversation.
    """
    out: list[Outbound] = []
    offers: list[Offer] = []
    messages, language, given = draft.flow.messages, draft.language, draft.given
    last = len(draft.replies) - 1 if asked and items is not None else -1
    for index, name in enumerate(draft.replies):
        message = messages[name][language]
        if draft.refusals:
            draft.given = {**given, **draft.refused} if index < draft.refusals else given
        if index != last and not (message.buttons or message.rows):
            out.extend(_simple(message, draft))
            continue
        start, saying = len(out), None
        quick = _quick(message, name, draft, state) if index != last else None
        if quick is not None:
            out.append(quick)
        else:
            choices = _choice_rows(draft, state, items) if index == last and items is not None else ()
            saying = _saying(message, draft, state, choices)
            out.extend(_offer(draft, state, name, saying, index == last))
        rows = len(saying.rows) if saying is not None else len(out[-1].buttons)
        if rows:
            offers.append(Offer(start, len(out), saying, draft.conversation.offered[:rows]))
    draft.given = given
    if len(offers) > 1:
        _tell_apart(draft, out, offers)
    return tuple(out)


class Offer(Frozen):
    """A message that offers something: from where to where it stands in what goes out, and its rows.

    `saying` is what it says; None where it went straight out with the channel's own buttons.
    """

    __slots__ = ("start", "end", "saying", "rows")

    def __init__(self, start: int, end: int, saying: Saying | None, rows: list[list[Any]]) -> None:
        self.start: Final = start
        self.end: Final = end
        self.saying: Final = saying
        self.rows: Final = rows


def _tell_apart(draft: Draft, out: list[Outbound], offers: list[Offer]) -> None:
    """Of several messages that offer something the last alone has numbers; the titles of all can be typed."""
    conversation = draft.conversation
    known = {row[2] for row in conversation.offered}
    titles: list[list[Any]] = []
    earlier: list[Offer] = offers[:-1]
    for offer in earlier[::-1]:
        if offer.saying is not None and any(row[0] > 0 for row in offer.rows):
            out[offer.start : offer.end] = fit(offer.saying, draft.limits, numbered=False)[0]
        rows: list[Any] = list(offer.rows)
        titles += [[TITLE_ALONE, *row[1:]] for row in rows if row[2] not in known]
        known |= {row[2] for row in rows}
    conversation.offered = conversation.offered + titles


def speak_more(draft: Draft, state: CompiledState, name: str, start: int) -> tuple[Outbound, ...]:
    """The rows of this message's list from `start` on: those that are remembered, else made anew."""
    conversation = draft.conversation
    message = draft.flow.messages[name][draft.language]
    rows: tuple[Row, ...] = ()
    if conversation.offer == [name]:
        kept = [Row(*row) for row in conversation.offered if not _is_more(row[2])]
        rows = tuple(row for row in kept if row.number > 0) or tuple(row for row in kept if not row.number)
    numbered = any(row.number for row in rows)
    if not rows:
        rows = tuple(row._replace(number=0) for row in _saying(message, draft, state, ()).rows)
    saying = _saying(message._replace(buttons=(), rows=()), draft, state, ())._replace(
        rows=rows,
        as_list=True,
        list_button=_list_button(message, draft),
    )
    return tuple(_offer(draft, state, name, saying, numbered, start))


def render_alone(message: Message, draft: Draft, flow: Flow) -> tuple[Outbound, ...]:
    """A message for somebody who talks with `flow`, wherever they are; of its buttons the flow's commands."""
    rows = tuple(
        _row(0, button, flow.commands[button.command], draft, 0, flow.languages[0], bool(message.rows), False)
        for button in (*message.buttons, *message.rows)
        if button.command in flow.commands
    )
    saying = _body(message, draft)._replace(
        rows=rows,
        as_list=bool(message.rows),
        list_button=_list_button(message, draft) if message.rows else "",
    )
    return tuple(fit(saying, draft.limits, numbered=False)[0])


def _simple(message: Message, draft: Draft) -> list[Outbound]:
    """A message without anything to press; a mere text that fits, which most are, goes straight out."""
    if is_plain(message):
        text = draft.prepared.text(message, draft)
        if 0 < len(text) <= draft.limits.text:
            return [Outbound(text)]
        return fit(Saying(text), draft.limits)[0]
    return fit(_body(message, draft), draft.limits)[0]


def _quick(message: Message, name: str, draft: Draft, state: CompiledState) -> Outbound | None:
    """The message with the channel's own buttons under it, laid out before; None where that is not all."""
    conversation, prepared = draft.conversation, draft.prepared
    key: Hashable = (id(message), state.name, conversation.visit, draft.language)
    layout = prepared.layouts.get(key)
    if layout is None:
        for when in _conditions(message, state, prepared):
            key = (key, bool(when.evaluate(draft)))
        layout = prepared.layouts.get(key)
    if layout is None or layout.limits is not draft.limits:
        layout = _layout(message, draft, state)
        if layout is None:
            return None
        prepared.keep(key, layout)
    text = prepared.text(message, draft)
    if not 0 < len(text) <= (draft.limits.body if layout.options else draft.limits.text):
        return None
    before = conversation.offered
    numbered = [row for row in before if row[0] > 0] if before else before
    if not numbered:
        conversation.offer = [str(name)]
    conversation.offered = layout.offered + numbered if numbered else layout.offered
    return layout.under(text)


def _conditions(message: Message, state: CompiledState, prepared: Prepared) -> tuple[Expression, ...]:
    """The `when` of the message's buttons in the state, where they have one."""
    key = (id(message), state.name)
    conditions: tuple[Expression, ...] | None = prepared.conditions.get(key)
    if conditions is None:
        rules = [
            state.commands[button.command] for button in message.buttons if button.command in state.commands
        ]
        conditions = tuple(rule.when for rule in rules if rule.when is not None)
        prepared.conditions[key] = conditions
    return conditions


def _rules(message: Message, state: CompiledState) -> list[CompiledRule]:
    """What the message's buttons mean in the state; a button that means nothing there is left out."""
    return [state.commands[button.command] for button in message.buttons if button.command in state.commands]


def _layout(message: Message, draft: Draft, state: CompiledState) -> Layout | None:
    """The buttons of the message as they stand in this visit, if they fit and are the same for everybody."""
    if not (is_plain(message) and is_steady(message.buttons)):
        return None
    saying = _saying(message._replace(text=None), draft, state, ())
    titles = [_title(rule, draft) for rule in _rules(message, state)]
    if saying.rows and not fits_buttons(saying, draft.limits):
        return None
    if any(title is not None and not title.is_constant for title in titles):
        return None
    options = tuple(Option(row.title, row.id) for row in saying.rows)
    return Layout(draft.limits, options, [[0, row.title, row.id, row.about] for row in saying.rows])


def _saying(message: Message, draft: Draft, state: CompiledState, choices: tuple[Row, ...]) -> Saying:
    saying = _body(message, draft)
    first = max((row.number for row in choices), default=0) + 1
    as_list = bool(choices or message.rows)
    rows = list(choices)
    for button in (*message.buttons, *message.rows):
        compiled = state.commands.get(button.command)
        if compiled is None:
            continue
        rule = compiled.rule
        if rule.when is not None and not rule.when.evaluate(draft):
            continue
        visit, default = draft.conversation.visit, draft.flow.languages[0]
        is_own = button.command not in state.general and button.command in draft.flow.commands
        rows.append(_row(first, button, rule, draft, visit, default, as_list, is_own))
        first += 1
    return saying._replace(
        rows=tuple(rows),
        as_list=as_list,
        list_button=_list_button(message, draft) if as_list else "",
    )


def _row(
    number: int,
    button: Button,
    rule: Rule,
    draft: Draft,
    visit: int,
    default: str,
    in_list: bool,
    is_own: bool,
) -> Row:
    """The line of a button; what it says may read the values it brings."""
    values = {str(name): value.evaluate(draft) for name, value in button.values.items()}
    title = rule.title.get(draft.language) or rule.title.get(default)
    about = (rule.about.get(draft.language) or rule.about.get(default)) if in_list else None
    given = draft.given
    if values:
        draft.given = {**given, **values}
    row = Row(
        number,
        (title.render(draft).strip() if title else "") or str(button.command).replace("_", " ").capitalize(),
        encode_press(visit, str(button.command), values, is_own),
        about.render(draft) if about else "",
    )
    draft.given = given
    return row


def _title(compiled: CompiledRule, draft: Draft) -> Text | None:
    """What the rule's button says in the language of the turn; None for its name, spelled out."""
    titles = compiled.rule.title
    return titles.get(draft.language) or titles.get(draft.flow.languages[0])


def _body(message: Message, draft: Draft) -> Saying:
    text = draft.prepared.text(message, draft)
    media = None
    if message.media is not None:
        kind, address = message.media
        where = address.render(draft).strip()
        is_link = where.startswith(("http://", "https://"))
        name = where.rsplit("/", 1)[-1].split("?")[0] if is_link and kind == "document" else ""
        media = (kind, Media(link=where, filename=name) if is_link else Media(id=where))
    products: tuple[str, ...] = ()
    if message.products is not None:
        products = card_codes(draft, message.products.evaluate(draft))
        if not draft.limits.products:
            lines = "\n".join(filter(None, [card_line(draft, code) for code in products]))
            text = f"{text}\n\n{lines}" if text and lines else text or lines
    return Saying(
        text=text,
        media=media,
        ask_location=message.ask_location,
        products=products,
        header=message.header.render(draft) if message.header is not None else "",
        footer=message.footer.render(draft) if message.footer is not None else "",
    )


def _list_button(message: Message, draft: Draft) -> str:
    if message.list_button is not None:
        return message.list_button.render(draft)
    return built_in_text("choose", draft)


def built_in_text(name: str, draft: Draft) -> str:
    """The flow's own message of the name, or Shoptalk's."""
    own = draft.flow.messages.get(name)
    text = own[draft.language].text if own else None
    return text.render(draft) if text is not None else built_in(name, draft.language)


def _choice_rows(draft: Draft, state: CompiledState, items: Sequence[Any]) -> tuple[Row, ...]:
    choices = state.state.choices
    assert choices is not None  # noqa: S101
    language, default = draft.language, draft.flow.languages[0]
    title = choices.title.get(language) or choices.title[default]
    about = choices.about.get(language) or choices.about.get(default)
    rows = []
    for position, item in enumerate(items, 1):
        draft.given[choices.name] = item
        value = picked_by(choices.value.evaluate(draft))
        rows.append(
            Row(
                menu_number(item) or position,
                title.render(draft).strip() or value,
                encode_press(draft.conversation.visit, None, value),
                about.render(draft) if about else "",
            )
        )
    draft.given.pop(choices.name, None)
    return tuple(rows)


def _offer(
    draft: Draft, state: CompiledState, name: str, saying: Saying, numbered: bool, start: int = 0
) -> list[Outbound]:
    """Sends the rows out and remembers them, so that their numbers and titles can be typed.

    `numbered` keeps the numbers of rows in force where the channel's own list does not show them.
    """
    conversation = draft.conversation
    kept = [[row.number, row.title, row.id, row.about] for row in saying.rows]
    saying = saying._replace(rows=_with_short_ids(saying.rows, conversation.visit, draft.limits.press_id))
    if shows_as_list(saying, draft.limits):
        size = draft.limits.rows - 1
        rest = encode_press(conversation.visit, MORE, [str(name), start + size])
        more_row = Row(0, built_in_text("more", draft), rest)
        shown, more = page(saying.rows, start, draft.limits, more_row)
        saying = saying._replace(rows=shown, more=more)
        if more is not None:
            kept.append([0, more.title, more.id, ""])
    are_free = not state.takes_numbers and not numbers_its_lines(saying.text)
    messages, numbers_shown = fit(saying, draft.limits, numbered=are_free or numbered)
    if not (numbers_shown or numbered):
        kept = [[0, *row[1:]] for row in kept]
        before = [row for row in conversation.offered if row[0] > 0]
        conversation.offer = conversation.offer if before else [str(name)]
        conversation.offered = kept + before
    else:
        conversation.offer = [str(name)]
        conversation.offered = kept
    return messages


def _with_short_ids(rows: tuple[Row, ...], visit: int, longest: int) -> tuple[Row, ...]:
    """The rows, an id that is too long for the channel replaced by one that names its row."""
    return tuple(row if len(row.id) <= longest else row._replace(id=short_id(visit, row.id)) for row in rows)


def _is_more(press_id: str) -> bool:
    return f',"{MORE}",[' in press_id
