"""Tells a turn's trace in words that a shop owner understands, one sentence a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.publishing.versions import REASONS
from engine.turn import Trace

Step = Mapping[str, Any]


class Sentence(NamedTuple):
    """One step in words, and where the flow decided it: `file:line`, or nothing."""

    said: str
    at: str


def sentences(trace: Trace) -> list[Sentence]:
    """The sentences of a trace, in order. A step that nobody knows is told by its own word."""
    return [Sentence(_TELLERS.get(step["step"], _unknown)(step), str(step.get("at") or "")) for step in trace]


def tell(trace: Trace) -> list[str]:
    """The sentences of a trace, each with its place behind it."""
    return [f"{said}  [{at}]" if at else said for said, at in sentences(trace)]


def in_short(trace: Trace) -> str:
    """What came of a turn, in one sentence: the last step that decided it is what counts."""
    for kind, said in _OUTCOMES:
        step = next((step for step in reversed(trace) if step["step"] == kind), None)
        if step is not None:
            return said.format(**step)
    understood = next((step for step in trace if step["step"] == "understood"), None)
    if understood is not None and (not understood["rule"] or understood["how"] == "otherwise"):
        return "It was not understood."
    went = next((step for step in reversed(trace) if step["step"] == "went"), None)
    if went is not None:
        return f"It was understood and done, and the conversation went on to {went['to']}."
    return "It was understood and answered, and the conversation stays where it was."


_OUTCOMES = (
    ("broken", "It broke inside, and the customer was told that something went wrong."),
    ("broke", "It broke inside, and the customer was told that something went wrong."),
    ("failed", "It was understood, but could not be done: {code}."),
    ("refused", "It was understood, but a check refused it: {validator}."),
    ("unreadable", "It was understood, but it cannot be read as a {type}."),
    ("pick_gone", "What was picked is no longer there."),
    ("recorded", "It was kept, and starts no turn."),
    ("more", "More rows of the list were shown."),
)
"""Step of a trace: what it makes of the whole turn; the first of them that happened counts."""


def rule_name(key: str) -> str:
    """A rule in words: `awaiting_order/command:cart` is `the command "cart" of awaiting_order`."""
    state, _, kind = key.rpartition("/")
    kind, _, name = kind.partition(":")
    called = f'the {kind} "{name}"' if name else _KINDS.get(kind, f"the rule {kind}")
    return f"{called} of {state}" if state else called


_KINDS = {
    "input": "the input",
    "choices": "the choices",
    "otherwise": '"otherwise"',
    "tries": '"then" after too many tries',
}

_RECORDED = {
    "kind": "It was kept and not answered: reactions, edits and the like start no turn.",
    "human": "It was kept and not answered: a person answers here.",
    "second press": "It was kept and not answered: this button had been taken already.",
}

_STARTED_OVER = {
    "gone": "The conversation started over: the flow no longer has the state it was in.",
    "final": "The conversation started over: the one before had come to its end.",
    "timeout": "The conversation started over: the customer had been silent for too long.",
}

_UNDERSTOOD = {
    "press": "A button was pressed: {rule}.",
    "old button": "A button of an earlier message was pressed; it still means {rule}.",
    "word": "Understood as {rule}, by its words.",
    "pattern": "Understood as {rule}, by its pattern.",
    "pick": "A line of the list was picked: {rule}.",
    "input": "Taken as {rule}.",
    "silence": "The customer stayed silent: {rule}.",
    "more": "The customer asked for more rows of the list.",
}


def _recorded(step: Step) -> str:
    return _RECORDED.get(step["why"], f"It was kept and not answered ({step['why']}).")


def _started_over(step: Step) -> str:
    return _STARTED_OVER.get(step["why"], f"The conversation started over ({step['why']}).")


def _version(step: Step) -> str:
    how, before, now = step["how"], step["from"], step["to"]
    if how == "started_over":
        return f"Version {now} was published: the conversation begins anew on it."
    if how in REASONS:
        why = REASONS[how].format(slots=", ".join(step["slots"]))
        return f"It stays on version {before}, though {now} was published: {why}."
    return f"It goes on with version {now} in {step['state']}; so far it was on version {before}."


def _understood(step: Step) -> str:
    how, key = str(step["how"]), str(step["rule"])
    if how.startswith("event "):
        event = how.removeprefix("event ")
        return f'"{event}" happened{f": {rule_name(key)}" if key else ", and nothing answers to it"}.'
    if how == "more":
        return _UNDERSTOOD[how]
    if not key or how == "otherwise" or key.rpartition("/")[2] == "otherwise":
        old = (
            "A button of an earlier message was pressed, and means nothing here"
            if how == "old button"
            else ""
        )
        return f"{old or 'Not understood'}{f': {rule_name(key)} answers' if key else ''}."
    return _UNDERSTOOD.get(how, f"Understood as {{rule}} ({how}).").format(rule=rule_name(key))


def _more(step: Step) -> str:
    return f"Showed the rows of the list from number {step['start'] + 1} on."


def _tries(step: Step) -> str:
    return f"That was try {step['count']} of {step['limit']}."


def _unreadable(step: Step) -> str:
    return f'"{step["text"]}" cannot be read as a {step["type"]} for {step["name"]}.'


def _read(step: Step) -> str:
    return f"Read {_values(step['values'])}."


def _refused(step: Step) -> str:
    values = dict(step["values"])
    value = values.pop("value", None)
    expression = values.pop("expression", None)
    if expression is not None:
        seen = f", with {_values(values)}" if values else ""
        return f"Refused, since this did not hold: {expression}{seen}. Nothing of the rule was done."
    wanted = f" (wanted: {_values(values)})" if values else ""
    return f"Refused by {step['validator']}: {_shown(value)}{wanted}. Nothing of the rule was done."


def _pick_gone(step: Step) -> str:
    return f"What was picked ({step['value']}) is no longer on the list."


def _fell_to(step: Step) -> str:
    called = rule_name(step["rule"])
    return f"{called[0].upper()}{called[1:]} answers instead."


def _none_to_choose(step: Step) -> str:
    return "There was nothing to choose from."


def _branch(step: Step) -> str:
    return "A branch of it held."


def _went(step: Step) -> str:
    return f"Went to {step['to']}."


def _did(step: Step) -> str:
    values = _values(step["values"])
    return f"Did {step['action']}{f' with {values}' if values else ''}."


def _failed(step: Step) -> str:
    about = f" ({step['product']})" if step.get("product") else ""
    left = f", {step['left']} left" if step.get("left") is not None else ""
    what = f"Could not do {step['action']}: {step['code']}{about}{left}."
    return f"{what} All that the rule had done was taken back."


def _answered(step: Step) -> str:
    return f"Gave the answer to {step['code']}."


def _said(step: Step) -> str:
    return f"Said {', '.join(step['messages'])}."


def _broke(step: Step) -> str:
    return f"Broke while doing {step['action']}."


def _broken(step: Step) -> str:
    return f"It broke inside, and nothing of it was kept: {step['error']}"


def _unknown(step: Step) -> str:
    values = {name: value for name, value in step.items() if name not in ("step", "at")}
    return f"{step['step']}{f': {_values(values)}' if values else ''}."


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "nothing" if value is None else str(value)


_TELLERS: Mapping[str, Callable[[Step], str]] = {
    "recorded": _recorded,
    "started_over": _started_over,
    "version": _version,
    "understood": _understood,
    "more": _more,
    "tries": _tries,
    "unreadable": _unreadable,
    "read": _read,
    "refused": _refused,
    "pick_gone": _pick_gone,
    "none_to_choose": _none_to_choose,
    "fell_to": _fell_to,
    "branch": _branch,
    "went": _went,
    "did": _did,
    "failed": _failed,
    "answered": _answered,
    "said": _said,
    "broke": _broke,
    "broken": _broken,
}
"""Step of a trace: what tells it."""
