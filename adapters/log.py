"""Writes the log: one JSON line an event, with ids, never a secret or a whole phone number."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

LOGGER = logging.getLogger("shoptalk")

_PHONE = re.compile(r"(?<![\w.])\+?\d{5,11}(\d{4})(?![\w.])")


def masked(address: str) -> str:
    """The last four characters of a phone number or id, behind an ellipsis."""
    return f"…{address[-4:]}" if len(address) > 4 else "…"


def event(name: str, /, **values: object) -> None:
    """Logs that something happened: `event("turn", conversation=7, milliseconds=3)`."""
    LOGGER.info(name, extra={"values": values})


def problem(name: str, error: BaseException | None = None, /, **values: object) -> None:
    """Logs that something went wrong, with the traceback of the error that was caught."""
    LOGGER.error(name, extra={"values": values}, exc_info=error)


class JsonLines(logging.Formatter):
    """One JSON object a record. What `secrets` holds is blotted out wherever it appears.

    Of anything that looks like a phone number the last four digits are left, except in an `id`, which is the
    provider's own.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self.secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": self._clean(record.getMessage()),
        }
        for name, value in getattr(record, "values", {}).items():
            line[name] = value if name == "id" else self._cleaned(value)
        if record.exc_info:
            line["traceback"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)

    def _cleaned(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return [self._cleaned(one) for one in value]
        return self._clean(value) if isinstance(value, str) else value

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "[secret]")
        return _PHONE.sub(r"…\1", text)


def start_logging(secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Sends Shoptalk's log, and the warnings of the libraries, to the stream (default: standard error)."""
    lines = logging.StreamHandler(stream or sys.stderr)
    lines.setFormatter(JsonLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    # waitress warns of every request that waits for a thread, be it for a millisecond.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    LOGGER.setLevel(logging.INFO)
