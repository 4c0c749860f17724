"""Ten thousand hostile bodies, rightly signed, meet the webhooks, and none is answered with a 500."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twilio_double import AUTH_TOKEN, encoded, message, signature, status
from web_case import Shop, web_shop

from adapters.channels.meta import signature as meta_signature

BODIES = 10_000
EXAMPLES = 100
PAYLOADS = Path(__file__).parent / "payloads"
MESSAGES = [case["message"] for case in json.loads((PAYLOADS / "messages.json").read_text("utf-8")).values()]
CHANGES = list(json.loads((PAYLOADS / "changes.json").read_text("utf-8")).values())

TEXTS = (
    "",
    "\0",
    "\ud83d",
    "\udfff\ud800",
    "x" * 20_000,
    "🍪" * 3000,
    "ہ" * 300,
    "\u202e\u0000\uffff",
    "٣",
    "-1",
    "1e999",
    "9" * 40,
    "1760781600",
    "NaN",
    "'; DROP TABLE messages; --",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "whatsapp:+",
    "US.1",
    "type",
    "None",
    "%",
    "?",
)
NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    10**400,
    1.5,
    -0.0,
    1e308,
    1e-308,
    253402300800,
)
BYTES = (
    b"\0",
    b"\xff",
    b"\xed\xa0\xbd",
    b'"',
    b"{",
    b"]",
    b"\\u0000",
    b"\\ud83d",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"+",
)


@dataclass
class Mischief:
    """Spoils what a provider posts; everything follows from `chance`."""

    chance: random.Random

    def odd(self, depth: int = 0) -> Any:
        """A value where another one was expected."""
        pick = self.chance.randrange(9)
        if pick < 3:
            return self.chance.choice(TEXTS)
        if pick < 5:
            return self.chance.choice(NUMBERS)
        if pick == 5:
            return self.chance.choice((None, True, False, [], {}))
        if depth > 2:
            return float(self.chance.choice(("nan", "inf", "-inf")))
        if pick == 6:
            return [self.odd(depth + 1) for _ in range(self.chance.randrange(4))]
        if pick == 7:
            return {self.chance.choice((*TEXTS, "id", "from", "body")): self.odd(depth + 1) for _ in range(3)}
        nest: Any = "bottom"
        for _ in range(self.chance.choice((5, 40, 70, 2000))):
            nest = {"in": nest} if self.chance.random() < 0.5 else [nest]
        return nest

    def spoiled(self, value: Any) -> Any:
        """The value with some of its parts replaced, lost, doubled or wrapped."""
        draw = self.chance.random()
        if draw < 0.04:
            return self.odd()
        if draw < 0.05:
            return [value, value]
        if isinstance(value, dict):
            kept = {name: self.spoiled(part) for name, part in value.items() if self.chance.random() > 0.03}
            if kept and self.chance.random() < 0.03:
                kept[self.chance.choice(TEXTS)] = kept.pop(self.chance.choice(list(kept)))
            return kept
        if isinstance(value, list):
            return [self.spoiled(part) for part in value]
        return value

    def scratched(self, raw: bytes) -> bytes:
        """The bytes with a few of them lost, changed or put in."""
        for _ in range(self.chance.randrange(1, 4)):
            at = self.chance.randrange(len(raw) + 1)
            match self.chance.randrange(4):
                case 0:
                    raw = raw[:at]
                case 1:
                    raw = raw[:at] + self.chance.choice(BYTES) + raw[at:]
                case 2:
                    raw = raw[:at] + bytes([self.chance.randrange(256)]) + raw[at + 1 :]
                case _:
                    end = min(len(raw), at + self.chance.randrange(60))
                    raw = raw[:end] + raw[at:end] + raw[end:]
        return raw

    def cloud_body(self) -> bytes:
        """A body of Meta's kind."""
        if self.chance.random() < 0.02:
            return self.chance.randbytes(self.chance.randrange(200))
        changes = []
        for _ in range(self.chance.randrange(1, 3)):
            said = dict(self.chance.choice(MESSAGES))
            said |= {"from": "19990001111", "id": f"wamid.{self.chance.random()}", "timestamp": "1760781600"}
            receipt = {
                "id": f"wamid.{self.chance.random()}",
                "status": "read",
                "timestamp": 1760781600,
                "errors": [{"code": 1}],
            }
            value = {
                "messaging_product": "whatsapp",
                "metadata": {"phone_number_id": "106540352242922"},
                "contacts": [{"profile": {"name": "Sara"}, "wa_id": "19990001111"}],
                "messages": [said],
                "statuses": [receipt],
            }
            changes.append({"field": "messages", "value": value})
        if self.chance.random() < 0.3:
            changes.append(self.chance.choice(CHANGES))
        whole = {"object": "whatsapp_business_account", "entry": [{"id": "55", "changes": changes}]}
        raw = _written(self.spoiled(whole))
        if self.chance.random() < 0.05:
            raw = raw.replace(b'"id":', b'"from":', 1)  # a name twice
        return self.scratched(raw) if self.chance.random() < 0.15 else raw

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form of Twilio's kind."""
        identity = f"SM{self.chance.random()}"
        form: dict[str, Any] = (
            status(identity, self.chance.choice(("sent", "read", "failed", "queued")), ErrorCode="63016")
            if self.chance.random() < 0.3
            else message(identity, "hi", **self.chance.choice(FORMS))
        )
        fields = []
        for name, value in form.items():
            draw = self.chance.random()
            if draw < 0.05:
                continue
            text = str(self.chance.choice((*TEXTS, *NUMBERS[:8]))) if draw < 0.15 else value
            fields.append((self.chance.choice(TEXTS)[:50] if draw > 0.98 else name, text))
            if draw > 0.97:
                fields.append((name, text[::-1]))
        return fields


