"""A person at the desk answers, hands back and writes to anybody, or is told why that cannot be."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from meta_double import MetaDouble, meta_double
from processes import shoptalk
from storage_case import Place, everything
from twilio_double import ACCOUNT, AUTH_TOKEN
from twilio_double import NUMBER as TWILIO_NUMBER

from adapters.channels import CHANNELS
from adapters.desk import Desk, NotDone, Wish
from adapters.metrics import Metrics
from adapters.packs import load_pack
from adapters.published import Published
from adapters.settings import MetaSettings, Settings, TwilioSettings
from adapters.storage import Storage, open_storage
from adapters.tasks.turns import TakingTurns
from engine.message import Inbound
from engine.pack import Pack
from engine.reader import read_pack

ROOT = Path(__file__).parent.parent
ANN, BOB = "923001234567", "923007654321"
NUMBER = "106540352242922"
NOW = datetime(2026, 5, 24, 12, 0, tzinfo=UTC)


@cache
def packs() -> dict[str, Pack]:
    found = [load_pack(ROOT / "flows" / name).pack for name in ("cookie_barrel", "wholesale")]
    return {pack.business.id: pack for pack in found if pack is not None}


class Office:
    """Both seed shops on one storage: Cookie Barrel at Meta, Wholesale at Twilio, with a desk beside them."""

    def __init__(self, url: str) -> None:
        self.now = NOW
        self.settings = Settings(
            url,
            meta=MetaSettings("secret", "token", NUMBER, "verify", "http://127.0.0.1:9"),
            twilio=TwilioSettings(ACCOUNT, AUTH_TOKEN, TWILIO_NUMBER, "http://127.0.0.1:9"),
        )
        self.storage = open_storage(url)
        self.storage.migrate()
        for pack in packs().values():
            self.storage.seed(pack)
            self.storage.add_channel(pack.business.id, "simulator", pack.business.id)
        self.storage.add_channel("cookie_barrel", "meta", NUMBER)
        self.storage.add_channel("wholesale", "twilio", TWILIO_NUMBER)
        self.desk = self.desk_of(packs())
        made = {name: provider.make(self.settings) for name, provider in CHANNELS.items()}
        channels = {name: channel for name, channel in made.items() if channel is not None}
        published = Published(self.storage)
        for pack in packs().values():
            published.read(pack)
        self.turns = TakingTurns(
            self.storage, published, channels, lambda: self.now, Metrics(), lambda *_: None
        )
        self.count = 0

    def desk_of(self, loaded: dict[str, Pack], storage: Storage | None = None) -> Desk:
        return Desk(self.settings, loaded, storage or self.storage, lambda: self.now)

    def says(
        self, *texts: str, sender: str = ANN, provider: str = "twilio", number: str = TWILIO_NUMBER
    ) -> int:
        """A customer says this, and all of it is answered; the conversation."""
        conversation = 0
        for text in texts:
            self.count += 1
            inbound = Inbound(
                "text", text, id=f"m{self.count}", sender=sender, channel=number, sent_at=self.now
            )
            self.storage.accept(provider, [inbound], self.now)
            business = self.storage.channel_business(provider, number)
            assert business is not None
            conversation = self.storage.start_conversation(business, (provider, number), sender, self.now)
            while self.turns.take_one(conversation):
                pass
        return conversation

    def state(self, conversation: int) -> str:
        row = self.storage.reports().conversation(conversation)
        assert row is not None
        return str(row["state"])

    def queued(self, conversation: int) -> list[str]:
        """What was said to the customer, in its order."""
        messages = self.storage.reports().messages(conversation, 1000)
        return [message["payload"]["text"] for message in messages if message["direction"] == "out"]


@pytest.fixture
def office(place: Place) -> Iterator[Office]:
    office = Office(place.url)
    yield office
    office.storage.close()


def test_a_person_answers_while_the_bot_is_silent_and_hands_back(office: Office) -> None:
    talk = office.says("hi", "1 x 2", "menu", "4")
    assert office.state(talk) == "with_a_person"
    said = office.desk.reply(Wish("+92 300 1234567"), "Yes, before noon.")
    assert said.startswith("Queued for +92 300 1234567, wholesale over twilio: message ")
    office.says("Good. 1", "1")
    assert office.queued(talk)[-1] == "Yes, before noon."
    said = office.desk.hand_back(Wish(ANN))
    assert said == f"Handed back: {ANN} goes on in main_menu of wholesale over twilio."
    assert office.state(talk) == "main_menu"
    menu = "What would you like to do?\n\n1. Products\n2. My cart - Rs15,700\n3. My orders\n4. Talk to us"
    assert office.queued(talk)[-2:] == [
        "👋 You are talking with the order desk again. Your cart is as you left it.",
        menu,
    ]
    office.says("2")
    assert office.queued(talk)[-1].startswith("🛒 Your cart\n• 2 x Super Kernel basmati 25 kg")


def test_what_a_person_did_stands_in_the_story_of_the_customer(office: Office) -> None:
    office.says("hi", "4")
    office.desk.reply(Wish(ANN), "Hello!")
    office.desk.hand_back(Wish(ANN))
    story = office.storage.reports().customer_story(ANN)
    assert any(event["event"] == "message" and event["payload"]["text"] == "Hello!" for event in story)
    handed = [event for event in story if event["event"] == "turn"][-1]
    assert handed["trace"][0]["how"] == "event handed_back"


REFUSED = {
    "a reply to nobody": (("reply", Wish(BOB), "x"), f"Nobody with {BOB} has written here."),
    "a reply to another business": (
        ("reply", Wish(ANN, "cookie_barrel"), "x"),
        f"Nobody with {ANN} has written here (--business cookie_barrel).",
    ),
    "a reply to who talks with the flow": (
        ("reply", Wish(ANN), "x"),
        f"{ANN} is not with a person, but in main_menu of wholesale over twilio:"
        " `shoptalk send` writes to them all the same.",
    ),
    "handing back who talks with the flow": (
        ("hand_back", Wish(ANN)),
        f"{ANN} is not with a person, but in main_menu of wholesale over twilio:"
        " there is nothing to hand back.",
    ),
    "handing back nobody": (("hand_back", Wish("nobody")), "Nobody with nobody has written here."),
    "sending to what is no number": (
        ("send", Wish("Ann"), "x"),
        "Ann is no number: write it with its country, as in 923001234567.",
    ),
    "sending nothing": (("send", Wish(ANN), " "), "There is nothing to send: the text is empty."),
    "sending too much": (
        ("send", Wish(ANN), "x" * 1601),
        "The text has 1601 characters: twilio takes at most 1600.",
    ),
    "sending to somebody new, from one of several numbers": (
        ("send", Wish(BOB), "x"),
        f"Which one for {BOB}: cookie_barrel over meta, wholesale over twilio?"
        " Say it with --business or --channel.",
    ),
    "sending from a number that nobody has": (
        ("send", Wish(BOB, "wholesale", "meta"), "x"),
        "There is no number to write from (--business wholesale --channel meta): see `shoptalk doctor`.",
    ),
}


@pytest.mark.parametrize(("asked", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_done_says_why_and_changes_nothing(office: Office, asked: Any, why: str) -> None:
    office.says("hi")
    before = everything(office.storage)
    work, *arguments = asked
    with pytest.raises(NotDone) as refused:
        getattr(office.desk, work)(*arguments)
    assert str(refused.value) == why
    assert everything(office.storage) == before


def test_of_several_talks_the_one_with_a_person_is_meant(office: Office) -> None:
    over_twilio = office.says("hi", "4")
    at_meta = office.says("hi", provider="meta", number=NUMBER)
    office.desk.reply(Wish(ANN), "Hello!")
    assert office.queued(over_twilio)[-1] == "Hello!"
    assert "Hello!" not in office.queued(at_meta)
    with pytest.raises(NotDone, match="Which one for"):
        office.desk.send(Wish(ANN), "x")
    office.desk.send(Wish(ANN, channel="meta"), "Cookies!")
    assert office.queued(at_meta)[-1] == "Cookies!"


def test_two_talks_with_a_person_have_to_be_told_apart(office: Office) -> None:
    over_twilio = office.says("hi", "4")
    simulated = office.says("hi", "4", provider="simulator", number="wholesale")
    for work in (lambda: office.desk.reply(Wish(ANN), "x"), lambda: office.desk.hand_back(Wish(ANN))):
        with pytest.raises(NotDone, match="wholesale over simulator, wholesale over twilio"):
            work()
    office.desk.hand_back(Wish(ANN, channel="simulator"))
    assert (office.state(simulated), office.state(over_twilio)) == ("main_menu", "with_a_person")


def test_somebody_who_never_wrote_is_written_to_and_the_window_is_told(office: Office) -> None:
    said = office.desk.send(Wish(BOB, "wholesale"), "We open at eight.")
    assert "They have not written for 24 hours, so twilio wants an approved template" in said
    (row,) = office.storage.reports().conversations_of(BOB)
    assert (row["business"], row["provider"], row["state"]) == ("wholesale", "twilio", "initial")
    office.says("hi")
    office.now += timedelta(hours=23)
    assert "template" not in office.desk.send(Wish(ANN), "x")
    office.now += timedelta(hours=2)
    assert "template" in office.desk.send(Wish(ANN), "x")


def test_a_desk_without_the_pack_or_the_channel_says_so(office: Office) -> None:
    office.says("hi", "4")
    with_one = open_storage(office.settings.database_url)
    try:
        desk = office.desk_of({"cookie_barrel": packs()["cookie_barrel"]}, with_one)
        missing = "The pack of wholesale is not here, only cookie_barrel: name it with --packs"
        for work in (desk.reply, desk.send):
            with pytest.raises(NotDone, match=missing):
                work(Wish(ANN), "x")
        with pytest.raises(NotDone, match=missing):
            desk.hand_back(Wish(ANN))
    finally:
        with_one.close()
    bare = Desk(Settings(office.settings.database_url), packs(), office.storage, lambda: office.now)
    with pytest.raises(NotDone, match="The channel twilio is not set up here: set TWILIO_ACCOUNT_SID, "):
        bare.hand_back(Wish(ANN))


def test_a_desk_gives_no_number_away_and_seeds_nothing(office: Office) -> None:
    office.says("hi", "4")
    before = everything(office.storage)
    storage = open_storage(office.settings.database_url)
    try:
        office.desk_of(packs(), storage)
        assert everything(storage) == before
    finally:
        storage.close()


def test_handing_back_waits_for_the_turn_that_is_under_way(office: Office) -> None:
    talk = office.says("hi", "4")
    holds, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with office.storage.turn(talk):
            holds.set()
            may_end.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holds.wait(10)
    ends = threading.Timer(0.2, may_end.set)
    ends.start()
    try:
        assert office.desk.hand_back(Wish(ANN)).startswith("Handed back")
        assert may_end.is_set()
    finally:
        may_end.set()
        ends.join()
        holder.join()
    assert office.state(talk) == "main_menu"


def test_of_two_who_hand_back_at_once_one_does(office: Office) -> None:
    talk = office.says("hi", "4")
    told: list[str] = []
    begin = threading.Barrier(2)

    def hand_back() -> None:
        begin.wait()
        try:
            told.append(office.desk_of(packs()).hand_back(Wish(ANN)))
        except NotDone as error:
            told.append(str(error))

    both = [threading.Thread(target=hand_back) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(line.startswith("Handed back") for line in told) == [False, True], told
    assert (
        office.queued(talk).count(
            "👋 You are talking with the order desk again. Your cart is as you left it."
        )
        == 1
    )


# The commands


def test_the_commands_without_a_database_say_so(tmp_path: Path) -> None:
    for words in (("reply", ANN, "hi"), ("send", ANN, "hi"), ("hand-back", ANN)):
        came = shoptalk(tmp_path, *words)
        assert (came.returncode, came.stdout) == (1, "")
        assert "`shoptalk serve` makes it" in came.stderr


def test_the_commands_do_what_they_say(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shoptalk.db"
    office = Office(url)
    office.now = datetime.now(UTC)
    talk = office.says("hi", "4")
    settings = {
        "DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_WHATSAPP_FROM": f"+{TWILIO_NUMBER}",
    }
    packs_here = ("--packs", str(ROOT / "flows" / "wholesale"))
    try:
        came = shoptalk(tmp_path, "reply", ANN, "We", "are", "here.", *packs_here, **settings)
        assert (came.returncode, came.stderr) == (0, ""), came.stderr
        assert came.stdout.startswith(f"Queued for {ANN}, wholesale over twilio: message ")
        assert office.queued(talk)[-1] == "We are here."
        came = shoptalk(tmp_path, "hand-back", ANN, *packs_here, **settings)
        assert came.stdout == f"Handed back: {ANN} goes on in main_menu of wholesale over twilio.\n", (
            came.stderr
        )
        assert office.state(talk) == "main_menu"
        came = shoptalk(tmp_path, "hand-back", ANN, *packs_here, **settings)
        assert (came.returncode, came.stdout) == (1, "")
        assert "there is nothing to hand back" in came.stderr
        came = shoptalk(tmp_path, "send", BOB, "Good morning.", *packs_here, **settings)
        assert came.returncode == 0, came.stderr
        came = shoptalk(tmp_path, "send", BOB, "x", "--packs", str(tmp_path), **settings)
        assert (came.returncode, came.stdout) == (1, "")
        assert "there is no pack" in came.stderr
    finally:
        office.storage.close()


def test_who_is_with_a_person_is_found_on_the_version_that_they_are_on(office: Office) -> None:
    talk = office.says("hi", "1 x 2", "menu", "4")
    wholesale = packs()["wholesale"]
    assert wholesale.files is not None
    flow = wholesale.files["customer.yaml"]
    assert isinstance(flow, bytes)
    office.storage.versions.publish(wholesale, "test", NOW)
    renamed = {**wholesale.files, "customer.yaml": flow.replace(b"with_a_person", b"at_the_desk")}
    pack = read_pack(renamed, wholesale.path, wholesale.templates or {}).pack
    assert pack is not None
    office.storage.versions.publish(pack, "test", NOW)
    desk = office.desk_of({**packs(), "wholesale": pack})
    assert "Queued" in desk.reply(Wish(ANN), "Here I am")
    assert "goes on in" in desk.hand_back(Wish(ANN))
    assert office.state(talk) == "main_menu"


JPEG = b"\xff\xd8\xff\xe0" + b"0" * 2000
LINK = "https://shop.example.org/menu.pdf?day=1"


@pytest.fixture
def double(office: Office) -> Iterator[MetaDouble]:
    """What stands in for Meta, for the desk of this office."""
    with meta_double() as double:
        assert office.settings.meta is not None
        office.settings = replace(office.settings, meta=replace(office.settings.meta, graph_url=double.url))
        office.desk = office.desk_of(packs())
        yield double


def test_a_file_is_handed_to_the_provider_and_sent_by_its_id(
    office: Office, double: MetaDouble, tmp_path: Path
) -> None:
    menu = tmp_path / "menu.jpg"
    menu.write_bytes(JPEG)
    office.says("hi", sender=BOB, provider="meta", number=NUMBER)
    office.desk.send(Wish(BOB), "Today's cookies", str(menu))
    (upload,) = double.uploads
    assert (upload.mime_type, upload.content) == ("image/jpeg", JPEG)
    [conversation] = office.storage.reports().conversations_of(BOB)
    sent = office.storage.reports().messages(conversation["id"])[-1]
    assert (sent["kind"], sent["body"], sent["status"]) == ("image", "Today's cookies", "queued")
    assert sent["payload"]["media"][1]["id"] == "media.1"


def test_over_twilio_a_file_goes_by_its_address(office: Office) -> None:
    talk = office.says("hi", "4")
    office.desk.reply(Wish(ANN), "", LINK)
    sent = office.storage.reports().messages(talk)[-1]
    assert (sent["kind"], sent["payload"]["media"][1]["link"]) == ("document", LINK)


@pytest.mark.parametrize(
    ("sender", "name", "content", "text", "why"),
    [
        (BOB, "none.jpg", None, "", "none.jpg cannot be read: No such file"),
        (BOB, "menu.jpg", b"MZ" + b"0" * 100, "", "menu.jpg is not sent: it is a program"),
        (BOB, "menu.zzz", b"\x00\x01", "", "a file of no type is not taken"),
        (BOB, "song.mp3", b"ID3" + b"0" * 100, "Listen", "meta shows no text beside audio/mpeg"),
        (BOB, "menu.jpg", JPEG, "x" * 1025, "1025 characters: meta takes at most 1024 beside a file"),
        (BOB, "large.jpg", JPEG * 2700, "", "larger than the 5 MiB of one image"),
        (ANN, "menu.jpg", JPEG, "", "Twilio takes no uploads: send the file by a public https address"),
    ],
)
def test_a_file_that_cannot_be_sent_says_why_and_changes_nothing(
    office: Office,
    double: MetaDouble,
    tmp_path: Path,
    sender: str,
    name: str,
    content: bytes | None,
    text: str,
    why: str,
) -> None:
    office.says("hi", sender=ANN)
    office.says("hi", sender=BOB, provider="meta", number=NUMBER)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = everything(office.storage)
    with pytest.raises(NotDone, match=re.escape(why)):
        office.desk.send(Wish(sender), text, str(tmp_path / name))
    assert everything(office.storage) == before
    assert double.uploads == []
