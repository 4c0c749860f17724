"""Sends a message to everybody of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.declarations import Action, Parameter

if TYPE_CHECKING:
    from engine.draft import Draft


def run(draft: Draft, to: str, message: str) -> None:
    draft.tell(to, message)


ACTION = Action(
    name="tell",
    about="Sends a message of the recipients' flow, in their language, with the names of this turn.",
    parameters={
        "to": Parameter({"type": "string", "format": "role"}, "the recipients' role", required=True),
        "message": Parameter(
            {"type": "string", "format": "message"}, "a message of the flow of that role", required=True
        ),
    },
    run=run,
)
