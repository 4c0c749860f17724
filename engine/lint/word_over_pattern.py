"""Finds words of one command that fit the pattern of another, which never hears them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from engine.analysis.readable import reads
from engine.analysis.scopes import Heard, Scopes, Shaped, fits, is_catch_all
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem

ANY_WORDS = frozenset({"text", "word"})
"""Types that read whatever is typed."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        found = (_within(scopes), _across(scopes), _below(scopes))
        for heard, shaped, states in chain.from_iterable(found):
            # What only has the shape of a day, a product or a yes could not be read: nothing is taken.
            if not reads(shaped.pattern, heard.word, survey.flow, checked.pack):
                continue
            said = (
                f"'{heard.word}' fits the pattern `{shaped.pattern.source}` of '{shaped.rule.name}' too:"
                f" it always means '{heard.rule.name}'"
            )
            conversation = checked.conversation_in(survey, states, heard.word)
            yield problem_at(RULE.name, heard.word, said, heard.rule.place)._replace(
                conversation=conversation
            )


def _within(scopes: Scopes) -> Iterator[tuple[Heard, Shaped, Iterable[str]]]:
    """The words and patterns of one place, and the states in which they meet."""
    for scope in scopes.every:
        for heard, shaped in _clashes(scope.words.values(), scope.patterns):
            if scopes.together(heard.rule, shaped.rule, scope):
                yield heard, shaped, scopes.with_both(heard.rule, shaped.rule, scope)


def _across(scopes: Scopes) -> Iterator[tuple[Heard, Shaped, Iterable[str]]]:
    """The words of the flow, which win even against the patterns of a state."""
    for scope in scopes.own:
        if scope.state is not None and scope.patterns:
            for heard, shaped in _clashes(scopes.general.words.values(), scope.patterns):
                if scopes.in_force(heard.rule, scope.state):
                    yield heard, shaped, (scope.state.name,)


def _below(scopes: Scopes) -> Iterator[tuple[Heard, Shaped, Iterable[str]]]:
    """The words of a state against the patterns of the flow.

    A pattern that takes any words is the rule, and the word an exception from it that the state wants.
    """
    narrow = tuple(
        shaped
        for shaped in scopes.general.patterns
        if not any(hole.type in ANY_WORDS for hole in shaped.pattern.holes)
    )
    for scope in scopes.own if narrow else ():
        state = scope.state
        if state is not None and scope.words:
            general = scopes.general.words
            own = (heard for folded, heard in scope.words.items() if folded not in general)
            for heard, shaped in _clashes(own, narrow):
                if scopes.in_force(shaped.rule, state):
                    yield heard, shaped, (state.name,)


def _clashes(
    words: Iterable[tuple[Heard, ...]], patterns: tuple[Shaped, ...]
) -> Iterator[tuple[Heard, Shaped]]:
    narrow = [shaped for shaped in patterns if not is_catch_all(shaped.pattern)]
    for heard in words if narrow else ():
        first = next((one for one in heard if one.rule.when is None), None)
        if first is None:
            continue
        # Where the pattern's own command has the word too, it is heard there as it was meant.
        owners = [one.rule for one in heard]
        for shaped in narrow:
            if shaped.rule not in owners and fits(shaped.pattern, first.word):
                yield first, shaped


RULE = Rule(
    name="word_over_pattern",
    about="A word of one command fits the pattern of another, which never gets it.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      item: {pattern: "{item:number}", reply: thanks, goto: ordered}
      back: {words: [back, "0"], reply: hello, goto: initial}
      #                    ^
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      item: {pattern: "{item:number}", reply: thanks, goto: ordered}
      back: {words: [back], reply: hello, goto: initial}
  ordered: {final: true}
messages:
  hello: Hello!
  thanks: Thank you!
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
