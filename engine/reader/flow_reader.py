"""Makes a Flow from a flow file, the files it uses and their translations."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from engine.draft import RESERVED
from engine.durations import read_duration
from engine.expressions import BadExpression, Sandbox, Text
from engine.flow import NOTHING, Button, Flow, Message, Rule, Slot, State
from engine.nearest import renamed, unknown
from engine.reader.rule_reader import EMPTY, RuleReader, frozen, listed, mapped, name, names
from engine.source import NOWHERE, Mapped, Place, Problem, Span, Word
from engine.types import TYPES

JOINING = ("commands", "slots", "states", "messages")
"""What a used file brings into the flow that uses it."""

TRANSLATED = ("words", "patterns", "titles", "names", "messages", "fingerprints")
MEDIA = ("image", "document", "audio", "video")
NO_SPAN = Span(NOWHERE, 1)

FIELDS: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "template": ("text",),
    "buttons": ("buttons", "list_button", "rows"),
    "list": ("buttons", "list_button", "rows"),
    **dict.fromkeys(MEDIA, ("media",)),
    "ask_location": ("ask_location",),
    "products": ("products",),
    "header": ("header",),
    "footer": ("footer",),
}
"""The fields of a message that each of its keys decides on."""

Open = Callable[[Word], Mapped | None]
"""Gives the document of a used file by the path that the flow writes, None where there is none."""

TAKEN = RESERVED | frozenset(
    ("none", "true", "false", "None", "True", "False", "and", "or", "not", "in", "is", "if", "else")
)
"""Names that texts read as something else than a slot or a hole."""


def joined(document: Mapped, open_used: Open, problems: list[Problem]) -> Mapped:
    """The flow's document with all that it uses; a name that stands twice is a problem at the second."""
    whole = Mapped(document.place)
    for key, value in document.items():
        whole.put(document.word(key), value, document.spans[key])
    waiting = [path for path in listed(document.get("use")) if isinstance(path, Word)]
    seen = set()
    while waiting:
        path = waiting.pop(0)
        used = open_used(path)
        if used is None or used.place.file in seen or used.place.file == document.place.file:
            continue
        seen.add(used.place.file)
        waiting += [path for path in listed(used.get("use")) if isinstance(path, Word)]
        for key in JOINING:
            if isinstance(used.get(key), Mapped):
                _join(whole, used, key, problems)
    return whole


def _join(whole: Mapped, used: Mapped, key: str, problems: list[Problem]) -> None:
    own = mapped(whole.get(key))
    both = Mapped(own.place)
    for part in (own, used[key]):
        for one, value in part.items():
            word = part.word(one)
            if one in both:
                message = f"'{one}' stands here a second time; the first is at {both.word(one).place}"
                problems.append(Problem(word.place, "clash", message, max(1, len(word))))
            else:
                both.put(word, value, part.spans[one])
    where = whole if key in whole else used
    whole.put(where.word(key), both, where.spans[key])


def joined_translation(documents: list[Mapped]) -> Mapping[str, Mapped]:
    """One translation out of those of a flow and of the files it uses; the first that has a word keeps it."""
    together: dict[str, Mapped] = {}
    for key in TRANSLATED:
        together[key] = Mapped()
        for document in documents:
            part = mapped(document.get(key))
            for one, value in part.items():
                if one not in together[key]:
                    together[key].put(part.word(one), value, part.spans[one])
    return together


