"""`shoptalk serve [PACK…]`: runs everything in one process, on the database in the current folder."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from adapters import processor, serving

if TYPE_CHECKING:
    from adapters.web import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    serving.add_packs(parser)
    serving.add_address(parser)
    serving.add_threads(parser)
    serving.add_watch(parser, default=True)
    parser.add_argument(
        "--all-processors",
        action="store_true",
        help="run over all processors; by default the process keeps to one, where Python's threads pass "
        "their lock on sooner",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop (SIGTERM, Ctrl-C); 1 for packs or settings that cannot be served."""
    from adapters import web

    try:
        if not arguments.all_processors:
            processor.keep_to_one_processor()
    except OSError as error:
        print(f"Shoptalk runs over all processors: {error.strerror}", file=sys.stderr)
    try:
        site = serving.opened_site(arguments.packs, arguments.threads, arguments.watch, _say)
        say = partial(_greet, site)
        serving.serve_web(site, web.create_app(site), arguments.host, arguments.port, say)
    except serving.NotServed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _greet(site: Site, url: str) -> None:
    """Says where everything is, and what to try next."""
    settings = site.settings
    names = ", ".join(pack.business.name for pack in site.packs.values())
    lines = [
        f"Shoptalk serves {names} on {url}",
        f"  database   {settings.shown_database_url}",
        f"  ready?     {url}/ready",
        *serving.webhook_lines(settings, url),
    ]
    if settings.redis_url:
        lines.append(serving.queue_line(settings))
    if settings.api_token:
        lines += [
            f"  API        {url}/api/v1",
            "Try it without WhatsApp:",
            f'  curl {url}/api/v1/simulator -H "Authorization: Bearer $SHOPTALK_API_TOKEN" '
            '-d \'{"from": "919876543210", "text": "hi"}\'',
        ]
    else:
        first = next(iter(site.packs.values()))
        lines += [
            "  API        off: set SHOPTALK_API_TOKEN",
            "Try it without WhatsApp:",
            f"  shoptalk chat {first.path}",
        ]
    print("\n".join(lines), flush=True)
