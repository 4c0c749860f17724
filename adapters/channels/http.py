"""Asks a provider over HTTP: a session a thread, and what went wrong as a SendFailed that says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ReadTimeoutError
from urllib3.util import Timeout
from urllib3.util.retry import Retry

from adapters.channels.channel import Remedy, SendFailed
from adapters.channels.deadlines import DeadlineAdapter

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made, at most, or a file to be handed over to it."""

PIECE = 64 * 1024
"""Bytes of a file that are handed on at once."""


class Caller:
    """Asks one provider, in sentences `whom` is its name; an answer may take `seconds`. Threads share it.

    It takes no longer than that, from the connection to the last byte, however it drips in: one that goes on
    is taken for dead, and begun once more elsewhere. Of a file that only holds for each piece.
    """

    def __init__(self, whom: str, seconds: float) -> None:
        self.whom = whom
        # To connect, to agree on keys and to send may each take a third; only then is the total looked at.
        connect = min(CONNECT_SECONDS, seconds / 3)
        self._in_all: Any = Timeout(total=seconds, connect=connect, read=seconds)
        self._each = (min(CONNECT_SECONDS, seconds), seconds)
        self._local = threading.local()

    def ask(self, method: str, url: str, **more: Any) -> requests.Response:
        """The answer, whatever its status; a redirect is one too. Raises SendFailed where there is none.

        `more` are keywords of `requests`. Where the request may have arrived, the outcome is unknown.
        """
        is_file = bool(more.get("stream") or more.get("files"))
        timeout = self._each if is_file else self._in_all
        try:
            return self._session(is_file).request(method, url, timeout=timeout, allow_redirects=False, **more)
        except requests.Timeout as error:
            if isinstance(error, requests.ConnectTimeout):
                raise self._unreached(error) from error
            raise self._late() from error
        except requests.ConnectionError as error:
            if _never_arrived(error):
                raise self._unreached(error) from error
            if error.args and isinstance(error.args[0], ReadTimeoutError):
                raise self._late() from error
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

    def _late(self) -> SendFailed:
        return SendFailed(
            "timeout", f"no answer from {self.whom} in time; it may have been sent", Remedy.UNKNOWN
        )

    def _unreached(self, error: requests.RequestException) -> SendFailed:
        return SendFailed(
            "connection", f"no connection to {self.whom} ({type(error).__name__})", Remedy.AGAIN
        )

    def _session(self, is_file: bool) -> requests.Session:
        """This thread's own session, since requests does not promise to share one safely."""
        name = "files" if is_file else "session"
        session: requests.Session | None = getattr(self._local, name, None)
        if session is None:
            session = requests.Session()
            # So told, an error says whether a connection was made; who asks tries again, after a while.
            retry = Retry(total=None, connect=0, read=0, redirect=0, status=0, other=0)
            adapter = HTTPAdapter if is_file else DeadlineAdapter
            for scheme in ("https://", "http://"):
                session.mount(scheme, adapter(max_retries=retry))
            setattr(self._local, name, session)
        return session


def _never_arrived(error: requests.ConnectionError) -> bool:
    """Whether no connection was made: only such a failure ends in MaxRetryError."""
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.SSLError):
        return True
    return bool(error.args) and isinstance(error.args[0], MaxRetryError)
