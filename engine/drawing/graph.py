"""Turns a flow into a graph: states with their question, and what leads from each to the next."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

from engine.flow import Answer, Branch, Flow, Rule, State
from engine.sayings import spelled

Kind = Literal["start", "waits", "passes", "human", "final"]
Sort = Literal["said", "enters", "refused", "silent", "event"]

Spoken = TypeVar("Spoken")

JOINING = "\u200d\ufe0f\u20e3"
"""What joins emoji, or makes one of a letter."""

OTHER_CASES = "in every other case"
AT_ONCE = "at once"

MOST_WORDS = 3
"""How many words of a command are named; a drawing is no reference."""


class Edge(NamedTuple):
    """What leads out of a state: what is said or happens, under which condition, and where to.

    `goto` is None for what is answered and stays. `sort` is why: `said` by the customer, a branch that is
    taken on `enters`, an answer to something `refused`, a `silent` customer, an `event`.
    """

    said: str
    when: str
    goto: str | None
    sort: Sort

    @property
    def condition(self) -> str:
        """The condition as people say it; nothing where there is none."""
        return self.when if self.when in ("", OTHER_CASES, AT_ONCE) else f"if {self.when}"


class Node(NamedTuple):
    """A state: its question in plain words, what leads out of it, and what it answers without leaving.

    `ignores` are the flow's commands that are not understood here.
    """

    name: str
    kind: Kind
    question: str
    edges: tuple[Edge, ...]
    answers: tuple[str, ...]
    ignores: tuple[str, ...]


class Graph(NamedTuple):
    """A whole flow: its states as its file orders them, and what leads out of every one of them."""

    title: str
    nodes: tuple[Node, ...]
    always: tuple[Edge, ...]
    answers: tuple[str, ...]


def graph_of(flow: Flow, language: str = "", business: str = "") -> Graph:
    """The graph of the flow in the language (without one, its default), `business` being the shop's name."""
    drawn = _Drawn(flow, language or flow.languages[0], business)
    always, answers = drawn.parted(drawn.above())
    nodes = tuple(drawn.node(state) for state in flow.states.values())
    return Graph(flow.title or flow.name, nodes, always, answers)


class _Drawn:
    """One drawing of one flow in one language."""

    def __init__(self, flow: Flow, language: str, business: str) -> None:
        self.flow = flow
        self.language = language
        self.business = business

    def node(self, state: State) -> Node:
        edges, answers = self.parted(self.of_state(state))
        return Node(
            state.name,
            self.kind(state),
            self.question(state),
            edges,
            answers,
            tuple(
                self.name_of(self.flow.commands[name], name)
                for name in sorted(state.ignore)
                if name in self.flow.commands
            ),
        )

    def kind(self, state: State) -> Kind:
        if state.final:
            return "final"
        if state.human:
            return "human"
        if state.name == self.flow.start:
            return "start"
        always = any(branch.when is None for branch in state.branches)
        return "passes" if always else "waits"

    def question(self, state: State) -> str:
        """What the state asks, in plain words; its last message is the question."""
        for name in reversed(state.ask):
            message = self.flow.messages.get(name, {}).get(self.language)
            if message is not None and message.text is not None:
                return plain(message.text.source, self.business)
        return ""

    def of_state(self, state: State) -> Iterator[tuple[Edge, str]]:
        for branch in state.branches:
            alone = branch.when is None and len(state.branches) == 1
            yield Edge("", AT_ONCE if alone else _when(branch), branch.goto, "enters"), ""
            yield from self.refusals(branch.fails)
        for name, rule in state.commands.items():
            yield from self.of_rule(rule, self.said(rule, name), "said", self.name_of(rule, name))
        if state.choices is not None:
            what = f"a line of the list ({state.choices.name})"
            yield from self.of_rule(state.choices.rule, what, "said", what)
            if state.choices.none is not None:
                yield self.answer("the list is empty", state.choices.none)
        if state.input is not None:
            yield from self.of_rule(state.input, _accepted(state.input), "said", _accepted(state.input))
        if state.otherwise is not None:
            yield from self.of_rule(state.otherwise, "anything else", "said", "anything else")
        if state.tries is not None:
            tries = f"{state.tries.limit} times not understood"
            yield from self.of_rule(state.tries.then, tries, "refused", tries)
        for rule in state.after:
            silent = f"silent for {spelled(int(rule.wait.total_seconds()))}" if rule.wait else "silent"
            yield from self.of_rule(rule, silent, "silent", silent)
        for name, rule in state.events.items():
            yield from self.of_rule(rule, f"event: {name}", "event", f"event: {name}")

    def above(self) -> Iterator[tuple[Edge, str]]:
        for name, rule in self.flow.commands.items():
            yield from self.of_rule(rule, self.said(rule, name), "said", self.name_of(rule, name))
        for name, rule in self.flow.events.items():
            yield from self.of_rule(rule, f"event: {name}", "event", f"event: {name}")
        if self.flow.otherwise is not None:
            yield from self.of_rule(self.flow.otherwise, "anything else", "said", "anything else")
        yield from self.refusals(self.flow.fails)

    def of_rule(self, rule: Rule, said: str, sort: Sort, short: str) -> Iterator[tuple[Edge, str]]:
        """The rule's ways as edges, each with the short name it has where it stays."""
        only_if = rule.when.source if rule.when is not None else ""
        for branch in rule.branches:
            goto = branch.goto if branch.goto is not None else rule.goto
            yield Edge(said, " and ".join(filter(None, (only_if, _when(branch)))), goto, sort), short
            yield from self.refusals(branch.fails)
        if not any(branch.when is None for branch in rule.branches):
            when = " and ".join(filter(None, (only_if, OTHER_CASES if rule.branches else "")))
            yield Edge(said, when, rule.goto, sort), short
        if rule.unreadable is not None:
            yield self.answer("cannot be read", rule.unreadable)
        for check in rule.validate:
            if check.refusal is not None:
                yield self.answer(f"refused by {check.validator}", check.refusal)
        yield from self.refusals(rule.fails)

    def refusals(self, fails: Mapping[str, Answer]) -> Iterator[tuple[Edge, str]]:
        for code, answer in fails.items():
            yield self.answer(_spelled(code), answer)

    def answer(self, said: str, answer: Answer) -> tuple[Edge, str]:
        return Edge(said, "", answer.goto, "refused"), ""

    def parted(self, ways: Iterable[tuple[Edge, str]]) -> tuple[tuple[Edge, ...], tuple[str, ...]]:
        """What leads somewhere, each once, and the short names of what only answers."""
        all_ways = list(ways)
        edges = tuple(dict.fromkeys(edge for edge, _ in all_ways if edge.goto is not None))
        moving = {edge.said for edge in edges}
        answers = dict.fromkeys(
            short for edge, short in all_ways if edge.goto is None and short and edge.said not in moving
        )
        return _joined(edges), tuple(answers)

    def spoken(self, by_language: Mapping[str, Spoken]) -> Spoken | None:
        """What stands there in the language that is drawn, else in the flow's default."""
        return by_language.get(self.language) or by_language.get(self.flow.languages[0])

    def name_of(self, rule: Rule, name: str) -> str:
        """What the rule's button says, else its name spelled out."""
        title = self.spoken(rule.title)
        return plain(title.source, self.business) if title is not None else _spelled(name)

    def said(self, rule: Rule, name: str) -> str:
        """The button's title, then the words or else the shape that mean the same."""
        title = self.name_of(rule, name)
        words = [str(word) for word in self.spoken(rule.words) or ()]
        others = [word for word in words if word.casefold() != title.casefold()]
        shown = others[: MOST_WORDS - 1] + (["…"] if len(others) >= MOST_WORDS else [])
        if not words:
            patterns = self.spoken(rule.patterns) or ()
            shown = [_shape(pattern.source) for pattern in patterns[:1]]
        return " · ".join((title, ", ".join(shown))) if shown else title


