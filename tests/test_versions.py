"""Tries what becomes of a conversation, in whichever state, when another version of its flow is published."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pytest
from talking import BUSINESS, CATALOG, Talker, interpreter_of

from engine.conversation import dump, load
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Inbound
from engine.publishing.content import content_of, load_content
from engine.publishing.fingerprint import flow_fingerprint, state_fingerprint
from engine.publishing.needs import needs
from engine.publishing.versions import Version, taking
from engine.reader import read_pack
from engine.story import tell
from engine.turn import Trace

FLOW = """
flow: customer
languages: [en]
start: initial
slots: {name: text, guests: text, note: text, dishes: list of text}
commands:
  hello: {words: [hello], reply: welcome, goto: asking_name}
  stop: {words: [stop], do: reset, reply: stopped, goto: initial}
states:
  initial:
    otherwise: {reply: welcome, goto: asking_name}
  asking_name:
    ask: ask_name
    commands:
      nobody: {title: Nobody, words: [nobody], reply: fine, goto: asking_guests}
    input: {save: name, validate: [{length: {min: 2}, else: too_short}], goto: asking_guests}
  asking_guests:
    ask: ask_guests
    input: {save: guests, goto: asking_note}
    after:
      - {wait: 5 minutes, reply: still_there}
      - {wait: 20 minutes, reply: still_there}
  asking_note:
    ask: ask_note
    commands:
      skip: {title: Skip, words: [skip, none], goto: confirming}
    input: {save: note, goto: confirming}
  confirming:
    ask: summary
    commands:
      yes: {title: Yes please, words: [yes], reply: thanks, goto: over}
      again: {title: Again, words: [again], goto: asking_name}
  over: {final: true}
otherwise: {reply: pardon, ask_again: true}
messages:
  welcome: Welcome
  stopped: Stopped
  fine: Fine
  ask_name: {text: "Your name?", buttons: [nobody]}
  too_short: Too short
  ask_guests: "How many?"
  ask_note: {text: "A note?", buttons: [skip]}
  summary: {text: "{{ name }} for {{ guests }}: {{ note }}", buttons: [yes, again]}
  thanks: "Thanks {{ name }}"
  pardon: Pardon
  still_there: "Still there?"
