"""`shoptalk serve [PACK…]`: runs everything in one process, on the database in the current folder."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from adapters.settings import META_NAMES

if TYPE_CHECKING:
    from adapters.web import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "packs", nargs="*", metavar="PACK", type=Path, help="packs, or folders of packs (default: ./flows)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="the port to listen on (default: 8000)")


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop (SIGTERM, Ctrl-C); 1 for packs or settings that cannot be served."""
    from waitress import create_server

    from adapters import log, web
    from adapters.settings import SettingsError
    from adapters.storage import StorageError
    from adapters.wiring import PackError, load_packs, make_site, settings_here, storage_here

    try:
        settings = settings_here()
        packs = load_packs(arguments.packs)
        storage = storage_here(settings)
        site = make_site(settings, packs, storage)
    except (SettingsError, PackError, StorageError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        server = create_server(
            web.create_app(site),
            host=arguments.host,
            port=arguments.port,
            threads=16,
            ident="shoptalk",
            max_request_body_size=2 * web.LARGEST_BODY,
        )
    except (OSError, ValueError) as error:
        where = f"{arguments.host}:{arguments.port}"
        # What is no address at all, waitress refuses as a value.
        why = getattr(error, "strerror", None) or "there is no such address"
        print(f"cannot listen on {where} ({why}): name another with --host, --port", file=sys.stderr)
        return 1
    log.start_logging(settings.secrets)
    # Of one process that begins, nobody else can be sending.
    storage.release_sending(site.now())
    signal.signal(signal.SIGTERM, _stop)
    site.worker.start()
    # A name that stands for several addresses is listened to on all of them.
    port = getattr(server, "effective_port", arguments.port)
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    for line in _greeting(f"http://{host}:{port}", site):
        print(line, flush=True)
    try:
        server.run()
    except (SystemExit, KeyboardInterrupt):
        pass
    finally:
        print("Stopping …", flush=True)
        server.close()
        site.worker.stop()
        storage.close()
    return 0


def _greeting(url: str, site: Site) -> list[str]:
    """Where everything is, and what to try next."""
    settings = site.settings
    names = ", ".join(pack.business.name for pack in site.packs.values())
    lines = [
        f"Shoptalk serves {names} on {url}",
        f"  database   {settings.shown_database_url}",
        f"  ready?     {url}/ready",
    ]
    if settings.meta:
        lines.append(f"  webhook    {url}/webhooks/meta (tell Meta its public https address)")
    else:
        lines.append(f"  webhook    off: set {', '.join(META_NAMES)} (.env.example explains them)")
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
    return lines


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number up to 65535")
    return int(text)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
