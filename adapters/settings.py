"""Reads the environment and `.env` into one frozen Settings, naming all that is wrong with them at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from adapters.setting_values import Values, dotenv_values

META_NAMES = (
    "META_APP_SECRET",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_PHONE_NUMBER_ID",
    "WHATSAPP_VERIFY_TOKEN",
)
"""The settings without which Meta's channel cannot run: all of them, or none."""

TWILIO_NAMES = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_WHATSAPP_FROM")
"""The settings without which Twilio's channel cannot run: all of them, or none."""

DIALOG360_NAMES = ("D360_API_KEY", "D360_WEBHOOK_SECRET")
"""The settings without which 360dialog's channel cannot run: all of them, or none."""

GRAPH_URL = "https://graph.facebook.com"
API_VERSION = "v24.0"
TWILIO_URL = "https://api.twilio.com"
DIALOG360_URL = "https://waba-v2.360dialog.io"
DATABASE_URL = "sqlite:///shoptalk.db"
SEND_RATE = 80.0
SEND_TIMEOUT = 10.0
WEBHOOK_RATE = "200 per second"
API_RATE = "20 per second"

Networks = tuple[IPv4Network | IPv6Network, ...]


class SettingsError(Exception):
    """Settings are malformed; `problems` holds one sentence for each, saying what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """What Meta's channel needs; secrets do not show in a `repr`. No `business`: the first that is served."""

    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    phone_number_id: str
    verify_token: str = field(repr=False)
    graph_url: str = GRAPH_URL
    api_version: str = API_VERSION
    catalog_id: str = ""
    business: str = ""


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """What Twilio's channel needs; `whatsapp_from` in digits alone."""

    account_sid: str
    auth_token: str = field(repr=False)
    whatsapp_from: str
    api_url: str = TWILIO_URL
    business: str = ""


@dataclass(frozen=True, slots=True)
class Dialog360Settings:
    """What 360dialog's channel needs."""

    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_url: str = DIALOG360_URL
    business: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set from outside. No `meta`: nothing comes over Meta; no `api_token`: no API.

    `public_url` is where providers reach us (no slash at its end), `send_rate` messages a second from one
    number, `send_timeout` seconds. `allowed_networks` is empty where anybody may post to the webhooks.
    """

    database_url: str = field(default=DATABASE_URL, repr=False)
    api_token: str = field(default="", repr=False)
    meta: MetaSettings | None = None
    twilio: TwilioSettings | None = None
    dialog360: Dialog360Settings | None = None
    redis_url: str = field(default="", repr=False)
    public_url: str = ""
    media_dir: Path = Path("media")
    send_rate: float = SEND_RATE
    send_timeout: float = SEND_TIMEOUT
    read_marks: bool = True
    trusted_proxies: Networks = ()
    allowed_networks: Networks = ()
    webhook_rate: str = WEBHOOK_RATE
    api_rate: str = API_RATE
    metrics_token: str = field(default="", repr=False)
    log_file: Path | None = None
    sentry_dsn: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that no log and no page may show."""
        found = [self.api_token, self.metrics_token, self.sentry_dsn]
        if self.meta:
            found += (self.meta.app_secret, self.meta.access_token, self.meta.verify_token)
        if self.twilio:
            found.append(self.twilio.auth_token)
        if self.dialog360:
            found += (self.dialog360.api_key, self.dialog360.webhook_secret)
        found += (urlsplit(url).password or "" for url in (self.database_url, self.redis_url) if "@" in url)
        return tuple(secret for secret in found if secret)

    @property
    def database_file(self) -> Path | None:
        """The file that the database is in; None for one in memory or on a server."""
        path = self.database_url.removeprefix("sqlite:///")
        return None if path in (":memory:", self.database_url) else Path(path)

    @property
    def shown_database_url(self) -> str:
        """The address of the database without its password."""
        return re.sub(r"(://[^:/@]*):.*@", r"\1:…@", self.database_url)


