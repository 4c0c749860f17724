"""Asks a rule's validators whether what a customer gave passes."""

from __future__ import annotations

from typing import Any

from engine.draft import Draft
from engine.expressions import Expression
from engine.program import CompiledCheck
from engine.reading import plain, seen_by


def passes(draft: Draft, check: CompiledCheck, value: Any) -> bool:
    """Whether the value passes; a refusal is told in the trace, with what was compared."""
    if check.value is not None:
        value = check.value.evaluate(draft)
    parameters = check.constants
    if check.parameters:
        parameters = dict(parameters)
        for name, written in check.parameters:
            parameters[name] = written.evaluate(draft)
    if check.validator.check(draft, value, **parameters):
        return True
    values = {"value": plain(value), **{name: plain(each) for name, each in parameters.items()}}
    for _, written in check.parameters:
        if isinstance(written, Expression):
            values = {"expression": written.source, **seen_by(written, draft)}
    draft.trace.append(
        {
            "step": "refused",
            "validator": check.validator.name,
            "values": values,
            "at": check.at,
        }
    )
    return False