class FlowReader:
    """Reads one flow's joined document; what cannot be read is left out and stands in `problems`.

    `templates` maps paths below `templates/` to texts; `templates_at` is that folder, for people.
    """

    def __init__(
        self,
        document: Mapped,
        languages: tuple[str, ...],
        translations: Mapping[str, Mapping[str, Mapped]],
        templates: Mapping[str, str],
        templates_at: str,
        problems: list[Problem],
    ) -> None:
        self.document = document
        self.languages = languages
        self.translations = translations
        self.templates = templates
        self.templates_at = templates_at
        self.problems = problems
        self.sandbox = Sandbox(templates)
        self.rules = RuleReader(self.sandbox, languages, translations, problems)

    def read(self) -> Flow:
        """The flow, as far as it can be read."""
        document, rules = self.document, self.rules
        timeout = document.get("timeout")
        flow = Flow(
            name=name(document.get("flow")) or "",
            languages=self.languages,
            start=name(document.get("start")) or "",
            states=frozen({key: self._state(key, one) for key, one in self._items("states")}),
            title=name(document.get("title")) or "",
            about=name(document.get("about")) or "",
            timeout=(read_duration(timeout) if isinstance(timeout, str) else None) or timedelta(hours=1),
            settings=frozen(dict(mapped(document.get("settings")))),
            slots=self._slots(),
            commands=rules.rules(document.get("commands")),
            events=rules.rules(document.get("events")),
            otherwise=self._rule_of(document, "otherwise"),
            fails=rules.fails(document.get("fails")),
            messages=frozen({key: self._message(key, one) for key, one in self._items("messages")}),
            names=self._names(),
            moved=frozen({old: new for old, new in self._items("moved") if isinstance(new, Word)}),
            place=document.words["flow"].place if "flow" in document else document.place,
        )
        self._check_holes(flow)
        self._check_lines(flow)
        self._check_translations(flow)
        return flow

    def _items(self, key: str) -> list[tuple[Word, Any]]:
        part = mapped(self.document.get(key))
        return [(part.word(one), value) for one, value in part.items()]

    def _rule_of(self, document: Mapped, key: str) -> Rule | None:
        if document.get(key) is None:
            return None
        return self.rules.rule(key, document[key], document.word(key).place)

    def _slots(self) -> Mapping[str, Slot]:
        slots: dict[str, Slot] = {}
        for key, type_name in self._items("slots"):
            if key in TAKEN:
                message = f"'{key}' is a name of the language; no slot may take it"
                self.problems.append(Problem(key.place, "reserved_name", message, len(key)))
            if isinstance(type_name, Word):
                of = type_name.removeprefix("list of ")
                if of in TYPES:
                    slots[key] = Slot(key, of, type_name.startswith("list of "), key.place)
        return frozen(slots)

    def _names(self) -> Mapping[str, Mapping[str, str]]:
        return frozen(
            {
                language: frozen(dict(mapped(translation.get("names"))))
                for language, translation in self.translations.items()
                if translation.get("names")
            }
        )

    def _state(self, key: Word, value: Any) -> State:
        given, rules = mapped(value), self.rules
        tries, choices = given.words.get("tries"), given.words.get("choices")
        return State(
            name=key,
            branches=rules.branches(given.get("branches")),
            ask=names(given.get("ask")),
            commands=rules.rules(given.get("commands")),
            ignore=frozenset(names(given.get("ignore"))),
            events=rules.rules(given.get("events")),
            choices=rules.choices(given["choices"], choices.place) if choices else None,
            input=self._rule_of(given, "input"),
            otherwise=self._rule_of(given, "otherwise"),
            tries=rules.tries(given["tries"], tries.place) if tries else None,
            after=rules.after(given.get("after")),
            human=given.get("human") is True,
            final=given.get("final") is True,
            place=key.place,
        )

    # Messages

    def _message(self, key: Word, value: Any) -> Mapping[str, Message]:
        """The message in every language; one that a language lacks is the first language's own object."""
        first = self.languages[0]
        whole = value if isinstance(value, Mapped) else self._text_alone(value, key)
        own = self._made(key, whole, first, key.place)
        made = {first: own}
        for language in self.languages[1:]:
            given = mapped(self.translations.get(language, NOTHING).get("messages"))
            path = whole.get("template")
            if given.get(key) is not None:
                made[language] = self._translated(own, given.word(key), given[key], language)
            elif isinstance(path, Word) and self._in_language(path, language) != path:
                made[language] = own._replace(text=self._template(path, language) or own.text)
            else:
                made[language] = own
        return frozen(made)

    def _text_alone(self, value: Any, key: Word) -> Mapped:
        whole = Mapped(key.place)
        if isinstance(value, Word):
            whole.put(Word.at("text", key.place), value, NO_SPAN)
        return whole

    def _translated(self, own: Message, key: Word, value: Any, language: str) -> Message:
        """The message with what its translation says in place of the same part; the rest stays."""
        said = value if isinstance(value, Mapped) else self._text_alone(value, key)
        part = self._made(key, said, language, key.place)
        taken = {field for word in said for field in FIELDS.get(word, ())}
        return own._replace(place=key.place, **{field: getattr(part, field) for field in taken})

    def _in_language(self, path: str, language: str) -> str:
        """The template's file in this language, or the one that serves every language."""
        root, ending = posixpath.splitext(path)
        translated = f"{root}.{language}{ending}"
        return translated if translated in self.templates else path

    def _made(self, key: Word, given: Mapped, language: str, place: Place) -> Message:
        rules = self.rules
        listing = mapped(given.get("list"))
        products = given.spans.get("products")
        media = next(((kind, given[kind]) for kind in MEDIA if kind in given), None)
        source = rules.text(media[1], language) if media else None
        return Message(
            name=key,
            text=self._template(given["template"], language)
            if "template" in given
            else rules.text(given.get("text"), language),
            buttons=self._buttons(given.get("buttons")),
            list_button=rules.text(listing.get("button"), language),
            rows=self._buttons(listing.get("rows")),
            media=(media[0], source) if media and source is not None else None,
            ask_location=given.get("ask_location") is True,
            products=rules.value(given["products"], products.place) if products else None,
            header=rules.text(given.get("header"), language),
            footer=rules.text(given.get("footer"), language),
            place=place,
        )

    def _buttons(self, value: Any) -> tuple[Button, ...]:
        buttons = []
        for one in listed(value):
            if isinstance(one, Word):
                buttons.append(Button(one, NOTHING, one.place))
            elif isinstance(one, Mapped) and len(one) == 1:
                (command,) = one
                buttons.append(
                    Button(
                        one.word(command), self.rules.values(mapped(one[command])), one.word(command).place
                    )
                )
        return tuple(buttons)

    def _template(self, path: Any, language: str) -> Text | None:
        if not isinstance(path, Word):
            return None
        if path not in self.templates:
            message = unknown("template", path, self.templates)
            self.problems.append(Problem(path.place, "unknown_template", message, len(path)))
            return None
        place = Place(posixpath.join(self.templates_at, self._in_language(path, language)), 1, 1)
        try:
            return self.sandbox.template(path, place, language)
        except BadExpression as error:
            file = posixpath.join(self.templates_at, error.file) if error.file else place.file
            there = Place(file, 1, 1).within(error.line, (error.column or 0) + 1)
            self.problems.append(Problem(there, "expression", error.message, error.length))
            return None

    # Names across the flow

    def _check_holes(self, flow: Flow) -> None:
        """A hole may have a slot's name only where it is saved to that slot."""
        everywhere = [flow.commands, *[state.commands for state in flow.states.values()]]
        for rule in [rule for commands in everywhere for rule in commands.values()]:
            saved = {slot for slot, _ in rule.save}
            for pattern in [pattern for some in rule.patterns.values() for pattern in some]:
                for hole in pattern.holes:
                    if hole.name in TAKEN:
                        message = f"'{hole.name}' is a name of the language; no hole may take it"
                        place = pattern.place.within(0, hole.column + 2)
                        self.problems.append(Problem(place, "reserved_name", message, len(hole.name)))
                    elif hole.name in flow.slots and hole.name not in saved:
                        message = (
                            f"the hole '{hole.name}' has the name of a slot; "
                            f"save it there (`save: {hole.name}`) or rename it"
                        )
                        place = pattern.place.within(0, hole.column + 2)
                        self.problems.append(Problem(place, "hole_hides_slot", message, len(hole.name)))

    def _check_lines(self, flow: Flow) -> None:
        """What a line of `choices` is called may hide neither a name of the language nor a slot."""
        for state in flow.states.values():
            called = state.choices.name if state.choices is not None else None
            if isinstance(called, Word) and (called in TAKEN or called in flow.slots):
                what = "a name of the language" if called in TAKEN else "a slot"
                message = f"'{called}' is {what}; call the lines of the list otherwise"
                self.problems.append(Problem(called.place, "reserved_name", message, len(called)))

    def _check_translations(self, flow: Flow) -> None:
        """A translation may speak only of what the flow has."""
        commands = {*flow.commands, *[key for state in flow.states.values() for key in state.commands]}
        for translation in self.translations.values():
            for key, kind, known in (
                ("words", "command", commands),
                ("patterns", "command", commands),
                ("titles", "command", commands),
                ("messages", "message", flow.messages.keys()),
                ("fingerprints", "message", flow.messages.keys()),
            ):
                part = translation.get(key, EMPTY)
                for one in part:
                    if one not in known:
                        word = part.word(one)
                        message = unknown(kind, word, sorted(known))
                        edits = renamed(word, sorted(known - part.keys()))
                        self.problems.append(
                            Problem(word.place, f"unknown_{kind}", message, max(1, len(word)), edits=edits)
                        )
