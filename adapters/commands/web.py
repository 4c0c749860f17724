"""`shoptalk web [PACK…]`: takes what providers post and answers the API; `shoptalk worker` does the rest."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from adapters import serving

if TYPE_CHECKING:
    from adapters.web import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    serving.add_packs(parser)
    serving.add_address(parser)
    serving.add_watch(parser, default=False)


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop (SIGTERM, Ctrl-C); 1 for packs or settings that cannot be served."""
    from adapters import web

    try:
        site = serving.opened_site(arguments.packs, 0, arguments.watch)
        say = partial(_greet, site)
        serving.serve_web(site, web.create_app(site), arguments.host, arguments.port, say)
    except serving.NotServed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _greet(site: Site, url: str) -> None:
    settings = site.settings
    names = ", ".join(pack.business.name for pack in site.packs.values())
    lines = [
        f"Shoptalk listens for {names} on {url}, and leaves the work to `shoptalk worker`",
        f"  database   {settings.shown_database_url}",
        f"  ready?     {url}/ready",
        serving.queue_line(settings),
        *serving.webhook_lines(settings, url),
        f"  API        {url}/api/v1" if settings.api_token else "  API        off: set SHOPTALK_API_TOKEN",
    ]
    print("\n".join(lines), flush=True)
