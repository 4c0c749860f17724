"""What happens when the customer is silent, when a person answers, and when something happens elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from talking import Talker

# -- after, timeout


TIMERS = """
flow: customer
languages: [en]
start: a
timeout: 1 hour
states:
  a:
    ask: ask
    commands: {go: {words: [go], goto: b}, hm: {words: [hm], reply: ok}}
    after:
      - {wait: 10 minutes, reply: still_there}
      - {wait: 2 hours, reply: leaving, goto: b}
    otherwise: what
  b: {ask: over, commands: {back: {words: [back], goto: a}}}
otherwise: what
messages: {ask: Ask, ok: OK, still_there: "Still there?", leaving: Closing, over: Over, what: "What?"}
"""


def test_timers_fire_once_per_silence_and_may_go_somewhere() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    assert talk.wait(minutes=9) == []
    assert talk.wait(minutes=2) == ["Still there?"]
    assert talk.wait(minutes=60) == []
    assert talk.wait(hours=1) == ["Closing", "Over"]
    assert talk.interpreter.due_at(talk.conversation) is None


def test_a_message_begins_a_new_silence() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    talk.wait(minutes=11)
    talk.say("hm")
    assert talk.wait(minutes=11) == ["Still there?"]


def test_leaving_the_state_cancels_its_timers() -> None:
    talk = Talker(TIMERS)
    talk.say("go")
    assert talk.wait(hours=5) == []


def test_entering_counts_from_then() -> None:
    talk = Talker(TIMERS)
    talk.say("go")
    talk.wait(minutes=30)
    talk.say("back")
    assert talk.wait(minutes=9) == []
    assert talk.wait(minutes=2) == ["Still there?"]


def test_the_timeout_does_not_come_before_the_state_s_last_timer() -> None:
    talk = Talker(TIMERS)
    talk.say("hm")
    talk.wait(minutes=90)
    assert talk.say("hm") == ["OK"]
    assert not any(step["step"] == "started_over" for step in talk.turn.trace)


AGAIN = """
flow: customer
languages: [en]
start: a
commands: {go: {words: [go], goto: a}}
events: {paid: {goto: a}}
states:
  a: {ask: a, after: [{wait: 10 minutes, goto: ONWARD}]}
  b: {ask: b, after: [{wait: 10 minutes, goto: a}, {wait: 1 hour, reply: what}]}
otherwise: what
messages: {a: A, b: B, what: "What?"}
"""


@pytest.mark.parametrize(
    ("onward", "said"),
    [("a", ["A"]), ("b", ["B", "A"])],  # to the same state, and to each other
)
def test_a_timer_fires_once_per_silence_though_its_state_is_entered_again(onward, said) -> None:
    talk = Talker(AGAIN.replace("ONWARD", onward))
    assert talk.say("go") == ["A"]
    assert talk.wait(hours=24) == said
    assert talk.say("go") == ["A"]  # the customer speaks, and a new silence begins
    assert talk.wait(hours=24) == said
    assert talk.event("paid") == ["A"]  # entered by what happens elsewhere, the state is as new
    assert talk.wait(hours=24) == said


def test_a_state_that_a_timer_enters_has_those_timers_that_did_not_fire_yet() -> None:
    later = AGAIN.replace("ONWARD", "b").replace("10 minutes, goto: a}, {", "2 hours, goto: a}, {")
    talk = Talker(later)
    talk.say("go")
    assert talk.wait(hours=24) == ["B", "What?", "A"]


def test_a_timer_that_no_calendar_reaches_never_fires() -> None:
    talk = Talker(TIMERS.replace("2 hours", "999 weeks"))
    talk.say("hm")
    assert talk.wait(days=900) == ["Still there?"]
    assert talk.interpreter.due_at(talk.conversation) is not None
    talk.conversation.heard_at = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
    assert talk.interpreter.due_at(talk.conversation) is None


# -- human, events


HUMAN = """
flow: customer
languages: [en]
start: a
timeout: 1 hour
events:
  paid: {reply: thanks}
