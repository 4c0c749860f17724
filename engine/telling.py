"""Writes what a turn tells others than its customer."""

from __future__ import annotations

from engine.draft import Draft
from engine.speech import render_alone
from engine.turn import Told


def letters(draft: Draft) -> tuple[Told, ...]:
    """The messages for others: of the recipient's flow, in their language, with the sender's names."""
    told = []
    for role, name, names in draft.told:
        flow = draft.pack.flows[role]
        for person in draft.shop.people(role):
            letter = Draft(
                draft.pack,
                draft.flow,
                draft.shop,
                draft.conversation,
                draft.message,
                draft.moment,
                draft.limits,
            )
            letter.language = person.language if person.language in flow.languages else flow.languages[0]
            letter.given = {"settings": flow.settings, **names}
            text = flow.messages[name][letter.language]
            told.append(Told(person.id, render_alone(text, letter, flow)))
    return tuple(told)