def plain(source: str, business: str = "") -> str:
    """A text's first lines without its template language: what is put in stands as ‹name›."""
    text = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*for\b.*?endfor\s*-?%\}", "…", text, flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*(?:else|elif\b.*?)\s*-?%\}.*?(?=\{%-?\s*endif)", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{-?\s*business\.name\s*-?\}\}", lambda _: business or "‹name›", text)
    text = re.sub(r"\{\{-?(.*?)-?\}\}", _put_in, text, flags=re.DOTALL)
    # WhatsApp's marks of bold and the like; and signs that many a font for drawings lacks.
    text = re.sub(r"(?<!\w)([*_~])(\S(?:.*?\S)?)\1(?!\w)", r"\2", text)
    text = "".join(
        letter for letter in text if letter not in JOINING and unicodedata.category(letter) != "So"
    )
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def _put_in(found: re.Match[str]) -> str:
    expression = found[1].split("|")[0].strip()
    names = re.findall(r"[^\W\d]\w*", expression)
    return f"‹{_spelled(names[-1])}›" if names else "‹…›"


def _joined(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Refusals and failures that lead to the same place become one."""
    refused: dict[str, list[str]] = {}
    for edge in edges:
        if edge.sort == "refused" and edge.goto is not None and not edge.when:
            refused.setdefault(edge.goto, []).append(edge.said)
    kept = [edge for edge in edges if edge.sort != "refused" or edge.when]
    return (*kept, *(Edge(", ".join(said), "", goto, "refused") for goto, said in refused.items()))


def _when(branch: Branch) -> str:
    return branch.when.source if branch.when is not None else OTHER_CASES


def _accepted(rule: Rule) -> str:
    if rule.accepts == ("order",):
        return "an order of the catalogue"
    slots = [name for name, value in rule.save if value is None]
    kinds = " or ".join("a text" if kind == "text" else _with_article(kind) for kind in rule.accepts)
    return f"{kinds}, kept as {', '.join(_spelled(slot) for slot in slots)}" if slots else kinds


def _with_article(kind: str) -> str:
    known = {"contacts": "contacts", "order": "an order", "image": "an image", "audio": "a voice message"}
    return known.get(kind, f"a {kind}")


def _shape(source: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: f"‹{_spelled(found[1])}›", source)


def _spelled(name: str) -> str:
    return str(name).replace("_", " ")
