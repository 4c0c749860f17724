"""Moves our messages by what their provider says of them: forwards only, whatever order that comes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.storage.channel_states import PROBE_EVERY, Alarm, Stop, open_as_arrived, stop
from adapters.storage.database import Database, Statement, stored
from adapters.storage.payloads import clean, clean_id, load_receipt
from adapters.storage.references import read_reference
from adapters.storage.talks import TOUCH
from engine.message import Receipt

MOST_TRIES = 5
"""How often a message is sent whose receipts speak of a failure that may pass."""

REST = 300.0
"""Seconds that a number rests where a receipt asks for that and says no time."""

COLUMNS = """
    SELECT messages.id, messages.conversation_id, messages.status, messages.provider_id, messages.attempts,
           messages.correlation, channels.id, channels.address, channels.business, channels.state
    FROM messages JOIN channels ON channels.id = messages.channel_id
    WHERE messages.direction = 'out'"""
BY_PROVIDER_ID = f"""{COLUMNS} AND messages.provider_id = ? AND channels.provider = ?
    AND (channels.address = ? OR ? = '')"""
# The reference counts only where the provider gave the message no id that we know: two attempts may both have
# been sent, and the second one's fate is not the first one's. How often it was tried does not matter: whoever
# names it has had it, though it was taken up again since, or stands in a copy that was made before.
BY_REFERENCE = f"""{COLUMNS} AND messages.id = ? AND messages.created_at = ? AND messages.provider_id IS NULL
    AND channels.provider = ? AND (channels.address = ? OR ? = '')"""
BY_ID = f"{COLUMNS} AND messages.id = ?"
ADOPT = """
    UPDATE messages
    SET provider_id = ?, status = ?, status_at = ?, sent_at = ?, error = '', error_code = '', try_after = NULL
    WHERE id = ? AND provider_id IS NULL AND status IN ('queued', 'sending', 'failed')"""
# A message that was queued again after a failure keeps the id of its last attempt: `delivered` and `read` of
# that one still count, its `sent` and a second `failed` do not.
DELIVERED = """
    UPDATE messages SET status = 'delivered', status_at = ?
    WHERE id = ? AND provider_id = ? AND status IN ('queued', 'sending', 'sent')"""
READ = """
    UPDATE messages SET status = 'read', status_at = ?
    WHERE id = ? AND provider_id = ? AND status IN ('queued', 'sending', 'sent', 'delivered')"""
MOVES = {"delivered": DELIVERED, "read": READ}
# What failed in the same POST is in the way of nothing: it did not reach the customer either.
QUEUE_AGAIN = """
    UPDATE messages
    SET status = 'queued', status_at = ?, provider_id = ?, error_code = ?, error = ?, try_after = ?,
        attempts = {attempts}
    WHERE id = ? AND status IN ('queued', 'sent') AND {may}
    AND NOT EXISTS
    (SELECT 1 FROM messages later WHERE later.conversation_id = ? AND later.id > ? AND later.direction = 'out'
     AND later.status IN ({overtaking}) AND later.id NOT IN ({failed}))"""
TRIED = {
    "attempts": "attempts",
    "may": f"attempts < {MOST_TRIES}",
    "overtaking": "'sending', 'sent', 'delivered', 'read'",
}
# Where the fault is the number's, the message is as good as never tried, and what was taken meanwhile went
# the same way: only what arrived has overtaken it.
NOT_TRIED = {
    "attempts": "CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END",
    "may": "attempts >= 0",
    "overtaking": "'delivered', 'read'",
}
PUT_ASIDE = """
    UPDATE messages SET status = ?, status_at = ?, provider_id = ?, error_code = ?, error = ?
    WHERE id = ? AND status IN ('queued', 'sent')"""
PENDING = """
    SELECT id, raw FROM updates
    WHERE provider = ? AND provider_id = ? AND kind = 'receipt' AND applied_at IS NULL ORDER BY id"""
APPLIED = "UPDATE updates SET applied_at = ? WHERE id = ?"
LATELY_PENDING = """
    SELECT DISTINCT provider, provider_id FROM updates
    WHERE kind = 'receipt' AND applied_at IS NULL AND received_at >= ?"""

STATUSES = frozenset({"sent", "delivered", "read", "failed"})
NOT_KNOWN_YET = "the message it speaks of is not known yet"
PASSING = {"again": TRIED, "channel_later": NOT_TRIED, "account": NOT_TRIED}
"""Remedies after which the same message may be taken, now or once the account is mended; how it is queued."""
ARRIVED = frozenset({"delivered", "read"})


class OurMessage(NamedTuple):
    """A message of ours as a receipt finds it; `provider_id` is None where only its reference is known."""

    id: int
    conversation: int
    status: str
    provider_id: str | None
    attempts: int
    correlation: str
    channel: int
    number: str
    business: str
    number_state: str


class Found(NamedTuple):
    """A receipt, and the message that it speaks of."""

    receipt: Receipt
    message: OurMessage


class Receipts:
    """Finds what receipts speak of, and moves it; all but `apply_pending` want a transaction around them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def find(self, provider: str, receipt: Receipt) -> OurMessage | None:
        """The message that a receipt speaks of and that it can be said of now; None where it must wait.

        Raises ValueError for a receipt that means nothing.
        """
        if receipt.status not in STATUSES:
            raise ValueError(f"there is no status {receipt.status!r}")
        if receipt.at is not None:
            stored(receipt.at)
        number = clean(receipt.channel)
        row = self.database.row(BY_PROVIDER_ID, clean_id(receipt.message_id), provider, number, number)
        reference = read_reference(receipt.reference) if row is None else None
        if reference is not None:
            named = (reference.message, stored(reference.created_at))
            row = self.database.row(BY_REFERENCE, *named, provider, number, number)
        if row is None:
            return None
        message = OurMessage(*row)
        if receipt.status == "failed" and message.provider_id is None and message.status == "sending":
            return None  # which of its attempts failed is known when the one under way was answered
        return message

    def apply(self, provider: str, found: Sequence[Found], now: datetime) -> list[Alarm]:
        """Moves the messages; the conversations of failed ones are held. The numbers that must be mended."""
        if not found:
            return []
        failed = [one for one in found if one.receipt.status == "failed" and self._is_news(one)]
        alarms = self._stop_channels(provider, failed, now)
        self._open_channels(found, now)
        failures = {id(one) for one in failed}
        batch: list[Statement] = []
        for one in sorted(found, key=lambda one: one.message.id):
            if one.receipt.status != "failed":
                batch += _moves(one, now)
            elif id(one) in failures:
                if batch:
                    self.database.execute_all(batch)
                    batch = []
                self._fail(one, failed, now)
        if batch:
            self.database.execute_all(batch)
        return alarms

    def apply_pending(self, provider: str, message_id: str, now: datetime) -> list[Alarm]:
        """Moves the message by the receipts that came before it was known.

        A receipt that finds no message is put aside in one transaction, and looks again after its commit; the
        message becomes known in another, and its receipts are looked for after that commit: whichever commits
        last sees both.
        """
        message_id = clean(message_id)
        if not message_id or self.database.row(PENDING, provider, message_id) is None:
            return []
        alarms: list[Alarm] = []
        with self.database.writing():
            for update_id, raw in self.database.rows(PENDING, provider, message_id):
                receipt = load_receipt(raw)
                message = self.find(provider, receipt)
                if message is not None:
                    self.database.execute(TOUCH, message.conversation)
                    alarms += self.apply(provider, [Found(receipt, message)], now)
                    self.database.execute(APPLIED, stored(now), update_id)
        return alarms

    def apply_lately_pending(self, since: datetime, now: datetime) -> list[Alarm]:
        """Does the same for whatever came since then: somebody may have died between two commits."""
        return [
            alarm
            for provider, message_id in self.database.rows(LATELY_PENDING, stored(since))
            for alarm in self.apply_pending(provider, message_id, now)
        ]

    def _is_news(self, one: Found) -> bool:
        """Whether a failure is one of the attempt that counts now, and the first that is heard of it."""
        row = self.database.row(BY_ID, one.message.id)
        if row is None:
            return False
        message = OurMessage(*row)
        if message.provider_id is None:
            return message.status == "queued"
        return message.status == "sent" and message.provider_id == clean(one.receipt.message_id)

    def _stop_channels(self, provider: str, failed: Iterable[Found], now: datetime) -> list[Alarm]:
        alarms: dict[int, Alarm] = {}
        for receipt, message in sorted(failed, key=lambda one: one.message.channel):
            code, text = receipt.error_code, receipt.error
            if receipt.remedy == "account":
                reason = Stop("stopped", code, text, now + PROBE_EVERY)
                if stop(self.database, message.channel, reason, now, told=True):
                    alarms[message.channel] = Alarm(provider, message.number, message.business, code, text)
            elif receipt.remedy == "channel_later":
                rest = timedelta(seconds=receipt.wait or REST)
                stop(self.database, message.channel, Stop("waiting", code, text, now + rest), now, told=True)
        return list(alarms.values())

    def _open_channels(self, found: Iterable[Found], now: datetime) -> None:
        """Lets numbers send again that statuses closed, where a message has arrived since."""
        proofs = sorted(
            (message.channel, message.id)
            for receipt, message in found
            if receipt.status in ARRIVED and message.number_state != "open"
        )
        for channel, message_id in proofs:
            statement, values = open_as_arrived(channel, message_id, now)
            self.database.execute(statement, *values)

    def _fail(self, one: Found, failed: Iterable[Found], now: datetime) -> None:
        receipt, message = one
        moment = stored(receipt.at or now)
        provider_id = clean(receipt.message_id) or None
        words = clean(receipt.error_code), clean(receipt.error)
        if receipt.remedy in PASSING:
            wait = receipt.wait if receipt.remedy == "again" else 0.0
            after = now + timedelta(seconds=wait or 4 ** max(0, message.attempts - 1))
            conversation = message.conversation
            beside = {other.message.id for other in failed if other.message.conversation == conversation}
            statement = QUEUE_AGAIN.format(failed=", ".join("?" * len(beside)), **PASSING[receipt.remedy])
            again = (moment, provider_id, *words, stored(after), message.id)
            if self.database.execute(statement, *again, conversation, message.id, *beside):
                return
        status = "needs_template" if receipt.remedy == "template" else "failed"
        self.database.execute(PUT_ASIDE, status, moment, provider_id, *words, message.id)


def _moves(one: Found, now: datetime) -> list[Statement]:
    receipt, message = one
    moment = stored(receipt.at or now)
    provider_id = clean(receipt.message_id)
    statements: list[Statement] = []
    if message.provider_id is None and provider_id:
        statements.append((ADOPT, (provider_id, receipt.status, moment, moment, message.id)))
    if receipt.status in MOVES:
        statements.append((MOVES[receipt.status], (moment, message.id, provider_id)))
    return statements
