"""Says what is otherwise in the states and rules of a flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from engine.flow import Answer, Branch, Check, Choices, Flow, Rule, State
from engine.publishing.fingerprint import meaning
from engine.publishing.wording import (
    called,
    came_and_went,
    changed,
    gone,
    listed,
    of_answer,
    of_branch,
    of_check,
    of_rule,
    of_save,
    of_steps,
    shown,
    switched,
    texts,
)

MEASURES: Mapping[tuple[str, str], str] = {
    ("length", "min"): "the shortest {what}",
    ("length", "max"): "the longest {what}",
    ("between", "min"): "the smallest {what}",
    ("between", "max"): "the largest {what}",
}
"""What a parameter of a validator says of the value that it looks at."""


def changed_state(old: State, new: State, before: Flow, after: Flow) -> Iterator[str]:
    """What is otherwise in a state, a sentence each."""
    at = f"{old.name}: "
    yield from changed(f"{at}the question", old.ask, new.ask)
    hidden, shown_again = "no longer understands", "understands again"
    yield from came_and_went(f"{at}it", sorted(new.ignore), sorted(old.ignore), hidden, shown_again)
    yield from switched(
        old.human, new.human, f"{at}a person answers there now", f"{at}no person answers there any more"
    )
    yield from switched(old.final, new.final, f"{at}it is the end now", f"{at}it is not the end any more")
    yield from _branches(f"{at}on the way in", old.branches, new.branches)
    yield from changed_rules(at, "command", old.commands, new.commands, before, after)
    yield from changed_rules(at, "event", old.events, new.events, before, after)
    yield from changed_rule(f"{at}`input`", old.input, new.input, before, after, at)
    yield from changed_rule(f"{at}`otherwise`", old.otherwise, new.otherwise, before, after)
    yield from _choices(at, old.choices, new.choices, before, after)
    if old.tries is None or new.tries is None:
        tries = old.tries or new.tries
        if tries is not None and old.tries is not new.tries:
            verb = "added" if old.tries is None else "removed"
            yield f"{at}what comes after {tries.limit} tries ({of_rule(tries.then)}) was {verb}"
    else:
        yield from changed(f"{at}how often one may try", old.tries.limit, new.tries.limit)
        yield from changed_rule(f"{at}`then`", old.tries.then, new.tries.then, before, after)
    was, now = (_timers(state.after) for state in (old, new))
    yield from changed_rules(at, "the answer to a silence of", was, now, before, after)


def _timers(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The timers by their silence; the second of one silence is told apart."""
    found: dict[str, Rule] = {}
    for rule in rules:
        name = shown(rule.wait)
        while name in found:
            name += ", once more"
        found[name] = rule
    return found


def _choices(at: str, old: Choices | None, new: Choices | None, before: Flow, after: Flow) -> Iterator[str]:
    if old is None or new is None:
        if old is not new:
            yield f"{at}`choices` were {'added' if old is None else 'removed'}"
        return
    yield from changed(f"{at}`from` of the choices", old.source, new.source)
    yield from changed(f"{at}`as` of the choices", old.name, new.name)
    yield from changed(f"{at}`value` of the choices", old.value, new.value)
    yield from texts(f"{at}`title` of the choices", old.title, new.title)
    yield from texts(f"{at}`about` of the choices", old.about, new.about)
    yield from _answers(f"{at}the answer where there are no choices", old.none, new.none)
    yield from changed_rule(f"{at}`choices`", old.rule, new.rule, before, after, at)


def changed_rules(
    at: str, kind: str, old: Mapping[str, Rule], new: Mapping[str, Rule], before: Flow, after: Flow
) -> Iterator[str]:
    """What is otherwise in rules that have names."""
    for name in dict.fromkeys((*old, *new)):
        yield from changed_rule(at + called(kind, name), old.get(name), new.get(name), before, after)


def changed_rule(
    name: str, old: Rule | None, new: Rule | None, before: Flow, after: Flow, at: str = ""
) -> Iterator[str]:
    """What is otherwise in a rule; what is checked of a state's answer is said of the state, `at`."""
    if old is None or new is None:
        if old is not new:
            yield f"{name} was {'added' if old is None else 'removed'}"
        return
    yield from _said(name, "word", old.words, new.words)
    yield from _said(name, "pattern", old.patterns, new.patterns)
    yield from texts(f"the title of {name}", old.title, new.title)
    yield from texts(f"the second line of {name}", old.about, new.about)
    yield from changed(f"{name}: the condition", old.when, new.when)
    yield from changed(f"{name}: what it accepts", old.accepts, new.accepts)
    yield from _apart(f"{name}: what it saves", of_save(old), of_save(new))
    yield from _answers(f"{name}: the answer to what cannot be read", old.unreadable, new.unreadable)
    yield from _deeds(name, old, new)
    yield from switched(
        old.ask_again, new.ask_again, f"{name}: it asks again now", f"{name}: it does not ask again any more"
    )
    yield from _branches(name, old.branches, new.branches)
    yield from _checks(at or f"{name}: ", old, new, before, after)


def _deeds(name: str, old: Rule | Branch, new: Rule | Branch) -> Iterator[str]:
    """What rules and branches alike do, answer, say, and where they lead."""
    yield from _apart(f"{name}: what it does", of_steps(old.do), of_steps(new.do))
    yield from changed_answers(f"{name}: the answer to the failure ", old.fails, new.fails)
    yield from changed(f"{name}: the reply", old.reply, new.reply)
    yield from changed(f"{name}: where it goes", old.goto, new.goto)


