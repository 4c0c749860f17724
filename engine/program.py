"""Makes a flow ready to run: rules bound to triggers, actions and validators, texts compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from engine.actions import ACTIONS
from engine.expressions import Expression, Text, Value
from engine.flow import Answer, Branch, Check, Flow, Message, Rule, State, Step
from engine.machine import RuleEvent, build_machine, state_rules, understands
from engine.patterns import Pattern
from engine.source import Spot
from engine.validators import VALIDATORS
from engine.words import fold


@dataclass(frozen=True, slots=True, eq=False)
class CompiledStep:
    """A step bound to its action: parameters as written, and those that may be filled from names."""

    action: Any
    parameters: tuple[tuple[str, Value | Expression], ...]
    filled: tuple[str, ...]
    required: tuple[str, ...]
    at: Spot


@dataclass(frozen=True, slots=True, eq=False)
class CompiledCheck:
    """A check bound to its validator. `value` is None where it looks at the input.

    `constants` are the parameters that are always the same, `parameters` those that are worked out.
    """

    validator: Any
    value: Value | Expression | None
    constants: Mapping[str, Any]
    parameters: tuple[tuple[str, Value | Expression], ...]
    refusal: Answer | None
    at: Spot


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule bound to its trigger, with what every turn asks of it at hand.

    `acts` says that it may fail, itself or on its way, `moves` that it enters a state whatever branch is
    taken, `saves` that it fills slots.
    """

    rule: Rule
    key: str
    event: RuleEvent
    steps: tuple[CompiledStep, ...]
    checks: tuple[CompiledCheck, ...]
    acts: bool
    moves: bool
    ask_again: bool
    when: Expression | None
    saves: bool
    reply: tuple[str, ...]
    at: Spot


@dataclass(frozen=True, slots=True, eq=False)
class CompiledBranch:
    """A branch's steps, bound, and where it stands."""

    steps: tuple[CompiledStep, ...]
    at: Spot