def read_settings(environment: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """The settings of the environment, and of the `.env` file for what the environment lacks.

    A blank one counts as not set. Raises SettingsError with every problem there is.
    """
    problems: list[str] = []
    given = (dotenv_values(dotenv, problems), environment)
    values = Values(
        {name: text for source in given for name, text in source.items() if text.strip()}, problems
    )
    settings = Settings(
        database_url=values.database("DATABASE_URL", DATABASE_URL),
        api_token=values.header("SHOPTALK_API_TOKEN"),
        meta=_meta(values),
        twilio=_twilio(values),
        dialog360=_dialog360(values),
        redis_url=values.redis("REDIS_URL"),
        public_url=values.address("PUBLIC_URL", "", "the public address of this server"),
        media_dir=Path(values.text("MEDIA_DIR", "media")),
        send_rate=values.number("SEND_RATE", SEND_RATE, 0.01, 1000, "messages a second"),
        send_timeout=values.number("SEND_TIMEOUT", SEND_TIMEOUT, 0.1, 120, "seconds"),
        read_marks=values.switch("READ_MARKS", True),
        trusted_proxies=values.networks("TRUSTED_PROXIES"),
        allowed_networks=values.networks("WEBHOOK_ALLOWED_NETWORKS"),
        webhook_rate=values.rate("WEBHOOK_RATE", WEBHOOK_RATE),
        api_rate=values.rate("API_RATE", API_RATE),
        metrics_token=values.header("METRICS_TOKEN"),
        log_file=Path(text) if (text := values.text("LOG_FILE")) else None,
        sentry_dsn=values.address("SENTRY_DSN", "", "the DSN of the project at Sentry", user=True),
    )
    if problems:
        raise SettingsError(problems)
    return settings


def _meta(values: Values) -> MetaSettings | None:
    found = MetaSettings(
        values.text("META_APP_SECRET"),
        values.header("WHATSAPP_ACCESS_TOKEN"),
        values.shaped(
            "WHATSAPP_PHONE_NUMBER_ID",
            r"\d{5,30}",
            "is not an id: copy the phone number's id (digits alone, not the number itself) from Meta's "
            "WhatsApp Manager",
        ),
        values.text("WHATSAPP_VERIFY_TOKEN"),
        values.address("META_GRAPH_URL", GRAPH_URL),
        values.shaped(
            "META_API_VERSION",
            r"v\d{1,3}\.\d{1,2}",
            f"is not a version like {API_VERSION}; leave it out for that one",
            API_VERSION,
        ),
        values.shaped(
            "WHATSAPP_CATALOG_ID",
            r"\d{5,30}",
            "is not an id: copy the catalogue's id (digits alone) from Meta's WhatsApp Manager",
        ),
        values.word("META_BUSINESS"),
    )
    return found if values.has_all("Meta", META_NAMES) else None


def _twilio(values: Values) -> TwilioSettings | None:
    sender = values.shaped(
        "TWILIO_WHATSAPP_FROM",
        r"(whatsapp:)?\+\d{6,15}",
        "is not a number like +14155238886: copy it from Twilio's console, with its + and country code",
    )
    found = TwilioSettings(
        values.shaped(
            "TWILIO_ACCOUNT_SID",
            r"AC[0-9a-fA-F]{32}",
            "is not an account's SID: copy the one that begins with AC from Twilio's console",
        ),
        values.header("TWILIO_AUTH_TOKEN"),
        re.sub(r"\D", "", sender),
        values.address("TWILIO_API_URL", TWILIO_URL),
        values.word("TWILIO_BUSINESS"),
    )
    return found if values.has_all("Twilio", TWILIO_NAMES) else None


def _dialog360(values: Values) -> Dialog360Settings | None:
    found = Dialog360Settings(
        values.header("D360_API_KEY"),
        values.header("D360_WEBHOOK_SECRET"),
        values.address("D360_API_URL", DIALOG360_URL),
        values.word("D360_BUSINESS"),
    )
    return found if values.has_all("360dialog", DIALOG360_NAMES) else None
