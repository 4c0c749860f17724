"""Reports what went wrong to Sentry: the events of the log that are errors, without personal data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sentry_sdk import Client
from sentry_sdk.utils import event_from_exception

from adapters.version import VERSION

FLUSH_SECONDS = 1.5
"""How long a process that ends waits for its last reports to leave."""

_OWN = ("sentry_sdk", "urllib3")
"""The loggers of what sends the reports: what they say of their own trouble cannot be sent."""


class ErrorReports(logging.Handler):
    """Sends each error that is logged, once, in a thread of its own; a full queue drops, and never blocks.

    Nothing hooks into anything else: no request, no local variable, no breadcrumb and no user is looked at.
    Every text goes through `clean` before it leaves, and an `id`, which may hold a phone number in the
    provider's writing, does not leave at all. Raises ValueError for what is no DSN.
    """

    def __init__(self, dsn: str, clean: Callable[[str], str]) -> None:
        super().__init__(logging.ERROR)
        self._clean = clean
        self._client = Client(
            dsn,
            release=f"shoptalk@{VERSION}",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            spotlight=False,
            debug=False,
            shutdown_timeout=FLUSH_SECONDS,
            before_send=lambda event, hint: self._cleaned(event),
        )

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_OWN):
            return
        try:
            event: Any = {}
            if record.exc_info and record.exc_info[1] is not None:
                event, _ = event_from_exception(
                    record.exc_info,
                    client_options=self._client.options,
                    mechanism={"type": "logging", "handled": True},
                )
            values = getattr(record, "values", {})
            event |= {
                "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
                "logger": record.name,
                "logentry": {"formatted": record.getMessage()},
                "extra": {name: value for name, value in values.items() if name != "id"},
            }
            self._client.capture_event(event)
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Waits until the reports so far have left, if that does not take long."""
        self._client.flush(timeout=FLUSH_SECONDS)

    def close(self) -> None:
        """Sends what is still waiting, and ends."""
        self._client.close(timeout=FLUSH_SECONDS)
        super().close()

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._cleaned(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._cleaned(one) for one in value]
        return self._clean(value) if isinstance(value, str) else value
