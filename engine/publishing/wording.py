"""Says the parts of a flow, and what became of one, in words that a shop owner understands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from engine.flow import Answer, Branch, Button, Check, Rule, Step

NOT_SET = "not set"


def changed(what: str, old: Any, new: Any) -> Iterator[str]:
    """The sentence of a value that became another, where it did."""
    was, now = shown(old), shown(new)
    if was != now:
        yield f"{what} was {was}, is {now}"


def switched(old: bool, new: bool, on: str, off: str) -> Iterator[str]:
    """The sentence of something that is so now, or is so no longer."""
    if old != new:
        yield on if new else off


def came_and_went(what: str, old: Iterable[str], new: Iterable[str], went: str, came: str) -> Iterator[str]:
    """A sentence for all that is gone from a list, and one for all that is new in it."""
    was, now = tuple(old), tuple(new)
    for verb, some in ((went, gone(was, now)), (came, gone(now, was))):
        if some:
            yield f"{what} {verb} {listed(some)}"


def table(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What was added to a table, removed from it, and changed in it."""
    for name in dict.fromkeys((*old, *new)):
        if name not in old or name not in new:
            value = shown(new[name] if name in new else old[name])
            yield f"{what}{name} ({value}) was {'added' if name in new else 'removed'}"
        else:
            yield from changed(f"{what}{name}", old[name], new[name])


def texts(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What was said and is said, by language; of longer texts the lines that changed."""
    first = next(iter(new or old), None)
    told: set[tuple[str | None, str | None]] = set()
    for language in dict.fromkeys((*old, *new)):
        called = what if language == first else f"{what} in {language}"
        was, now = (getattr(spoken.get(language), "source", None) for spoken in (old, new))
        if (was, now) in told:
            continue  # the original stands in for a translation
        told.add((was, now))
        if was is not None and now is not None and was != now and "\n" in was.strip() + now.strip():
            lines = difflib.ndiff(was.splitlines(), now.splitlines())
            yield "\n".join([f"{called} changed:", *(f"    {line}" for line in lines if line[0] in "+-")])
        elif was != now:
            yield f"{called} was {_quoted(was)}, is {_quoted(now)}"


# Values


def shown(value: Any) -> str:
    """A value as it is read: short words as they are, texts in quotes, lists with commas."""
    value = getattr(value, "source", value)
    if value is None or (isinstance(value, (str, tuple, list, frozenset, Mapping)) and not value):
        return NOT_SET
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value if len(value.split()) == 1 and value.isprintable() else _quoted(value)
    if isinstance(value, timedelta):
        from engine.sayings import spelled

        return spelled(int(value.total_seconds()))
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, Mapping):
        return listed([f"{name}: {shown(one)}" for name, one in value.items()])
    if isinstance(value, frozenset):
        return listed(sorted(map(shown, value)))
    if isinstance(value, (tuple, list)):
        return listed(list(map(shown, value)))
    return str(value) if isinstance(value, (int, float, Decimal)) else _quoted(str(value))


def _quoted(text: str | None) -> str:
    return NOT_SET if text is None else f'"{" ".join(text.split())}"'


def listed(words: Sequence[str]) -> str:
    """Words with commas between them."""
    return ", ".join(words)


def gone(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """What the first has and the second lacks."""
    kept = frozenset(new)
    return [str(one) for one in dict.fromkeys(old) if one not in kept]


# Parts of a flow


def called(kind: str, name: str) -> str:
    """A rule by its kind and name."""
    return f"{kind} {name}" if " " in kind else f"{kind} `{name}`"


def of_answer(answer: Answer | None) -> str:
    """What an answer says, and where it leads."""
    if answer is None:
        return NOT_SET
    return _then(_reply(answer.reply), "the question again" * answer.ask_again, _to(answer.goto)) or "silence"


def of_steps(steps: Iterable[Step]) -> str:
    """Actions in their order."""
    return ", then ".join(map(_step, steps)) or "nothing"


def _step(step: Step) -> str:
    given = listed([f"{name} {shown(value)}" for name, value in step.parameters.items()])
    return f"{step.action} with {given}" if given else str(step.action)


def of_save(rule: Rule) -> str:
    """The slots that a rule fills, with what the flow itself writes into them."""
    saved = [str(slot) if value is None else f"{slot} as {shown(value)}" for slot, value in rule.save]
    return listed(saved) or "nothing"


def of_check(check: Check) -> str:
    """What a validator looks at."""
    given = listed([f"{name} {shown(value)}" for name, value in check.parameters.items()])
    return f"{check.validator} with {given}" if given else str(check.validator)


def of_button(button: Button) -> str:
    """A button by its command, with what it carries."""
    carried = listed([f"{name} {shown(value)}" for name, value in button.values.items()])
    return f"{button.command} with {carried}" if carried else str(button.command)


def of_branch(branch: Branch) -> str:
    """What a branch does, says, and where it leads."""
    return _then(of_steps(branch.do) * bool(branch.do), _reply(branch.reply), _to(branch.goto)) or "nothing"


def of_rule(rule: Rule) -> str:
    """What a rule saves, does, says, and where it leads."""
    saved = f"{of_save(rule)} is kept" * bool(rule.save)
    done = of_steps(rule.do) * bool(rule.do)
    asked = "the question again" * rule.ask_again
    return _then(saved, done, _reply(rule.reply), asked, _to(rule.goto)) or "nothing"


def _reply(names: Sequence[str]) -> str:
    return " and ".join(map(str, names))


def _to(state: str | None) -> str:
    return f"on to {state}" if state is not None else ""


def _then(*parts: str) -> str:
    return ", then ".join(part for part in parts if part)
