"""The real pipeline for the benchmarks: Cookie Barrel on a database, its messages and its workers."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT, ROOT / "tests"):
    sys.path.insert(0, str(folder))

from adapters import log  # noqa: E402
from adapters.channels.channel import Posted  # noqa: E402
from adapters.channels.meta import signature  # noqa: E402
from adapters.garbage import settle  # noqa: E402
from adapters.settings import MetaSettings, Settings  # noqa: E402
from adapters.storage import open_storage  # noqa: E402
from adapters.web import Site  # noqa: E402
from adapters.wiring import load_packs, make_site  # noqa: E402

NUMBER = "106540352242922"
SECRET = "the secret of the benchmark"
SAYS = ("hi", "1, 2", "2, 1", "done", "Ayesha Khan", "12 Clifton Block 5, Karachi", "skip", "confirm")


def settings_of(database_url: str, redis_url: str = "") -> Settings:
    """Settings of a shop at Meta; nothing is ever sent, since nobody delivers here."""
    meta = MetaSettings(SECRET, "a token", NUMBER, "a word", "http://127.0.0.1:9")
    return Settings(database_url, meta=meta, redis_url=redis_url, webhook_rate="1000000 per second")


def site_of(
    database_url: str,
    redis_url: str = "",
    threads: int = 4,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Site:
    """Cookie Barrel with uncounted stock, ready to be told of messages; its replies stay queued."""
    _log_to_nowhere()
    packs = {
        name: pack._replace(products=tuple(product.replaced(stock=None) for product in pack.products))
        for name, pack in load_packs([ROOT / "flows" / "cookie_barrel"]).items()
    }
    storage = open_storage(database_url)
    storage.migrate()
    site = make_site(settings_of(database_url, redis_url), packs, storage, now, threads)
    # Nobody delivers here, so nobody is told to: the replies of the floor stay queued, too.
    site.dispatch.deliveries.put = lambda task, ids: None  # type: ignore[method-assign]
    settle()
    return site


def posted_of(customer: int, place: int, run: str) -> Posted:
    """What Meta posts of a customer's message, by its place in what they say: signed, as it signs it."""
    message = {
        "from": str(923_000_000_000 + customer),
        "id": f"wamid.{run}.{customer}.{place}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": SAYS[place % len(SAYS)]},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": "Ayesha"}, "wa_id": message["from"]}],
        "messages": [message],
    }
    changes = [{"field": "messages", "value": value}]
    entry = [{"id": "55", "changes": changes}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
    headers = {"X-Hub-Signature-256": signature(SECRET, body), "Content-Type": "application/json"}
    return Posted("http://127.0.0.1/webhooks/meta", headers, body)


def post(site: Site, posted: Posted) -> Sequence[int]:
    """What the webhook does with a POST, without HTTP: verify, parse, keep, tell; the conversations told."""
    channel = site.channels["meta"]
    assert channel.verify(posted)
    accepted = site.storage.accept("meta", channel.parse(posted), site.now())
    site.dispatch.take_turns(*accepted.waiting)
    return accepted.waiting


def handled(database_rows: Callable[..., list[tuple[Any, ...]]]) -> int:
    """How many messages were taken up so far."""
    return int(database_rows("SELECT COUNT(*) FROM turns")[0][0])


def _log_to_nowhere() -> None:
    """The lines are made, as in production, and thrown away."""

    class Nowhere:
        def write(self, text: str) -> None: ...

        def flush(self) -> None: ...

    log.start_logging(stream=Nowhere())  # type: ignore[arg-type]
    logging.getLogger().setLevel(logging.ERROR)
