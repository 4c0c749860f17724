"""`shoptalk why` tells what came of a turn in words, each decision with its line of the flow."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path

import pytest
from storage_case import ANN, BOB, NOW, NUMBER, heard, replied, said

from adapters.commands import why as why_command
from adapters.packs import load_pack
from adapters.storage import Storage, open_storage
from engine.memory import MemoryShop
from engine.message import Inbound, Outbound
from engine.pack import Pack
from engine.rehearsal.talk import Talk
from engine.story import in_short
from engine.turn import Trace

ROOT = Path(__file__).parent.parent


def cookie_barrel() -> Pack:
    pack = load_pack(ROOT / "flows" / "cookie_barrel").pack
    assert pack is not None
    return pack._replace(path="flows/cookie_barrel")


def talked(folder: Path, *texts: str) -> None:
    """A database in which Ann has said this to Cookie Barrel."""
    pack = cookie_barrel()
    storage = open_storage(f"sqlite:///{folder}/shop.db")
    storage.migrate()
    storage.seed(pack)
    storage.versions.publish(pack, "Ann", NOW)
    storage.add_channel("cookie_barrel", "meta", NUMBER)
    talk = Talk(pack, MemoryShop(pack).for_customer(ANN), NOW)
    for number, text in enumerate(texts):
        storage.accept("meta", [said(text, f"w{number}")], NOW)
        conversation = storage.start_conversation("cookie_barrel", ("meta", NUMBER), ANN, NOW)
        with storage.turn(conversation) as working:
            message = working.next_message()
            assert message is not None
            working.version = 1  # as the process does that takes the turn
            working.commit(message.id, talk.hear(Inbound("text", text=text)), None, 0.001, NOW)
    storage.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    return tmp_path


def run(*words: str) -> int:
    parser = ArgumentParser()
    why_command.add_arguments(parser)
    return why_command.run(parser.parse_args(words))


def test_a_refusal_is_told_with_its_values_and_its_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talked(here, "hi", "1, 99")
    assert run() == 0
    told = capsys.readouterr().out
    lines = (ROOT / "flows/cookie_barrel/customer.yaml").read_text("utf-8").splitlines()
    check = next(number for number, line in enumerate(lines, 1) if 'settings.max_quantity", else' in line)
    assert told.startswith(f"Cookie Barrel · {ANN} · Sunday 24 May 2026, 17:00:00\n")
    assert "customer: 1, 99" in told
    assert 'Understood as the command "add_item", by its pattern.' in told
    assert "Read item = 1, quantity = 99." in told
    assert f"customer.yaml:{check}\n       │ {lines[check - 1].strip()}\n" in told
    assert "bot: ❌ Maximum quantity is 50" in told
    assert told.endswith("In short: It was understood, but a check refused it: check.\n")


def test_the_line_is_that_of_the_version_that_answered(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    talked(here, "hi", "menu")
    monkeypatch.chdir(here)  # there is no such file here; the version that is kept has the line
    assert run() == 0
    assert (
        "│ menu: {title: Menu, words: [menu, list], reply: menu, ask_again: true}" in capsys.readouterr().out
    )


def test_the_line_stays_that_of_its_version_when_another_is_published(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talked(here, "hi", "menu")
    pack = cookie_barrel()
    assert pack.files is not None
    flow = pack.files["customer.yaml"]
    text = flow.decode() if isinstance(flow, bytes) else flow
    with closing(open_storage(f"sqlite:///{here}/shop.db")) as storage:
        later = pack._replace(files={**pack.files, "customer.yaml": "# one\n# two\n# three\n" + text})
        assert storage.versions.publish(later, "Bob", NOW).number == 2
        with storage.database.writing():  # as the next message does, which moves the conversation
            storage.database.execute("UPDATE conversations SET version = 2")
    assert run() == 0
    assert (
        "│ menu: {title: Menu, words: [menu, list], reply: menu, ask_again: true}" in capsys.readouterr().out
    )


def test_turns_further_back_and_of_one_customer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talked(here, "hi", "1, 2", "done")
    assert run("+92 300 1234567", "--turn", "2") == 0
    told = capsys.readouterr().out
    assert "customer: 1, 2" in told
    assert "Did add_to_cart" in told
    assert "In short: It was understood and answered, and the conversation stays where it was." in told
    assert run(ANN) == 0
    assert "and the conversation went on to awaiting_name." in capsys.readouterr().out


WRONG = [
    (("--turn", "4"), 1, "Everybody together has fewer than 4 turns here."),
    ((ANN, "--turn", "9"), 1, f"{ANN} has fewer than 9 turns here."),
    (("923999999999",), 1, "Nobody with 923999999999 has written here."),
    (("--business", "other"), 1, "Nobody has written here yet."),
    (("--turn", "0"), 2, "--turn counts back from 1"),
]


@pytest.mark.parametrize(("words", "code", "said"), WRONG)
def test_where_there_is_nothing_to_tell(
    here: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    talked(here, "hi")
    assert run(*words) == code
    assert said in capsys.readouterr().err


def test_without_a_database_it_makes_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "`shoptalk serve` makes it" in capsys.readouterr().err
    assert list(here.iterdir()) == []


UNDERSTOOD = {"step": "understood", "how": "word", "rule": "a/command:b"}
OUTCOMES: list[tuple[Trace, str]] = [
    ([UNDERSTOOD, {"step": "went", "to": "c"}], "understood and done, and the conversation went on to c."),
    ([UNDERSTOOD, {"step": "failed", "code": "out_of_stock"}], "could not be done: out_of_stock."),
    ([UNDERSTOOD, {"step": "failed", "code": "x"}, {"step": "went", "to": "c"}], "could not be done: x."),
    ([UNDERSTOOD, {"step": "refused", "validator": "length"}], "a check refused it: length."),
    ([UNDERSTOOD, {"step": "unreadable", "type": "number"}], "cannot be read as a number."),
    ([{**UNDERSTOOD, "rule": "a/otherwise", "how": "otherwise"}], "It was not understood."),
    ([{**UNDERSTOOD, "rule": ""}], "It was not understood."),
    ([{"step": "recorded", "why": "human"}], "It was kept, and starts no turn."),
    ([UNDERSTOOD, {"step": "broken", "error": "x"}], "It broke inside"),
    ([], "understood and answered"),
]


@pytest.mark.parametrize(("trace", "said"), OUTCOMES)
def test_in_short(trace: Trace, said: str) -> None:
    assert said in in_short(trace)


def test_the_last_turn_of_anybody_and_of_one(storage: Storage) -> None:
    assert storage.reports().turn_back() is None
    replied(storage, heard(storage, "hi", "w1"), "Welcome", "Menu")
    other = heard(storage, "salam", "w2", BOB)
    message = storage.reports().messages(other)[-1]["id"]
    storage.record_failure(other, message, "KeyError: 'x'", [], Outbound("Sorry"), NOW, tries=1)
    last = storage.reports("corner").turn_back()
    assert last is not None
    assert (last["message"]["body"], last["customer"]["phone"], last["version"]) == ("salam", BOB, None)
    assert (last["error"], [reply["body"] for reply in last["replies"]]) == ("KeyError: 'x'", ["Sorry"])
    hers = storage.reports("corner").turn_back(phone=ANN)
    assert hers is not None
    assert [reply["body"] for reply in hers["replies"]] == ["Welcome", "Menu"]
    assert storage.reports("corner").turn_back(2, ANN) is None
    assert storage.reports("other").turn_back() is None


def test_a_turn_that_broke_says_so(storage: Storage) -> None:
    conversation = heard(storage, "hi", "w1")
    storage.record_failure(conversation, 1, "Traceback\nKeyError: 'x'", [], Outbound("Sorry"), NOW, tries=1)
    reports = storage.reports("corner")
    turn = reports.turn_back()
    assert turn is not None
    told = list(why_command.lines(turn, reports.businesses()[0], lambda file, line: ""))
    assert "  1. It broke inside, and nothing of it was kept: KeyError: 'x'" in told
    assert told[-1].startswith("In short: It broke inside")