FORMS: tuple[dict[str, str], ...] = (
    {},
    {"ButtonText": "Yes", "ButtonPayload": "confirm"},
    {"Latitude": "33.6", "Longitude": "73.0", "Label": "Shop"},
    {
        "NumMedia": "2",
        "MediaUrl0": "https://m/0",
        "MediaContentType0": "image/png",
        "MediaUrl1": "https://m/1",
    },
    {"From": "whatsapp:US.1349"},
    {"MessageType": "reaction"},
    {"ListId": "a", "ListTitle": "b"},
)


def _written(value: Any) -> bytes:
    """JSON that is nested as deeply as it wants to be: Python's own writer has a limit."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b'{"entry":' + b"[" * 3000 + b"]" * 3000 + b"}"


def _to_meta(shop: Shop, mischief: Mischief) -> tuple[bytes, int]:
    raw = mischief.cloud_body()
    headers = {"X-Hub-Signature-256": meta_signature(shop.meta_secret, raw), **_junk(mischief.chance)}
    return raw, shop.post("/webhooks/meta", raw, headers)


def _to_dialog360(shop: Shop, mischief: Mischief) -> tuple[bytes, int]:
    raw = mischief.cloud_body()
    headers = {"Authorization": f"Bearer {shop.dialog360_secret}", **_junk(mischief.chance)}
    return raw, shop.post("/webhooks/360dialog/corner_shop", raw, headers)


def _to_twilio(shop: Shop, mischief: Mischief) -> tuple[bytes, int]:
    fields = mischief.form()
    raw = "&".join(f"{_quoted(name)}={_quoted(text)}" for name, text in fields).encode()
    # A half surrogate travels as bytes that are no UTF-8, and is read as what stands for the unreadable.
    read = [(_readable(name), _readable(text)) for name, text in fields]
    path = "/webhooks/twilio" + mischief.chance.choice(
        ("", "?reference=7", "?reference=%00%ff&reference=", "?%")
    )
    headers = {
        "X-Twilio-Signature": signature(f"{shop.public_url}{path}", sorted(set(read)), AUTH_TOKEN),
        "Content-Type": mischief.chance.choice(
            ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7")
        ),
    }
    return raw, shop.post(path, raw, headers)


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _junk(chance: random.Random) -> dict[str, str]:
    """Headers that say something else than the body is."""
    types = (
        "",
        "application/json",
        "application/json; charset=utf-16",
        "text/html; charset=\xff",
        "multipart/form-data",
    )
    return {"Content-Type": chance.choice(types)}


WAYS: tuple[Callable[[Shop, Mischief], tuple[bytes, int]], ...] = (_to_meta, _to_twilio, _to_dialog360)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    # In memory: ten thousand times waiting for the disk proves nothing here.
    with web_shop(tmp_path_factory.mktemp("hostile"), database_url="sqlite:///:memory:") as shop:
        yield shop


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.function_scoped_fixture),
)
@given(seed=st.integers(0, 2**32))
def test_no_body_is_answered_with_a_500(shop: Shop, seed: int) -> None:
    """On a failure the seed is printed; it gives the same hundred bodies again."""
    mischief = Mischief(random.Random(seed))
    for number in range(BODIES // EXAMPLES):
        way = WAYS[number % len(WAYS)]
        raw, found = way(shop, mischief)
        assert found in (200, 400), (way.__name__, found, base64.b64encode(raw)[:4000])


def test_afterwards_the_shop_is_sound(shop: Shop) -> None:
    """Messages and what was not understood were kept, and the next customer is heard."""
    before = len(shop.rows("messages"))
    form = message("SM.sound", "hi")
    sign = {"X-Twilio-Signature": signature(f"{shop.public_url}/webhooks/twilio", form)}
    headers = {**sign, "Content-Type": "application/x-www-form-urlencoded"}
    assert shop.post("/webhooks/twilio", encoded(form), headers) == 200
    assert len(shop.rows("messages")) == before + 1 > BODIES // 5
    assert len(shop.rows("updates")) > BODIES // 5
