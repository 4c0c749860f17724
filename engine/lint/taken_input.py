"""Finds answers to a question that mean something else, so that the question never gets them.

A command's word goes before the answer, and so does a pattern. That a name may be called like a command
cannot be helped. Here are the questions whose answers are known: yes and no, a number, a day, one of a few
words, a product; and those of which a pattern takes every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from engine.analysis.readable import (
    PLAIN_DAYS,
    PLAIN_NUMBERS,
    PLAIN_TIMES,
    fits_alone,
    is_day,
    is_time,
    names_of_products,
    words_for_yes_and_no,
)
from engine.analysis.scopes import Heard, Scope, Scopes, Shaped
from engine.analysis.survey import Survey
from engine.flow import Rule as Command
from engine.flow import State
from engine.lint.checked import Checked, Rule, problem_at
from engine.patterns import Pattern
from engine.source import Problem
from engine.types import TYPES
from engine.words import fold

NUMBERS = frozenset({"number", "decimal", "money"})
"""Types that read a typed number."""

MOST_PRODUCTS = 100
"""So many products are tried as an answer that a pattern may take."""

ANSWER = "answer"
"""What fits every type that names no example."""

PLAIN: Mapping[str, tuple[str, ...]] = {
    "date": PLAIN_DAYS,
    "time": PLAIN_TIMES,
    "datetime": (TYPES["datetime"].example,),
    "phone": PLAIN_NUMBERS,
    "email": (TYPES["email"].example,),
}
"""Answers by type, which no pattern is to take from an input of the type."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        looked = _Looked(checked, survey, scopes)
        for scope in scopes.own:
            state = scope.state
            if state is not None and state.input is not None and "text" in state.input.accepts:
                yield from looked.words(scope, state, state.input)
                yield from looked.patterns(scope, state, state.input)