def changed_answers(what: str, old: Mapping[str, Answer], new: Mapping[str, Answer]) -> Iterator[str]:
    """What is otherwise in the answers to failures."""
    for code in dict.fromkeys((*old, *new)):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            verb = "added" if was is None else "removed"
            yield f"{what}{code} ({of_answer(was or now)}) was {verb}"
        else:
            yield from _answers(f"{what}{code}", was, now)


def _answers(what: str, old: Answer | None, new: Answer | None) -> Iterator[str]:
    yield from _apart(what, of_answer(old), of_answer(new))


def _apart(what: str, was: str, now: str) -> Iterator[str]:
    """The sentence of something that is in words already."""
    if was != now:
        yield f"{what} was {was}, is {now}"


def _said(name: str, kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """The words, or the patterns, that mean the rule no longer, and those that do now."""
    first = next(iter(new or old), None)
    was, now = ([f'"{meaning(one)}"' for group in each.values() for one in group] for each in (old, new))
    for verb, some in (("lost", gone(was, now)), ("gained", gone(now, was))):
        if some:
            yield f"{name} {verb} the {kind if len(some) == 1 else kind + 's'} {listed(some)}"
    for language in old.keys() | new.keys():
        here, there = (list(map(meaning, each.get(language, ()))) for each in (old, new))
        if sorted(was) == sorted(now) and here != there:
            where = "" if language == first else f" in {language}"
            yield f"{name}: its {kind}s{where} come in another order, or in another language"


# Branches


def _branches(name: str, old: tuple[Branch, ...], new: tuple[Branch, ...]) -> Iterator[str]:
    """What is otherwise in branches, which are known by their conditions."""
    was, now = ([_condition(branch) for branch in branches] for branches in (old, new))
    for how, i, j, k, m in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if how == "equal" or (how == "replace" and j - i == m - k):
            for first, second in zip(old[i:j], new[k:m], strict=True):
                yield from _branch(name, first, second)
            continue
        for branch in old[i:j]:
            if _condition(branch) not in now:
                yield f"{name}: {_for(branch)} ({of_branch(branch)}) was removed"
        for at, branch in enumerate(new[k:m], k + 1):
            if _condition(branch) not in was:
                yield f"{name}: {_for(branch)} ({of_branch(branch)}) was added"
            else:
                yield f"{name}: {_for(branch)} is number {at} now"
                yield from _branch(name, old[was.index(_condition(branch))], branch)


def _branch(name: str, old: Branch, new: Branch) -> Iterator[str]:
    here = f"{name}: {_for(old)}"
    if _condition(old) != _condition(new):
        yield f"{here} is {_for(new)} now"
    yield from _deeds(here, old, new)


def _condition(branch: Branch) -> str:
    return branch.when.source if branch.when is not None else ""


def _for(branch: Branch) -> str:
    return f"the branch `{branch.when.source}`" if branch.when is not None else "the last branch"


# Validators


def _checks(at: str, old: Rule, new: Rule, before: Flow, after: Flow) -> Iterator[str]:
    was, now = list(old.validate), list(new.validate)
    pairs = _paired(was, now)
    for first, second in pairs:
        what = _looked_at(second, new)
        for name in dict.fromkeys((*first.parameters, *second.parameters)):
            said = MEASURES.get((second.validator, name), f"`{name}` of {second.validator}").format(what=what)
            values = (
                _resolved(check.parameters.get(name), flow)
                for check, flow in ((first, before), (second, after))
            )
            yield from changed(f"{at}{said}", *values)
        yield from _answers(f"{at}the answer where {second.validator} refuses", first.refusal, second.refusal)
    for check in was:
        if not any(check is first for first, _ in pairs):
            yield f"{at}{of_check(check)} is no longer checked"
    for check in now:
        if not any(check is second for _, second in pairs):
            yield f"{at}{of_check(check)} is checked now"
    order = [next(i for i, one in enumerate(now) if one is second) for _, second in pairs]
    if order != sorted(order):
        yield f"{at}what is checked comes in another order: {listed([str(check.validator) for check in now])}"


def _paired(old: list[Check], new: list[Check]) -> list[tuple[Check, Check]]:
    """The checks of both that belong together, in the order of the old: all alike, or the validator."""
    waiting = list(new)
    found: dict[int, Check] = {}
    for is_exact in (True, False):
        for index, check in enumerate(old):
            same = [one for one in waiting if one.validator == check.validator
                    and (not is_exact or one.parameters.keys() == check.parameters.keys())]  # fmt: skip
            if index not in found and same:
                found[index] = same[0]
                waiting = [one for one in waiting if one is not same[0]]
    return [(old[index], found[index]) for index in sorted(found)]


def _looked_at(check: Check, rule: Rule) -> str:
    value = check.parameters.get("value")
    if value is not None:
        return str(value.source).strip("{} ")
    saved = [str(slot) for slot, written in rule.save if written is None]
    return saved[0] if len(saved) == 1 else "input"


def _resolved(value: Any, flow: Flow) -> Any:
    """The value as written; where that is a setting and nothing else, the setting's."""
    source = getattr(value, "source", value)
    if isinstance(source, str):
        name = source.strip("{} ").removeprefix("settings.")
        if source.strip().startswith("{{") and source.strip("{} ") == f"settings.{name}":
            return flow.settings.get(name, source)
    return source
