"""Publishes random changes of a flow while random customers talk: nothing breaks, no answer goes astray."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from talking import interpreter_of
from test_versions import FLOW, SKIP, TIMERS, Between

from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Inbound
from engine.types import TYPES

NAME_INPUT = "    input: {save: name, validate: [{length: {min: 2}, else: too_short}], goto: asking_guests}\n"
NOTE_STATE = "  asking_note:\n"
ASK_NOTE = "    ask: ask_note\n"
NOTE = NOTE_STATE + ASK_NOTE
NOTE_INPUT = "    input: {save: note, goto: confirming}\n"
ASK_GUESTS = "    ask: ask_guests\n"
TABLE = '      table: {pattern: "{note:text} 9", save: note, reply: fine}\n'
GUESTS_INPUT = "    input: {save: guests, goto: asking_note}\n"

EDITS: dict[str, tuple[tuple[str, str], ...]] = {
    "reworded": (("Your name?", "What are you called?"),),
    "commented": (("states:\n", "# what there is\nstates:\n"),),
    "renamed": (("asking_guests", "asking_people"),),
    "renamed and told": (
        ("asking_guests", "asking_people"),
        ("\nmessages:\n", "\nmoved: {asking_guests: asking_people}\nmessages:\n"),
    ),
    "a type": (("guests: text", "guests: number"),),
    "another type": (("note: text", "note: list of text"),),
    "a type of the name": (("{name: text", "{name: word"),),
    "a slot swapped": ((NAME_INPUT, NAME_INPUT.replace("save: name", "save: note")),),
    "slots swapped": (
        (NAME_INPUT, NAME_INPUT.replace("name,", "guests,")),
        (GUESTS_INPUT, GUESTS_INPUT.replace("save: guests", "save: name")),
    ),
    "a command gone": ((SKIP, ""), (", buttons: [skip]", "")),
    "a word gone": (("words: [skip, none]", "words: [skip]"),),
    "a word gained": (("words: [yes]", "words: [yes, walnut]"),),
    "a pattern": (("      nobody:", TABLE + "      nobody:"),),
    "timers gone": ((TIMERS, ""),),
    "timers": (("wait: 5 minutes", "wait: 1 minute"),),
    "a person": (
        ("  over: {final", "  desk: {human: true}\n  over: {final"),
        ("  hello: {", "  desk: {words: [desk], goto: desk}\n  hello: {"),
    ),
    "an end": ((NOTE, NOTE_STATE + "    final: true\n" + ASK_NOTE),),
    "a way through": ((NOTE, NOTE_STATE + "    branches: [{goto: confirming}]\n" + ASK_NOTE),),
    "a slot gone": (
        ("note: text, ", ""),
        (NOTE_INPUT, "    otherwise: {goto: confirming}\n"),
        (": {{ note }}", ""),
    ),
    "a state before": (
        ("note: text,", "note: text, phone: text,"),
        (NAME_INPUT, NAME_INPUT.replace("goto: asking_guests", "goto: asking_phone")),
        (
            NOTE_STATE,
            "  asking_phone:\n    ask: ask_note\n    input: {save: phone, goto: asking_guests}\n"
            + NOTE_STATE,
        ),
        ("{{ name }} for", "{{ name }} ({{ phone }}) for"),
    ),
    "tries": ((ASK_GUESTS, ASK_GUESTS + "    tries: {limit: 2, then: {goto: initial}}\n"),),
    "a longer timeout": (("start: initial\n", "start: initial\ntimeout: 3 hours\n"),),
}


@cache
def compiled(names: tuple[str, ...]) -> Interpreter | None:
    """The flow with these edits, in their order; None where they do not go together."""
    flow = FLOW
    for name in names:
        for old, new in EDITS[name]:
            if old not in flow:
                return None
            flow = flow.replace(old, new)
    try:
        return interpreter_of(flow)
    except KeyError:
        return None  # it saves to a slot that is gone: flow-lint refuses that, and it is never published


VERSIONS = st.lists(st.sampled_from(sorted(EDITS)), max_size=3, unique=True).map(tuple)
SAID = st.one_of(
    st.sampled_from(["hi", "hello", "stop", "nobody", "skip", "none", "yes", "again", "desk", "walnut"]),
    st.sampled_from(["1", "2", "7", "Nobody", "Skip", "x 9"]),
    st.integers(0, 99).map(lambda number: f"answer{number}"),
    st.integers(0, 99).map(lambda number: f"some answer{number}"),
)
STEPS = st.lists(
    st.one_of(
        SAID.map(lambda text: ("say", text)),
        SAID.map(lambda text: ("say", text)),
        st.sampled_from([("press", 0), ("press", 1), ("wait", 6), ("wait", 25), ("wait", 200), ("event", 0)]),
        VERSIONS.map(lambda names: ("publish", names)),
    ),
    min_size=4,
    max_size=24,
)


def asked_for(between: Between) -> set[str]:
    """The slots that an answer may land in now, by the version that the conversation is on."""
    state = between.own.flow.states[between.state]
    rules = [state.input, *state.commands.values()]
    return {str(slot) for rule in rules if rule is not None for slot, _ in rule.save}


def is_command(between: Between, text: str) -> bool:
    """Whether the version that the conversation is on takes the text for a word of a command."""
    talker = between.talker
    inbound = Inbound("text", text)
    draft = talker.interpreter.draft(talker.conversation, inbound, talker.shop, talker.now, Limits())
    return talker.interpreter.meaning(draft).how == "word"


def words_in(between: Between) -> dict[str, str]:
    return {name: str(value) for name, value in between.slots.items()}


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_whatever_is_published_nothing_breaks_and_no_answer_goes_astray(
    steps: list[tuple[str, object]], is_plain: bool
) -> None:
    between = Between(FLOW)
    if is_plain:
        between.talker.limits = Limits(buttons=0, rows=0)
    for kind, value in steps:
        if kind == "publish":
            assert isinstance(value, tuple)
            interpreter = compiled(value)
            if interpreter is not None:
                between.publish_compiled(interpreter)
        elif kind == "wait":
            assert isinstance(value, int)
            between.talker.wait(minutes=value)
        elif kind == "event":
            between.talker.event("handed_back")
        else:
            asked, before = asked_for(between), words_in(between)
            if kind == "say":
                if is_command(between, str(value)):
                    asked = set()
                between.say(str(value))
            else:
                offered = [row[2] for row in between.talker.conversation.offered]
                if not offered:
                    continue
                assert isinstance(value, int)
                between.hear(Inbound("press", "?", press=offered[value % len(offered)]))
            for name, words in words_in(between).items():
                if words != before.get(name) and str(value) in words:
                    assert name in asked, (between.state, name, words)
        check_slots(between)


def check_slots(between: Between) -> None:
    """The version that the conversation is on has its state, and reads every slot by its type."""
    talker = between.talker
    flow = between.own.flow
    assert talker.state in flow.states
    draft = talker.interpreter.draft(talker.conversation, None, talker.shop, talker.now, Limits())
    for name, stored in talker.slots.items():
        slot = flow.slots[name]
        assert isinstance(stored, list) == slot.is_list
        kind = TYPES[slot.type]
        for one in stored if slot.is_list else [stored]:
            assert kind.store(kind.load(one, draft)) == one
        assert slot.type != "number" or isinstance(stored, int)
