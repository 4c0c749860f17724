"""Finds what a customer can say so that a rule takes it, refuses it, or cannot read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from engine.analysis.certainty import UNSURE, Certainty
from engine.analysis.moves import Move
from engine.analysis.regular_text import text_that_fits
from engine.expressions import MISSING, Expression, ExpressionFailed, Value
from engine.flow import Check, Flow, Rule, State
from engine.patterns import Hole, Pattern
from engine.sayings import ANSWER, MEANINGLESS, Said, commands_in
from engine.types import TYPES
from engine.validators import VALIDATORS
from engine.words import fold

if TYPE_CHECKING:
    from datetime import datetime

    from engine.business import Business
    from engine.draft import Draft
    from engine.shop import Product

BY_THEMSELVES = frozenset(("between", "length", "matches", "one_of"))
"""The validators that look at the value and their parameters alone."""

NUMBERS = frozenset(("decimal", "money", "number"))
UNREADABLE = object()

OTHERS = (MEANINGLESS, "yes", "1", "a", "9" * 16, "99/99/9999", "99:99")
"""Texts to try where nothing else has the wanted end, some of which a hole takes and nothing can read."""

MOST_TRIED = 200
LONGEST = 4000

Outcome = tuple[str, Check | None]
"""`goes`, `unreadable`, or `refused` with the check that refuses; empty where it cannot be told."""


class Answers:
    """What can be said to the rules of one flow."""

    def __init__(self, flow: Flow, certainty: Certainty, products: Sequence[Product]) -> None:
        self.flow = flow
        self.certainty = certainty
        self.products = products

    def to(self, state: State, move: Move, lacking: str = "") -> Said | None:
        """What makes the move really happen, if it is found; it does not bring the name `lacking`."""
        site = move.site
        if site is None or site.kind not in ("command", "input"):
            return None
        rule = site.rule
        check = next((one for one in rule.validate if one.refusal is move.answer), None)
        wanted = (move.cause, check) if move.cause in ("refused", "unreadable") else ("goes", None)
        said = self._typed(rule) if site.kind == "input" else self._meaning(rule, lacking)
        perhaps = None
        for count, (text, holes) in enumerate(said):
            if count == MOST_TRIED:
                break
            if site.kind == "input" and self._is_taken(text, state):
                continue
            outcome = self._outcome(rule, text, holes)
            if outcome == wanted:
                return text
            if outcome[0] == "" and wanted[0] == "goes" and perhaps is None:
                perhaps = text
        others = [kind for kind in rule.accepts if kind != "text"] if site.kind == "input" else []
        return {"send": others[0]} if perhaps is None and others and wanted[0] == "goes" else perhaps

    # What may be said

    def _typed(self, rule: Rule) -> Iterator[tuple[str, Mapping[str, str]]]:
        if "text" in rule.accepts:
            for text in self._values(_type_of(rule, self.flow), rule):
                yield text, {}

    def _meaning(self, rule: Rule, lacking: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The words and patterns of a command, those of the first language first."""
        first = self.flow.languages[0]
        for language in (first, *(other for other in self.flow.languages if other != first)):
            for word in rule.words.get(language, ()):
                yield str(word), {}
        for language in (first, *(other for other in self.flow.languages if other != first)):
            for pattern in rule.patterns.get(language, ()):
                if lacking not in {hole.name for hole in pattern.holes}:
                    yield from self._filled(pattern, rule)

    def _filled(self, pattern: Pattern, rule: Rule) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The pattern with examples in its holes, then each hole in its turn with all that may be tried."""
        values = [self._values(hole.type, rule) for hole in pattern.holes]
        usual = [
            next((one for one in each if self._suits(hole, one, rule)), each[0])
            for hole, each in zip(pattern.holes, values, strict=True)
        ]
        others = ([*usual[:at], one, *usual[at + 1 :]] for at, each in enumerate(values) for one in each)
        rows = [usual, [each[0] for each in values], *others]
        for row in rows:
            text = pattern.source
            for hole, value in reversed(list(zip(pattern.holes, row, strict=True))):
                text = text[: hole.column] + value + text[text.index("}", hole.column) + 1 :]
            if pattern.match(text) is not None:
                yield text, {str(hole.name): value for hole, value in zip(pattern.holes, row, strict=True)}

    def _suits(self, hole: Hole, text: str, rule: Rule) -> bool:
        """Whether the text can be read as the hole, and no validator that looks at this alone refuses it."""
        names = {str(hole.name): self._read(hole.type, text)}
        return names[str(hole.name)] is not UNREADABLE and all(
            self._passes(check, UNSURE, names) is not False for check in rule.validate
        )

    def _values(self, type_name: str, rule: Rule) -> Sequence[str]:
        """Texts to try as a value of the type: an example, then what the rule's validators name."""
        found = [self._example(type_name)]
        lengths = [check.parameters.get("min") for check in rule.validate if check.validator == "length"]
        bounds = [bound for bound in map(self.certainty.value_of, lengths) if isinstance(bound, int)]
        for check in rule.validate:
            found += self._named_by(check, max(bounds, default=1))
        return list(dict.fromkeys((*found, *OTHERS)))

    def _example(self, type_name: str) -> str:
        if type_name == "product":
            return str(self.products[0].number) if self.products else "1"
        return (TYPES[type_name].example if type_name in TYPES else "") or ANSWER

    def _named_by(self, check: Check, least: int) -> Iterator[str]:
        """Values around the bounds of a validator, and what it asks for, at least so long."""
        constants = {name: self.certainty.value_of(value) for name, value in check.parameters.items()}
        if check.validator in ("between", "length"):
            bounds = [constants[name] for name in ("min", "max") if name in constants]
            edges = {int(bound) + by for bound in bounds if _is_number(bound) for by in (0, -1, 1)}
            for edge in sorted(edges):
                yield from [str(edge)] if check.validator == "between" else _long(edge)
        elif check.validator == "one_of" and isinstance(constants.get("values"), (list, tuple)):
            yield from map(str, constants["values"])
        elif check.validator == "matches" and isinstance(constants.get("pattern"), str):
            fitting = text_that_fits(constants["pattern"], least)
            yield from [fitting] if fitting is not None else []
        elif check.validator in ("email", "phone"):
            yield TYPES[check.validator].example
        elif check.validator == "check":
            source = str(getattr(check.parameters.get("expression"), "source", ""))
            yield from (quoted[1:-1] for quoted in re.findall(r"'[^']*'|\"[^\"]*\"", source))
            for number in map(int, re.findall(r"(?<![\w.])\d{1,9}(?![\w.])", source)):
                yield from (str(number), str(number + 1), str(max(0, number - 1)))

    def _is_taken(self, text: str, state: State) -> bool:
        """Whether the text means a command there."""
        folded = fold(text)
        for rule in commands_in(self.flow, state).values():
            if any(fold(word) == folded for words in rule.words.values() for word in words):
                return True
            if any(one.match(text) is not None for group in rule.patterns.values() for one in group):
                return True
        return False

    # What comes of it

    def _outcome(self, rule: Rule, text: str, holes: Mapping[str, str]) -> Outcome:
        types = {
            str(hole.name): hole.type
            for group in rule.patterns.values()
            for pattern in group
            for hole in pattern.holes
        }
        names = {name: self._read(types[name], said) for name, said in holes.items()}
        value: Any = text
        for slot, written in rule.save:
            if written is None:
                value = names[str(slot)] = self._read(self.flow.slots[slot].type, text)
            elif str(slot) not in names:
                names[str(slot)] = UNSURE
        if any(each is UNREADABLE for each in (value, *names.values())):
            return "unreadable", None
        sure = True
        for check in rule.validate:
            passes = self._passes(check, value, names)
            if passes is False:
                return ("refused", check) if sure else ("", None)
            sure = sure and passes is True
        return ("goes", None) if sure else ("", None)

    def _read(self, type_name: str, text: str) -> Any:
        """The value; UNREADABLE for a text that is none, UNSURE where the shop or the day decides."""
        text = text.strip()
        if type_name in ("text", "word"):
            return UNREADABLE if type_name == "word" and len(text.split()) != 1 else text
        if type_name in NUMBERS:
            shape = r"[+-]?\d{1,15}" if type_name == "number" else r"[+-]?\d{1,15}(\.\d{1,2})?"
            if not re.fullmatch(shape, text):
                return UNREADABLE
            return int(text) if type_name == "number" else Decimal(text)
        if type_name == "product":
            known = {str(one) for each in self.products for one in (each.number, each.code)}
            return UNSURE if text in (known or {"1"}) else UNREADABLE
        if text == self._example(type_name):
            return text if type_name in ("email", "phone") else UNSURE
        return UNREADABLE

    def _passes(self, check: Check, value: Any, names: Mapping[str, Any]) -> bool | None:
        """Whether the validator lets the value pass; None where it cannot be told."""
        constants = {name: self.certainty.value_of(one) for name, one in check.parameters.items()}
        looked_at = check.parameters.get("value")
        if looked_at is not None:
            reads = looked_at.reads()
            is_name = isinstance(looked_at, Value) and looked_at.is_lone and len(reads) == 1
            value = names.get(reads[0].path[0], UNSURE) if is_name and len(reads[0].path) == 1 else UNSURE
            del constants["value"]
        if check.validator == "check":
            return self._holds(check.parameters.get("expression"), names)
        if value is UNSURE or any(one is UNSURE for one in constants.values()):
            return None
        if check.validator in ("email", "phone"):
            is_sign = any(sign in str(value) for sign in "@" if check.validator == "email") or (
                check.validator == "phone" and sum(map(str.isdigit, str(value))) > 4
            )
            return True if value == TYPES[check.validator].example else None if is_sign else False
        if check.validator not in BY_THEMSELVES:
            return None
        return bool(VALIDATORS[check.validator].check(cast("Draft", None), value, **constants))

    def _holds(self, expression: Value | Expression | None, names: Mapping[str, Any]) -> bool | None:
        if not isinstance(expression, Expression):
            return None
        for read in expression.reads():
            is_known = read.kind in ("filter", "test") or read.path[0] == "settings"
            if not is_known and names.get(read.path[0], UNSURE) is UNSURE:
                return None
        try:
            return bool(expression.evaluate(_Names(names, self.flow.settings)))
        except ExpressionFailed:
            return None


class _Names:
    """The names that a check is worked out with."""

    language = ""

    def __init__(self, names: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self._names = {**names, "settings": settings}

    @property
    def business(self) -> Business:
        raise LookupError("no business is known here")

    @property
    def now(self) -> datetime:
        raise LookupError("no time is known here")

    def resolve(self, name: str) -> Any:
        return self._names.get(name, MISSING)


def _type_of(rule: Rule, flow: Flow) -> str:
    """The type as which the rule reads its input."""
    saved = (flow.slots[slot].type for slot, value in rule.save if value is None and slot in flow.slots)
    return next(saved, "text")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _long(length: int) -> list[str]:
    """A text of this length, if there can be one."""
    if not 0 < length <= LONGEST:
        return []
    text = (f"{ANSWER} " * (length // len(ANSWER) + 1))[:length]
    return [f"{text[:-1]}x" if text.endswith(" ") else text]
