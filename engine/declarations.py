"""What an action, a validator and a type declare of themselves: the source of schema and reference."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from engine.frozen import Frozen

if TYPE_CHECKING:
    from engine.draft import Draft


NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})


class Parameter(Frozen):
    """One parameter: its JSON Schema and its line of documentation.

    The schema's `format` may say what a text names: `expression`, `slot`, `message`, `language` or `role`.
    `required` holds after filling. One that is `filled` takes, when it is left out, the hole, slot or given
    name of its own name (actions only), unless the flow writes another that it stands `instead_of`, or that
    stands instead of it.
    """

    __slots__ = ("schema", "about", "required", "filled", "instead_of")

    def __init__(
        self,
        schema: Mapping[str, Any],
        about: str,
        required: bool = False,
        filled: bool = True,
        instead_of: str = "",
    ) -> None:
        self.schema: Final = schema
        self.about: Final = about
        self.required: Final = required
        self.filled: Final = filled
        self.instead_of: Final = instead_of


class Example(Frozen):
    """A small flow in which the word is used, and what a customer says to it, as in a conversation file.

    `flow` is the text of a customer.yaml; `files` are further files of its pack, or others in place of those
    that every example has. The reference plays it.
    """

    __slots__ = ("flow", "says", "files")

    def __init__(self, flow: str, says: tuple[object, ...], files: Mapping[str, str] = NOTHING_ELSE) -> None:
        self.flow: Final = flow
        self.says: Final = says
        self.files: Final = files


class Action(Frozen):
    """A deed that flows may order: `run(draft, **parameters)` gives names to the rest of the turn, or None.

    It raises Failure with one of the codes in `fails`. Parameters stand in the order in which a single value
    would take the first.
    """

    __slots__ = ("name", "about", "parameters", "run", "example", "gives", "fails")

    def __init__(
        self,
        name: str,
        about: str,
        parameters: Mapping[str, Parameter],
        run: Callable[..., Mapping[str, object] | None],
        example: Example,
        gives: tuple[str, ...] = (),
        fails: tuple[str, ...] = (),
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self.parameters: Final = parameters
        self.run: Final = run
        self.example: Final = example
        self.gives: Final = gives
        self.fails: Final = fails

    def filled(self, written: Container[str]) -> list[str]:
        """The parameters that names fill where the flow writes these."""
        settled = {other.instead_of for name, other in self.parameters.items() if name in written}
        return [
            name
            for name, parameter in self.parameters.items()
            if parameter.filled
            and name not in written
            and name not in settled
            and parameter.instead_of not in written
        ]


class Validator(Frozen):
    """A question about a value: `check(draft, value, **parameters)` is true where it may pass.

    A parameter named `value`, where the flow gives one, takes the place of the input. `single` is the
    parameter that a bare value stands for.
    """

    __slots__ = ("name", "about", "parameters", "check", "example", "single")

    def __init__(
        self,
        name: str,
        about: str,
        parameters: Mapping[str, Parameter],
        check: Callable[..., bool],
        example: Example,
        single: str | None = None,
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self.parameters: Final = parameters
        self.check: Final = check
        self.example: Final = example
        self.single: Final = single


class Unreadable(Exception):
    """A text cannot be read as its type."""


def as_is(value: Any) -> Any:
    return value


def load_as_is(stored: Any, draft: Draft) -> Any:
    return stored


class Type(Frozen):
    """A kind of value that slots hold and holes read.

    `read(text, draft)` gives the value or raises Unreadable; it may look at `draft.message`, which is how a
    location or a picture is read. `shape` is the regular expression of a hole, without groups; None where a
    pattern cannot hold one. `store` makes the JSON value that the conversation keeps, `load` the value of the
    turn from it (None where what it remembers is gone). `kinds` are the kinds of message it can be read from.
    `example` is what a customer may write for it; empty where that depends on the business or is no text.
    `holds` is the Python type of its values.
    """

    __slots__ = ("name", "about", "read", "shape", "store", "load", "kinds", "example", "holds")

    def __init__(
        self,
        name: str,
        about: str,
        read: Callable[[str, Draft], Any],
        shape: str | None = None,
        store: Callable[[Any], Any] = as_is,
        load: Callable[[Any, Draft], Any] = load_as_is,
        kinds: tuple[str, ...] = ("text",),
        example: str = "",
        holds: type = str,
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self.read: Final = read
        self.shape: Final = shape
        self.store: Final = store
        self.load: Final = load
        self.kinds: Final = kinds
        self.example: Final = example
        self.holds: Final = holds
