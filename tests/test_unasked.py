"""Rules that no understood message calls: of events, of silence, and what is taken when nothing else is."""

from __future__ import annotations

import pytest
from talking import Talker, interpreter_of

UNASKED = """
flow: customer
languages: [en]
start: a
slots: {paid: money, note: text, age: number}
events:
  received: {save: {paid: 5, note: "{{ today }}"}, reply: said}
  amount: {save: paid, reply: said}
  late: {when: paid, reply: said}
states:
  a:
    after:
      - {wait: 10 minutes, when: not paid, save: {note: silent}, reply: said}
      - {wait: 20 minutes, when: paid, reply: said, goto: b}
    otherwise: {when: age, reply: aged}
  b:
    ask: said
    otherwise:
      save: age
      else: no_number
      validate: [{between: {max: 99}, else: too_old}]
      reply: aged
    tries: {limit: 3, then: {save: note, reply: said, goto: a}}
otherwise: {save: note, reply: said}
messages: {said: "{{ paid }}|{{ note }}", aged: "{{ age }}", no_number: number, too_old: old}
"""


@pytest.fixture(scope="module")
def unasked():
    return interpreter_of(UNASKED)


def test_an_event_saves_what_is_written_and_what_came_with_it(unasked) -> None:
    talk = Talker(unasked)
    assert talk.event("received") == ["5|2025-10-18"]
    assert talk.event("amount", paid="7.50") == ["7.50|2025-10-18"]
    assert talk.slots == {"paid": "7.50", "note": "2025-10-18"}


def test_an_event_whose_when_does_not_hold_changes_nothing(unasked) -> None:
    talk = Talker(unasked)
    assert talk.event("late") == []
    talk.event("amount", paid="7.50")
    assert talk.event("late") == ["7.50|"]


def test_a_timer_saves_and_is_there_only_while_its_when_holds(unasked) -> None:
    talk = Talker(unasked)
    talk.say("x")
    assert talk.wait(minutes=30) == ["|silent"]
    talk.event("amount", paid="7.50")
    talk.say("y")
    assert talk.wait(minutes=30) == ["7.50|y", "7.50|y"]
    assert talk.state == "b"


def test_otherwise_saves_what_was_said_and_gives_way_to_the_flow_s_while_its_when_does_not_hold(
    unasked,
) -> None:
    talk = Talker(unasked)
    assert talk.say("so what") == ["|so what"]
    talk.conversation.slots["age"] = 7
    assert talk.say("again") == ["7"]
    assert talk.slots["note"] == "so what"


@pytest.mark.parametrize(
    ("text", "said", "slots"), [("40", "40", {"age": 40}), ("hm", "number", {}), ("100", "old", {})]
)
def test_otherwise_reads_and_validates_as_any_rule_does(unasked, text, said, slots) -> None:
    talk = Talker(unasked)
    talk.conversation.state = "b"
    assert talk.say(text) == [said]
    assert (talk.slots, talk.conversation.tries) == (slots, 1)


def test_the_last_try_s_then_saves_too(unasked) -> None:
    talk = Talker(unasked)
    talk.conversation.state = "b"
    talk.say("one")
    talk.say("two")
    assert talk.say("three") == ["|three"]
    assert (talk.state, talk.slots) == ("a", {"note": "three"})


DESKS = """
flow: customer
languages: [en]
start: a
states:
  a:
    ask: q
    commands:
      person: {words: [person], do: {hand_over: angry}, goto: desk}
      quiet: {words: [quiet], goto: desk}
  desk: {human: true, events: {escalated: {goto: boss}}}
  boss: {human: true}
otherwise: q
messages: {q: Q}
"""


def test_handed_from_one_person_to_the_next_the_talk_returns_to_where_the_bot_was() -> None:
    talk = Talker(DESKS)
    talk.say("quiet")
    talk.event("escalated")
    assert (talk.state, talk.turn.calls_person) == ("boss", True)
    assert talk.event("handed_back") == ["Q"]
    assert talk.state == "a"


def test_a_note_ends_with_the_talk_that_it_was_for() -> None:
    talk = Talker(DESKS)
    talk.say("person")
    assert talk.conversation.note == "angry"
    talk.event("handed_back")
    talk.say("quiet")
    assert talk.conversation.note == ""
