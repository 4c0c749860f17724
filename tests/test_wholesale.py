"""A shop orders from Wholesale over Twilio: a real server, signed forms in, what Twilio is to send out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from processes import ROOT, SHOPTALK, Running, free_port, running, shoptalk
from twilio_double import (
    ACCOUNT,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    TwilioDouble,
    encoded,
    message,
    signature,
    twilio_double,
)

PACK = str(ROOT / "flows" / "wholesale")


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    with twilio_double() as double:
        yield double


class Line:
    """A customer's line to the server: each text is posted as Twilio does, its answers are awaited."""

    def __init__(self, url: str, double: TwilioDouble) -> None:
        self.url = f"{url}/webhooks/twilio"
        self.double = double
        self.said = 0
        self.heard = 0

    def say(self, text: str, answers: int) -> list[str]:
        """The so many texts that answer this one."""
        self.said += 1
        form = message(f"SMa{self.said:031x}", text)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(self.url, form),
        }
        for _ in range(2):  # Twilio may post a message twice
            got = requests.post(self.url, data=encoded(form), headers=headers, timeout=30)
            assert (got.status_code, got.headers["Content-Type"].split(";")[0]) == (200, "text/xml"), got.text
        return self.hear(answers)

    def hear(self, answers: int) -> list[str]:
        """The next so many texts to the customer."""
        before = self.heard
        self.heard += answers
        return [asked.text for asked in self.double.wait_for(self.heard, CUSTOMER)][before:]


def test_a_shop_orders_repeats_and_talks_to_a_person(tmp_path: Path, double: TwilioDouble) -> None:
    settings = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_WHATSAPP_FROM": f"+{NUMBER}",
        "TWILIO_API_URL": double.url,
        "READ_MARKS": "off",
    }
    port = free_port()
    with running(tmp_path, *SHOPTALK, "serve", PACK, "--port", str(port), **settings) as server:
        server.wait_for(f"http://127.0.0.1:{port}")
        line = Line(f"http://127.0.0.1:{port}", double)
        welcome, menu = line.say("hi", 2)
        assert welcome == "👋 Mehran Distributors, welcome!"
        assert menu == "What would you like to do?\n\n1. Products\n2. My cart\n3. My orders\n4. Talk to us"
        (page,) = line.say("1", 1)
        assert page.startswith("📋 Products, page 1 of 3\n")
        (page,) = line.say("more", 1)
        assert page.startswith("📋 Products, page 2 of 3\n")
        (added,) = line.say("1 x 10", 1)
        assert added.startswith("✅ Added 10 x Super Kernel basmati 25 kg\nCart: Rs78,500")
        (summary,) = line.say("place order", 1)
        assert summary.startswith(
            "📋 Your order\n• 10 x Super Kernel basmati 25 kg - Rs78,500\nTotal: Rs78,500"
        )
        (asked,) = line.say("yes", 1)
        assert asked.startswith("🏪 Which shop is it for?")
        (asked,) = line.say("Madina Store", 1)
        assert asked.startswith("🏪 And where is Madina Store?")
        (taken,) = line.say("Main Bazaar, Hyderabad", 1)
        assert taken.startswith("✅ Order MD-")
        assert "🏪 Madina Store, Main Bazaar, Hyderabad" in taken
        repeated, summary = line.say("repeat", 2)
        assert repeated == "🔁 Your last order is in the cart, at today's prices."
        assert summary.endswith("1. Yes\n2. Change it\n3. Cancel")
        line.say("no", 1)
        (orders,) = line.say("my orders", 1)
        assert "Rs78,500, *pending*" in orders
        line.say("menu", 1)
        (called,) = line.say("4", 1)
        assert "person will answer you here" in called  # at once, or from the opening hour on
        line.say("Can you come before noon?", 0)

        came = shoptalk(tmp_path, "reply", CUSTOMER, "Yes, at ten.", "--packs", PACK, **settings)
        assert came.returncode == 0, came.stderr
        assert line.hear(1) == ["Yes, at ten."]
        line.say("1", 0)
        came = shoptalk(tmp_path, "hand-back", CUSTOMER, "--packs", PACK, **settings)
        assert came.returncode == 0, came.stderr
        back, menu = line.hear(2)
        assert back.startswith("👋 You are talking with the order desk again.")
        assert menu.endswith("2. My cart - Rs78,500\n3. My orders\n4. Talk to us")
        (cart,) = line.say("2", 1)
        assert cart.startswith("🛒 Your cart\n• 10 x Super Kernel basmati 25 kg (no. 1) - Rs78,500")
        stop(server)
    assert all(len(asked.text) <= 1600 for asked in double.sent)
    assert len(double.sent) == line.heard
    told = shoptalk(tmp_path, "explain", CUSTOMER)
    assert "Can you come before noon?" in told.stdout
    assert "Yes, at ten." in told.stdout


def stop(server: Running) -> None:
    """The server ends by itself, all of what it began done."""
    assert server.stop() == 0, server.lines[-20:]
