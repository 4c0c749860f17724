"""Makes a finite automaton of a pattern's regular expression, so that two patterns can be compared.

It knows as much of regular expressions as patterns use. A repeat beyond a few times is one without end, and
what only steers the search (atomic groups, possessive and lazy repeats) is left out: what the automaton takes
is at least what the expression takes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MANY = 8
"""A repeat that may go beyond this is one without end."""

END = ""
"""Stands for the character after the last one, and before the first one."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "123456789"

_COUNTS = re.compile(r"\{(\d+),(\d+)\}")
_PLAIN = re.compile(r"[^\\^\[\]-]")

Config = frozenset[int]
"""The states in which an automaton may be."""


class Edge(NamedTuple):
    """A way to the state `end`: over a character of the class `kind` where `side` is empty; else over none,
    if one of the class stands on that side (`behind`, `ahead`). A `free` edge has no class.
    """

    kind: str
    end: int
    side: str = ""


class _Node(NamedTuple):
    """A piece of an expression: `kind` is `class behind ahead sequence either repeat`."""

    kind: str
    text: str = ""
    parts: tuple[_Node, ...] = ()
    least: int = 1
    most: int | None = 1


class Automaton:
    """The states and edges of one expression; it begins in 0. `letters` are the characters that it names."""

    def __init__(self, expression: str) -> None:
        reader = _Reader(expression)
        tree = reader.either()
        self.letters = frozenset(reader.letters)
        self.edges: list[list[Edge]] = [[]]
        self.final = self._build(tree, 0)
        self.is_guarded = any(edge.kind and edge.side for edges in self.edges for edge in edges)
        self.start: Config = frozenset((0,))
        self._steps: dict[tuple[Config, str, str], Config] = {}
        self._ends: dict[tuple[Config, str], bool] = {}
        self._alike: dict[str, str] = {}

    def step(self, config: Config, before: str, character: str) -> Config:
        """Where the character leads from there; `before` is the one that was taken last."""
        # The same pattern is compared with many others, and goes the same ways each time.
        alike = self._alike.get(character) or self._like(character)
        before = (self._alike.get(before) or self._like(before)) if self.is_guarded else END
        key = (config, before, alike)
        known = self._steps.get(key)
        if known is None:
            known = self._steps[key] = self._stepped(config, before, alike)
        return known

    def _like(self, character: str) -> str:
        """One that does what this does: all letters that are not named are alike, and so are digits."""
        alike = character
        if character and character not in self.letters:
            others = DIGITS if character.isdecimal() else LETTERS if character.isalpha() else ""
            alike = next((other for other in others if other not in self.letters), character)
        self._alike[character] = alike
        return alike

    def _stepped(self, config: Config, before: str, character: str) -> Config:
        reached = self._free(config, before, character)
        edges = self.edges
        return frozenset(
            edge.end
            for state in reached
            for edge in edges[state]
            if edge.kind and not edge.side and holds(edge.kind, character)
        )

    def is_done(self, config: Config, before: str) -> bool:
        """Whether the message may end here."""
        key = (config, before if self.is_guarded else END)
        known = self._ends.get(key)
        if known is None:
            known = self._ends[key] = self.final in self._free(config, before, END)
        return known

    def _free(self, config: Config, before: str, after: str) -> set[int]:
        """All states that are reached without another character."""
        reached = set(config)
        waiting = list(config)
        while waiting:
            for edge in self.edges[waiting.pop()]:
                if edge.end in reached or not edge.side:
                    continue
                beside = before if edge.side == "behind" else after
                if edge.kind and not (beside and holds(edge.kind, beside)):
                    continue
                reached.add(edge.end)
                waiting.append(edge.end)
        return reached

    def _state(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def _edge(self, start: int, end: int, kind: str = "", side: str = "free") -> int:
        self.edges[start].append(Edge(kind, end, side))
        return end

    def _build(self, node: _Node, start: int) -> int:
        """Adds the piece from a state on; gives the state in which it ends."""
        if node.kind == "class":
            return self._edge(start, self._state(), node.text, "")
        if node.kind in ("behind", "ahead"):
            return self._edge(start, self._state(), node.text, node.kind)
        if node.kind == "sequence":
            for part in node.parts:
                start = self._build(part, start)
            return start
        end = self._state()
        if node.kind == "either":
            for part in node.parts:
                self._edge(self._build(part, self._edge(start, self._state())), end)
            return end
        (part,) = node.parts
        for _ in range(node.least):
            start = self._build(part, start)
        self._edge(start, end)
        if node.most is None:
            again = self._edge(start, self._state())
            self._edge(self._build(part, again), again)
            self._edge(again, end)
        else:
            for _ in range(node.most - node.least):
                start = self._build(part, self._edge(start, self._state()))
                self._edge(start, end)
        return end


class _Reader:
    """Reads an expression from left to right into a tree, and notes the characters that it names."""

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.at = 0
        self.letters: set[str] = set()

    def either(self) -> _Node:
        parts = [self.sequence()]
        while self.takes("|"):
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else _Node("either", parts=tuple(parts))

    def sequence(self) -> _Node:
        parts = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated())
        return _Node("sequence", parts=tuple(parts))

    def repeated(self) -> _Node:
        part = self.atom()
        counts = _COUNTS.match(self.text, self.at)
        sign = self.text[self.at : self.at + 1]
        if counts:
            self.at = counts.end()
            least, most = int(counts[1]), int(counts[2])
            bound = None if most > MANY else most
        elif sign and sign in "?*+":
            self.at += 1
            least, bound = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            return part
        if self.text[self.at : self.at + 1] in ("?", "+"):
            self.at += 1
        return _Node("repeat", parts=(part,), least=least, most=bound)

    def atom(self) -> _Node:
        for opening, side in (("(?<=", "behind"), ("(?=", "ahead")):
            if self.takes(opening):
                inner = self.atom()
                self.takes(")")
                return _Node(side, inner.text)
        if self.takes("("):
            if self.takes("?P<"):
                self.at = self.text.index(">", self.at) + 1
            elif not self.takes("?>"):
                self.takes("?:")
            inner = self.either()
            self.takes(")")
            return inner
        if self.takes(r"\Z"):
            return _Node("sequence")
        if self.takes("["):
            return self.bracket()
        length = 2 if self.text[self.at] == "\\" else 1
        written = self.text[self.at : self.at + length]
        self.at += length
        if length == 1 and written != ".":
            self.letters.add(written.lower())
        elif length == 2 and not written[1].isalnum():
            self.letters.add(written[1])
        return _Node("class", written)

    def bracket(self) -> _Node:
        start = self.at - 1
        while self.text[self.at] != "]" or self.at == start + 1:
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1
        written = self.text[start : self.at]
        if not written.startswith("[^"):
            # Characters that a pattern takes for the same are one: the first stands for all of them.
            self.letters.update(_PLAIN.findall(written[1:-1].replace("\\-", ""))[:1])
        return _Node("class", written)

    def takes(self, text: str) -> bool:
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True


@lru_cache(maxsize=65536)
def holds(kind: str, character: str) -> bool:
    """Whether the character is of the class."""
    if len(kind) == 1 and kind != ".":
        return kind.lower() == character
    return re.compile(kind, re.IGNORECASE | re.DOTALL).fullmatch(character) is not None
