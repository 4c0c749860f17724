"""What the environment and `.env` may hold, and what is said of what they may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.settings import API_VERSION, GRAPH_URL, Settings, SettingsError, read_settings

META = {
    "META_APP_SECRET": "a secret",
    "WHATSAPP_ACCESS_TOKEN": "EAAG$token#1",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_VERIFY_TOKEN": "höfliches Wort",
}

TWILIO = {
    "TWILIO_ACCOUNT_SID": f"AC{'0123456789abcdef' * 2}",
    "TWILIO_AUTH_TOKEN": "a token",
    "TWILIO_WHATSAPP_FROM": "whatsapp:+14155238886",
}
DIALOG360 = {"D360_API_KEY": "a key", "D360_WEBHOOK_SECRET": "a word"}


def test_every_provider_and_every_choice() -> None:
    settings = read_settings(
        {
            **TWILIO,
            **DIALOG360,
            "TWILIO_BUSINESS": "wholesale",
            "DATABASE_URL": "postgresql://ann:s%2Fecret@db:5433/shop",
            "REDIS_URL": "redis://:word@redis:6379/1",
            "PUBLIC_URL": "https://shop.example.org/",
            "SEND_RATE": "200",
            "SEND_TIMEOUT": "2.5",
            "READ_MARKS": "off",
            "TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
            "LOG_FILE": "shoptalk.log",
            "SENTRY_DSN": "https://key@sentry.example.org/5",
        }
    )
    assert settings.meta is None
    assert settings.twilio is not None
    assert (settings.twilio.whatsapp_from, settings.twilio.business) == ("14155238886", "wholesale")
    assert settings.dialog360 is not None
    assert (settings.public_url, settings.send_rate, settings.send_timeout) == (
        "https://shop.example.org",
        200,
        2.5,
    )
    assert not settings.read_marks
    assert [str(network) for network in settings.trusted_proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert settings.log_file == Path("shoptalk.log")
    assert settings.database_file is None
    assert "s%2Fecret" not in settings.shown_database_url
    shown = repr(settings)
    assert [secret for secret in settings.secrets if secret in shown] == []
    assert {"a token", "a key", "a word", "s%2Fecret", "word"} <= set(settings.secrets)


def test_nothing_set_still_gives_a_shop() -> None:
    assert read_settings({}) == Settings("sqlite:///shoptalk.db", "", None)


def test_all_of_meta() -> None:
    meta = read_settings(META).meta
    assert meta is not None
    assert (meta.app_secret, meta.access_token) == ("a secret", "EAAG$token#1")
    assert (meta.phone_number_id, meta.verify_token) == ("106540352242922", "höfliches Wort")
    assert (meta.graph_url, meta.api_version) == (GRAPH_URL, API_VERSION)


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.example.org",
        "http://localhost:9000",
        "http://127.0.0.1:9000/",
        "http://[::1]:9000",
        "http://192.168.1.5",
        "http://graph:8080",  # a service of the same container network
    ],
)
def test_addresses_that_may_be_used(url: str) -> None:
    meta = read_settings({**META, "META_GRAPH_URL": url}).meta
    assert meta is not None
    assert meta.graph_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("DATABASE_URL", "shoptalk.db", "sqlite:///shoptalk.db"),
        ("DATABASE_URL", "sqlite://", "sqlite:///shoptalk.db"),
        ("DATABASE_URL", "mysql://localhost/shop", "sqlite:///shoptalk.db"),
        ("META_GRAPH_URL", "graph.facebook.com", "https://"),
        ("META_GRAPH_URL", "http://graph.facebook.com", "access token"),
        ("META_GRAPH_URL", "https://user:word@graph.facebook.com", "user name"),
        ("META_GRAPH_URL", "https://graph.facebook.com:99999", "not an address"),
        ("META_API_VERSION", "24", API_VERSION),
        ("META_API_VERSION", "v24.0/../..", API_VERSION),
        ("WHATSAPP_PHONE_NUMBER_ID", "+1 650 555 1234", "not the number itself"),
        ("WHATSAPP_CATALOG_ID", "mine", "digits"),
        ("WHATSAPP_ACCESS_TOKEN", "EAAG\n", "line break"),
        ("SHOPTALK_API_TOKEN", "one\r\ntwo", "line break"),
        ("DATABASE_URL", "postgresql://localhost", "postgresql://user:password@host/name"),
        ("META_BUSINESS", "Cookie Barrel", "business:"),
        ("TWILIO_WHATSAPP_FROM", "4155238886", "+14155238886"),
        ("TWILIO_ACCOUNT_SID", "SK123", "begins with AC"),
        ("TWILIO_AUTH_TOKEN", "one\ntwo", "line break"),
        ("D360_API_URL", "http://waba-v2.360dialog.io", "access token"),
        ("PUBLIC_URL", "shop.example.org", "https://shop.example.org"),
        ("REDIS_URL", "localhost:6379", "redis://localhost:6379/0"),
        ("SEND_RATE", "many", "between 0.01 and 1000"),
        ("SEND_TIMEOUT", "0", "between 0.1 and 120"),
        ("READ_MARKS", "perhaps", "neither on nor off"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nginx", "'nginx'"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8", "10.0.0.1/8"),
        ("WEBHOOK_RATE", "often", "'100 per minute'"),
        ("METRICS_TOKEN", "one\ntwo", "line break"),
        ("SENTRY_DSN", "sentry", "https://"),
    ],
)
def test_a_malformed_one_is_named_with_what_to_do(name: str, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({**META, **TWILIO, **DIALOG360, name: text})
    (problem,) = raised.value.problems
    assert problem.startswith(name)
    assert says in problem


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"DATABASE_URL": "x", "META_API_VERSION": "x", "META_APP_SECRET": "x"})
    assert [problem.split()[0].strip(",") for problem in raised.value.problems] == [
        "DATABASE_URL",
        "META_API_VERSION",
        "WHATSAPP_ACCESS_TOKEN",
    ]


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_one_is_not_set(blank: str) -> None:
    # A blank token would be shown by everybody who shows none.
    assert read_settings({"SHOPTALK_API_TOKEN": blank, **dict.fromkeys(META, blank)}) == Settings()


def test_a_blank_one_in_the_environment_leaves_that_of_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("SHOPTALK_API_TOKEN=its token\nDATABASE_URL='  '\n", encoding="utf-8")
    assert read_settings({"SHOPTALK_API_TOKEN": " "}, dotenv) == Settings(api_token="its token")


@pytest.mark.parametrize("left_out", sorted(META))
def test_a_part_of_meta_is_not_enough(left_out: str) -> None:
    with pytest.raises(SettingsError, match=f"{left_out} is not set") as raised:
        read_settings({**META, left_out: ""})
    assert len(raised.value.problems) == 1


def test_the_file_gives_what_the_environment_lacks(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "\ufeff# our settings\nSHOPTALK_API_TOKEN='to $HOME # and back'\nDATABASE_URL=sqlite:///other.db\nEMPTY=\n",
        encoding="utf-8",
    )
    settings = read_settings({"DATABASE_URL": "sqlite:///this.db"}, dotenv)
    assert settings.database_url == "sqlite:///this.db"
    assert settings.api_token == "to $HOME # and back"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"META_APP_SECRET\xff=x\n", "cannot be read"), (b"A=1\nB='open\n", ".env:2 is not NAME=value")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        read_settings({}, dotenv)
    assert says in str(raised.value)


def test_no_secret_shows_in_what_is_printed() -> None:
    settings = read_settings({**META, "SHOPTALK_API_TOKEN": "the API's token"})
    shown = repr(settings)
    assert settings.secrets == ("the API's token", "a secret", "EAAG$token#1", "höfliches Wort")
    assert not any(secret in shown for secret in settings.secrets)
    assert "106540352242922" in shown


def test_example_readme_and_code_know_the_same_settings() -> None:
    root = Path(__file__).parent.parent
    example = (root / ".env.example").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    code = (root / "adapters" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', code))
    explained = set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert explained == set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", readme, re.MULTILINE))
    assert explained == read


def test_a_password_in_the_database_address_is_a_secret() -> None:
    settings = Settings("postgresql://shop:pass:w@rd@db/shop")
    assert settings.shown_database_url == "postgresql://shop:…@db/shop"
    assert "pass:w@rd" in settings.secrets
