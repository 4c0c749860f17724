"""Connections whose time-outs count for a whole step: for all addresses of a host, for all of an answer."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Mapping
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _Incoming(RawIOBase):
    """What a socket brings until its time is up: each read may take what the ones before left of it."""

    def __init__(self, raw: RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._until = time.monotonic() + (sock.gettimeout() or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose head and body come in time, however small the pieces are in which they come."""

    def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self.fp = BufferedReader(_Incoming(self.fp.detach(), sock))


class _Timed(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        """A connection to the first address that takes one; together they get the time that one would."""
        seconds = float(self.timeout or 0.0)
        until = time.monotonic() + seconds
        try:
            addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError = TimeoutError("its name took too long to be found")
        for number, found in enumerate(addresses):
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                sock = create_connection(
                    found[4][:2],  # type: ignore[arg-type]
                    left / (len(addresses) - number),
                    self.source_address,
                    self.socket_options,
                )
            except OSError as error:
                failure = error
            else:
                sock.settimeout(seconds)
                return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from failure
        raise NewConnectionError(self, f"no connection to {self.host}: {failure}") from failure


class _TimedSafely(_Timed, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSafely


_POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SafePool}


class DeadlineAdapter(HTTPAdapter):
    """Has requests use these connections."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
