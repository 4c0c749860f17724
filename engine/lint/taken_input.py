"""Finds answers to a question that are a command's word, so that the question never gets them.

That a name may be called like a command cannot be helped. Here are the questions whose answers are known: yes
and no, a number, one of a few words, a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from engine.analysis.scopes import Heard, Scope, Scopes
from engine.flow import Flow, State
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule, problem_at
from engine.pack import Pack
from engine.source import Problem
from engine.types.boolean import yes_and_no
from engine.words import fold

NUMBERS = frozenset({"number", "decimal", "money"})
"""Types that read a typed number."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        numeric = [word for word in scopes.general.words if word.isdecimal()]
        for scope in scopes.own:
            state = scope.state
            if state is None or state.input is None or "text" not in state.input.accepts:
                continue
            for what, answers in _answers(state.input, survey.flow, checked.pack, (*scope.words, *numeric)):
                for heard in _taken(answers, scope, state, scopes):
                    said = (
                        f"'{heard.word}' is {what} that '{state.name}' asks for,"
                        f" and always means '{heard.rule.name}' there"
                    )
                    yield problem_at(RULE.name, heard.word, said, heard.rule.place)


def _answers(
    asked: Command, flow: Flow, pack: Pack | None, words: Iterable[str]
) -> Iterator[tuple[str, Iterable[str]]]:
    """What the input asks for, in a word or two, and the answers that are known, as words are compared."""
    types = {flow.slots[slot].type for slot, value in asked.save if value is None and slot in flow.slots}
    if "boolean" in types:
        yield "a yes or no", _yes_and_no(flow.languages)
    if types & NUMBERS:
        yield "a number", {word for word in words if word.isdecimal()}
    if "product" in types and pack is not None:
        yield "a product", _names_of_products(pack)
    for check in asked.validate:
        allowed = check.parameters.get("values") if check.validator == "one_of" else None
        if allowed is not None and isinstance(constant := getattr(allowed, "constant", None), (list, tuple)):
            yield "one of the answers", [fold(str(one)) for one in constant]


def _taken(answers: Iterable[str], scope: Scope, state: State, scopes: Scopes) -> Iterator[Heard]:
    for answer in answers:
        general = (one for one in scopes.general.words.get(answer, ()) if scopes.in_force(one.rule, state))
        heard = next(iter((*scope.words.get(answer, ()), *general)), None)
        if heard is not None and heard.rule.when is None:
            yield heard


@lru_cache(maxsize=64)
def _yes_and_no(languages: tuple[str, ...]) -> tuple[str, ...]:
    sets = (words for language in (*languages, "en") for words in yes_and_no(language))
    return tuple(dict.fromkeys(word for words in sets for word in sorted(words)))


def _names_of_products(pack: Pack) -> Iterator[str]:
    for product in pack.products:
        yield from (fold(product.name), fold(product.code), str(product.number))


RULE = Rule(
    name="taken_input",
    about="A question asks for yes or no, a number or one of a few words, and a command takes one of them.",
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
