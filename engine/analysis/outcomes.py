"""Lists what a text may say that is made of words and conditions alone."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from engine.expressions import Text

MOST_OUTCOMES = 16
"""Of a text with more, none is listed."""


def outcomes(text: Text) -> tuple[str, ...]:
    """Everything that the text may say; nothing where something is put in that only a talk knows."""
    if text.constant is not None:
        return (text.constant,)
    if "{%" not in text.source:
        return ()
    found = {said: None for parsed in text.parsed() for said in _of(parsed.tree.body) or ()}
    return tuple(said for said in found if said.strip())


def _of(body: Sequence[nodes.Node]) -> list[str] | None:
    """What the pieces say one after the other; None where that cannot be listed."""
    said = [""]
    for node in body:
        match node:
            case nodes.Output():
                pieces = node.nodes
                if not all(isinstance(piece, nodes.TemplateData) for piece in pieces):
                    return None
                ways = ["".join(piece.data for piece in pieces if isinstance(piece, nodes.TemplateData))]
            case nodes.If():
                ways = []
                for branch in (node.body, *(one.body for one in node.elif_), node.else_):
                    inner = _of(branch)
                    if inner is None:
                        return None
                    ways += inner
            case _:
                return None
        said = [before + way for before in said for way in ways]
        if len(said) > MOST_OUTCOMES:
            return None
    return said