@dataclass(frozen=True, slots=True, eq=False)
class Meanings:
    """The rules that a word means, in order, and the language that has it; empty if several have."""

    rules: tuple[CompiledRule, ...]
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class CompiledState:
    """A state as a customer meets it: which words and patterns mean what there.

    `commands` are those in force, the flow's included; `general` the names of those that are the flow's.
    `fallbacks` are its own `otherwise` and, behind one that has a `when`, the flow's.
    `takes_numbers` is true where a lone number would be read as something else than an offered row.
    """

    state: State
    name: str
    human: bool
    final: bool
    branches: tuple[Branch, ...]
    ask: tuple[str, ...]
    commands: dict[str, CompiledRule]
    general: frozenset[str]
    words: dict[str, Meanings]
    general_words: dict[str, Meanings]
    patterns: tuple[tuple[Pattern, Mapping[str, str], CompiledRule], ...]
    events: dict[str, CompiledRule]
    choices: CompiledRule | None
    input: CompiledRule | None
    otherwise: CompiledRule | None
    fallbacks: tuple[CompiledRule, ...]
    then: CompiledRule | None
    limit: int
    after: tuple[tuple[float, CompiledRule], ...]
    longest_wait: float
    takes_numbers: bool


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A flow, compiled: its states by name, and its branches, by the branch's
    identity. `timeout` is in seconds."""

    flow: Flow
    states: dict[str, CompiledState]
    branches: dict[int, CompiledBranch]
    timeout: float


def compile_flow(flow: Flow) -> Program:
    """Compiles the flow; raises KeyError for a name that `flow-lint` would have refused."""
    flow = _by_plain_names(flow)
    machine = build_machine(flow)
    branches: dict[int, CompiledBranch] = {}
    passing_acts = any(_acts(branch.do) for state in flow.states.values() for branch in state.branches)
    for state in flow.states.values():
        for branch in state.branches:
            _compile_branch(branch, branches)

    def ready(key: str, rule: Rule) -> CompiledRule:
        if rule.when is not None:
            rule.when.compile()
        for text in (*rule.title.values(), *rule.about.values()):
            text.compile()
        for _, value in rule.save:
            if value is not None:
                value.compile()
        for branch in rule.branches:
            _compile_branch(branch, branches)
        acts = passing_acts or any(map(_acts, (rule.do, *[branch.do for branch in rule.branches])))
        return CompiledRule(
            rule,
            key,
            machine.event(key),
            tuple(map(_step, rule.do)),
            tuple(map(_check, rule.validate)),
            acts,
            rule.goto is not None,
            rule.ask_again,
            rule.when,
            bool(rule.save),
            tuple(map(str, rule.reply)),
            Spot.of(rule.place),
        )

    general = {name: ready(f"command:{name}", rule) for name, rule in flow.commands.items()}
    general_events = {name: ready(f"event:{name}", rule) for name, rule in flow.events.items()}
    general_otherwise = ready("otherwise", flow.otherwise) if flow.otherwise is not None else None
    states = {}
    for state in flow.states.values():
        own = {key: ready(f"{state.name}/{key}", rule) for key, rule in state_rules(state)}
        states[str(state.name)] = _compiled_state(
            flow, state, own, general, general_events, general_otherwise
        )
    for by_language in flow.messages.values():
        for message in by_language.values():
            _compile_message(message)
    return Program(flow, states, branches, flow.timeout.total_seconds())


def _acts(steps: tuple[Step, ...]) -> bool:
    """Whether the steps may fail, and must then be taken back."""
    return any(ACTIONS[step.action].fails for step in steps)


def _by_plain_names(flow: Flow) -> Flow:
    """The flow, looked up by plain texts, which is faster than by words that know their places."""
    return flow._replace(
        slots=_plain(flow.slots),
        messages=_plain(flow.messages),
        settings=_plain(flow.settings),
        names={str(language): _plain(names) for language, names in flow.names.items()},
    )


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in table.items()}


def _compiled_state(
    flow: Flow,
    state: State,
    own: Mapping[str, CompiledRule],
    general: Mapping[str, CompiledRule],
    general_events: Mapping[str, CompiledRule],
    general_otherwise: CompiledRule | None,
) -> CompiledState:
    own_commands = {name: own[f"command:{name}"] for name in state.commands}
    inherited = {name: rule for name, rule in general.items() if understands(flow, state, name)}
    after = tuple(
        (rule.wait.total_seconds() if rule.wait else 0.0, own[f"after:{index}"])
        for index, rule in enumerate(state.after)
    )
    patterns = (*_patterns(own_commands.values()), *_patterns(inherited.values()))
    if state.choices is not None:
        state.choices.source.compile()
        state.choices.value.compile()
        for text in (*state.choices.title.values(), *state.choices.about.values()):
            text.compile()
    return CompiledState(
        state=state,
        name=str(state.name),
        human=state.human,
        final=state.final,
        branches=state.branches,
        ask=tuple(map(str, state.ask)),
        commands=_plain({**inherited, **own_commands}),
        general=frozenset(inherited),
        words=_words(own_commands.values()),
        general_words=_words(inherited.values()),
        patterns=patterns,
        events={**general_events, **{name: own[f"event:{name}"] for name in state.events}},
        choices=own.get("choices"),
        input=own.get("input"),
        otherwise=own.get("otherwise", general_otherwise),
        fallbacks=_fallbacks(own.get("otherwise"), general_otherwise),
        then=own.get("tries"),
        limit=state.tries.limit if state.tries else 0,
        after=after,
        longest_wait=max((wait for wait, _ in after), default=0.0),
        takes_numbers=_reads_number(flow, state) or any(pattern.is_lone_number for pattern, _, _ in patterns),
    )


def _fallbacks(own: CompiledRule | None, general: CompiledRule | None) -> tuple[CompiledRule, ...]:
    rules = (own, general) if own is None or own.rule.when is not None else (own,)
    return tuple(rule for rule in rules if rule is not None)


def _reads_number(flow: Flow, state: State) -> bool:
    if state.input is None:
        return False
    kinds = {flow.slots[slot].type for slot, value in state.input.save if value is None}
    return bool(kinds & {"number", "decimal", "money"})


def _words(rules: Iterable[CompiledRule]) -> dict[str, Meanings]:
    meanings: dict[str, dict[str, tuple[CompiledRule, set[str]]]] = {}
    for ready in rules:
        for language, words in ready.rule.words.items():
            for word in words:
                _, languages = meanings.setdefault(fold(word), {}).setdefault(ready.key, (ready, set()))
                languages.add(language)
    found = {}
    for word, by_rule in meanings.items():
        spoken = set().union(*[languages for _, languages in by_rule.values()])
        language = spoken.pop() if len(spoken) == 1 else ""
        found[word] = Meanings(tuple(rule for rule, _ in by_rule.values()), language)
    return found


def _patterns(rules: Iterable[CompiledRule]) -> list[tuple[Pattern, Mapping[str, str], CompiledRule]]:
    """Every pattern of the rules, with the types of its holes by their names."""
    return [
        (pattern, {hole.name: hole.type for hole in pattern.holes}, compiled)
        for compiled in rules
        for group in compiled.rule.patterns.values()
        for pattern in group
    ]


def _compile_branch(branch: Branch, branches: dict[int, CompiledBranch]) -> None:
    if branch.when is not None:
        branch.when.compile()
    branches[id(branch)] = CompiledBranch(tuple(map(_step, branch.do)), Spot.of(branch.place))


def _step(step: Step) -> CompiledStep:
    action = ACTIONS[step.action]
    for value in step.parameters.values():
        value.compile()
    missing = [name for name in action.parameters if name not in step.parameters]
    return CompiledStep(
        action,
        tuple((str(name), value) for name, value in step.parameters.items()),
        tuple(action.filled(step.parameters)),
        tuple(name for name in missing if action.parameters[name].required),
        Spot.of(step.place),
    )


def _is_constant(value: Value | Expression) -> TypeGuard[Value]:
    return isinstance(value, Value) and value.is_constant


def _check(check: Check) -> CompiledCheck:
    for value in check.parameters.values():
        value.compile()
    return CompiledCheck(
        VALIDATORS[check.validator],
        check.parameters.get("value"),
        {
            str(name): value.constant
            for name, value in check.parameters.items()
            if name != "value" and _is_constant(value)
        },
        tuple(
            (str(name), value)
            for name, value in check.parameters.items()
            if name != "value" and not _is_constant(value)
        ),
        check.refusal,
        Spot.of(check.place),
    )


def _compile_message(message: Message) -> None:
    texts: list[Text | Value | None] = [
        message.text,
        message.list_button,
        message.header,
        message.footer,
        message.products,
    ]
    if message.media is not None:
        texts.append(message.media[1])
    for button in (*message.buttons, *message.rows):
        texts.extend(button.values.values())
    for text in texts:
        if text is not None:
            text.compile()
