"""Draws a graph as SVG: a card for each state, one below the other, lines beside them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from engine.drawing.graph import Edge, Graph, Node
from engine.drawing.measure import fitted, width_of, wrapped

CARD = 520
PADDING = 18
TARGET = 168
"""The room of a row that says where it leads."""

GAP = 34
MARGIN = 36
TRACK = 13
"""Between two lines that run beside each other."""

NEAREST = 22
HEADER = 40
SMALL, NORMAL, LARGE = 12.0, 13.5, 15.5
LINE = 19
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

HUES = ("#4573b3", "#2f8f83", "#8a63b0", "#b0713a", "#5b8a3c", "#b05578", "#5d6fa8", "#8c7a2e")
"""A state's own colour: its card's edge, and every line that leads to it."""

KINDS = {
    "start": "start",
    "waits": "",
    "passes": "goes on by itself",
    "human": "a person answers",
    "final": "end",
}

DASHES = {"said": "", "enters": "", "event": "1 5", "silent": "1 5", "refused": "6 4"}

STYLE = f"""
text {{ font-family: {FONT}; font-size: {NORMAL}px; fill: #263238; }}
.page {{ fill: #f6f7f9; }}
.card {{ fill: #ffffff; stroke: #d5dbe1; }}
.always {{ fill: none; stroke: #9aa7b2; stroke-dasharray: 5 4; }}
.human {{ fill: #fdf3e3; stroke: #e0c08a; }}
.final {{ fill: #eceff2; stroke: #b9c2ca; }}
.start {{ fill: #eaf5ee; stroke: #a5cdb4; }}
.title {{ font-size: 24px; font-weight: 700; }}
.name {{ font-size: {LARGE}px; font-weight: 700; }}
.badge {{ font-size: {SMALL}px; fill: #5f6d78; }}
.live {{ font-size: {SMALL}px; font-weight: 600; fill: #1f5f8b; }}
.asks {{ fill: #44525c; }}
.when {{ font-family: {MONO}; font-size: {SMALL}px; fill: #66747f; }}
.muted {{ font-size: {SMALL}px; fill: #7b8791; }}
.rule {{ stroke: #e6eaed; }}
.halo {{ fill: none; stroke: #f6f7f9; stroke-width: 6; }}
.line {{ fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }}
"""

DARK = """
@media (prefers-color-scheme: dark) {
text { fill: #e3e8ec; }
.page { fill: #15191d; }
.card { fill: #1f252b; stroke: #38424b; }
.always { stroke: #5d6a75; }
.human { fill: #33291a; stroke: #6d5830; }
.final { fill: #262c31; stroke: #4a555e; }
.start { fill: #1b2d24; stroke: #3b6650; }
.badge, .muted, .when { fill: #9aa7b2; }
.asks { fill: #c3cdd5; }
.live { fill: #7fc1ef; }
.rule { stroke: #323b43; }
.halo { stroke: #15191d; }
}
"""


class Live(NamedTuple):
    """How many conversations sit in a state, and how many were left there by their customer."""

    here: int = 0
    left: int = 0


class _Row(NamedTuple):
    """One line that leads out of a card: where its port is, and what is drawn of it."""

    edge: Edge
    at: float
    color: str


class _Trunk(NamedTuple):
    """All lines to one state on one side of the cards, run together: from which heights, to which."""

    goto: str
    rows: tuple[_Row, ...]
    to: float
    top: float
    bottom: float


def svg(graph: Graph, live: Mapping[str, Live] | None = None, dark: bool = True) -> str:
    """The graph as one SVG file that needs nothing else; `dark` adds the colours of a dark page.

    `live` has the numbers of the states in which anybody is.
    """
    return _Page(graph, live, dark).text()


class _Page:
    def __init__(self, graph: Graph, live: Mapping[str, Live] | None, dark: bool) -> None:
        self.graph = graph
        self.live = live
        self.dark = dark
        self.colors = {node.name: HUES[index % len(HUES)] for index, node in enumerate(graph.nodes)}
        self.order = {node.name: index for index, node in enumerate(graph.nodes)}
        self.heads: dict[str, float] = {}
        self.rows: list[tuple[str, _Row]] = []
        self.y = 0.0

    def text(self) -> str:
        cards = [
            *self.head(),
            *self.always(),
            *(part for node in self.graph.nodes for part in self.card(node)),
        ]
        legend = list(self.legend())
        forward, backward = self.trunks(down=True), self.trunks(down=False)
        left = NEAREST + TRACK * max((track for _, track in backward), default=0) + TRACK
        right = NEAREST + TRACK * max((track for _, track in forward), default=0) + TRACK
        width, height = MARGIN * 2 + left + CARD + right, self.y + MARGIN
        lines = [*self.lines(forward, right=True), *self.lines(backward, right=False)]
        style = STYLE + (DARK if self.dark else "")
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
                f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label={_attribute(self.graph.title)}>',
                f"<title>{_text(self.graph.title)}</title>",
                f"<style>{style}</style>",
                f'<rect class="page" width="{width:g}" height="{height:g}"/>',
                f'<g transform="translate({MARGIN + left:g} {MARGIN})">',
                *lines,
                *cards,
                *legend,
                "</g>",
                "</svg>",
                "",
            )
        )

    def head(self) -> Iterator[str]:
        yield _words(fitted(self.graph.title, CARD, 24), 0, 20, "title", CARD)
        count = len(self.graph.nodes)
        said = f"{count} state{'' if count == 1 else 's'}"
        if self.live is not None:
            here = sum(one.here for one in self.live.values())
            left = sum(one.left for one in self.live.values())
            said += f" · {here} conversation{'' if here == 1 else 's'}, {left} of them left by their customer"
        yield _words(said, 0, 44, "muted", CARD)
        self.y = 66.0

    def always(self) -> Iterator[str]:
        """The box of what is understood in every state; it has no lines: they would lead from everywhere."""
        if not self.graph.always and not self.graph.answers:
            return
        top = self.y
        parts = [_words("at any time", PADDING, top + 26, "name", CARD)]
        y = top + HEADER
        for edge in self.graph.always:
            drawn, y = self.row(edge, y, "")
            parts += drawn
        drawn, y = self.notes((("answers, and stays:", self.graph.answers),), y)
        parts += drawn
        yield _box("always", top, y - top + 6)
        yield from parts
        self.y = y + 6 + GAP

    def card(self, node: Node) -> Iterator[str]:
        top = self.y
        color = self.colors[node.name]
        self.heads[node.name] = top + HEADER / 2
        badge, look = KINDS[node.kind], "badge"
        live = self.live.get(node.name) if self.live is not None else None
        if live is not None:
            left = f", {live.left} left" if live.left else ""
            badge, look = " · ".join(filter(None, (badge, f"{live.here} here{left}"))), "live"
        room = CARD - 3 * PADDING - width_of(badge, SMALL)
        parts = [_words(fitted(node.name, room, LARGE), PADDING, top + 26, "name", PADDING + room)]
        if badge:
            parts.append(_right(badge, CARD - PADDING, top + 26, look))
        y = top + HEADER
        lines = wrapped(node.question, CARD - 2 * PADDING - 12, NORMAL, 3)
        for index, line in enumerate(lines):
            said = ("“" if index == 0 else "") + line + ("”" if index == len(lines) - 1 else "")
            parts.append(_words(said, PADDING, y + 12, "asks", CARD - PADDING))
            y += LINE
        if node.edges:
            y += 6 if lines else 0
            parts.append(f'<path class="rule" d="M{PADDING} {y:g}H{CARD - PADDING}"/>')
            y += 8
        for edge in node.edges:
            drawn, y = self.row(edge, y, node.name)
            parts += drawn
        drawn, y = self.notes((("answers, and stays:", node.answers), ("not here:", node.ignores)), y)
        parts += drawn
        height = max(y - top + 8, HEADER)
        yield _box(node.kind if node.kind in ("start", "human", "final") else "card", top, height)
        yield f'<rect x="0" y="{top + 10:g}" width="4" height="{height - 20:g}" rx="2" fill="{color}"/>'
        yield from parts
        self.y = top + height + GAP

    def row(self, edge: Edge, y: float, state: str) -> tuple[list[str], float]:
        """What is said, its condition below, and on the right where it leads; a state's also as a line."""
        room = CARD - 2 * PADDING - TARGET
        parts: list[str] = []
        port, least = y + 9, y + LINE
        said = wrapped(edge.said, room, NORMAL, 2) if edge.said else ()
        for line in said:
            parts.append(_words(line, PADDING, y + 13, "", PADDING + room))
            y += LINE
        if edge.when:
            when = edge.condition
            for line in wrapped(when, room * 0.94, SMALL, 2):
                parts.append(_words(line, PADDING, y + 12, "when", PADDING + room))
                y += LINE - 2
        goto = str(edge.goto)
        color = self.colors.get(goto, "#7b8791")
        again = goto == state
        shown = fitted("asks again" if again else goto, TARGET - 22, SMALL)
        sign = "↻" if again else "→"
        label = _right(f"{shown} {sign}", CARD - PADDING + 4, port + 4, "badge")
        parts.append(label.replace('class="badge"', f'class="badge" style="fill:{color};font-weight:600"'))
        if state and not again and goto in self.order:
            self.rows.append((state, _Row(edge, port, color)))
        return parts, max(y, least) + 4

    def notes(self, notes: Sequence[tuple[str, Sequence[str]]], y: float) -> tuple[list[str], float]:
        parts = []
        for what, names in notes:
            if names:
                said = f"{what} {', '.join(names)}"
                for line in wrapped(said, CARD - 2 * PADDING, SMALL, 3):
                    parts.append(_words(line, PADDING, y + 12, "muted", CARD - PADDING))
                    y += LINE - 3
        return parts, y

    def trunks(self, down: bool) -> list[tuple[_Trunk, int]]:
        """The trunks of one side, each with its track; two that meet in height get tracks of their own."""
        bundles: dict[str, list[_Row]] = {}
        for state, row in self.rows:
            goto = str(row.edge.goto)
            if (self.order[goto] > self.order[state]) == down:
                bundles.setdefault(goto, []).append(row)
        trunks = []
        for goto, rows in bundles.items():
            to = self.heads[goto]
            heights = [to, *(row.at for row in rows)]
            trunks.append(_Trunk(goto, tuple(rows), to, min(heights), max(heights)))
        tracks: list[list[_Trunk]] = []
        placed = []
        for trunk in sorted(trunks, key=lambda one: (one.bottom - one.top, one.top)):
            free = next(
                (
                    index
                    for index, others in enumerate(tracks)
                    if all(trunk.bottom + 8 < one.top or one.bottom + 8 < trunk.top for one in others)
                ),
                len(tracks),
            )
            if free == len(tracks):
                tracks.append([])
            tracks[free].append(trunk)
            placed.append((trunk, free))
        return placed

    def lines(self, trunks: Iterable[tuple[_Trunk, int]], right: bool) -> Iterator[str]:
        """The lines of one side, the outer ones first, so that the inner ones pass over them."""
        edge, away = (CARD, 1) if right else (0, -1)
        for trunk, track in sorted(trunks, key=lambda one: -one[1]):
            x = edge + away * (NEAREST + TRACK * track)
            color = self.colors[trunk.goto]
            paths = []
            for row in trunk.rows:
                turn = 7 if trunk.to > row.at else -7
                last = f"{x - away * 7:g} {trunk.to:g}H{edge + away * 3:g}"
                path = (
                    f"M{edge} {row.at:g}H{x - away * 7:g}Q{x:g} {row.at:g} {x:g} {row.at + turn:g}"
                    f"V{trunk.to - turn:g}Q{x:g} {trunk.to:g} {last}"
                )
                dashes = DASHES[row.edge.sort]
                dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
                paths.append((path, f'<path class="line" stroke="{color}" d="{path}"{dashed}/>'))
                paths[-1] = (
                    path,
                    paths[-1][1] + f'<circle cx="{edge}" cy="{row.at:g}" r="3.2" fill="{color}"/>',
                )
            for path, _ in paths:
                yield f'<path class="halo" d="{path}"/>'
            for _, drawn in paths:
                yield drawn
            tip = edge + away * 1
            yield (f'<path fill="{color}" d="M{tip:g} {trunk.to:g}l{away * 9} -4.5v9z"/>')

    def legend(self) -> Iterator[str]:
        """What boxes and lines mean."""
        y = self.y + 6
        yield f'<path class="rule" d="M0 {y - 20:g}H{CARD}"/>'
        x = 0.0
        for kind, said in (
            ("start", "start"),
            ("card", "asks and waits"),
            ("human", "a person answers"),
            ("final", "end"),
        ):
            yield f'<rect class="{kind}" x="{x:g}" y="{y - 9:g}" width="18" height="12" rx="3"/>'
            yield _words(said, x + 25, y + 1, "muted", CARD)
            x += 25 + width_of(said, SMALL) + 20
        y += 24
        x = 0.0
        for said, sort in (
            ("said by the customer", "said"),
            ("refused or failed", "refused"),
            ("silence or an event", "silent"),
        ):
            dashes = DASHES[sort]
            dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
            yield f'<path class="line" stroke="{HUES[0]}" d="M{x:g} {y - 3:g}h30"{dashed}/>'
            yield _words(said, x + 38, y + 1, "muted", CARD)
            x += 38 + width_of(said, SMALL) + 20
        y += 24
        yield _words(
            "Lines have the colour of the state that they lead to: down on the right, back up on the left.",
            0,
            y + 1,
            "muted",
            CARD,
        )
        self.y = y + 8


def _box(kind: str, top: float, height: float) -> str:
    return f'<rect class="{kind}" y="{top:g}" width="{CARD}" height="{height:g}" rx="9"/>'


def _words(text: str, x: float, y: float, kind: str, until: float) -> str:
    """A line of text from `x` on; one that begins from the right stands at the right end, `until`."""
    if _begins_right(text):
        return _right(f"\u2067{text}\u2069", until, y, kind)
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}">{_text(text)}</text>'


def _right(text: str, x: float, y: float, kind: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="end">{_text(text)}</text>'


def _begins_right(text: str) -> bool:
    for letter in text:
        strong = unicodedata.bidirectional(letter)
        if strong in ("L", "R", "AL"):
            return strong != "L"
    return False


def _text(text: str) -> str:
    return escape(_shown(text))


def _attribute(text: str) -> str:
    return quoteattr(_shown(text))


def _shown(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(
        letter if unicodedata.category(letter) not in ("Cc", "Cs", "Cn") else " " for letter in text
    )
