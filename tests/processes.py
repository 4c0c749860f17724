"""Runs the programs of the project as a deployment does: as processes, in a folder with a shop in it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from live_server import FILES

ROOT = Path(__file__).parent.parent
SHOPTALK = (sys.executable, "-c", "import sys; from adapters.cli import shoptalk; sys.exit(shoptalk())")

_OURS = re.compile(
    "META_|TWILIO_|D360_|WHATSAPP_|SHOPTALK_|WEBHOOK_|DATABASE_URL|REDIS_URL|PUBLIC_URL|MEDIA_DIR|SEND_|"
    "READ_MARKS|TRUSTED_|API_RATE|METRICS_TOKEN|LOG_FILE|SENTRY_|PROMETHEUS_"
)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings, and no others of Shoptalk."""
    kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    return {**kept, **settings, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def make_shop(folder: Path) -> Path:
    """Writes the corner shop into `flows` in the folder; the folder."""
    pack = folder / "flows" / "corner_shop"
    pack.mkdir(parents=True)
    for name, text in FILES.items():
        (pack / name).write_text(text, encoding="utf-8")
    return folder


def shoptalk(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of ours to its end."""
    return subprocess.run(
        [*SHOPTALK, *words],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


class Running:
    """A process that goes on; `lines` is what it has printed and logged so far."""

    def __init__(self, folder: Path, command: tuple[str, ...], settings: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def wait_for(self, words: str, seconds: float = 30.0) -> str:
        """The first line that holds these words."""

        def found() -> str | None:
            return next((line for line in self.lines if words in line), None)

        with self._more:
            assert self._more.wait_for(found, seconds), "\n".join(self.lines)
        return found() or ""

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Sends the signal; how the process ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


@contextmanager
def running(folder: Path, *command: str, **settings: str) -> Iterator[Running]:
    """A process, and those that it starts, for as long as the block lasts."""
    process = Running(folder, command, settings)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.process.pid, signal.SIGKILL)
        process.stop(signal.SIGKILL)
        if process.process.stdout:
            process.process.stdout.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until this holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
