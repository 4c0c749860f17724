"""What a flow is, once read: states, rules, branches, messages and choices as values that never change."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.expressions import Expression, Text, Value
from engine.patterns import Pattern
from engine.source import NOWHERE, Place

NOTHING: Mapping[str, Any] = MappingProxyType({})

MOST_STATES_PASSED = 20
"""So many states one turn may enter, one after the other."""

HANDED_BACK = "handed_back"
EVENTS = (HANDED_BACK, "order_confirmed", "payment_received")
"""What may happen elsewhere."""


class Slot(NamedTuple):
    """What a conversation remembers: the name of its type, and whether it is a list of them."""

    name: str
    type: str
    is_list: bool = False
    place: Place = NOWHERE


class Answer(NamedTuple):
    """What is said, and where it leads, when a rule does not go its way."""

    reply: tuple[str, ...] = ()
    ask_again: bool = False
    goto: str | None = None
    place: Place = NOWHERE


class Check(NamedTuple):
    """One use of a validator: its parameters as written, and the answer of a refusal."""

    validator: str
    parameters: Mapping[str, Value | Expression]
    refusal: Answer | None
    place: Place = NOWHERE


class Step(NamedTuple):
    """One use of an action, with its parameters as written."""

    action: str
    parameters: Mapping[str, Value | Expression]
    place: Place = NOWHERE


class Branch(NamedTuple):
    """One way a rule, or a state that is entered, may go on; without `when` it always holds."""

    when: Expression | None = None
    do: tuple[Step, ...] = ()
    fails: Mapping[str, Answer] = NOTHING
    reply: tuple[str, ...] = ()
    goto: str | None = None
    place: Place = NOWHERE


class Rule(NamedTuple):
    """What a message may mean, and all that follows from it.

    `words`, `patterns`, `title` and `about` are by language. `save` is a tuple of slot and value, where a
    value of None stands for the input itself. `wait` is set on the rules of `after` alone.
    """

    name: str
    words: Mapping[str, tuple[str, ...]] = NOTHING
    patterns: Mapping[str, tuple[Pattern, ...]] = NOTHING
    title: Mapping[str, Text] = NOTHING
    about: Mapping[str, Text] = NOTHING
    when: Expression | None = None
    accepts: tuple[str, ...] = ("text",)
    save: tuple[tuple[str, Value | None], ...] = ()
    unreadable: Answer | None = None
    validate: tuple[Check, ...] = ()
    do: tuple[Step, ...] = ()
    fails: Mapping[str, Answer] = NOTHING
    branches: tuple[Branch, ...] = ()
    reply: tuple[str, ...] = ()
    ask_again: bool = False
    goto: str | None = None
    wait: timedelta | None = None
    place: Place = NOWHERE


class Tries(NamedTuple):
    """How often in a row a customer may not be understood before `then` is taken."""

    limit: int
    then: Rule
    place: Place = NOWHERE


class Choices(NamedTuple):
    """A list to pick from: where it comes from, how a line of it looks, and the rule a pick follows.

    `rule.save` names the slot with a value of None; the input is then the picked line's `value`.
    """

    source: Expression
    name: str
    title: Mapping[str, Text]
    about: Mapping[str, Text]
    value: Value
    rule: Rule
    none: Answer | None = None
    place: Place = NOWHERE


class State(NamedTuple):
    """A place a conversation can be in, and what is understood there."""

    name: str
    branches: tuple[Branch, ...] = ()
    ask: tuple[str, ...] = ()
    commands: Mapping[str, Rule] = NOTHING
    ignore: frozenset[str] = frozenset()
    events: Mapping[str, Rule] = NOTHING
    choices: Choices | None = None
    input: Rule | None = None
    otherwise: Rule | None = None
    tries: Tries | None = None
    after: tuple[Rule, ...] = ()
    human: bool = False
    final: bool = False
    place: Place = NOWHERE


class Button(NamedTuple):
    """A command offered to press, with the values that will stand like holes when it is pressed."""

    command: str
    values: Mapping[str, Value] = NOTHING
    place: Place = NOWHERE


class Message(NamedTuple):
    """Something the business says, in one language.

    `media` is a kind (image, document, audio, video) and an address or a media id. `list_button` is what the
    button that opens the list says; `rows` are commands, as `buttons` are.
    """

    name: str
    text: Text | None = None
    buttons: tuple[Button, ...] = ()
    list_button: Text | None = None
    rows: tuple[Button, ...] = ()
    media: tuple[str, Text] | None = None
    ask_location: bool = False
    products: Value | None = None
    header: Text | None = None
    footer: Text | None = None
    place: Place = NOWHERE


class Flow(NamedTuple):
    """One conversation, whole: `messages` by name and then by language, every language filled.

    A message that a language lacks stands there in the default language. `names` holds, by language, the
    translated names of products and settings.
    """

    name: str
    languages: tuple[str, ...]
    start: str
    states: Mapping[str, State]
    title: str = ""
    about: str = ""
    timeout: timedelta = timedelta(hours=1)
    settings: Mapping[str, Any] = NOTHING
    slots: Mapping[str, Slot] = NOTHING
    commands: Mapping[str, Rule] = NOTHING
    events: Mapping[str, Rule] = NOTHING
    otherwise: Rule | None = None
    fails: Mapping[str, Answer] = NOTHING
    messages: Mapping[str, Mapping[str, Message]] = NOTHING
    names: Mapping[str, Mapping[str, str]] = NOTHING
    moved: Mapping[str, str] = NOTHING
    place: Place = NOWHERE
