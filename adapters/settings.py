"""Reads the environment and `.env` into one frozen Settings, naming all that is wrong with them at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

META_NAMES = (
    "META_APP_SECRET",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_PHONE_NUMBER_ID",
    "WHATSAPP_VERIFY_TOKEN",
)
"""The settings without which Meta's channel cannot run: all of them, or none."""

HEADERS = ("WHATSAPP_ACCESS_TOKEN", "SHOPTALK_API_TOKEN")
"""The settings that travel in a header, where text of several lines has no place."""

GRAPH_URL = "https://graph.facebook.com"
API_VERSION = "v24.0"
DATABASE_URL = "sqlite:///shoptalk.db"


class SettingsError(Exception):
    """Settings are malformed; `problems` holds one sentence for each, saying what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """What Meta's channel needs. Secrets do not show in its `repr`."""

    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    phone_number_id: str
    verify_token: str = field(repr=False)
    graph_url: str = GRAPH_URL
    api_version: str = API_VERSION
    catalog_id: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set from outside. No `meta`: no WhatsApp; no `api_token`: no API."""

    database_url: str = field(default=DATABASE_URL, repr=False)
    api_token: str = field(default="", repr=False)
    meta: MetaSettings | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that no log and no page may show."""
        meta = self.meta
        theirs = (meta.app_secret, meta.access_token, meta.verify_token) if meta else ()
        password = urlsplit(self.database_url).password if "@" in self.database_url else None
        return tuple(secret for secret in (self.api_token, password or "", *theirs) if secret)

    @property
    def database_file(self) -> Path | None:
        """The file that the database is in; None for one in memory."""
        path = self.database_url.removeprefix("sqlite:///")
        return None if path == ":memory:" else Path(path)

    @property
    def shown_database_url(self) -> str:
        """The address of the database without its password."""
        return re.sub(r"(://[^:/@]*):.*@", r"\1:…@", self.database_url)


def read_settings(environment: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """The settings of the environment, and of the `.env` file for what the environment lacks.

    A blank one counts as not set. Raises SettingsError with every problem there is.
    """
    problems: list[str] = []
    given = (_dotenv(dotenv, problems), environment)
    values = {name: text for source in given for name, text in source.items() if text.strip()}

    database_url = values.get("DATABASE_URL", DATABASE_URL)
    if not re.fullmatch(r"sqlite:///.+", database_url, re.DOTALL):
        problems.append(
            "DATABASE_URL is not an address of a database this version knows: write sqlite:///shoptalk.db "
            "for a file in the current folder, or sqlite:////var/lib/shoptalk.db for an absolute path"
        )
    for name in HEADERS:
        if re.search(r"[\x00-\x1f\x7f]", values.get(name, "")):
            problems.append(
                f"{name} holds a line break or another sign that no header can hold: copy it once more, "
                "and nothing around it"
            )
    meta = _meta(values, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(database_url, values.get("SHOPTALK_API_TOKEN", ""), meta)


def _meta(values: Mapping[str, str], problems: list[str]) -> MetaSettings | None:
    graph_url = values.get("META_GRAPH_URL", GRAPH_URL)
    wrong = _wrong_address(graph_url)
    if wrong:
        problems.append(f"META_GRAPH_URL {wrong}; leave it out for {GRAPH_URL}")
    api_version = values.get("META_API_VERSION", API_VERSION)
    if not re.fullmatch(r"v\d{1,3}\.\d{1,2}", api_version, re.ASCII):
        problems.append(f"META_API_VERSION is not a version like {API_VERSION}; leave it out for that one")
    for name, of_what in (
        ("WHATSAPP_PHONE_NUMBER_ID", "the phone number's id (digits alone, not the number itself)"),
        ("WHATSAPP_CATALOG_ID", "the catalogue's id (digits alone)"),
    ):
        text = values.get(name)
        if text and not re.fullmatch(r"\d{5,30}", text, re.ASCII):
            problems.append(f"{name} is not an id: copy {of_what} from Meta's WhatsApp Manager")
    missing = [name for name in META_NAMES if name not in values]
    if missing and len(missing) < len(META_NAMES):
        problems.append(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, while other settings of "
            "Meta are: set all of them, or none to run without WhatsApp"
        )
    if missing:
        return None
    secret, token, phone, verify = (values[name] for name in META_NAMES)
    return MetaSettings(
        secret,
        token,
        phone,
        verify,
        graph_url.rstrip("/"),
        api_version,
        values.get("WHATSAPP_CATALOG_ID", ""),
    )


def _wrong_address(url: str) -> str:
    """What is wrong with the address of an API; nothing where it may be used."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", url) or port == 0:
        return "is not an address that begins with https://"
    if parts.username is not None or parts.query or parts.fragment:
        return "holds a user name, a ? or a #, which has no place there"
    if parts.scheme == "http" and not _is_local(host):
        return "is not a local address, so http:// would show the access token to everybody: write https://"
    return ""


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
    return address.is_loopback or address.is_private


def _dotenv(path: Path | None, problems: list[str]) -> dict[str, str]:
    """What the `.env` file sets; texts are taken as they stand, a `$` in them means nothing."""
    if path is None or not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}")
        return {}
    for binding in bindings:
        if binding.error:
            problems.append(
                f"{path}:{binding.original.line} is not NAME=value; put a value that holds a # or a quote "
                "between single quotes"
            )
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}
