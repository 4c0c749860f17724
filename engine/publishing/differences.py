"""Says in words of the flow what one version of a pack does otherwise than another."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.flow import Branch, Check, Flow, Message, Rule, State
from engine.pack import Pack
from engine.publishing.fingerprint import meaning
from engine.shop import Product

SHORT = 100
"""Up to how many characters a value is shown whole."""

MEASURES: Mapping[tuple[str, str], str] = {
    ("length", "min"): "the shortest {what}",
    ("length", "max"): "the longest {what}",
    ("between", "min"): "the smallest {what}",
    ("between", "max"): "the largest {what}",
}
"""What a parameter of a validator says of the value that it looks at."""

OF_RULE: Mapping[str, str] = {
    "when": "the condition",
    "accepts": "what it accepts",
    "save": "what it saves",
    "unreadable": "the answer to what cannot be read",
    "do": "what it does",
    "fails": "the answer to failures",
    "reply": "the reply",
    "ask_again": "whether it asks again",
    "goto": "where it goes",
    "wait": "the silence before it",
}
"""Field of a rule: what it is, for a sentence."""

OF_STATE: Mapping[str, str] = {
    "ask": "the question",
    "ignore": "the list of commands not understood",
    "human": "whether a person answers",
    "final": "whether it is the end",
}

OF_MESSAGE: Mapping[str, str] = {
    "buttons": "the list of buttons",
    "list_button": "what opens the list",
    "rows": "the list of rows",
    "media": "the picture or file",
    "ask_location": "whether it asks for a place",
    "products": "the list of products",
    "header": "the header",
    "footer": "the footer",
}


def differences(old: Pack, new: Pack) -> list[str]:
    """What is otherwise in the new pack, a sentence each; nothing for packs that do and say the same."""
    return list(dict.fromkeys(_pack(old, new)))


def _pack(old: Pack, new: Pack) -> Iterator[str]:
    for each in fields(old.business):
        if each.name not in ("flows", "opening_hours"):
            was, now = getattr(old.business, each.name), getattr(new.business, each.name)
            yield from _value(f"the business: `{each.name}`", was, now)
    yield from _table("the business", "the span of ", old.business.opening_hours, new.business.opening_hours)
    roles = dict.fromkeys((*old.flows, *new.flows))
    for role in roles:
        before, after = old.flows.get(role), new.flows.get(role)
        if before is None or after is None:
            yield f"the flow of {role} was {'added' if before is None else 'removed'}"
            continue
        prefix = f"{role}: " if len(roles) > 1 else ""
        for sentence in _flow(before, after):
            yield prefix + sentence
    yield from _products(old, new)
    moves = [pack.workflow.moves if pack.workflow else {} for pack in (old, new)]
    starts = [pack.workflow.start if pack.workflow else None for pack in (old, new)]
    yield from _value("the workflow: the first status", *starts)
    yield from _table("the workflow", "the move ", *({n: _move(m) for n, m in one.items()} for one in moves))


def _move(move: Any) -> dict[str, Any]:
    return {name: getattr(move, name) for name in ("source", "to", "by", "do", "tell") if getattr(move, name)}


def _flow(old: Flow, new: Flow) -> Iterator[str]:
    yield from _value("the name of the flow", old.name, new.name)
    yield from _value("the state in which talks begin", old.start, new.start)
    yield from _value("the silence after which a talk starts over", old.timeout, new.timeout)
    for language in _gone(old.languages, new.languages):
        yield f"the language {language} was removed"
    for language in _gone(new.languages, old.languages):
        yield f"the language {language} was added"
    yield from _table("", "setting ", old.settings, new.settings)
    yield from _table("", "slot ", _types(old), _types(new))
    yield from _rules("", "command", old.commands, new.commands, old, new)
    yield from _rules("", "event", old.events, new.events, old, new)
    yield from _one_rule("`otherwise`", old.otherwise, new.otherwise, old, new)
    yield from _table("", "the answer to the failure ", meaning(old.fails), meaning(new.fails))
    for name, state in old.states.items():
        if name not in new.states:
            to = new.moved.get(name)
            where = f"; talks there go on in {to}" if to else ""
            yield f"state {name} was removed{where}"
        else:
            yield from _state(state, new.states[name], old, new)
    for name in _gone(new.states, old.states):
        yield f"state {name} was added"
    yield from _messages(old, new)
    names = [{f"{one} in {language}": text for language, t in flow.names.items() for one, text in t.items()}
             for flow in (old, new)]  # fmt: skip
    yield from _table("", "the name of ", *names)


def _types(flow: Flow) -> dict[str, str]:
    return {
        str(name): f"list of {slot.type}" if slot.is_list else str(slot.type)
        for name, slot in flow.slots.items()
    }


# States and rules


def _state(old: State, new: State, before: Flow, after: Flow) -> Iterator[str]:
    at = f"{old.name}: "
    for field, what in OF_STATE.items():
        yield from _value(f"{at}{what}", getattr(old, field), getattr(new, field))
    yield from _branches(str(old.name), old.branches, new.branches)
    yield from _rules(at, "command", old.commands, new.commands, before, after)
    yield from _rules(at, "event", old.events, new.events, before, after)
    yield from _one_rule(f"{at}`input`", old.input, new.input, before, after, at)
    yield from _one_rule(f"{at}`otherwise`", old.otherwise, new.otherwise, before, after)
    if old.choices is None or new.choices is None:
        if old.choices is not new.choices:
            yield f"{at}`choices` were {'added' if old.choices is None else 'removed'}"
    else:
        for field in ("source", "title", "about", "value", "none"):
            word = "from" if field == "source" else field
            yield from _value(
                f"{at}`{word}` of the choices", getattr(old.choices, field), getattr(new.choices, field)
            )
        yield from _one_rule(f"{at}`choices`", old.choices.rule, new.choices.rule, before, after, at)
    if old.tries is None or new.tries is None:
        if old.tries is not new.tries:
            yield f"{at}`tries` were {'added' if old.tries is None else 'removed'}"
    else:
        yield from _value(f"{at}how often one may try", old.tries.limit, new.tries.limit)
        yield from _one_rule(f"{at}`then`", old.tries.then, new.tries.then, before, after)
    timers = [{_shown(rule.wait): rule for rule in state.after} for state in (old, new)]
    yield from _rules(at, "the answer to a silence of", timers[0], timers[1], before, after)


def _rules(
    at: str, kind: str, old: Mapping[str, Rule], new: Mapping[str, Rule], before: Flow, after: Flow
) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        called = f"{at}{kind} {name}" if " " in kind else f"{at}{kind} `{name}`"
        yield from _one_rule(called, old.get(name), new.get(name), before, after)


def _one_rule(
    called: str, old: Rule | None, new: Rule | None, before: Flow, after: Flow, at: str = ""
) -> Iterator[str]:
    if old is None or new is None:
        if old is not new:
            yield f"{called} was {'added' if old is None else 'removed'}"
        return
    for field in ("words", "patterns"):
        was, now = (_said(getattr(rule, field)) for rule in (old, new))
        one = field.removesuffix("s")
        for verb, said in (("lost", _gone(was, now)), ("gained", _gone(now, was))):
            if said:
                yield f"{called} {verb} the {one if len(said) == 1 else field} {', '.join(said)}"
    for field in ("title", "about"):
        yield from _texts(f"the {field} of {called}", getattr(old, field), getattr(new, field))
    for field, what in OF_RULE.items():
        yield from _value(f"{called}: {what}", getattr(old, field), getattr(new, field))
    yield from _branches(called, old.branches, new.branches)
    # What is checked of a state's answer is said of the state.
    yield from _checks(at or f"{called}: ", old, new, before, after)


def _branches(called: str, old: tuple[Branch, ...], new: tuple[Branch, ...]) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{called}: it had {len(old)} branches, has {len(new)}"
        return
    for was, now in zip(old, new, strict=True):
        branch = f"the branch `{was.when.source}`" if was.when is not None else "the last branch"
        for field in ("when", "do", "fails", "reply", "goto"):
            what = f"{called}, {branch}: {OF_RULE[field]}"
            yield from _value(what, getattr(was, field), getattr(now, field))


def _said(by_language: Mapping[str, Any]) -> list[str]:
    return [json.dumps(meaning(one), ensure_ascii=False) for group in by_language.values() for one in group]


def _checks(at: str, old: Rule, new: Rule, before: Flow, after: Flow) -> Iterator[str]:
    was, now = _numbered(old.validate), _numbered(new.validate)
    for key in dict.fromkeys((*was, *now)):
        first, second = was.get(key), now.get(key)
        if first is None or second is None:
            given = first or second
            assert given is not None  # noqa: S101
            how = _shown({name: value.source for name, value in given.parameters.items() if name != "value"})
            yield f"{at}{given.validator} {how} is {'checked now' if first is None else 'no longer checked'}"
            continue
        what = _looked_at(second, new)
        for name in dict.fromkeys((*first.parameters, *second.parameters)):
            said = MEASURES.get((second.validator, name), f"`{name}` of {second.validator}").format(what=what)
            yield from _value(
                f"{at}{said}", _resolved(first.parameters.get(name), before),
                _resolved(second.parameters.get(name), after),
            )  # fmt: skip
        yield from _value(f"{at}the answer where {second.validator} refuses", first.refusal, second.refusal)


def _numbered(checks: tuple[Check, ...]) -> dict[tuple[str, str], Check]:
    """The checks by what they are: two of one validator are told apart by which parameters they have."""
    return {(check.validator, " ".join(sorted(set(check.parameters) & {"min", "max"}))): check
            for check in checks}  # fmt: skip


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


# Messages and products


def _messages(old: Flow, new: Flow) -> Iterator[str]:
    for name in dict.fromkeys((*old.messages, *new.messages)):
        was, now = old.messages.get(name), new.messages.get(name)
        if was is None or now is None:
            yield f"message {name} was {'added' if was is None else 'removed'}"
            continue
        yield from _texts(f"the text of {name}", _spoken(was), _spoken(now))
        first, second = was[old.languages[0]], now[new.languages[0]]
        for field, what in OF_MESSAGE.items():
            yield from _value(f"{name}: {what}", getattr(first, field), getattr(second, field))


def _spoken(by_language: Mapping[str, Message]) -> dict[str, Any]:
    """The texts by language, without those that only stand in for a missing one."""
    texts: dict[str, Any] = {}
    for language, message in by_language.items():
        if not any(message.text is text for text in texts.values()):
            texts[language] = message.text
    return texts


def _texts(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    first = next(iter(new or old), None)
    for language in dict.fromkeys((*old, *new)):
        called = what if language == first else f"{what} in {language}"
        was, now = (getattr(texts.get(language), "source", None) for texts in (old, new))
        if was == now:
            continue
        if was is not None and now is not None and "\n" in was.strip() + now.strip():
            lines = difflib.ndiff(was.splitlines(), now.splitlines())
            yield "\n".join([f"{called} changed:", *(f"    {line}" for line in lines if line[0] in "+-")])
        else:
            yield from _value(called, was, now)


def _products(old: Pack, new: Pack) -> Iterator[str]:
    was, now = ({product.code: product for product in pack.products} for pack in (old, new))
    for code in dict.fromkeys((*was, *now)):
        first, second = was.get(code), now.get(code)
        if first is None or second is None:
            product: Any = first or second
            yield f"product {product.name} ({code}) was {'added' if first is None else 'removed'}"
            continue
        for field in ("name", "number", "price", "category", "on_sale"):
            words = "whether it is on sale" if field == "on_sale" else f"the {field}"
            yield from _value(f"{first.name}: {words}", getattr(first, field), getattr(second, field))
        if first.stock != second.stock:
            yield f"{first.name}: the first stock was {_stock(first)}, is {_stock(second)}"


def _stock(product: Product) -> Any:
    return "not counted" if product.stock is None else product.stock


# Sentences


def _table(at: str, what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    prefix = f"{at}: " if at else ""
    for name in dict.fromkeys((*old, *new)):
        if name not in old or name not in new:
            value = _shown(new[name] if name in new else old[name])
            yield f"{prefix}{what}{name} ({value}) was {'added' if name in new else 'removed'}"
        else:
            yield from _value(f"{prefix}{what}{name}", old[name], new[name])


def _value(what: str, old: Any, new: Any) -> Iterator[str]:
    if meaning(old) != meaning(new):
        yield f"{what} was {_shown(old)}, is {_shown(new)}"


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, timedelta):
        from engine.sayings import spelled

        return spelled(int(value.total_seconds()))
    plain = meaning(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str) and len(value.split()) == 1 and value.isprintable():
        return value
    if isinstance(plain, list) and all(isinstance(one, str) for one in plain):
        return ", ".join(plain)
    shown = str(plain).lower() if isinstance(plain, bool) else json.dumps(plain, ensure_ascii=False)
    return shown if len(shown) <= SHORT else shown[: SHORT - 1] + "…"


def _gone(old: Any, new: Any) -> list[str]:
    """What the first has and the second lacks."""
    return [str(one) for one in dict.fromkeys(old) if one not in new]
