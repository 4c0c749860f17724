"""Asks a provider over HTTP: a session a thread, and what went wrong as a SendFailed that says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError
from urllib3.util.retry import Retry

from adapters.channels.channel import Remedy, SendFailed

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made, at most."""

PIECE = 64 * 1024
"""Bytes of a file that are handed on at once."""


class Caller:
    """Asks one provider, in sentences `whom` is its name; an answer may take `seconds`. Threads share it."""

    def __init__(self, whom: str, seconds: float) -> None:
        self.whom = whom
        self._timeouts = (min(CONNECT_SECONDS, seconds), seconds)
        self._local = threading.local()

    def ask(self, method: str, url: str, **more: Any) -> requests.Response:
        """The answer, whatever its status; a redirect is one too. Raises SendFailed where there is none.

        `more` are keywords of `requests`. Where the request may have arrived, the outcome is unknown.
        """
        try:
            return self._session().request(method, url, timeout=self._timeouts, allow_redirects=False, **more)
        except requests.Timeout as error:
            if isinstance(error, requests.ConnectTimeout):
                raise self._unreached(error) from error
            raise SendFailed(
                "timeout", f"no answer from {self.whom} in time; it may have been sent", Remedy.UNKNOWN
            ) from error
        except requests.ConnectionError as error:
            if _never_arrived(error):
                raise self._unreached(error) from error
            raise SendFailed(
                "connection",
                f"the connection to {self.whom} broke before its answer; it may have been sent",
                Remedy.UNKNOWN,
            ) from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise SendFailed(
                "connection", f"the answer of {self.whom} broke off; it may have been sent", Remedy.UNKNOWN
            ) from error
        except requests.RequestException as error:
            raise SendFailed("request", f"{type(error).__name__} while asking {self.whom}") from error

    def pieces(self, answer: requests.Response) -> Iterator[bytes]:
        """The body of an answer that was asked for with `stream=True`, in pieces. Raises SendFailed."""
        with answer:
            try:
                yield from answer.iter_content(PIECE)
            except requests.RequestException as error:
                raise SendFailed(
                    "connection", f"a file of {self.whom} broke off on its way", Remedy.AGAIN
                ) from error

    def _unreached(self, error: requests.RequestException) -> SendFailed:
        return SendFailed(
            "connection", f"no connection to {self.whom} ({type(error).__name__})", Remedy.AGAIN
        )

    def _session(self) -> requests.Session:
        """This thread's own session, since requests does not promise to share one safely."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            retry = Retry(total=None, connect=1, read=0, redirect=0, status=0, other=0, backoff_factor=0.2)
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            self._local.session = session
        return session


def _never_arrived(error: requests.ConnectionError) -> bool:
    """Whether no connection was made: those are tried anew, and end in MaxRetryError."""
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.SSLError):
        return True
    return bool(error.args) and isinstance(error.args[0], MaxRetryError)
