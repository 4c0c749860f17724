"""The floor below the pipeline: the same rows in the same tables by bare SQL, and nothing decided.

For each message: an INSERT and a commit, as the webhook does it; then the session is read, the message
marked, the session written, two replies inserted, and a commit, as a turn does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import apsw

PAYLOAD = (
    '{"kind":"text","text":"1, 2","press":null,"media":null,"latitude":null,"longitude":null,"address":"",'
    '"contacts":[],"items":[],"id":"wamid.HBgMOTIzMDAxMjM0NTY3FQIAEhgg","sender":"923001234567","sender_name":'
    '"Ayesha","channel":"106540352242922","sent_at":"2025-10-18T09:00:00+00:00","raw":{"from":"923001234567",'
    '"id":"wamid.HBgM","type":"text","text":{"body":"1, 2"}},"user_id":"","moved_to":"","original":""}'
)
REPLY = (
    '{"text":"Added 2x Chocolate Chip Cookie. Cart Total: 100. What else would you like?","buttons":['
    '{"title":"Cart","id":"[7,\\"cart\\",{}]","about":""},{"title":"Done","id":"[7,\\"done\\",{}]","about":""}],'
    '"list_button":"","rows":[],"media":null,"ask_location":false,"products":[],"header":"","footer":""}'
)
MOMENT = "2025-10-18 09:00:00.000000"

HEARD = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'in', ?, 'text', '1, 2', ?, 'received', ?, '', '', NULL, 0, NULL, 'c0ffee', ?, ?)
    RETURNING id"""
SESSION = "SELECT state, data FROM conversations WHERE id = ?"
MARK = "UPDATE messages SET status = 'handled', status_at = ? WHERE id = ?"
SAVE = "UPDATE conversations SET state = ?, data = ?, updated_at = ? WHERE id = ?"
SAY = """
    INSERT INTO messages
    (business, conversation_id, channel_id, direction, provider_id, kind, body, payload, status, status_at,
     error, error_code, in_reply_to_id, attempts, try_after, correlation, created_at, sent_at)
    VALUES (?, ?, ?, 'out', NULL, 'buttons', '', ?, 'queued', ?, '', '', ?, 0, NULL, 'c0ffee', ?, NULL)"""

Run = Callable[..., Any]


def floor(url: str, conversations: list[int], messages: int, prefix: str) -> float:
    """Messages a second of one client, on either database; several at once are several processes."""
    if url.startswith("sqlite:///"):
        return floor_sqlite(url.removeprefix("sqlite:///"), conversations, messages, prefix)
    return floor_postgresql(url, conversations, messages, prefix)


def floor_sqlite(file: str, conversations: list[int], messages: int, prefix: str) -> float:
    """Messages a second, with the driver that the pipeline has too; the conversations take turns."""
    with closing(apsw.Connection(file)) as connection:
        connection.set_busy_timeout(30_000)
        execute: Run = connection.execute
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA foreign_keys = ON")
        [(business, channel)] = execute(
            "SELECT business, id FROM channels WHERE provider = 'meta'"
        ).fetchall()
        began = time.perf_counter()
        for number in range(messages):
            conversation = conversations[number % len(conversations)]
            execute("BEGIN IMMEDIATE")
            values = _heard(business, conversation, channel, f"{prefix}.{number}")
            [(heard,)] = execute(HEARD, values).fetchall()
            execute("COMMIT")
            execute("BEGIN IMMEDIATE")
            [(state, data)] = execute(SESSION, (conversation,)).fetchall()
            execute(MARK, (MOMENT, heard))
            execute(SAVE, (state, data, MOMENT, conversation))
            for _ in range(2):
                execute(SAY, (business, conversation, channel, REPLY, MOMENT, heard, MOMENT))
            execute("COMMIT")
        return messages / (time.perf_counter() - began)


def floor_postgresql(url: str, conversations: list[int], messages: int, prefix: str) -> float:
    """Messages a second of one client; several at once are several processes."""
    import psycopg

    statements = [text.replace("?", "%s") for text in (HEARD, f"{SESSION} FOR UPDATE", MARK, SAVE, SAY)]
    heard_sql, session, mark, save, say = statements
    with psycopg.connect(url) as connection:
        execute = connection.cursor().execute
        row = execute("SELECT business, id FROM channels WHERE provider = 'meta'").fetchone()
        assert row is not None
        business, channel = row
        connection.commit()
        began = time.perf_counter()
        for number in range(messages):
            conversation = conversations[number % len(conversations)]
            found = execute(
                heard_sql, _heard(business, conversation, channel, f"{prefix}.{number}")
            ).fetchone()
            assert found is not None
            connection.commit()
            [(state, data)] = execute(session, (conversation,)).fetchall()
            execute(mark, (MOMENT, found[0]))
            execute(save, (state, data, MOMENT, conversation))
            for _ in range(2):
                execute(say, (business, conversation, channel, REPLY, MOMENT, found[0], MOMENT))
            connection.commit()
        return messages / (time.perf_counter() - began)


def _heard(business: str, conversation: int, channel: int, identity: str) -> tuple[Any, ...]:
    return (business, conversation, channel, identity, PAYLOAD, MOMENT, MOMENT, MOMENT)
