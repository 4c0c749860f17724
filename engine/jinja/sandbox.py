"""Runs what owners write as Jinja without letting it read, call or cost more than a text may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from jinja2.lexer import TokenStream
from jinja2.nodes import EvalContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from engine.jinja.arithmetic import Refused, made
from engine.jinja.empty import Empty
from engine.jinja.running import (
    Attributes,
    Context,
    call,
    call_binop,
    isolated,
    join_parts,
    joined,
    printed,
    taken,
)
from engine.jinja.tokens import tokenize


class Environment(ImmutableSandboxedEnvironment):
    """Jinja as far as texts may use it: listed attributes, bounded operators, no folding of constants."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, filters: Mapping[str, Any], tests: Mapping[str, Any]) -> None:
        super().__init__(
            undefined=Empty,
            optimized=False,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=0,
        )
        self.globals: dict[str, object] = {}
        # Functions of their own, compiled with the rest of what runs a text.
        self.concat = join_parts  # type: ignore[method-assign]
        self.call = call  # type: ignore[method-assign]
        self.call_binop = call_binop  # type: ignore[method-assign, assignment]
        self.filters = {**filters, "_rounds": pass_context(_rounds)}
        self.tests = dict(tests)
        self.eval_ctx = EvalContext(self)
        self.attributes = Attributes()
        self.remembered: dict[tuple[Any, ...], str] = {}
        self.globals_of_code = {
            "environment": self,
            "attribute": self.attributes.get,
            "printed": printed,
            "isolated": isolated,
            "made": made,
            "joined": joined,
            "Decimal": Decimal,
        }

    def _tokenize(self, source: str, name: Any, filename: Any = None, state: Any = None) -> TokenStream:
        return tokenize(self, source, name, state)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The attribute, or dictionary item, of this name; empty where there is none."""
        return self.attributes.get(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The item of this key or position; else the attribute of this name; else empty."""
        return self.attributes.item(obj, argument)


def _rounds(context: Context, values: Any) -> Any:
    """What a loop goes through, its rounds counted beforehand."""
    if values is None:
        return ()
    if not isinstance(values, Iterable):
        raise Refused(f"a loop cannot go through {printed(values)!r}")
    items = taken(values)
    context.spend(len(items) + 1)
    return items
