"""Writes the log: one JSON line an event, with ids, never a secret or a whole phone number."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import orjson

from adapters.digits import has_digits
from adapters.log_file import DailyFile
from adapters.settings import Settings, SettingsError

LOGGER = logging.getLogger("shoptalk")

_PHONE = re.compile(r"(?<![\w.])\+?\d{5,11}(\d{4})(?![\w.])")
PHONE_DIGITS = 9
"""So many stand in a row in whatever holds a phone number."""
_DIGITS = re.compile(rf"\d{{{PHONE_DIGITS}}}")
_NOWHERE = {
    **vars(logging.LogRecord(LOGGER.name, logging.INFO, "", 0, "", None, None)),
    **dict.fromkeys(("thread", "threadName", "process", "processName", "taskName")),
}
"""What a record holds that is written nowhere in particular."""
_SEVERAL = (list, tuple)
_KEPT = frozenset({"time", "level", "id"})
"""What a line says as it is."""


def masked(address: str) -> str:
    """The last four characters of a phone number or id, behind an ellipsis."""
    return f"…{address[-4:]}" if len(address) > 4 else "…"


def event(name: str, /, **values: object) -> None:
    """Logs that something happened: `event("turn", conversation=7, milliseconds=3)`."""
    events(name, (values,))


def events(name: str, each: Sequence[Mapping[str, object]]) -> None:
    """Logs that the same happened several times, with the values of each, in lines written at once."""
    if each and LOGGER.isEnabledFor(logging.INFO):
        # No line says where in the code it was written, or by which thread, and to find that out costs more
        # than the rest.
        record = logging.LogRecord.__new__(logging.LogRecord)
        vars(record).update(_NOWHERE, msg=name, created=time.time(), values=each[0], others=each[1:])
        LOGGER.handle(record)


def problem(name: str, error: BaseException | None = None, /, **values: object) -> None:
    """Logs that something went wrong, with the traceback of the error that was caught."""
    LOGGER.error(name, extra={"values": values}, exc_info=error)


class JsonLines(logging.Formatter):
    """One JSON object a line, and a line for each time that the record speaks of.

    What `secrets` holds is blotted out wherever it appears. Of anything that looks like a phone number the
    last four digits are left, except in an `id`, which is the provider's own.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        # The longest first: of two secrets, one may begin as the other does.
        self._secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))
        self._secret = re.compile("|".join(map(re.escape, self._secrets)))
        self._written_secrets = tuple(_written(secret)[1:-1] for secret in self._secrets)
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        begins: dict[str, object] = {
            "time": self._moment(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        lines = [{**begins, **getattr(record, "values", {})}]
        lines += [{**begins, **values} for values in getattr(record, "others", ())]
        if record.exc_info:
            lines[0]["traceback"] = self.formatException(record.exc_info)
        written = b"\n".join([_written(line) for line in lines])
        if not self._is_telling(written):
            return written.decode()
        return b"\n".join([_written(self._clean_line(line)) for line in lines]).decode()

    def _moment(self, seconds: float) -> str:
        """The moment in UTC, to the millisecond; of several within a second, the second is written once."""
        whole = int(seconds)
        second = self._second
        if second[0] != whole:
            second = self._second = whole, datetime.fromtimestamp(whole, UTC).isoformat()[:-6]
        return f"{second[1]}.{int((seconds - whole) * 1000):03d}+00:00"

    def _is_telling(self, written: bytes) -> bool:
        """Whether there may be a secret or a phone number in the lines, in the digits of any script."""
        return (
            not written.isascii()
            or has_digits(written, PHONE_DIGITS)
            or any(secret in written for secret in self._written_secrets)
        )

    def _clean_line(self, line: Mapping[str, object]) -> dict[str, object]:
        return {name: value if name in _KEPT else self._cleaned(value) for name, value in line.items()}

    def _cleaned(self, value: object) -> object:
        if isinstance(value, _SEVERAL):
            return [self._cleaned(one) for one in value]
        return self.clean(value) if isinstance(value, str) else value

    def clean(self, text: str) -> str:
        """The text without secrets and phone numbers."""
        for secret in self._secrets:
            if secret in text:
                text = self._secret.sub("[secret]", text)
                break
        return _PHONE.sub(r"…\1", text) if _DIGITS.search(text) else text


def _written(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a surrogate pair, or a number that is longer than orjson writes
        return json.dumps(value, default=str, ensure_ascii=False).encode(errors="backslashreplace")


def start_logging(
    secrets: Iterable[str] = (), stream: TextIO | None = None, file: Path | None = None
) -> JsonLines:
    """Sends Shoptalk's log, and the warnings of the libraries, to the file, else to the stream.

    Without either they go to standard error. Raises OSError where the file cannot be written.
    """
    lines = JsonLines(secrets)
    target = DailyFile(file) if file else logging.StreamHandler(stream or sys.stderr)
    target.setFormatter(lines)
    root = logging.getLogger()
    stop_logging()
    root.handlers[:] = [target]
    root.setLevel(logging.WARNING)
    # waitress warns of every request that waits for a thread, be it for a millisecond.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    LOGGER.setLevel(logging.INFO)
    return lines


def start_logging_as_set(settings: Settings) -> None:
    """Logs to where the settings say, and reports errors to Sentry if they name it. Raises SettingsError."""
    try:
        lines = start_logging(settings.secrets, file=settings.log_file)
    except OSError as error:
        why = f"{error.strerror or error}: name a file in a folder that this user may write"
        raise SettingsError([f"LOG_FILE: {settings.log_file} cannot be written ({why})"]) from error
    if settings.sentry_dsn:
        from adapters.error_reports import ErrorReports

        try:
            reports = ErrorReports(settings.sentry_dsn, lines.clean)
        except ValueError as error:
            raise SettingsError(["SENTRY_DSN is not the DSN of a project, as Sentry shows it"]) from error
        logging.getLogger().addHandler(reports)


def stop_logging() -> None:
    """Lets what was reported leave, and closes the file; a process that ends does the same by itself."""
    for target in logging.getLogger().handlers:
        target.close()
