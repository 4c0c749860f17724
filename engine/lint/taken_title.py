"""Finds buttons whose title, typed instead of pressed, means another command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.analysis.moves import Move
from engine.analysis.outcomes import outcomes
from engine.analysis.proofs import Proofs
from engine.analysis.scopes import Scope, Scopes
from engine.analysis.survey import Survey, offers_of
from engine.flow import Button, Flow, Message
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Place, Problem
from engine.words import fold


class Titled:
    """What a button may say, as it is compared and as it is written, and where that stands.

    One that is not `sure` is said under a condition.
    """

    __slots__ = ("folded", "title", "place", "sure")

    def __init__(self, folded: str, title: str, place: Place, sure: bool = True) -> None:
        self.folded: Final = folded
        self.title: Final = title
        self.place: Final = place
        self.sure: Final = sure


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        titles = _Titles(survey.flow)
        for message in survey.messages:
            offers = offers_of(message)
            if offers:
                yield from _alike(message, offers, survey, titles)
        yield from _other_words(survey, scopes, titles)
        yield from _lines(checked, survey, scopes)
    for proofs in checked.proofs:
        yield from _in_one_turn(proofs, _Titles(proofs.flow))


class _Titles:
    """The titles of rules that are always the same, each worked out once."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._known: dict[int, tuple[Titled, ...]] = {}

    def of(self, rule: Command) -> tuple[Titled, ...]:
        known = self._known.get(id(rule))
        if known is None:
            known = self._known[id(rule)] = tuple(self._made(rule))
        return known

    def _made(self, rule: Command) -> Iterator[Titled]:
        if self.flow.languages[0] not in rule.title:
            spelled = str(rule.name).replace("_", " ").capitalize()
            yield Titled(fold(spelled), spelled, rule.place)
        for title in rule.title.values():
            for said in outcomes(title):
                yield Titled(fold(said), said, title.place, title.constant is not None)


def _alike(
    message: Message, offers: tuple[Button, ...], survey: Survey, titles: _Titles
) -> Iterator[Problem]:
    """Two buttons of a message that say the same: who types it can mean but one of them."""
    seen: dict[str, Button] = {}
    for button in offers:
        rules = [rule for _, rule in survey.called.get(button.command, ())]
        if len(rules) != 1 or rules[0].when is not None:
            continue
        for titled in titles.of(rules[0]):
            if not titled.sure:
                continue  # The other may say something else then.
            other = seen.setdefault(titled.folded, button)
            if other is not button and (other.command != button.command or other.values or button.values):
                said = (
                    f"'{titled.title}' is what two buttons of '{message.name}' say: typed, it means the first"
                )
                yield problem_at(RULE.name, button.command, said, button.place)
                break


def _in_one_turn(proofs: Proofs, titles: _Titles) -> Iterator[Problem]:
    """Buttons of two messages of one turn that say the same: who types it can mean but one of them."""
    survey, states = proofs.survey, proofs.flow.states
    own = {name: by_language[proofs.flow.languages[0]] for name, by_language in proofs.flow.messages.items()}
    known: set[tuple[str, ...]] = set()
    told: set[Place] = set()
    for move in _moves(proofs):
        state = states.get(move.goto) if move.goto is not None else move.state if move.ask_again else None
        said = (*move.says, *(state.ask if state is not None else ()))
        shown = tuple(dict.fromkeys(str(name) for name in said if name in own and offers_of(own[name])))
        if len(shown) < 2 or shown in known:
            continue
        known.add(shown)
        seen: dict[str, tuple[str, Button]] = {}
        for name in shown:
            for button in offers_of(own[name]):
                rules = [rule for _, rule in survey.called.get(button.command, ())]
                if len(rules) != 1 or rules[0].when is not None:
                    continue
                for titled in titles.of(rules[0]):
                    first, other = seen.setdefault(titled.folded, (name, button))
                    is_other = first != name and other.command != button.command
                    if titled.sure and is_other and button.place not in told:
                        told.add(button.place)
                        said_too = (
                            f"'{titled.title}' is what a button of '{first}' says too, in the same turn"
                        )
                        yield problem_at(
                            RULE.name, button.command, f"{said_too}: typed, it means that one", button.place
                        )