class _Looked:
    """Looks at the inputs of one flow."""

    def __init__(self, checked: Checked, survey: Survey, scopes: Scopes) -> None:
        self.checked = checked
        self.flow = survey.flow
        self.survey = survey
        self.scopes = scopes
        self._taken: dict[tuple[str, str], tuple[str, bool]] = {}

    def words(self, scope: Scope, state: State, asked: Command) -> Iterator[Problem]:
        """Words that are an answer."""
        for what, answers in self._asked(asked, (*scope.words, *self.scopes.general.words)):
            for heard in _always(answers, scope, state, self.scopes):
                said = (
                    f"'{heard.word}' is {what} that '{state.name}' asks for,"
                    f" and always means '{heard.rule.name}' there"
                )
                yield problem_at(RULE.name, heard.word, said, heard.rule.place)

    def patterns(self, scope: Scope, state: State, asked: Command) -> Iterator[Problem]:
        """Patterns that an answer fits, or all answers do."""
        general = (one for one in self.scopes.general.patterns if self.scopes.in_force(one.rule, state))
        for shaped in (*scope.patterns, *general):
            if shaped.rule.when is not None:
                continue
            answer, takes_all = self._answer_to(shaped, asked)
            if not answer:
                continue
            taken = "every answer" if takes_all else f"'{answer}', an answer"
            said = f"this takes {taken} to what '{state.name}' asks for, and means '{shaped.rule.name}' there"
            way = self.checked.conversation_in(self.survey, (state.name,), answer)
            yield Problem(shaped.pattern.place, RULE.name, said, len(shaped.pattern.source), way)

    def _asked(self, asked: Command, words: Iterable[str]) -> Iterator[tuple[str, Iterable[str]]]:
        """What an input asks for, in a word or two, and the answers that are known, as words are compared."""
        types = self._types(asked)
        if "boolean" in types:
            yield "a yes or no", words_for_yes_and_no(self.flow.languages)
        if types & NUMBERS:
            yield "a number", {word for word in words if word.isdecimal()}
        if "date" in types or "datetime" in types:
            yield "a day", (word for word in words if is_day(word, self.flow.languages))
        if "time" in types or "datetime" in types:
            yield "a time", (word for word in words if is_time(word))
        if "product" in types and self.checked.pack is not None:
            yield "a product", names_of_products(self.checked.pack)
        for check in asked.validate:
            expression = getattr(check.parameters.get("pattern"), "constant", None)
            if check.validator == "matches" and "value" not in check.parameters and expression is not None:
                yield "an answer", fits_alone(expression, words)
        few = _few(asked)
        if few:
            yield "one of the answers", few

    def _answer_to(self, shaped: Shaped, asked: Command) -> tuple[str, bool]:
        """An answer that fits the pattern, and whether all of them do; empty without one."""
        types = self._types(asked)
        for answer in _few(asked):
            if shaped.pattern.match(answer) is not None:
                return answer, False
        if "product" in types and self.checked.pack is not None:
            for name in islice(names_of_products(self.checked.pack), MOST_PRODUCTS):
                if shaped.pattern.match(name) is not None:
                    return name, False
        if _few(asked) or "product" in types:
            return "", False
        for kind in sorted(types) or ("text",):
            key = (shaped.pattern.source, kind)
            known = self._taken.get(key)
            if known is None:
                known = self._taken[key] = self._taken_by(shaped.pattern, kind)
            if known[0]:
                return known
        return "", False

    def _taken_by(self, pattern: Pattern, kind: str) -> tuple[str, bool]:
        declared = TYPES.get(kind)
        if declared is None or declared.shape is None:
            return "", False
        # What one plain answer does not fit does not take them all; to compare the shapes takes its time.
        if kind in NUMBERS or pattern.match(declared.example or ANSWER) is not None:
            relation = self.checked.shapes.relation(pattern, Pattern.compile(f"{{answer:{kind}}}"))
            if relation.first_covers:
                return declared.example or str(relation.witness), True
            if kind in NUMBERS:
                # A telephone number is no number that is asked for, though it looks like one.
                is_phone = any(hole.type == "phone" for hole in pattern.holes)
                return ("" if is_phone else relation.witness or ""), False
        known = words_for_yes_and_no(self.flow.languages) if kind == "boolean" else PLAIN.get(kind, ())
        return next((answer for answer in known if pattern.match(answer) is not None), ""), False

    def _types(self, asked: Command) -> frozenset[str]:
        slots = self.flow.slots
        return frozenset(slots[slot].type for slot, value in asked.save if value is None and slot in slots)


def _few(asked: Command) -> list[str]:
    """The answers where they are a few words."""
    for check in asked.validate:
        allowed = check.parameters.get("values") if check.validator == "one_of" else None
        constant = getattr(allowed, "constant", None)
        if isinstance(constant, (list, tuple)) and "value" not in check.parameters:
            return [fold(str(one)) for one in constant]
    return []


def _always(answers: Iterable[str], scope: Scope, state: State, scopes: Scopes) -> Iterator[Heard]:
    """What always means something else of the answers."""
    for answer in answers:
        general = (one for one in scopes.general.words.get(answer, ()) if scopes.in_force(one.rule, state))
        heard = next(iter((*scope.words.get(answer, ()), *general)), None)
        if heard is not None and heard.rule.when is None:
            yield heard


RULE = Rule(
    name="taken_input",
    about="A question asks for yes or no, a number, a day or one of a few words, and a command takes one.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {gift: boolean}
commands:
  cancel: {words: [cancel, "no"], do: reset, reply: hello, goto: initial}
  #                        ^^
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: wrapped
    input: {save: gift, goto: packing}
  packing:
    branches: [{when: gift, reply: bow, goto: ordered}]
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  wrapped: Is it a gift? Yes or no.
  bow: It gets a bow.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
slots: {gift: boolean}
commands:
  cancel: {words: [cancel, stop], do: reset, reply: hello, goto: initial}
states:
  initial:
    otherwise: {reply: hello, goto: asking}
  asking:
    ask: wrapped
    input: {save: gift, goto: packing}
  packing:
    branches: [{when: gift, reply: bow, goto: ordered}]
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  wrapped: Is it a gift? Yes or no.
  bow: It gets a bow.
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
