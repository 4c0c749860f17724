"""Keeps what went wrong: turns that broke, messages that were put aside, and their way back."""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.storage.database import Database, Statement, stored
from adapters.storage.payloads import clean, dump
from adapters.storage.people import TOUCH, Located
from adapters.storage.replies import queued_reply
from adapters.storage.turns import KEEP_TURN, UnknownConversation
from engine.message import Outbound
from engine.turn import Trace

PLACE = "SELECT business, state, channel_id FROM conversations WHERE id = ?"
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
NO_TIMER = "UPDATE conversations SET due_at = NULL WHERE id = ?"
TOUCH_OF = """
    UPDATE conversations SET touched = touched + 1
    WHERE id = (SELECT conversation_id FROM messages WHERE messages.id = ?)"""
TAKE_UP_AGAIN = """
    UPDATE messages
    SET status = CASE WHEN direction = 'in' THEN 'received' ELSE 'queued' END,
        attempts = 0, try_after = NULL, error = '', error_code = ''
    WHERE id = ? AND status IN ('failed', 'needs_template')"""


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
            business, state, channel = place
            kept = (business, conversation, message, moment, 0.0, state, state, dump(trace), reason)
            changes: list[Statement] = [(KEEP_TURN, kept)]
            owed, correlation, is_put_aside = apology is not None, "", True
            if message is None:
                # A timer whose turn breaks would fire for ever; the next message sets it anew.
                changes.append((NO_TIMER, (conversation,)))
            else:
                broken = database.row(BROKEN_MESSAGE, message, conversation)
                attempts, correlation, is_excused = broken or (0, "", True)
                is_put_aside = broken is not None and attempts + 1 >= tries
                owed = owed and is_put_aside and not is_excused
                if is_put_aside:
                    changes.append((PUT_ASIDE, (moment, last_line, message)))
                elif broken is not None:
                    after = stored(now + timedelta(seconds=4**attempts))
                    changes.append((TRY_LATER, (after, moment, last_line, message)))
            if apology is not None and owed:
                located = Located(conversation, channel, business)
                changes.append(queued_reply(located, apology, now, message, correlation))
            database.execute_all(changes)
        return is_put_aside

    def take_up_again(self, message: int) -> bool:
        """Lets a message that was put aside be tried once more, in either direction."""
        with self.database.writing():
            counts = self.database.execute_all([(TOUCH_OF, (message,)), (TAKE_UP_AGAIN, (message,))])
            return counts[1] == 1
