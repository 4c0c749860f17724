"""Says what of a flow conversations have reached, and what they have not."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from engine.analysis.walk import Site, every_rule, every_way
from engine.flow import Answer, Branch, Flow, Rule
from engine.source import Place
from engine.turn import Turn

KINDS = ("states", "commands", "branches", "validators", "failures", "languages")

Key = tuple[str, Hashable]


class Item(NamedTuple):
    """Something of a flow that a conversation can reach: its kind, where it stands, and what it is to be told
    apart by. `unreached` says in a sentence that nothing has reached it."""

    kind: str
    key: Key
    place: Place
    unreached: str


class Coverage:
    """What of one flow was reached so far. What stands once in a file counts once, wherever it is used."""

    def __init__(self, flow: Flow) -> None:
        self.start = str(flow.start)
        found: dict[Key, Item] = {}
        for item in _items(flow):
            found.setdefault(item.key, item)
        self.items: Mapping[Key, Item] = found
        self.reached: set[Key] = set()

    def see(self, before: str, turn: Turn) -> None:
        """Notes what a turn reached; `before` is the state that it began in."""
        self.reached |= self.reached_by(before, turn)

    def reached_by(self, before: str, turn: Turn) -> set[Key]:
        """What one turn reached."""
        keys: set[Key] = {("states", before), ("states", turn.conversation.state)}
        for step in turn.trace:
            keys.update(_reached(step, self.start))
        return keys & self.items.keys()

    def counts(self) -> dict[str, tuple[int, int]]:
        """Kind: how many of it were reached, and how many there are; only kinds that the flow has."""
        table = {}
        for kind in KINDS:
            keys = [key for key in self.items if key[0] == kind]
            if keys:
                table[kind] = (len(self.reached.intersection(keys)), len(keys))
        return table

    def unreached(self) -> tuple[Item, ...]:
        """What nothing has reached, by file and line."""
        missing = [item for key, item in self.items.items() if key not in self.reached]
        return tuple(sorted(missing, key=lambda item: (item.place, KINDS.index(item.kind), item.unreached)))


def share(reached: int, there_are: int) -> float:
    """Per cent; of nothing, all is reached."""
    return 100.0 * reached / there_are if there_are else 100.0


def _reached(step: Mapping[str, Any], start: str) -> Iterator[Key]:
    kind = step["step"]
    if kind == "said":
        for message in step["messages"]:
            yield "languages", (str(message), str(step["language"]))
    elif kind == "went":
        yield "states", step["to"]
    elif kind == "started_over":
        yield "states", start
    elif kind in _AT and "at" in step:
        yield _AT[kind], ("else", step["at"].place) if kind == "unreadable" else step["at"].place


_AT = {
    "understood": "commands",
    "fell_to": "commands",
    "branch": "branches",
    "refused": "validators",
    "unreadable": "validators",
    "answered": "failures",
    "none_to_choose": "failures",
}
"""Step of a trace: the kind of what stands at its place."""


def _items(flow: Flow) -> Iterator[Item]:
    for state in flow.states.values():
        yield Item("states", ("states", str(state.name)), state.place, f"{state.name} is never entered")
    for site in every_rule(flow):
        yield from _of_rule(site)
    for state in flow.states.values():
        yield from _of_branches(state.branches, f"{state.name}")
        if state.choices is not None and state.choices.none is not None:
            what = f"there is always something to choose in {state.name}"
            yield _at("failures", state.choices.none.place, what)
    yield from _of_failures(flow.fails, "the flow")
    for name in sorted(_said(flow)):
        for language, message in flow.messages.get(name, {}).items():
            if language == flow.languages[0] or message is not flow.messages[name][flow.languages[0]]:
                what = f"{name} is never said in {language}"
                yield Item("languages", ("languages", (str(name), str(language))), message.place, what)


def _of_rule(site: Site) -> Iterator[Item]:
    rule, called = site.rule, name_of(site)
    yield _at("commands", rule.place, f"{called} {_NEVER[site.kind]}")
    yield from _of_branches(rule.branches, called)
    for check in rule.validate:
        said = f" with {', '.join(check.refusal.reply)}" if check.refusal and check.refusal.reply else ""
        yield _at("validators", check.place, f"{check.validator} of {called} never refuses{said}")
    if rule.unreadable is not None:
        key = ("validators", ("else", rule.place))
        yield Item("validators", key, rule.unreadable.place, f"{called} can always be read")
    yield from _of_failures(rule.fails, called)


def _of_branches(branches: tuple[Branch, ...], where: str) -> Iterator[Item]:
    for number, branch in enumerate(branches, 1):
        what = f"branch {number} of {where}" if len(branches) > 1 else f"the branch of {where}"
        yield _at("branches", branch.place, f"{what} is never taken")
        yield from _of_failures(branch.fails, what)


def _of_failures(fails: Mapping[str, Answer], where: str) -> Iterator[Item]:
    for code, answer in fails.items():
        yield _at("failures", answer.place, f"{where} never answers {code}")


def _at(kind: str, place: Place, what: str) -> Item:
    return Item(kind, (kind, place), place, what)


def name_of(site: Site) -> str:
    """The rule in words: `the command "cart"`, `the input of awaiting_name`."""
    rule: Rule = site.rule
    of = f" of {site.state.name}" if site.state is not None else ""
    if site.kind in ("command", "event"):
        return f'the {site.kind} "{rule.name}"{of}'
    if site.kind == "after":
        return f"the silence{of}"
    return f'"{site.kind}"{of}' if site.kind in ("otherwise", "then") else f"the {site.kind}{of}"


_NEVER = {
    "command": "is never said",
    "event": "never happens",
    "choices": "are never picked from",
    "input": "is never given",
    "otherwise": "never answers",
    "then": "never answers",
    "after": "never lasts so long",
}


def _said(flow: Flow) -> set[str]:
    """The messages that a conversation can hear: not those which only a move of an order tells."""
    said = {name for way in every_way(flow) for name in way.says}
    said.update(name for site in every_rule(flow) for name in site.rule.reply)
    return said.union(*(state.ask for state in flow.states.values()))