def _moves(proofs: Proofs) -> Iterator[Move]:
    moves = proofs.moves
    for group in moves.entering.values():
        yield from group
    for groups in (*moves.own.values(), moves.above):
        for _, group in groups:
            yield from group


def _other_words(survey: Survey, scopes: Scopes, titles: _Titles) -> Iterator[Problem]:
    """Titles that are a word of another command where the button is shown: the word wins."""
    own = {scope.state.name: scope for scope in scopes.own if scope.state is not None}
    spoken: dict[str, set[str]] = {}
    for scope in scopes.every:
        for folded, heard in scope.words.items():
            spoken.setdefault(folded, set()).update(one.rule.name for one in heard)
    told: set[tuple[Place, str]] = set()
    for message in survey.messages:
        for button in offers_of(message):
            for state, rule in survey.called.get(button.command, ()):
                suspects = [
                    titled
                    for titled in titles.of(rule)
                    if spoken.get(titled.folded, {rule.name}) - {rule.name}
                ]
                if not suspects:
                    continue
                for end in _ends(message, survey, own, state.name if state else None, rule):
                    for titled in suspects:
                        other = _meant(titled.folded, own[end], scopes)
                        if other is not None and other is not rule and (titled.place, other.name) not in told:
                            told.add((titled.place, other.name))
                            said = (
                                f"who types '{titled.title}' instead of pressing it means '{other.name}'"
                                f" in '{end}': change the title, or that word"
                            )
                            yield Problem(titled.place, RULE.name, said, max(1, len(titled.title)))


def _lines(checked: Checked, survey: Survey, scopes: Scopes) -> Iterator[Problem]:
    """Lines to pick from, such as products, that are called as a command is."""
    for scope in scopes.own:
        choices = scope.state.choices if scope.state is not None else None
        if choices is None or checked.pack is None:
            continue
        case = checked.worst_cases[checked.surveys.index(survey)]
        for title in choices.title.values():
            language = title.language or survey.flow.languages[0]
            for line in case.lines(choices, title, language):
                other = _meant(fold(line), scope, scopes)
                if other is not None:
                    said = f"who types '{line}' instead of pressing it means '{other.name}': change that word"
                    yield Problem(title.place, RULE.name, said, max(1, len(title.source)))
                    break


def _ends(
    message: Message, survey: Survey, own: Mapping[str, Scope], state: str | None, rule: Command
) -> Iterator[str]:
    """The states in which the message may be answered, and in which its button means this rule."""
    ends = frozenset[str]().union(*(said.ends for said in survey.said.get(message.name, ())))
    for end in sorted(ends) if state is None else ends & {state}:
        scope = own.get(end)
        if scope is None or scope.state is None:
            continue
        understood = scope.state.commands.get(rule.name)
        is_general = understood is None and rule.name not in scope.state.ignore and state is None
        if understood is rule or is_general:
            yield end


def _meant(folded: str, scope: Scope, scopes: Scopes) -> Command | None:
    """The command that always takes the word in the state; None where there is none."""
    for heard in scope.words.get(folded, ()):
        return heard.rule if heard.rule.when is None else None
    for heard in scopes.general.words.get(folded, ()):
        if scope.state is not None and scopes.in_force(heard.rule, scope.state):
            return heard.rule if heard.rule.when is None else None
    return None


RULE = Rule(
    name="taken_title",
    about="A button's title is a word of another command, or what another button beside it says.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    commands:
      order: {title: Menu, words: [order], goto: ordered}
      #              ^^^^
      menu: {words: [menu], reply: hello}
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order]}
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
      order: {title: Order, words: [order], goto: ordered}
      menu: {words: [menu], reply: hello}
  ordered: {final: true}
messages:
  hello: {text: Hello!, buttons: [order]}
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
