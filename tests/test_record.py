"""`shoptalk record`: a real conversation becomes a file that plays the same, and in which nobody is known."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from job_case import Clock
from live_server import NUMBER, live_site
from meta_double import body, meta_double, text

from adapters.channels import cloud_api
from adapters.commands import record as record_command
from adapters.commands import test as test_command
from adapters.packs import load_pack
from adapters.web import Site
from engine.limits import PLAIN, Limits
from engine.message import Inbound
from engine.reader.yaml_text import read_yaml
from engine.rehearsal.inventions import Inventions
from engine.rehearsal.recording import Heard, record
from engine.rehearsal.script import Script, script_of
from engine.rehearsal.stage import Stage

ROOT = Path(__file__).parent.parent
PHONE = "923335550199"
NAME = "Zubaida Chaudhry"
ADDRESS = "House 77, Ghalib Road, Multan"
PRIVATE = ("zubaida", "chaudhry", "house 77", "ghalib", "multan", "5550199", "guard", "bell", "aunt")
AT = datetime(2025, 10, 18, 6, 0, tzinfo=UTC)


def cookie_barrel() -> Any:
    return load_pack(ROOT / "flows" / "cookie_barrel").pack


def lived(says: list[Any], limits: Limits | None = None, **known: str) -> list[Heard]:
    """What the database would tell of these, said a minute apart or after a wait in minutes."""
    stage = Stage(cookie_barrel(), Script("", (), customer=known), limits)
    now, heard = AT, []
    for said in says:
        if isinstance(said, int):
            now += timedelta(minutes=said)
            stage.act({"wait": f"{said} minutes"})
            continue
        before = stage.talk.conversation.state
        inbound = stage.inbound(said) if isinstance(said, dict) else Inbound("text", said)
        turn = stage.talk.hear(inbound)
        began = before == "initial" or any(step["step"] == "started_over" for step in turn.trace)
        heard.append(Heard(now, inbound, "", turn.conversation.state, turn.trace, began))
        now += timedelta(minutes=1)
    return heard


WHOLE = [
    "hi",
    "1, 2",
    "done",
    NAME,
    ADDRESS,
    "ring the bell, or ask my aunt or a guard",
    {"press": "confirm"},
]


def test_a_whole_conversation_goes_the_same_way_without_its_customer():
    recording = record(cookie_barrel(), "customer", lived(WHOLE), 0, (NAME, ADDRESS, PHONE), {})
    assert recording.differences == ()
    hi, item, done, name, address, note, confirm = recording.script.says
    assert (hi, item, done, confirm) == ("hi", "1, 2", "done", {"press": "confirm"})
    assert name == "Mehwish Siddiqui"
    assert len(address) >= 10
    said = repr(recording.script).lower()
    assert [word for word in PRIVATE if word in said] == []
    assert note not in WHOLE


KEPT = [
    # what was said, and whether it is kept as it was
    (["hi", "MENU!"], True),
    (["hi", "2 x 3"], True),
    (["hi", "remove 2"], True),
    (["سلام", "ٹوکری"], True),
    (["hi", "1"], True),
    (["hi", "do you know Zubaida?"], False),
    (["hi", "call 0333 5550199"], False),
    (["hi", "zubaida@chaudhry.pk"], False),
]


@pytest.mark.parametrize(("says", "is_kept"), KEPT)
def test_words_of_the_flow_are_kept_and_nothing_else(says, is_kept):
    recording = record(cookie_barrel(), "customer", lived(says), 0, (NAME,), {})
    assert (recording.script.says == tuple(says)) == is_kept
    assert recording.differences == ()
    assert [word for word in PRIVATE if word in repr(recording.script.says).lower()] == []


@pytest.mark.parametrize("refused", ["Z", "Zubaida Chaudhry " * 5])
def test_what_was_refused_is_refused_again(refused):
    heard = lived(["hi", "1, 2", "done", refused, NAME])
    recording = record(cookie_barrel(), "customer", heard, 0, (NAME,), {})
    assert recording.differences == ()
    assert (len(recording.script.says[3]) > 60) == (len(refused.strip()) > 60)


def test_the_same_text_is_replaced_by_the_same():
    heard = lived(["hi", "1, 2", "done", NAME, ADDRESS, NAME])
    says = record(cookie_barrel(), "customer", heard, 0, (), {}).script.says
    assert says[3] == says[5] != NAME


def test_silences_are_told_and_a_known_customer_stays_known():
    says = ["hi", "1, 2", 20, "done", {"press": "same"}, 90, "hi"]
    heard = lived(says, name=NAME, address=ADDRESS)
    recording = record(cookie_barrel(), "customer", heard, 0, (NAME,), {"name": NAME, "address": ADDRESS})
    assert recording.differences == ()
    assert [said for said in recording.script.says if "wait" in said] == [
        {"wait": "21 minutes"},
        {"wait": "91 minutes"},
    ]
    assert recording.script.customer == {"name": "Sana Malik", "address": "Flat 3, 21 Mall Road, Lahore"}


def test_a_recording_of_the_end_starts_where_it_was():
    recording = record(cookie_barrel(), "customer", lived(WHOLE), 4, (NAME, ADDRESS), {})
    start = recording.script.start_at
    assert start is not None
    assert (start.state, start.slots, start.cart) == (
        "awaiting_address",
        {"name": "Mehwish Siddiqui"},
        {"choc_chip": 2},
    )
    assert len(recording.script.says) == 3
    assert recording.differences == ()


def test_places_captions_and_orders_of_the_catalogue():
    says: list[Any] = [
        {"send": "image", "text": "me, Zubaida"},
        {"send": "location", "latitude": 30.19, "longitude": 71.47, "address": ADDRESS},
        {"send": "order", "items": {"choc_chip": 2}},
    ]
    image, location, order = record(cookie_barrel(), "customer", lived(says), 0, (NAME,), {}).script.says
    assert image["text"] not in ("", "me, Zubaida")
    assert location == {
        "send": "location",
        "latitude": 24.86,
        "longitude": 67.01,
        "address": "Flat 3, 21 Mall Road, Lahore",
    }
    assert order == {"send": "order", "items": {"choc_chip": 2}}


def test_numbers_of_a_list_that_stood_as_text_mean_the_same_again():
    heard = lived(["hi", "1, 2", "done"], PLAIN)
    recording = record(cookie_barrel(), "customer", heard, 0, (), {}, "", "twilio", PLAIN)
    assert (recording.script.provider, recording.differences) == ("twilio", ())
    heard = lived(["hi", "help", "View cart"], PLAIN)
    recording = record(cookie_barrel(), "customer", heard, 0, (), {}, "", "twilio", PLAIN)
    assert (recording.script.says, recording.differences) == (("hi", "help", "View cart"), ())


def test_where_it_goes_another_way_is_told():
    heard = lived(["hi", "1, 2", "done", NAME])
    heard[2] = Heard(heard[2].at, heard[2].inbound, "", "paying", heard[2].trace)
    (difference,) = record(cookie_barrel(), "customer", heard, 0, (), {}).differences
    assert difference == (3, "done", "paying", "awaiting_name")


SCRUBBED = [
    ("write to zubaida@chaudhry.pk", "write to sana.malik@example.com"),
    ("call 0333-555 0199 now", "call 3001-234 5673 now"),
    ("1, 2", "1, 2"),
    ("ask for ZUBAIDA", "ask for Omar R"),
    ("Zubaidas", "Zubaidas"),
]


@pytest.mark.parametrize(("text", "scrubbed"), SCRUBBED)
def test_what_is_known_is_replaced_wherever_it_stands(text, scrubbed):
    assert Inventions((NAME, "", "x")).scrubbed(text) == scrubbed


def test_nothing_private_is_invented():
    inventions = Inventions(("Sana Malik",))
    assert not any("sana" in one.lower() for one in inventions.candidates("Sana Malik"))
    assert "Sana Malik" not in list(Inventions(()).candidates("sana malik "))


# The command, over a real database


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.at = AT
    return clock


@pytest.fixture
def site(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    shutil.copytree(ROOT / "flows" / "cookie_barrel", tmp_path / "flows" / "cookie_barrel")
    shutil.rmtree(tmp_path / "flows" / "cookie_barrel" / "conversations")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    pack = load_pack("flows/cookie_barrel").pack
    with meta_double() as double, live_site(tmp_path, double.url, now=clock, pack=pack) as site:
        yield site


def hear(site: Site, clock: Clock, *said: str) -> None:
    """Takes these texts in and answers them, a minute apart."""
    for each in said:
        stamp = str(int(clock().timestamp()))
        updates = cloud_api.parse(body(text(each, f"wamid.{stamp}", PHONE, stamp), number=NUMBER))
        site.storage.accept("meta", updates, clock(), "the request's")
        for conversation in site.jobs.tick().turns:
            site.jobs.take_turns(conversation)
            site.jobs.deliver(conversation)
        clock.wait(minutes=1)


def run(command: Any, *words: str) -> int:
    parser = ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def test_the_command_writes_a_conversation_that_plays_as_it_went(site, clock, capsys):
    hear(site, clock, "hi", "99, 1", "1, 2", "done")
    clock.wait(minutes=9)
    hear(site, clock, "cart", NAME, ADDRESS, "ring the bell, or ask my aunt or a guard", "confirm")
    assert run(record_command, PHONE, "--write", "a_real_one") == 0
    assert "flows/cookie_barrel/conversations/a_real_one.yaml: written" in capsys.readouterr().out
    written = Path("flows/cookie_barrel/conversations/a_real_one.yaml").read_text(encoding="utf-8")
    assert [word for word in PRIVATE if word in written.lower()] == []
    value, problems = read_yaml(written, "one.yaml")
    assert problems == []
    script = script_of(value)
    assert script.says[:4] == ("hi", "99, 1", "1, 2", "done")
    assert {"wait": "10 minutes"} in script.says
    assert run(test_command, "--update") == 0
    played = Path("flows/cookie_barrel/conversations/a_real_one.txt").read_text(encoding="utf-8")
    assert "WA20251018000001, pending" in played
    assert [word for word in PRIVATE if word in played.lower()] == []
    assert run(record_command, PHONE, "--write", "a_real_one") == 2
    assert "a_real_one.yaml is there already" in capsys.readouterr().err


def test_the_command_prints_the_last_talk_or_what_is_asked_for(site, clock, capsys):
    hear(site, clock, "hi", "1, 2", "done", NAME, ADDRESS, "skip", "confirm")
    hear(site, clock, "hi", "2, 1", "done", "same")
    assert run(record_command, f"+{PHONE}") == 0
    printed = capsys.readouterr().out
    assert 'says:\n  - hi\n  - "2, 1"\n  - done\n  - same\n' in printed
    assert 'customer: {name: Sana Malik, address: "Flat 3, 21 Mall Road, Lahore"}\n' in printed
    assert "at: 2025-10-18T11:07:00\n" in printed
    assert run(record_command, PHONE, "--last", "2") == 0
    printed = capsys.readouterr().out
    assert "start_at: {state: awaiting_order, cart: {oatmeal: 1}}\nsays:\n  - done\n  - same\n" in printed
    assert run(record_command, PHONE, "--since", "2025-10-18T11:09") == 0
    assert "says:\n  - done\n  - same\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run(record_command, PHONE, "--since", "yesterday")
    assert "yesterday is no moment; write 2025-10-18" in capsys.readouterr().err
    assert run(record_command, PHONE, "--since", "2026-01-01") == 2
    assert "nothing was said since 2026-01-01" in capsys.readouterr().err


def test_the_command_tells_where_it_goes_another_way_now(site, clock, capsys):
    hear(site, clock, "hi", "1, 2", "done")
    flow = Path("flows/cookie_barrel/customer.yaml")
    changed = flow.read_text(encoding="utf-8").replace("words: [done, checkout]\n", "words: [checkout]\n")
    flow.write_text(changed, encoding="utf-8")
    assert run(record_command, PHONE) == 1
    assert (
        "entry 3, done: it went to awaiting_name then, and comes to awaiting_order now"
        in capsys.readouterr().err
    )


def test_the_command_says_why_there_is_nothing_to_record(site, clock, capsys):
    assert run(record_command, PHONE) == 2
    assert f"Nobody with {PHONE} has written here." in capsys.readouterr().err
    hear(site, clock, "hi")
    assert run(record_command, PHONE, "--pack", "templates") == 2
    assert "no pack of cookie_barrel in templates" in capsys.readouterr().err
    assert run(record_command, PHONE, "--write", "../evil") == 2
    assert "a name is letters, digits and `_`" in capsys.readouterr().err
