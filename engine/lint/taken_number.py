"""Finds numbers that are a line of what is offered to a customer, and mean something else besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.analysis.readable import fits_alone
from engine.analysis.scopes import Heard, Scopes, Shaped
from engine.analysis.survey import Survey, offers_of
from engine.analysis.walk import understood_in
from engine.flow import Message, State
from engine.flow import Rule as Command
from engine.lint.checked import Checked, Rule, problem_at
from engine.source import Problem

NUMBERS = frozenset({"number", "decimal", "money"})
"""Types that read a typed number."""

FIRST = tuple(map(str, range(1, 11)))
"""The numbers that lines of a list surely have."""


def check(checked: Checked) -> Iterator[Problem]:
    for survey, scopes in checked.scopes:
        offering = _offering(survey)
        general_patterns = tuple(filter(_may_be_number, scopes.general.patterns))
        general = {word: heard[0] for word, heard in scopes.general.words.items() if word.isdecimal()}
        for scope in scopes.own:
            state = scope.state
            if state is None:
                continue
            numbers = {
                **{word: one for word, one in general.items() if scopes.in_force(one.rule, state)},
                **{word: heard[0] for word, heard in scope.words.items() if word.isdecimal()},
            }
            if state.choices is not None:
                yield from _beside_choices(state, scopes, numbers)
                continue
            offered = offering.get(state.name, ())
            if not offered:
                continue
            yield from _beside_rows(state, offered, scopes, numbers)
            own = tuple(filter(_may_be_number, scope.patterns))
            general_own = (one for one in general_patterns if scopes.in_force(one.rule, state))
            yield from _behind_rows(state, offered, scopes, (*own, *general_own))


def _beside_choices(state: State, scopes: Scopes, numbers: Mapping[str, Heard]) -> Iterator[Problem]:
    for word, heard in numbers.items():
        if heard.rule.when is not None:
            continue
        said = f"'{word}' means '{heard.rule.name}' here, and not the line of the list with that number"
        yield problem_at(RULE.name, heard.word, said, heard.rule.place)
    for rule in understood_in(scopes.flow, state).values():
        for group in rule.patterns.values():
            for pattern in group:
                if rule.when is None and _takes_number(Shaped(pattern, rule)):
                    said = (
                        f"a number is a line of the list in '{state.name}', before it can mean '{rule.name}'"
                    )
                    yield Problem(pattern.place, RULE.name, said, len(pattern.source))
    if state.input is not None and state.input.when is None:
        for slot, value in state.input.save:
            if value is None and slot in scopes.flow.slots and scopes.flow.slots[slot].type in NUMBERS:
                said = f"a number is a line of the list here, before it can be saved in '{slot}'"
                yield Problem(state.input.place, RULE.name, said, len("input"))
                return
        answer = next(_numbers_asked_for(state.input, FIRST), None)
        if answer is not None:
            said = f"'{answer}' is a line of the list here, before it can be an answer"
            yield Problem(state.input.place, RULE.name, said, len("input"))


def _beside_rows(
    state: State, offering: Sequence[Message], scopes: Scopes, numbers: Mapping[str, Heard]
) -> Iterator[Problem]:
    """The buttons and rows of messages: where a channel shows them as text, it numbers them from 1 on."""
    understood = understood_in(scopes.flow, state)
    if _reads_numbers(state, scopes, understood):
        return  # Here they are shown as words.
    told: set[str] = set()
    for message in offering:
        for number, button in enumerate(offers_of(message), 1):
            heard, meant = numbers.get(str(number)), understood.get(button.command)
            if heard is None or meant is None or heard.word in told or heard.rule.when is not None:
                continue
            if not _same_deed(heard.rule, meant):
                told.add(heard.word)
                said = (
                    f"'{number}' means '{heard.rule.name}', but where '{message.name}' is shown as text,"
                    f" '{meant.name}' has the number {number}"
                )
                yield problem_at(RULE.name, heard.word, said, heard.rule.place)


def _behind_rows(
    state: State, offering: Sequence[Message], scopes: Scopes, patterns: Sequence[Shaped]
) -> Iterator[Problem]:
    """Patterns and answers that a number fits, which is a button's where they are numbered."""
    understood = understood_in(scopes.flow, state)
    asked = state.input if state.input is not None and "text" in state.input.accepts else None
    if not (patterns or (asked and asked.validate)) or _reads_numbers(state, scopes, understood):
        return
    for message in offering:
        numbered = {
            str(number): meant
            for number, button in enumerate(offers_of(message), 1)
            if (meant := understood.get(button.command)) is not None
        }
        shown = f"where '{message.name}' is shown as text"
        for shaped in patterns:
            taken = (number for number in numbered if shaped.pattern.match(number) is not None)
            number = next((one for one in taken if not _same_deed(shaped.rule, numbered[one])), None)
            if number is not None and shaped.rule.when is None:
                said = f"{shown}, '{number}' presses '{numbered[number].name}' before it fits this"
                yield Problem(shaped.pattern.place, RULE.name, said, len(shaped.pattern.source))
        answer = next(_numbers_asked_for(asked, numbered), None) if asked else None
        if asked and answer is not None:
            said = f"{shown}, '{answer}' presses '{numbered[answer].name}' before it can be an answer"
            yield Problem(asked.place, RULE.name, said, len("input"))


