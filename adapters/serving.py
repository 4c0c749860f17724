"""Runs a process, web server or workers or both, until it is told to stop, and ends it in time."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from flask import Flask
from waitress import create_server

from adapters import log, web
from adapters.channels import CHANNELS
from adapters.garbage import settle
from adapters.published import nobody
from adapters.settings import META_NAMES, Settings, SettingsError
from adapters.storage import DatabaseAway, DatabaseGone, StorageError
from adapters.tasks.workers import STOP_SECONDS, THREADS
from adapters.web.site import Site
from adapters.wiring import PackError, load_packs, make_site, settings_here, storage_here

WEB_THREADS = 16
MOST_THREADS = 64

PATIENCE = 15.0
"""How long a process that starts waits for a database that is away, as one that restarts is."""


class NotServed(Exception):
    """What was asked for cannot be served; the text says why, and what to do."""


def opened_site(
    folders: Sequence[Path], threads: int, watches: bool = False, say: Callable[[str], None] = nobody
) -> Site:
    """All that serves these packs, with workers of so many threads, not started yet. Raises NotServed.

    With `watches`, what is saved there is published; `say` is told of it, and of what is published elsewhere.
    From now on the process logs as the settings say, and ends by SystemExit when it is told to stop.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        settings = settings_here()
        packs = load_packs(folders)
        log.start_logging_as_set(settings)
        return _patiently(
            lambda: make_site(
                settings, packs, storage_here(settings), threads=threads, watches=watches, say=say
            )
        )
    except DatabaseAway as error:
        raise NotServed(f"DATABASE_URL: {error}") from error
    except (SettingsError, PackError, StorageError) as error:
        raise NotServed(str(error)) from error


def serve_web(site: Site, app: Flask, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answers on the address until the process is told to stop; `say` is given the URL. Raises NotServed."""
    try:
        server = create_server(
            app,
            host=host,
            port=port,
            threads=WEB_THREADS,
            ident="shoptalk",
            max_request_body_size=2 * web.LARGEST_BODY,
            # What proxies say is judged in one place, `web/edge.py`: dropped here, everybody would be local.
            clear_untrusted_proxy_headers=False,
        )
    except (OSError, ValueError) as error:
        # What is no address at all, waitress refuses as a value.
        why = getattr(error, "strerror", None) or "there is no such address"
        raise NotServed(
            f"cannot listen on {host}:{port} ({why}): name another with --host, --port"
        ) from error
    # A name that stands for several addresses is listened to on all of them.
    listened = getattr(server, "effective_port", port)
    say(f"http://[{host}]:{listened}" if ":" in host else f"http://{host}:{listened}")
    # It ends, with the requests that were begun, when it is told to stop.
    run_until_stopped(site, server.run)


def run_until_stopped(site: Site, run: Callable[[], object]) -> None:
    """Has the site's workers work, and runs this, until the process is told to stop.

    Then what was begun may end, and nothing more is begun.
    """
    told_at: list[float] = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        # Whoever is impatient and says it again waits all the same.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        told_at.append(time.monotonic())
        site.jobs.stop()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settle()
    try:
        with suppress(SystemExit):
            if site.workers:
                site.workers.start()
            site.watch.begin()
            run()
    finally:
        log.event("stopping")
        until = (told_at[0] if told_at else time.monotonic()) + STOP_SECONDS
        if site.workers:
            site.workers.stop(max(0.0, until - time.monotonic()))
        site.storage.close()
        log.stop_logging()


def port_number(text: str) -> int:
    """The port in an argument."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number up to 65535")
    return int(text)


def thread_number(text: str) -> int:
    """The number of threads in an argument."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 1 to {MOST_THREADS}")
    return int(text)


def add_packs(parser: argparse.ArgumentParser) -> None:
    """Adds the packs that are served."""
    parser.add_argument(
        "packs", nargs="*", metavar="PACK", type=Path, help="packs, or folders of packs (default: ./flows)"
    )


def add_address(parser: argparse.ArgumentParser) -> None:
    """Adds where a web server listens."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=port_number, default=8000, help="the port to listen on (default: 8000)"
    )


def add_watch(parser: argparse.ArgumentParser, default: bool) -> None:
    """Adds whether what is saved is published."""
    parser.add_argument(
        "--watch",
        action=argparse.BooleanOptionalAction,
        default=default,
        help="publish what is saved in the packs as soon as it is clean; else `shoptalk publish` does it"
        f" (default: {'--watch' if default else '--no-watch'})",
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Adds how many turns are taken at once."""
    parser.add_argument(
        "--threads",
        type=thread_number,
        default=THREADS,
        metavar="N",
        help=f"how many turns are taken at once (default: {THREADS}); four times as many replies are sent",
    )


def webhook_lines(settings: Settings, url: str) -> list[str]:
    """Where each provider that is set up is to post; without any, what to set."""
    set_up = [
        f"  webhook    {settings.public_url or url}{provider.webhook} (tell {name} "
        f"{'this' if settings.public_url else 'its public https'} address)"
        for name, provider in CHANNELS.items()
        if provider.webhook and provider.make(settings) is not None
    ]
    return set_up or [f"  webhook    off: set {', '.join(META_NAMES)} (.env.example explains them)"]


def queue_line(settings: Settings) -> str:
    """How processes tell each other what to do."""
    if settings.redis_url:
        return "  queue      in Redis, shared with other processes"
    return "  queue      in memory: other processes find what there is to do within a second"


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _patiently(open_it: Callable[[], Site]) -> Site:
    """Tries until the database is there."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return open_it()
        except (DatabaseAway, DatabaseGone) as error:
            if time.monotonic() > until:
                raise
            log.problem("database_away", error)
        time.sleep(1.0)
