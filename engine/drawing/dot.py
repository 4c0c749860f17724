"""Writes a graph for Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.drawing.graph import Graph
from engine.drawing.measure import wrapped
from engine.drawing.mermaid import label_of
from engine.drawing.svg import Live

LOOKS = {
    "start": ', fillcolor="#eaf5ee", color="#a5cdb4"',
    "waits": "",
    "passes": ", shape=hexagon",
    "human": ', fillcolor="#fdf3e3", color="#e0c08a"',
    "final": ', fillcolor="#eceff2", color="#b9c2ca", peripheries=2',
}


def dot(graph: Graph, live: Mapping[str, Live] | None = None) -> str:
    """The graph in the language of Graphviz: `dot -Tsvg` draws it."""
    return "\n".join((*_lines(graph, live), ""))


def _lines(graph: Graph, live: Mapping[str, Live] | None) -> Iterator[str]:
    yield "digraph flow {"
    yield f"  label={_quoted(graph.title)}; labelloc=t; rankdir=TB;"
    yield '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif", fontsize=11];'
    yield '  edge [fontname="sans-serif", fontsize=9, color="#5f6d78"];'
    if graph.always or graph.answers:
        said = ["at any time", *(f"{edge.said} → {edge.goto}" for edge in graph.always)]
        if graph.answers:
            said.append(f"answers: {', '.join(graph.answers)}")
        # No state can be called so: a name has no space.
        yield f'  "at any time" [style="rounded,dashed", label={_quoted(chr(10).join(said))}];'
    for node in graph.nodes:
        label = [node.name, *wrapped(node.question, 240, 11, 3)]
        if live is not None:
            here = live.get(node.name, Live())
            label.append(f"{here.here} here, {here.left} left")
        yield f"  {_quoted(node.name)} [label={_quoted(chr(10).join(label))}{LOOKS[node.kind]}];"
    for node in graph.nodes:
        for edge in node.edges:
            dashed = ", style=dashed" if edge.sort in ("refused", "silent", "event") else ""
            what = chr(10).join(wrapped(label_of(edge), 200, 9, 3))
            yield f"  {_quoted(node.name)} -> {_quoted(str(edge.goto))} [label={_quoted(what)}{dashed}];"
    yield "}"


def _quoted(text: str) -> str:
    shown = "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in text)
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