states:
  a:
    ask: ask
    commands:
      person: {words: [person], do: {hand_over: "{{ message.text }}"}, reply: wait, goto: desk}
    events:
      ready: {reply: ready, goto: b}
  b: {commands: {back: {words: [back], goto: a}}}
  desk: {human: true}
otherwise: what
messages: {ask: Ask, wait: One moment, what: "What?", thanks: "Paid {{ amount }}", ready: Ready}
"""


def test_a_person_is_called_and_the_bot_is_silent() -> None:
    talk = Talker(HUMAN)
    assert talk.say("person") == ["One moment"]
    assert talk.turn.calls_person
    assert talk.conversation.note == "person"
    assert talk.say("person") == []
    talk.wait(hours=3)
    assert talk.say("hello?") == []
    assert talk.state == "desk"


def test_handing_back_returns_to_where_the_talk_came_from_and_asks() -> None:
    talk = Talker(HUMAN)
    talk.say("person")
    assert talk.event("handed_back") == ["Ask"]
    assert talk.state == "a"


def test_the_time_with_a_person_is_no_silence() -> None:
    talk = Talker(HUMAN.replace("states:", "commands: {hm: {words: [hm], reply: ready}}\nstates:"))
    talk.say("person")
    talk.wait(minutes=20)
    talk.say("are you there")
    talk.wait(hours=3)
    assert talk.event("handed_back") == ["Ask"]
    talk.wait(minutes=59)
    assert talk.say("hm") == ["Ready"]
    assert not any(step["step"] == "started_over" for step in talk.turn.trace)
    talk.wait(minutes=61)
    talk.say("hm")
    assert any(step["step"] == "started_over" for step in talk.turn.trace)


CALLED = """
flow: customer
languages: [en]
start: a
timeout: 1 hour
commands: {hm: {words: [hm], reply: hm}}
states:
  a: {ask: hm, after: [{wait: 30 minutes, goto: desk}]}
  b: {ask: hm}
  desk: {human: true, after: [{wait: 3 hours, goto: b}], events: {escalated: {goto: boss}}}
  boss: {human: true}
otherwise: hm
messages: {hm: Hm}
"""


@pytest.mark.parametrize("left", ["handed back", "by a timer", "for another person"])
@pytest.mark.parametrize(("minutes", "starts_over"), [(29, False), (31, True)])
def test_the_silence_before_a_person_was_called_goes_on_after_them(left, minutes, starts_over) -> None:
    talk = Talker(CALLED)
    talk.say("hm")
    talk.wait(hours=2, minutes=30)
    assert talk.state == "desk"
    if left == "by a timer":
        talk.wait(hours=1)
    elif left == "for another person":
        talk.event("escalated")
        talk.wait(hours=8)
    if left != "by a timer":
        talk.event("handed_back")
    assert talk.state == ("b" if left == "by a timer" else "a")
    talk.wait(minutes=minutes)
    # What the state that was left had begun to count, its timer has counted to the end.
    talk.conversation.state = "b"
    talk.say("hm")
    assert any(step["step"] == "started_over" for step in talk.turn.trace) is starts_over


def test_a_flow_may_handle_the_handing_back_itself() -> None:
    talk = Talker(HUMAN.replace("  paid:", "  handed_back: {reply: ready, goto: b}\n  paid:"))
    talk.say("person")
    assert talk.event("handed_back") == ["Ready"]
    assert talk.state == "b"


def test_an_event_is_handled_by_the_state_or_the_flow_or_changes_nothing() -> None:
    talk = Talker(HUMAN)
    assert talk.event("paid", amount=5) == ["Paid 5"]
    before = talk.conversation.copy()
    assert talk.event("unknown") == []
    assert talk.conversation == before
    assert talk.event("ready") == ["Ready"]
    assert talk.event("ready") == []