def _numbers_asked_for(asked: Command, numbers: Iterable[str]) -> Iterator[str]:
    """The numbers that are an answer by what the input checks: one of a few, or of a shape."""
    for check in asked.validate:
        if "value" in check.parameters:
            continue
        if check.validator == "one_of":
            constant = getattr(check.parameters.get("values"), "constant", None)
            few = {str(one).strip() for one in constant} if isinstance(constant, (list, tuple)) else ()
            yield from (number for number in numbers if number in few)
        if check.validator == "matches":
            yield from fits_alone(getattr(check.parameters.get("pattern"), "constant", None), numbers)


def _may_be_number(shaped: Shaped) -> bool:
    """Whether the pattern may be made for lone numbers: it is one, or one hole for them."""
    holes, source = shaped.pattern.holes, shaped.pattern.source.strip()
    if not holes:
        return source.isdecimal()
    is_one_hole = len(holes) == 1 and source.startswith("{") and source.endswith("}")
    return is_one_hole and holes[0].type in NUMBERS


def _takes_number(shaped: Shaped) -> bool:
    return _may_be_number(shaped) and any(shaped.pattern.match(number) is not None for number in FIRST)


def _offering(survey: Survey) -> Mapping[str, Sequence[Message]]:
    """State: the messages with something to press that may be said in a turn which ends there."""
    found: dict[str, list[Message]] = {}
    for message in survey.messages:
        if offers_of(message):
            uses = survey.said.get(message.name, ())
            for end in frozenset().union(*(said.ends for said in uses)):
                found.setdefault(end, []).append(message)
    return found


def _reads_numbers(state: State, scopes: Scopes, understood: Mapping[str, Command]) -> bool:
    saved = () if state.input is None else (slot for slot, value in state.input.save if value is None)
    if any(slot in scopes.flow.slots and scopes.flow.slots[slot].type in NUMBERS for slot in saved):
        return True
    return any(
        pattern.is_lone_number
        for rule in understood.values()
        for group in rule.patterns.values()
        for pattern in group
    )


def _same_deed(one: Command, other: Command) -> bool:
    """Whether the two say, save and do the same and lead to the same state."""
    return one is other or _deed(one) == _deed(other)


def _deed(rule: Command) -> tuple[object, ...]:
    saves = [(slot, value.source if value is not None else None) for slot, value in rule.save]
    steps = [
        (step.action, {name: value.source for name, value in step.parameters.items()}) for step in rule.do
    ]
    return saves, steps, rule.branches, rule.reply, rule.ask_again, rule.goto


RULE = Rule(
    name="taken_number",
    about="A number that a customer may type is a line of what is offered, and means something else too.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: what
    commands:
      price_list: {words: [prices, "2"], reply: prices}
      #                            ^
      order: {words: [order], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  what: {text: "What would you like?", list: {button: Choose, rows: [price_list, order]}}
  prices: A cookie is 50 cents.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: choosing}
  choosing:
    ask: what
    commands:
      price_list: {words: [prices, "1"], reply: prices}
      order: {words: [order, "2"], goto: ordered}
  ordered: {final: true}
messages:
  hello: Hello!
  what: {text: "What would you like?", list: {button: Choose, rows: [price_list, order]}}
  prices: A cookie is 50 cents.
""",
    },
    check=check,
    severity="warning",
    profile="pilot",
)