"""

TIMERS = (
    "    after:\n"
    "      - {wait: 5 minutes, reply: still_there}\n"
    "      - {wait: 20 minutes, reply: still_there}\n"
)
SKIP = "    commands:\n      skip: {title: Skip, words: [skip, none], goto: confirming}\n"

SAID = {
    "initial": (),
    "asking_name": ("hi",),
    "asking_guests": ("hi", "Ann"),
    "asking_note": ("hi", "Ann", "4"),
    "confirming": ("hi", "Ann", "4", "window"),
    "over": ("hi", "Ann", "4", "window", "yes"),
}
"""State: what a customer says to get there."""


def changed(*edits: tuple[str, str], flow: str = FLOW) -> str:
    """The flow with pieces of its text replaced."""
    for old, new in edits:
        assert old in flow, old
        flow = flow.replace(old, new)
    return flow


class Between:
    """A customer whose flow is published anew while they talk."""

    def __init__(self, flow: str | Interpreter = FLOW, **files: str) -> None:
        self.talker = Talker(flow, **files)
        self.own = self.newest = Version(self.talker.interpreter, 1)
        self.trace: Trace = []

    @classmethod
    def waiting_in(cls, state: str, flow: str = FLOW) -> Between:
        between = cls(flow)
        for text in SAID[state]:
            between.say(text)
        assert between.state == state
        return between

    def publish(self, flow: str, **files: str) -> None:
        self.publish_compiled(interpreter_of(flow, **files))

    def publish_compiled(self, interpreter: Interpreter) -> None:
        self.newest = Version(interpreter, self.newest.number + 1)

    def hear(self, inbound: Inbound) -> list[str]:
        talker = self.talker
        self.trace = []
        taken = taking(
            load(dump(talker.conversation)),
            inbound,
            self.own,
            self.newest,
            talker.shop,
            talker.now,
            Limits(),
            self.trace,
        )
        self.own = taken.version
        talker.interpreter = taken.version.interpreter
        talker.conversation = taken.conversation
        return talker.hear(taken.inbound)

    def say(self, text: str) -> list[str]:
        return self.hear(Inbound("text", text))

    def press(self, title: str) -> list[str]:
        return self.hear(Inbound("press", title, press=self.talker.id_of(title)))

    @property
    def state(self) -> str:
        return self.talker.state

    @property
    def slots(self) -> Mapping[str, object]:
        return self.talker.slots

    @property
    def has_ended(self) -> bool:
        """Whether the talk is over, or with a person."""
        state = self.own.flow.states[self.state]
        return state.final or state.human

    @property
    def version(self) -> int:
        return self.own.number


RENAMED = changed(("asking_guests", "asking_people"))
INSERTED = changed(
    ("note: text,", "note: text, phone: text,"),
    ("goto: asking_guests}\n  asking_guests:", "goto: asking_phone}\n  asking_guests:"),
    (
        "  asking_guests:\n",
        "  asking_phone:\n    ask: ask_phone\n    input: {save: phone, goto: asking_guests}\n"
        "  asking_guests:\n",
    ),
    ("reply: fine, goto: asking_guests", "reply: fine, goto: asking_phone"),
    ("{{ name }} for", "{{ name }} ({{ phone }}) for"),
    ("  ask_guests:", "  ask_phone: Your phone?\n  ask_guests:"),
)

CASES = {
    "a text is reworded": (
        changed(("Your name?", "What are you called?")),
        "asking_name",
        "Bob",
        2,
        "asking_guests",
    ),
    "a description is reworded": (
        changed(("skip: {title: Skip,", "skip: {title: Leave out, about: no note,")),
        "asking_note",
        "skip",
        2,
        "confirming",
    ),
    "a state is removed": (
        changed(
            ("  asking_guests:\n    ask: ask_guests\n    input: {save: guests, goto: asking_note}\n", ""),
            (
                TIMERS,
                "",
            ),
            ("goto: asking_guests", "goto: asking_note"),
        ),
        "asking_guests",
        "5",
        1,
        "asking_note",
    ),
    "a state is renamed, and nothing says so": (RENAMED, "asking_guests", "5", 1, "asking_note"),
    "a state is renamed": (
        RENAMED + "moved: {asking_guests: asking_people}\n",
        "asking_guests",
        "5",
        2,
        "asking_note",
    ),
    "a state is renamed twice": (
        RENAMED + "moved: {asking_guests: asking_visitors, asking_visitors: asking_people}\n",
        "asking_guests",
        "5",
        2,
        "asking_note",
    ),
    "`moved` goes round in circles": (
        RENAMED + "moved: {asking_guests: a, a: b, b: asking_guests}\n",
        "asking_guests",
        "5",
        1,
        "asking_note",
    ),
    "a state is inserted before": (INSERTED, "asking_guests", "5", 1, "asking_note"),
    "a state is inserted behind": (INSERTED, "asking_name", "Bob", 2, "asking_phone"),
    "the states before and after change places": (
        changed(
            (
                "input: {save: name, validate: [{length: {min: 2}, else: too_short}], goto: asking_guests}",
                "input: {save: guests, goto: asking_guests}",
            ),
            ("input: {save: guests, goto: asking_note}", "input: {save: name, goto: asking_note}"),
        ),
        "asking_name",
        "Bob",
        1,
        "asking_guests",
    ),
    "a slot can be read as its new type": (
        changed(("guests: text", "guests: number")),
        "confirming",
        "yes",
        2,
        "over",
    ),
    "the state is the end now": (
        changed(
            ("  over: {final: true}", "  over: {final: true}\n  asking_note: {final: true}"),
            (
                "  asking_note:\n    ask: ask_note\n" + SKIP + "    input: {save: note, goto: confirming}\n",
                "",
            ),
            (", buttons: [skip]", ""),
        ),
        "asking_note",
        "window",
        1,
        "confirming",
    ),
    "a person answers there now": (
        changed(("  asking_note:\n    ask: ask_note", "  asking_note:\n    human: true\n    ask: ask_note")),
        "asking_note",
        "window",
        1,
        "confirming",
    ),
    "the state is only passed through now": (
        changed(
            (
                "  asking_note:\n    ask: ask_note",
                "  asking_note:\n    branches: [{goto: confirming}]\n    ask: ask_note",
            )
        ),
        "asking_note",
        "window",
        1,
        "confirming",
    ),
    "the flow has another name": (
        changed(("flow: customer", "flow: guests")),
        "asking_guests",
        "5",
        1,
        "asking_note",
    ),
    "the start is renamed": (
        changed(
            ("start: initial", "start: begin"), ("  initial:", "  begin:"), ("goto: initial", "goto: begin")
        ),
        "initial",
        "hi",
        2,
        "asking_name",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_conversation_goes_on_where_it_can(case: str) -> None:
    flow, state, said, version, then = CASES[case]
    between = Between.waiting_in(state)
    between.publish(flow)
    between.say(said)
    assert (between.version, between.state) == (version, then)
    assert "version" in [step["step"] for step in between.trace]
    assert str(version) in tell(between.trace)[0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("state", SAID)
def test_in_every_state_each_answer_lands_where_it_was_asked_for(case: str, state: str) -> None:
    flow = CASES[case][0]
    between = Between.waiting_in(state)
    between.publish(flow)
    answers = {
        "asking_name": ("name", "Zoe"),
        "asking_guests": ("guests", "7"),
        "asking_note": ("note", "sea"),
    }
    before = dict(between.slots)
    said = answers.get(state, ("", "hello"))
    replies = between.say(said[1])
    assert replies or between.has_ended
    if state in answers:
        assert str(between.slots[said[0]]) == said[1]
        assert {name: str(value) for name, value in between.slots.items() if name != said[0]} == before
    # Whichever version it is on, the talk comes to its end.
    for _ in range(12):
        if not between.has_ended:
            between.say({"confirming": "yes", "initial": "hi"}.get(between.state, "12345"))
    assert between.has_ended


def test_a_slot_that_cannot_be_read_as_its_new_type_keeps_the_conversation_on_its_version() -> None:
    between = Between(FLOW)
    for text in ("hi", "Ann", "a few", "window"):
        between.say(text)
    between.publish(changed(("guests: text", "guests: number")))
    assert between.say("what?") == ["Pardon", "Ann for a few: window [Yes please] [Again]"]
    assert (between.version, between.slots["guests"]) == (1, "a few")
    assert tell(between.trace)[0] == (
        "It stays on version 1, though 2 was published: "
        "what it remembers cannot be read as the new type: guests."
    )
    # Once it holds what can be read, it moves on.
    between.say("again"), between.say("Ann")
    between.say("6")
    between.say("window")
    assert (between.version, between.slots["guests"]) == (2, 6)


@pytest.mark.parametrize(
    ("old", "new", "stored", "kept"),
    [
        ("text", "number", "7", 7),
        ("text", "date", "2026-05-24", "2026-05-24"),
        ("text", "boolean", "yes", True),
        ("number", "text", 7, "7"),
        ("text", "product", "apple", "apple"),
        ("text", "money", "12.50", "12.50"),
        ("boolean", "text", True, "yes"),
        ("text", "list of text", "a", ["a"]),
        ("list of text", "text", ["a"], "a"),
        ("list of text", "list of number", ["1", "2"], [1, 2]),
        ("list of text", "text", [], None),
        ("list of text", "text", ["a", "b"], "stays"),
        ("text", "number", "many", "stays"),
        ("location", "text", {"latitude": 1.0, "longitude": 2.0}, "stays"),
    ],
)
def test_a_slot_is_read_anew_as_its_new_type(old: str, new: str, stored: object, kept: object) -> None:
    typed = lambda name: changed(("dishes: list of text", f"dishes: {name}"))  # noqa: E731
    between = Between.waiting_in("asking_guests", typed(old))
    between.talker.conversation.slots["dishes"] = stored
    between.publish(typed(new))
    between.say("3")
    assert between.version == (1 if kept == "stays" else 2)
    assert between.slots.get("dishes") == (stored if kept == "stays" else kept)


def test_a_slot_that_is_gone_is_dropped() -> None:
    between = Between.waiting_in("confirming")
    between.publish(
        changed(
            ("note: text, ", ""),
            (
                "  asking_note:\n    ask: ask_note\n",
                "  asking_note:\n    ask: ask_note\n    otherwise: {goto: confirming}\n",
            ),
            ("    input: {save: note, goto: confirming}\n", ""),
            (": {{ note }}", ""),
        )
    )
    assert between.say("yes") == ["Thanks Ann"]
    assert between.version == 2
    assert "note" not in between.slots


def test_a_button_whose_command_is_gone_is_not_understood_and_no_answer() -> None:
    between = Between.waiting_in("asking_note")
    between.publish(
        changed(
            (SKIP, ""),
            (", buttons: [skip]", ""),
        )
    )
    assert between.press("Skip") == ["Pardon", "A note?"]
    assert (between.version, between.state, "note" in between.slots) == (2, "asking_note", False)


@pytest.mark.parametrize("said", ["none", "None!"])
def test_a_word_whose_command_is_gone_is_no_answer_either(said: str) -> None:
    between = Between.waiting_in("asking_note")
    between.publish(
        changed(
            (SKIP, ""),
            (", buttons: [skip]", ""),
        )
    )
    assert between.say(said) == ["Pardon", "A note?"]
    assert (between.version, "note" in between.slots) == (2, False)
    # The question was asked anew by the newest version: now it is an answer.
    between.say(said)
    assert between.slots["note"] == said


def test_a_word_that_a_command_lost_is_still_understood_by_who_was_told_it() -> None:
    between = Between.waiting_in("asking_note")
    between.publish(changed(("words: [skip, none]", "words: [skip]")))
    between.say("none")
    assert (between.version, between.state, "note" in between.slots) == (2, "confirming", False)


def test_a_typed_number_answers_what_was_offered() -> None:
    plain = Limits(buttons=0, rows=0)
    between = Between(FLOW)
    between.talker.limits = plain
    for text in ("hi", "Ann", "4", "window"):
        between.say(text)
    assert between.talker.conversation.offered[0][:2] == [1, "Yes please"]
    between.publish(changed(("buttons: [yes, again]", "buttons: [again, yes]")))
    between.say("1")
    assert (between.version, between.state) == (2, "over")


def test_a_new_pattern_does_not_catch_an_answer_that_was_asked_for() -> None:
    between = Between.waiting_in("asking_name")
    between.publish(
        changed(
            (
                "      nobody:",
                '      table: {pattern: "{note:text} 9", save: note, reply: fine}\n      nobody:',
            )
        )
    )
    between.say("Henry 9")
    assert (between.version, between.slots["name"], "note" in between.slots) == (1, "Henry 9", False)


CHOOSING = """
flow: customer
languages: [en]
start: initial
slots: {wanted: text, amount: number}
states:
  initial:
    otherwise: {goto: choosing}
  choosing:
    ask: which
    choices:
      from: catalog.available
      as: product
      title: "{{ product.name }}"
      value: "{{ product.code }}"
      save: wanted
      none: none_left
      goto: asking_amount
  asking_amount:
    ask: how_many
    commands:
      amount: {pattern: "{amount:number}", save: amount, reply: noted, goto: over}
  over: {final: true}
