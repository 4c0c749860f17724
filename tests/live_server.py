"""A small shop served over real HTTP on a real database, for the tests of webhook, API and jobs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from meta_double import body, text
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.channels.meta import signature
from adapters.settings import MetaSettings, Settings
from adapters.storage import open_storage
from adapters.tasks.workers import THREADS
from adapters.web import Site, create_app
from adapters.wiring import make_site
from engine.pack import Pack
from engine.reader import read_pack

NUMBER = "106540352242922"
SECRET = "the app's secret"
TOKEN = "the API's token"
SENDER = "19990001111"

FILES = {
    "business.yaml": """
business: corner_shop
name: Corner Shop
currency: INR
timezone: Asia/Kolkata
languages: [en]
order_number: "CS{date:%Y%m%d}{n:03}"
flows: {customer: customer.yaml}
""",
    "catalog.yaml": """
products:
  - {number: 1, code: tea, name: Tea, price: 20.00, stock: 100}
  - {number: 2, code: last_cup, name: The Last Cup, price: 99.50, stock: 1}
""",
    "customer.yaml": """
flow: customer
languages: [en]
start: initial
timeout: 1 hour
states:
  initial:
    otherwise: {reply: [welcome, menu], goto: shopping}
  shopping:
    ask: what_to_do
    commands:
      add: {pattern: "{item:number}, {quantity:number}", do: add_to_cart, reply: added}
      cart: {words: [cart], reply: cart}
      buy: {words: [buy], do: place_order, reply: bought, goto: over}
    after:
      - {wait: 10 minutes, reply: still_there}
  over: {final: true}
otherwise: not_understood
fails:
  no_such_item: no_such
  unavailable: no_such
  out_of_stock: sold_out
  cart_empty: empty
  price_changed: empty
messages:
  welcome: "Welcome to {{ business.name }}!"
  menu: "{% for p in catalog.available %}{{ p.number }}. {{ p.name }}\\n{% endfor %}"
  what_to_do: {text: "What would you like?", buttons: [cart, buy]}
  added: "Added {{ line.quantity }}x {{ line.product.name }}"
  cart: |-
    {% for l in cart.lines %}{{ l.quantity }}x {{ l.product.name }}
    {% endfor %}Total: {{ cart.total | money }}
  bought: "Thank you! Order {{ order.number }}"
  still_there: "Still there?"
  not_understood: "Pardon?"
  no_such: "We do not have that"
  sold_out: "Only {{ failure.left }} left"
  empty: "Nothing in the cart"
""",
}


def corner_shop() -> Pack:
    """The pack that the tests serve."""
    reading = read_pack(FILES, "corner_shop", {})
    assert reading.problems == ()
    assert reading.pack is not None
    return reading.pack


@dataclass
class Live:
    """A running server, and what is behind it."""

    url: str
    site: Site

    def post(self, said: Any, sign: str | None = None) -> requests.Response:
        """Posts a webhook's body as Meta would, signed unless `sign` says otherwise."""
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        headers = {"X-Hub-Signature-256": signature(SECRET, raw) if sign is None else sign}
        return requests.post(f"{self.url}/webhooks/meta", data=raw, headers=headers, timeout=30)

    def say(self, said: str, identity: str, sender: str = SENDER) -> None:
        """Posts one text of a customer."""
        at = str(int(self.site.now().timestamp()))
        assert self.post(body(text(said, identity, sender, at), number=NUMBER)).status_code == 200

    def get(self, path: str, token: str | None = TOKEN, **query: Any) -> requests.Response:
        return requests.get(f"{self.url}{path}", params=query, headers=bearer(token), timeout=30)

    def ask(self, path: str, sent: Any, token: str | None = TOKEN) -> requests.Response:
        """Posts JSON (bytes as they are) to the API."""
        data = sent if isinstance(sent, bytes) else json.dumps(sent)
        return requests.post(f"{self.url}{path}", data=data, headers=bearer(token), timeout=30)

    def rows(self, table: str, order: str = "id") -> list[dict[str, Any]]:
        """The rows of a table."""
        return rows_of(self.site, table, order)


def rows_of(site: Site, table: str, order: str = "id") -> list[dict[str, Any]]:
    """The rows of a table."""
    database = site.storage.database
    with database.connected():
        names = [column.name for column in database.peewee.get_columns(table)]
    found = database.rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}")
    return [dict(zip(names, row, strict=True)) for row in found]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Says nothing."""


def bearer(token: str | None) -> dict[str, bytes]:
    return {} if token is None else {"Authorization": f"Bearer {token}".encode()}


def settings_of(folder: Path, graph_url: str | None, api_token: str = TOKEN) -> Settings:
    """Settings with a database in the folder; without a graph URL there is no WhatsApp."""
    meta = None
    if graph_url:
        meta = MetaSettings(SECRET, "the access token", NUMBER, "the verify token", graph_url)
    rate = "100000 per second"  # what a test asks is not bounded, but where it says so
    return Settings(f"sqlite:///{folder}/shop.db", api_token, meta, webhook_rate=rate, api_rate=rate)


@contextmanager
def live_site(
    folder: Path,
    graph_url: str | None,
    api_token: str = TOKEN,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    pack: Pack | None = None,
    threads: int = THREADS,
    **settled: Any,
) -> Iterator[Site]:
    """Everything but the server; the workers are not started. What is `settled` are other settings."""
    settings = replace(settings_of(folder, graph_url, api_token), **settled)
    pack = pack or corner_shop()
    storage = open_storage(settings.database_url)
    storage.migrate()
    try:
        yield make_site(settings, {pack.business.id: pack}, storage, now, threads)
    finally:
        storage.close()


@contextmanager
def live_server(
    folder: Path,
    graph_url: str | None,
    works: bool = True,
    api_token: str = TOKEN,
    pack: Pack | None = None,
    **settled: Any,
) -> Iterator[Live]:
    """The shop on a free port of this machine; with `works` false it has no workers."""
    threads = THREADS if works else 0
    with live_site(folder, graph_url, api_token, pack=pack, threads=threads, **settled) as site:
        server = make_server("127.0.0.1", 0, create_app(site), threaded=True, request_handler=_Quiet)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        if site.workers:
            site.workers.start()
        try:
            yield Live(f"http://127.0.0.1:{server.server_port}", site)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            if site.workers:
                site.workers.stop()
