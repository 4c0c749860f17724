"""Finds the command that a customer may have meant."""

from __future__ import annotations

from engine.draft import Draft
from engine.program import CompiledState
from engine.words import fold, nearest


def nearest_command(state: CompiledState, draft: Draft) -> str:
    """The nearest of the words understood here, in the language of the turn; empty if none is near."""
    text = fold(draft.message.text) if draft.message is not None else ""
    if not text or len(text) > 100:
        return ""
    words = [
        word for command in state.commands.values() for word in command.rule.words.get(draft.language, ())
    ]
    return nearest(text, words) or ""