otherwise: {reply: pardon, ask_again: true}
messages:
  which: Which?
  none_left: None left
  how_many: "How many {{ wanted }}?"
  noted: "{{ amount }} {{ wanted }}"
  pardon: Pardon
"""


@pytest.mark.parametrize(
    ("edits", "version", "wanted"),
    [
        ((("from: catalog.available", 'from: "catalog.available | reverse | list"'),), 2, "pear"),
        ((("{{ product.code }}", "{{ product.number }}"),), 1, "pear"),
        ((("slots: {wanted", "slots: {other: text, wanted"), ("save: wanted", "save: other")), 1, "pear"),
        ((('title: "{{ product.name }}"', 'title: "{{ product.name | upper }}"'),), 2, "pear"),
    ],
)
@pytest.mark.parametrize("said", ["2", "Pear"])
def test_a_pick_is_what_stood_on_the_list(
    edits: tuple[tuple[str, str], ...], version: int, wanted: str, said: str
) -> None:
    between = Between(CHOOSING)
    between.say("hi")
    between.publish(changed(*edits, flow=CHOOSING))
    between.say(said)
    assert (between.version, between.slots["wanted"]) == (version, wanted)


def test_a_pick_that_left_the_list_is_told_and_the_list_comes_again() -> None:
    between = Between(CHOOSING)
    between.say("hi")
    between.publish(changed(("from: catalog.available", 'from: "[catalog.find(1)]"'), flow=CHOOSING))
    assert between.say("2") == ["None left", "Which? (Apple)"]
    assert (between.version, between.state, dict(between.slots)) == (2, "choosing", {})


def test_an_answer_by_a_pattern_is_never_kept_elsewhere() -> None:
    between = Between(CHOOSING)
    between.say("hi")
    between.say("2")
    between.publish(
        changed(
            ("amount: number}", "amount: number, size: number}"),
            ('pattern: "{amount:number}", save: amount', 'pattern: "{size:number}", save: size'),
            ("{{ amount }} {{ wanted }}", "{{ size }} {{ wanted }}"),
            flow=CHOOSING,
        )
    )
    assert between.say("3") == ["3 pear"]
    assert (between.version, between.slots["amount"]) == (1, 3)


def test_a_conversation_that_is_over_begins_anew_on_the_newest() -> None:
    between = Between.waiting_in("over")
    between.publish(
        changed(("Welcome", "Good day"), ("  over: {final: true}", "  over: {final: true, ask: welcome}"))
    )
    assert between.say("hi") == ["Good day", "Your name? [Nobody]"]
    assert (between.version, dict(between.slots)) == (2, {})


def test_a_conversation_that_timed_out_begins_anew_on_the_newest_whatever_its_state() -> None:
    between = Between.waiting_in("asking_guests")
    between.publish(RENAMED)
    between.talker.wait(hours=3)
    assert between.say("5") == ["Welcome", "Your name? [Nobody]"]
    assert (between.version, dict(between.slots)) == (2, {})
    assert [step["step"] for step in between.trace][:2] == ["version", "started_over"]


def test_a_second_press_is_silent_on_whichever_version() -> None:
    between = Between.waiting_in("confirming")
    press = Inbound("press", "Yes please", press=between.talker.id_of("Yes please"))
    assert between.hear(press) == ["Thanks Ann"]
    between.publish(RENAMED)
    assert between.hear(press) == []
    assert between.version == 1


def test_a_timer_that_fired_does_not_fire_again_for_another_version() -> None:
    between = Between.waiting_in("asking_guests")
    assert between.talker.wait(minutes=6) == ["Still there?"]
    between.publish(
        changed(
            ("      - {wait: 5 minutes", "      - {wait: 1 minute, reply: welcome}\n      - {wait: 5 minutes")
        )
    )
    # A reaction is no message: it stays where it is, and its silence goes on.
    between.hear(Inbound("reaction", "👍"))
    assert (between.version, between.talker.conversation.fired) == (1, [0])
    draft = between.newest.interpreter.draft(
        between.talker.conversation, None, between.talker.shop, between.talker.now, Limits()
    )
    from engine.publishing.versions import moved_to

    moved = moved_to(between.talker.conversation, between.own, between.newest, draft)
    assert getattr(moved, "fired", None) == [0, 1]
    # A message begins a new silence, with the timers of the version that took it.
    assert between.say("hello") == ["Welcome", "Your name? [Nobody]"]
    between.say("Ann")
    assert between.talker.wait(minutes=2) == ["Welcome"]


def test_who_is_with_a_person_is_not_lost_by_a_version_without_where_they_came_from() -> None:
    person = changed(
        ("commands:\n  hello", "commands:\n  person: {words: [person], goto: with_person}\n  hello"),
        ("  over: {final", "  with_person: {human: true}\n  over: {final"),
    )
    between = Between(person)
    for text in ("hi", "Ann", "person"):
        between.say(text)
    between.publish(changed(("asking_guests", "asking_people"), flow=person))
    assert between.say("are you there?") == []
    assert (between.version, between.state) == (1, "with_person")
    assert between.talker.event("handed_back") == ["How many?"]


@pytest.mark.parametrize(
    ("edit", "is_same"),
    [
        (("Your name?", "What are you called?"), True),
        (("title: Nobody", "title: No one"), True),
        (("ask_name", "question_of_name"), True),
        (("states:\n", "# a comment\nstates:\n"), True),
        (("languages: [en]\n", "languages: [en]\nabout: everything\n"), True),
        (("min: 2", "min: 3"), False),
        (("words: [nobody]", "words: [nobody, none]"), False),
        (("buttons: [nobody]", "buttons: [nobody, stop]"), False),
        (("{name: text", "{name: word"), False),
    ],
)
def test_a_fingerprint_tells_what_a_state_means(edit: tuple[str, str], is_same: bool) -> None:
    old, new = interpreter_of(FLOW).flow, interpreter_of(changed(edit)).flow
    states = [state_fingerprint(flow, flow.states["asking_name"]) for flow in (old, new)]
    assert (states[0] == states[1]) is is_same
    assert (flow_fingerprint(old) == flow_fingerprint(new)) is is_same
    assert state_fingerprint(old, old.states["over"]) == state_fingerprint(new, new.states["over"])


def test_a_state_needs_what_is_always_filled_and_still_read() -> None:
    assert {state: set(slots) for state, slots in needs(interpreter_of(FLOW).flow).items()} == {
        "initial": set(),
        "asking_name": set(),
        "asking_guests": set(),  # who says "nobody" comes here without a name
        "asking_note": {"guests"},
        "confirming": {"guests"},
        "over": set(),
    }


def test_content_is_known_by_what_stands_in_the_files() -> None:
    def content(path: str, flow: str = FLOW, templates: Mapping[str, str] | None = None, **more: str):
        files = {"business.yaml": BUSINESS, "catalog.yaml": CATALOG, "customer.yaml": dedent(flow), **more}
        pack = read_pack({name: text.encode() for name, text in files.items()}, path, templates or {}).pack
        assert pack is not None
        return content_of(pack)

    first = content("flows/shop")
    assert load_content(first.dump()) == first
    assert content("elsewhere/shop").hash == first.hash
    assert content("flows/shop", **{"conversations/a.yaml": "conversation: a"}).hash == first.hash
    assert content("flows/shop", FLOW + "# a comment\n").hash != first.hash
    others = {"other/menu.j2": "{% include 'shared/head.j2' %}", "shared/head.j2": "Hello"}
    assert content("flows/shop", templates=others).hash == first.hash
    own = {**others, "shop/a.j2": "{% include 'shared/head.j2' %}", "shared/head.ur.j2": "سلام"}
    assert list(content("flows/shop", templates=own).templates) == [
        "shared/head.j2",
        "shared/head.ur.j2",
        "shop/a.j2",
    ]
    assert read_pack(first.raw_files(), "flows/shop", first.templates).problems == ()
