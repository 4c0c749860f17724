"""Draws flows: a graph of its states, and the forms in which it can be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.drawing.dot import dot
from engine.drawing.graph import Graph
from engine.drawing.mermaid import mermaid
from engine.drawing.svg import Live, svg

FORMATS: Mapping[str, Callable[[Graph, Mapping[str, Live] | None], str]] = {
    "svg": svg,
    "mermaid": mermaid,
    "dot": dot,
}
"""Name: what writes a graph so, with the numbers of the live conversations where there are any."""

__all__ = ("FORMATS", "Graph", "Live", "svg")
