"""Keeps what went wrong: turns that broke, messages and timers put aside, and their way back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.storage.database import Database, Statement, stored
from adapters.storage.payloads import clean, dump
from adapters.storage.people import Located
from adapters.storage.replies import QUEUE_REPLY, queued_reply
from adapters.storage.talks import TOUCH
from adapters.storage.turns import UnknownConversation
from adapters.storage.working_turn import KEEP_TURN
from engine import conversation as talk
from engine.message import Outbound
from engine.turn import SetApart, Trace

PLACE = "SELECT business, state, channel_id, version FROM conversations WHERE id = ?"
# Only an apology can answer a message that no turn has handled.
BROKEN_MESSAGE = """
    SELECT attempts, correlation, EXISTS
    (SELECT 1 FROM messages apology WHERE apology.in_reply_to_id = messages.id AND apology.direction = 'out')
    FROM messages WHERE id = ? AND conversation_id = ? AND status = 'received'"""
TRY_LATER = """
    UPDATE messages SET attempts = attempts + 1, try_after = ?, status_at = ?, error = ? WHERE id = ?"""
PUT_ASIDE = """
    UPDATE messages SET status = 'failed', attempts = attempts + 1, try_after = NULL, status_at = ?, error = ?
    WHERE id = ?"""
# Only of the conversation whose turn it was: another worker may have taken one meanwhile.
PAST_TIMER = "UPDATE conversations SET data = ?, due_at = ? WHERE id = ? AND data = ?"
KEEP_TIMER = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'in', NULL, 'timer', ?, ?, 'received', ?, '', '', NULL, 0, NULL, '', ?, NULL)
    RETURNING id"""
NO_TIMER = "UPDATE conversations SET due_at = NULL WHERE id = ?"
TOUCH_OF = """
    UPDATE conversations SET touched = touched + 1
    WHERE id = (SELECT conversation_id FROM messages WHERE messages.id = ?)"""
TAKE_UP_AGAIN = """
    UPDATE messages
    SET status = CASE WHEN direction = 'in' THEN 'received' ELSE 'queued' END,
        attempts = 0, delays = 0, try_after = NULL, error = '', error_code = ''
    WHERE id = ? AND status IN ('failed', 'needs_template')"""


class BrokenTimer(NamedTuple):
    """A timer whose turn broke, and when it fell due.

    `before` is the conversation's data as that turn found it. What is in `apart` takes its place; the next
    timer then fires at `due_at`.
    """

    apart: SetApart
    fell_due_at: datetime
    before: str
    due_at: datetime | None


class Failures:
    """Writes down what broke, and lets it be tried again."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(
        self,
        conversation: int,
        message: int | None,
        traceback_text: str,
        trace: Trace,
        apology: Outbound | None,
        now: datetime,
        tries: int,
        timer: BrokenTimer | None = None,
    ) -> bool:
        """Keeps that a turn broke, and why; whether what broke it is put aside and not tried again."""
        database = self.database
        moment = stored(now)
        reason = clean(traceback_text).rstrip() or "no traceback was given"
        last_line = reason.rsplit("\n", 1)[-1]
        with database.writing():
            database.execute(TOUCH, conversation)
            place = database.row(PLACE, conversation)
            if place is None:
                raise UnknownConversation(f"there is no conversation {conversation}")
            business, state, channel, version = place
            located = Located(conversation, channel, business)
            if timer is not None:
                message = self._set_apart(located, timer, moment)
            tried = tried_on(trace, version)
            kept = (business, conversation, message, moment, 0.0, state, state, dump(trace), reason, tried)
            changes: list[Statement] = [(KEEP_TURN, kept)]
            owed, correlation, is_put_aside = apology is not None, "", timer is None
            if message is not None:
                broken = database.row(BROKEN_MESSAGE, message, conversation)
                attempts, correlation, is_excused = broken or (0, "", True)
                is_put_aside = broken is not None and attempts + 1 >= tries
                owed = owed and is_put_aside and not is_excused
                if is_put_aside:
                    changes.append((PUT_ASIDE, (moment, last_line, message)))
                elif broken is not None:
                    after = stored(now + timedelta(seconds=4**attempts))
                    changes.append((TRY_LATER, (after, moment, last_line, message)))
            elif timer is None:
                # Nobody knows which it was: it would fire for ever.
                changes.append((NO_TIMER, (conversation,)))
            if apology is not None and owed:
                changes.append((QUEUE_REPLY, queued_reply(located, apology, moment, message, correlation)))
            database.execute_all(changes)
        return is_put_aside

    def _set_apart(self, located: Located, timer: BrokenTimer, moment: datetime) -> int | None:
        """Has the timer wait as a message does; its row, None where the conversation went on meanwhile."""
        apart = timer.apart
        after = talk.dump(apart.conversation).decode()
        due = None if timer.due_at is None else stored(timer.due_at)
        if self.database.execute(PAST_TIMER, after, due, located.conversation, timer.before) != 1:
            return None
        fell_due = stored(timer.fell_due_at)
        business, conversation, channel = located.business, located.conversation, located.channel
        payload = dump(apart.timer)
        return self.database.insert(
            KEEP_TIMER, business, conversation, channel, apart.name, payload, moment, fell_due
        )

    def take_up_again(self, message: int) -> bool:
        """Lets a message that was put aside be tried once more, in either direction."""
        with self.database.writing():
            counts = self.database.execute_all([(TOUCH_OF, (message,)), (TAKE_UP_AGAIN, (message,))])
            return counts[1] == 1


def tried_on(trace: Trace, version: int | None) -> int | None:
    """The version that a turn broke on: one that the talk would have moved to, or the one that it is on."""
    for step in trace:
        if step["step"] == "version" and ("state" in step or step["how"] == "started_over"):
            return int(step["to"]) or None
    return version
