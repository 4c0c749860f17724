"""Tells moves of a flow as a conversation: what is said, and what happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.analysis.answers import Answers
from engine.analysis.certainty import Certainty
from engine.analysis.journeys import times
from engine.analysis.moves import Move
from engine.flow import Branch, Flow, Rule, State
from engine.sayings import MEANINGLESS, Said, sayings
from engine.shop import Product

FIRST_TOLD = 20
LAST_TOLD = 40
"""Of a longer way so many moves at its beginning and at its end are told: nobody says thousands of things."""


class Storyteller:
    """Writes moves down as a conversation, a line for each thing that is said or happens."""

    def __init__(
        self, certainty: Certainty, flow: Flow, role: str = "customer", products: Sequence[Product] = ()
    ) -> None:
        self.flow = flow
        self.role = role
        self.products = products
        self.answers = Answers(flow, certainty, products)
        self._said: dict[str, Mapping[int, tuple[Said, str]]] = {}

    def tell(self, path: Iterable[tuple[str, Move]], end: str = "", lacking: str = "") -> tuple[str, ...]:
        """The conversation, with the state in which it ends where one is named, and without this name."""
        way = list(path)
        left_out = way[FIRST_TOLD : max(FIRST_TOLD, len(way) - LAST_TOLD)]
        lines = [line for name, move in way[:FIRST_TOLD] for line in self._lines(name, move, lacking)]
        if left_out:
            lines.append(f"(… {len(left_out)} more …)")
        last = way[FIRST_TOLD + len(left_out) :]
        lines += [line for name, move in last for line in self._lines(name, move, lacking)]
        return (*lines, f"[{end}]") if end else tuple(lines)

    def _lines(self, name: str, move: Move, lacking: str) -> Iterator[str]:
        if move.site is not None:
            state = self.flow.states[name]
            answer = self.answers.to(state, move, lacking)
            rule = move.site.rule
            line = self._line(answer, rule) if answer else self._said_for(state, move.site.kind, rule)
            yield from [line] * times(move)
            if move.site.rule.when is not None:
                yield f"(where {move.site.rule.when.source.strip()})"
        if move.cause == "unreadable":
            yield "(it cannot be read)"
        elif move.cause == "refused":
            yield f"({move.detail} refuses it)"
        elif move.cause == "fails":
            yield f"(it fails: {move.detail})"
        elif move.cause == "none":
            yield "(there is nothing to choose)"
        elif move.cause == "handed_back":
            yield "(event: handed_back)"
        else:
            held = [move.branch] if move.branch is not None and move.branch.when is not None else []
            conditions = [*_conditions("where", held), *_conditions("unless", move.over)]
            if conditions:
                yield f"({', '.join(conditions)})"

    def _said_for(self, state: State, kind: str, rule: Rule) -> str:
        known = self._said.get(state.name)
        if known is None:
            every = sayings(self.flow, state, products=self.products)
            known = {id(saying.rule): (saying.said, saying.kind) for saying in every}
            self._said[str(state.name)] = known
        if kind == "then":
            fallback = next((said for said, of in known.values() if of == "otherwise"), MEANINGLESS)
            return self._line(fallback, rule)
        said, _ = known.get(id(rule), (MEANINGLESS, kind))
        return self._line(said, rule)

    def _line(self, said: Said, rule: Rule) -> str:
        if isinstance(said, str):
            return f"{self.role}: {said}"
        if "wait" in said:
            return f"({said['wait']} later)"
        if "event" in said:
            return f"(event: {said['event']})"
        if "send" in said:
            return f"{self.role}: ({said['send']})"
        title = rule.title.get(self.flow.languages[0])
        shown = title.constant if title is not None and title.constant else None
        return f"{self.role}: [ {shown or str(rule.name).replace('_', ' ').capitalize()} ]"


def _conditions(word: str, branches: Iterable[Branch]) -> Iterator[str]:
    written = [branch.when.source.strip() for branch in branches if branch.when is not None]
    if written:
        yield f"{word} {' or '.join(written)}"
