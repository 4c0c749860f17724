"""A provider that drips its answer is timed out as a whole; of its addresses one that answers is asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from adapters.channels.channel import Remedy, SendFailed
from adapters.channels.http import Caller

BODY = json.dumps({"messages": [{"id": "wamid.1"}]}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def dripping(at_once: bytes, dripped: bytes, pause: float, times: int = 1) -> Iterator[str]:
    """A server that says the first at once and the rest byte by byte, on so many connections; its address."""
    ended = threading.Event()

    def serve() -> None:
        for _ in range(times):
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(at_once)
                    for byte in dripped:
                        if ended.wait(pause):
                            return
                        connection.sendall(bytes([byte]))
                    ended.wait(5)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/messages"
        finally:
            ended.set()
            listener.close()
            thread.join()


@pytest.mark.parametrize(
    ("at_once", "dripped"),
    [
        (b"", HEAD + b"\r\n" + BODY),
        (HEAD, b"X-More: and more\r\n\r\n" + BODY),
        (HEAD + b"\r\n", BODY),
        (CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    ],
    ids=["all of it", "the headers", "the body", "chunks"],
)
def test_an_answer_that_drips_is_late(at_once: bytes, dripped: bytes) -> None:
    """Each byte comes long before the time is up, and the last one long after."""
    with dripping(at_once, dripped, 0.05) as url:
        with pytest.raises(SendFailed) as raised:
            Caller("Meta", 0.5).ask("POST", url, json={})
        assert (raised.value.code, raised.value.remedy) == ("timeout", Remedy.UNKNOWN)


def test_an_answer_that_drips_and_is_there_in_time_counts() -> None:
    with dripping(HEAD, b"\r\n" + BODY, 0.001) as url:
        assert Caller("Meta", 30).ask("POST", url, json={}).content == BODY


def test_a_file_may_take_its_time() -> None:
    """As long as some of it comes now and then."""
    with dripping(HEAD + b"\r\n", BODY, 0.05) as url:
        caller = Caller("Meta", 0.5)
        assert b"".join(caller.pieces(caller.ask("GET", url, stream=True))) == BODY


def test_a_host_is_asked_at_the_address_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refusing = taken.getsockname()
    with dripping(HEAD + b"\r\n" + BODY, b"", 0) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        family, kind = socket.AF_INET, socket.SOCK_STREAM
        found = [(family, kind, 6, "", address) for address in (refusing, ("127.0.0.1", port))]
        look_up = socket.getaddrinfo

        def looked_up(host: str, *more: object, **others: object) -> object:
            return found if host == "graph.example" else look_up(host, *more, **others)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", looked_up)
        assert Caller("Meta", 30).ask("POST", "http://graph.example/messages", json={}).content == BODY
        found.pop()
        with pytest.raises(SendFailed) as raised:
            Caller("Meta", 30).ask("POST", "http://graph.example/messages", json={})
        assert (raised.value.code, raised.value.remedy) == ("connection", Remedy.AGAIN)
        found.clear()
        monkeypatch.setattr(socket, "getaddrinfo", nobody)
        with pytest.raises(SendFailed) as raised:
            Caller("Meta", 30).ask("POST", "http://graph.example/messages", json={})
        assert (raised.value.code, raised.value.remedy) == ("connection", Remedy.AGAIN)


def nobody(*arguments: object, **more: object) -> object:
    raise socket.gaierror(socket.EAI_NONAME, "there is no such host")
