"""Plays the same conversations through every provider: each shows what it can, and all come to the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from twilio_double import ACCOUNT, AUTH_TOKEN, NUMBER

from adapters.channels import CHANNELS
from adapters.packs import load_pack
from adapters.provider_limits import UnknownProvider, limits_of
from adapters.settings import Dialog360Settings, MetaSettings, Settings, TwilioSettings
from engine.interpreter import Interpreter
from engine.limits import Limits
from engine.message import Inbound, Outbound
from engine.reader import Reading
from engine.rehearsal.script import script_of
from engine.rehearsal.stage import shop_with_people
from engine.rehearsal.talk import Talk
from engine.rehearsal.transcript import play

ROOT = Path(__file__).parent.parent
TRANSCRIPTS = Path(__file__).parent / "transcripts"
START = datetime(2025, 10, 18, 6, 0, tzinfo=UTC)
EVERY = sorted(ROOT.glob("flows/*/conversations/*.yaml"))

SHOWN = {
    "cookie_barrel": ("new_customer", "known_customer", "commands", "urdu_new_customer"),
    "wholesale": ("first_order", "whole_list", "repeat_over_a_cart", "talk_to_us"),
}
"""Pack: the conversations whose transcripts are kept, one for each provider."""

KEPT = [
    (provider, ROOT / "flows" / pack / "conversations" / f"{name}.yaml")
    for provider in CHANNELS
    for pack, names in SHOWN.items()
    for name in names
]


@cache
def reading(folder: Path) -> Reading:
    return load_pack(folder)


def played(file: Path, limits: Limits) -> str:
    read = reading(file.parent.parent)
    assert read.pack is not None
    return play(read.pack, script_of(read.documents[f"conversations/{file.name}"]), limits)


def name_of(file: Path) -> str:
    return f"{file.parent.parent.name}-{file.stem}"


@pytest.mark.parametrize(("provider", "file"), KEPT, ids=lambda each: getattr(each, "stem", each))
def test_the_transcript_of_the_provider(provider, file, snapshot):
    snapshot.snapshot_dir = TRANSCRIPTS / provider
    snapshot.assert_match(played(file, CHANNELS[provider].limits), f"{name_of(file)}.txt")


def test_every_transcript_that_is_kept_is_played():
    wanted = {TRANSCRIPTS / provider / f"{name_of(file)}.txt" for provider, file in KEPT}
    assert set(TRANSCRIPTS.rglob("*.txt")) == wanted


OWN_WAYS = {
    "cookie_barrel-checkout_in_plain_text": "types the numbers of answers, which only text shows",
    "cookie_barrel-pressed_twice": "a button that is pressed twice is known for one, a word is said again",
    "wholesale-numbers": "types the numbers of answers, which only text shows",
}
"""Conversations that may come to something else elsewhere, and why."""


@pytest.mark.parametrize("provider", CHANNELS)
@pytest.mark.parametrize("file", EVERY, ids=name_of)
def test_what_comes_of_a_conversation_does_not_depend_on_the_provider(file, provider):
    transcript = played(file, CHANNELS[provider].limits)
    assert "it broke inside" not in transcript
    if name_of(file) not in OWN_WAYS:
        assert came_of(transcript) == came_of(played(file, Limits()))


def came_of(transcript: str) -> tuple[list[str], str]:
    """The states a conversation went through, and the orders and the stock it left."""
    return re.findall(r"^\[(\w+)\]$", transcript, re.MULTILINE), transcript.partition("\norders:\n")[2]


@pytest.mark.parametrize("provider", CHANNELS)
@pytest.mark.parametrize("file", EVERY, ids=name_of)
def test_no_message_holds_more_than_its_provider_shows(file, provider, monkeypatch):
    limits = CHANNELS[provider].limits
    sent: list[Outbound] = []
    take = Talk._take

    def noted(talk, turn_of):
        turn = take(talk, turn_of)
        sent.extend(turn.replies)
        return turn

    monkeypatch.setattr(Talk, "_take", noted)
    played(file, limits)
    assert sent
    for message in sent:
        rows = len(message.rows)
        assert len(message.text) <= (limits.body if message.buttons or rows else limits.text)
        assert len(message.buttons) <= limits.buttons
        assert rows <= limits.rows
        assert limits.location_request or not message.ask_location
        assert len(message.header) <= limits.header
        assert len(message.footer) <= limits.footer


@pytest.mark.parametrize("provider", CHANNELS)
def test_the_limits_of_the_table_are_those_of_the_channel(provider):
    settings = Settings(
        "sqlite:///:memory:",
        meta=MetaSettings("secret", "token", "1", "verify", "http://127.0.0.1:9"),
        twilio=TwilioSettings(ACCOUNT, AUTH_TOKEN, NUMBER, "http://127.0.0.1:9"),
        dialog360=Dialog360Settings("key", "secret", "http://127.0.0.1:9"),
    )
    channel = CHANNELS[provider].make(settings)
    assert channel is not None
    assert channel.limits == CHANNELS[provider].limits


def test_a_provider_nobody_knows_is_named_with_those_that_there_are():
    with pytest.raises(UnknownProvider, match="no provider 'icq'; there are meta, twilio"):
        limits_of("icq")


def test_what_is_said_through_nobody_is_said_as_whatsapp_shows_it():
    assert limits_of("") == Limits() == limits_of("meta")


@pytest.mark.parametrize("provider", CHANNELS)
def test_every_number_of_a_paged_list_can_be_typed_from_every_page(provider):
    """On each page of the product list, each product of the list."""
    pack = reading(ROOT / "flows" / "wholesale").pack
    assert pack is not None
    assert len(pack.products) >= 24
    assert len({product.category for product in pack.products}) > 1
    interpreter = Interpreter(pack)
    for page in range(3):
        for product in pack.products:
            shop = shop_with_people(pack, "customer").for_customer("923001234567", "customer")
            talk = Talk(pack, shop, START, limits=CHANNELS[provider].limits)
            talk.interpreter = interpreter
            for said in ("hi", "1", *["more"] * page, f"{product.number} x 3"):
                turn = talk.hear(Inbound("text", text=said))
            assert turn.replies[0].text.startswith(f"✅ Added 3 x {product.name}")
