"""Writes a graph for Mermaid, which pages of GitHub and many editors draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.drawing.graph import Edge, Graph, Node
from engine.drawing.measure import fitted
from engine.drawing.svg import Live

SHAPES = {
    "start": '(["%s"])',
    "waits": '["%s"]',
    "passes": '{{"%s"}}',
    "human": '[/"%s"/]',
    "final": '(("%s"))',
}


def mermaid(graph: Graph, live: Mapping[str, Live] | None = None) -> str:
    """The graph as a flowchart of Mermaid."""
    return "\n".join((*_lines(graph, live), ""))


def _lines(graph: Graph, live: Mapping[str, Live] | None) -> Iterator[str]:
    yield "flowchart TD"
    ids = {node.name: f"s{index}" for index, node in enumerate(graph.nodes)}
    if graph.always or graph.answers:
        said = [f"{edge.said} → {edge.goto}" for edge in graph.always]
        if graph.answers:
            said.append(f"answers: {', '.join(graph.answers)}")
        lines = "<br/>".join(("<b>at any time</b>", *(_escaped(line) for line in said)))
        yield f'  always>"{lines}"]'
    for node in graph.nodes:
        yield f"  {ids[node.name]}{SHAPES[node.kind] % _inside(node, live)}"
    for node in graph.nodes:
        for edge in node.edges:
            if edge.goto in ids:
                arrow = "-.->" if edge.sort in ("refused", "silent", "event") else "-->"
                label = _escaped(label_of(edge))
                yield f'  {ids[node.name]} {arrow}|"{label}"| {ids[edge.goto]}'
    yield "  classDef start fill:#eaf5ee,stroke:#a5cdb4,color:#263238"
    yield "  classDef human fill:#fdf3e3,stroke:#e0c08a,color:#263238"
    yield "  classDef final fill:#eceff2,stroke:#b9c2ca,color:#263238"
    for node in graph.nodes:
        if node.kind in ("start", "human", "final"):
            yield f"  class {ids[node.name]} {node.kind}"


def label_of(edge: Edge) -> str:
    """What is said, and the condition, on one line."""
    return fitted(" — ".join(filter(None, (edge.said, edge.condition))), 420, 12)


def _inside(node: Node, live: Mapping[str, Live] | None) -> str:
    lines = [f"<b>{_escaped(node.name)}</b>"]
    if node.question:
        lines.append(_escaped(fitted(" ".join(node.question.split()), 420, 12)))
    if live is not None:
        here = live.get(node.name, Live())
        lines.append(f"{here.here} here, {here.left} left")
    return "<br/>".join(lines)


def _escaped(text: str) -> str:
    """The text with what Mermaid or its HTML would read as its own written as entities."""
    known = {"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "`": "#96;", "\\": "#92;"}
    shown = " ".join(text.split())
    return "".join(known.get(letter, letter) for letter in shown)
