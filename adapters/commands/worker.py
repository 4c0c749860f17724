"""`shoptalk worker [PACK…]`: takes turns and sends replies; any number of them, on any host."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from adapters import serving
from adapters.tasks.workers import delivery_threads

if TYPE_CHECKING:
    from adapters.web import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    serving.add_packs(parser)
    serving.add_threads(parser)
    serving.add_watch(parser, default=False)
    parser.add_argument(
        "--metrics-port",
        type=serving.port_number,
        metavar="N",
        help="a port to show /metrics, /ready and /health on (default: none)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Works until it is told to stop (SIGTERM, Ctrl-C); 1 for packs or settings that cannot be served."""
    try:
        site = serving.opened_site(arguments.packs, arguments.threads, arguments.watch)
        end_metrics = _metrics(site, arguments.metrics_port)
    except serving.NotServed as error:
        print(error, file=sys.stderr)
        return 1
    _greet(site, arguments)
    serving.run_until_stopped(site, _wait)
    end_metrics()
    return 0


def _wait() -> None:
    while True:
        signal.pause()


def _metrics(site: Site, port: int | None) -> Callable[[], None]:
    """Shows the metrics, and how the worker is, on this port, if on any; what ends that."""
    from adapters.web import health
    from adapters.web.metrics import serve_metrics

    if port is None:
        return lambda: None
    try:
        return serve_metrics(site.metrics, port, site.settings.metrics_token, beside=[health.routes(site)])
    except OSError as error:
        raise serving.NotServed(
            f"cannot show metrics on port {port} ({error.strerror}): name another with --metrics-port"
        ) from error


def _greet(site: Site, arguments: argparse.Namespace) -> None:
    settings, threads = site.settings, arguments.threads
    names = ", ".join(pack.business.name for pack in site.packs.values())
    lines = [
        f"Shoptalk works for {names}: {threads} threads take turns, {delivery_threads(threads)} send",
        f"  database   {settings.shown_database_url}",
        serving.queue_line(settings)
        if settings.redis_url
        else "  queue      none: without REDIS_URL it looks for work every second",
    ]
    if arguments.metrics_port is not None:
        lines.append(f"  metrics    port {arguments.metrics_port}, /metrics and /ready")
    print("\n".join(lines), flush=True)
