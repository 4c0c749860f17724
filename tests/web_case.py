"""What the tests of the web share: a small shop with every provider set up, asked without a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from live_server import NUMBER, SECRET, TOKEN, corner_shop, rows_of
from twilio_double import ACCOUNT, AUTH_TOKEN
from twilio_double import NUMBER as TWILIO_NUMBER

from adapters.settings import Dialog360Settings, MetaSettings, Settings, TwilioSettings
from adapters.storage import open_storage
from adapters.web import Site, create_app
from adapters.wiring import make_site

PUBLIC_URL = "https://shop.example.org"
WORD = "what 360dialog shows"


@dataclass(repr=False)
class Shop:
    """A shop in which nobody works: what was accepted stays as it came."""

    client: FlaskClient
    site: Site
    meta_secret: str = SECRET
    dialog360_secret: str = WORD
    public_url: str = PUBLIC_URL

    def post(self, path: str, raw: bytes, headers: Mapping[str, str]) -> int:
        """Posts as a WSGI server does, which is quicker than the client; the status of the answer."""
        address, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": address,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, text in headers.items():
            key = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
        statuses: list[str] = []
        answer = self.client.application(environ, lambda status, *_: statuses.append(status))
        b"".join(answer)
        getattr(answer, "close", lambda: None)()
        return int(statuses[0][:3])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        return rows_of(self.site, table)


@contextmanager
def web_shop(
    folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), **settings: Any
) -> Iterator[Shop]:
    """The corner shop, reached by every provider, on a database in the folder or at `database_url`."""
    found = Settings(
        f"sqlite:///{folder}/shop.db",
        TOKEN,
        MetaSettings(SECRET, "the access token", NUMBER, "the verify token", "http://127.0.0.1:9"),
        TwilioSettings(ACCOUNT, AUTH_TOKEN, TWILIO_NUMBER, "http://127.0.0.1:9"),
        Dialog360Settings("the key", WORD, "http://127.0.0.1:9"),
        public_url=PUBLIC_URL,
        media_dir=folder / "media",
        webhook_rate="1000000 per second",
    )
    found = replace(found, **settings)
    storage = open_storage(found.database_url)
    storage.migrate()
    pack = corner_shop()
    try:
        site = make_site(found, {pack.business.id: pack}, storage, now)
        yield Shop(create_app(site).test_client(), site)
    finally:
        storage.close()
