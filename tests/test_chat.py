"""The commands that play a pack: `shoptalk chat` and `shoptalk test`."""

from __future__ import annotations

import io
import re
import shutil
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adapters import cli
from adapters.commands import chat as chat_command
from adapters.commands import test as test_command
from adapters.commands.chat import Chat
from adapters.packs import load_pack
from adapters.side_by_side import side_by_side
from engine.lint.report import width as columns_of
from engine.pack import Pack

ROOT = Path(__file__).parent.parent
AT = datetime(2025, 10, 18, 6, 0, tzinfo=UTC)


@cache
def cookie_barrel() -> Pack:
    pack = load_pack(ROOT / "flows" / "cookie_barrel").pack
    assert pack is not None
    return pack


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat(clock: Clock) -> Chat:
    return Chat(cookie_barrel(), "customer", None, clock)


def told(chat: Chat, *lines: str) -> str:
    """What is printed after the last of these lines."""
    printed: list[str] = []
    for line in lines:
        printed = list(chat.answers(line))
    return "\n".join(printed)


COMMANDS = [
    (("hi",), "👋 Welcome to Cookie Barrel!\n[ اردو ]\n\n🍪 Our Menu"),
    (
        ("hi", "1, 2"),
        "✅ Added 2x Chocolate Chip Cookie\nCart Total: ₹100\n[ View cart ] [ Checkout ] [ Menu ]\n",
    ),
    (("hi", "1, 2", "/press 1"), "🛒 Your Cart"),
    (("hi", "1, 2", "/press View cart"), "🛒 Your Cart"),
    (("hi", "1, 2", "/press cart"), "🛒 Your Cart"),
    (("hi", "1, 2", "view cart"), "🛒 Your Cart"),
    (
        ("hi", "/press 9"),
        "(there is no button or row '9' to press; offered so far: اردو, View cart, Checkout, Help)",
    ),
    (("/press 1",), "offered so far: none"),
    (("hi", "1, 2", "/cart"), "2x Chocolate Chip Cookie, ₹100\nTotal: ₹100"),
    (("/cart",), "(the cart is empty)"),
    (("/state",), "initial"),
    (("hi", "1, 2", "done", "Sana", "/state"), "awaiting_address\n  name: Sana"),
    (("hi", "1, 100", "/why"), "Nothing of the rule was done."),
    (("/why",), "(nothing was said yet)"),
    (("hi", "1, 2", "/wait 2 hours"), "(it is Saturday 13:00)"),
    (("hi", "1, 2", "/wait 2 hours", "cart"), "👋 Welcome to Cookie Barrel!"),
    (("hi", "1, 2", "/wait 59 minutes", "cart"), "🛒 Your Cart"),
    (("/wait long",), "(write /wait with a length of time"),
    (("hi", "/send image"), "To order, send the item number"),
    (("hi", "/send location 24.86 67.01"), "To order, send the item number"),
    (("hi", "/send location home"), "(write /send location 24.86 67.01)"),
    (("hi", "/send cake"), "(write /send with one of location, audio, document, image, video)"),
    (("/help",), "/press 2"),
    (("/dance",), "(there is no /dance; /help names what there is)"),
]


@pytest.mark.parametrize(
    ("lines", "printed"), COMMANDS, ids=lambda case: case[-1] if type(case) is tuple else ""
)
def test_what_can_be_done_in_a_chat(chat, lines, printed):
    assert printed in told(chat, *lines)


def test_an_order_shows_with_the_cart(chat):
    told(chat, "hi", "1, 2", "done", "Sana", "14 Garden Road, Karachi", "skip", "confirm")
    assert told(chat, "/cart") == "(the cart is empty)\nWA20251018000001, pending, ₹100"


def test_time_passes_in_a_chat_as_it_does_outside(chat, clock):
    told(chat, "hi", "1, 2")
    clock.at += timedelta(minutes=61)
    assert "👋 Welcome" in told(chat, "cart")


def test_a_turn_that_breaks_is_answered_and_explained(chat, monkeypatch):
    told(chat, "hi", "1, 2", "done", "Sana", "14 Garden Road, Karachi", "skip")
    with monkeypatch.context() as patched:
        patched.setitem(chat.shop._orders, "WA20251018000001", None)
        assert told(chat, "confirm").startswith("Sorry, something went wrong.")
    assert "the order number WA20251018000001 is taken" in told(chat, "/why")
    assert "awaiting_confirmation" in told(chat, "/state")
    assert "✅ Order Confirmed!" in told(chat, "confirm")


def test_a_chat_in_another_language(clock):
    assert "🍪 ہمارا مینو" in told(Chat(cookie_barrel(), "customer", "ur", clock), "hi")


def shoptalk(monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["shoptalk", *words])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
    return cli.shoptalk()


def test_piped_lines_are_answered_without_a_prompt(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    typed = "hi\n\n  1, 2  \n/quit\ncart\n"
    assert shoptalk(monkeypatch, "chat", "flows/cookie_barrel", typed=typed) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("👋 Welcome")
    assert printed.endswith("Cart Total: ₹100\n[ View cart ] [ Checkout ] [ Menu ]\n\n")
    assert "> " not in printed


def test_a_chat_shows_what_its_provider_shows(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    words = ("chat", "flows/wholesale", "--provider", "twilio")
    assert shoptalk(monkeypatch, *words, typed="hi\n/press products\n") == 0
    printed = capsys.readouterr().out
    assert "What would you like to do?\n\n1. Products\n2. My cart\n3. My orders\n4. Talk to us\n" in printed
    assert "\n📋 Products, page 1 of 3\n" in printed


def test_the_last_line_needs_no_end(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert shoptalk(monkeypatch, "chat", "flows/cookie_barrel", typed="hi") == 0
    assert "👋 Welcome" in capsys.readouterr().out


def test_somebody_at_a_terminal_gets_a_prompt_and_leaves_with_ctrl_d(monkeypatch, capsys):
    lines = iter(["hi"])
    prompts = []

    def typed(prompt: str) -> str:
        prompts.append(prompt)
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run_chat(ROOT / "flows" / "cookie_barrel") == 0
    assert prompts == ["> ", "> "]
    assert "👋 Welcome" in capsys.readouterr().out


def test_ctrl_c_leaves_cleanly(monkeypatch):
    def interrupted(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run_chat(ROOT / "flows" / "cookie_barrel") == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_chat(pack: Path, *words: str) -> int:
    parser = ArgumentParser()
    chat_command.add_arguments(parser)
    return chat_command.run(parser.parse_args([str(pack), *words]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--language", "de"), "the flow does not speak 'de'; it speaks en, ur"),
        (("--role", "baker"), "nobody talks to 'baker' here; the roles are customer"),
        (("--provider", "icq"), "there is no provider 'icq'; there are meta, twilio"),
    ],
)
def test_a_chat_that_cannot_be_says_why(words, said, capsys):
    assert run_chat(ROOT / "flows" / "cookie_barrel", *words) == 2
    assert said in capsys.readouterr().err


def test_a_chat_with_what_is_no_pack(tmp_path, capsys):
    assert run_chat(tmp_path / "nowhere") == 2
    assert "is no folder" in capsys.readouterr().err


# Conversations against their snapshots


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cookie Barrel in a folder of its own, with two conversations; the current folder holds its `flows`."""
    folder = tmp_path / "flows" / "cookie_barrel"
    shutil.copytree(ROOT / "flows" / "cookie_barrel", folder)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    for file in (folder / "conversations").iterdir():
        if file.stem not in ("new_customer", "urdu_first"):
            file.unlink()
    monkeypatch.chdir(tmp_path)
    return folder


def run_test(*words: str) -> int:
    parser = ArgumentParser()
    test_command.add_arguments(parser)
    return test_command.run(parser.parse_args(words))


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("words", [(), ("flows",), ("flows/cookie_barrel",), ("flows/cookie_barrel/",)])
def test_conversations_that_are_as_their_snapshots(pack, words, capsys):
    assert run_test(*words) == 0
    played, reached, *missing = capsys.readouterr().out.splitlines()
    assert played == "flows/cookie_barrel: 2 conversations, all as their snapshots say"
    assert reached.startswith("flows/cookie_barrel: the conversations reach ")
    assert len(missing) == 11
    assert missing[-1].endswith("more; --missing names all")


def test_a_conversation_is_played_through_the_provider_it_names(pack, capsys):
    file = pack / "conversations" / "new_customer.yaml"
    change(file, "says:", "provider: twilio\nsays:")
    assert run_test("--update") == 0
    assert "    • View cart\n    • Checkout\n" in file.with_suffix(".txt").read_text(encoding="utf-8")
    change(file, "provider: twilio", "provider: icq")
    assert run_test() == 1
    named = "flows/cookie_barrel/conversations/new_customer.yaml: there is no provider 'icq'; there are meta"
    assert named in capsys.readouterr().out


def test_a_difference_is_shown_side_by_side_and_written_on_demand(pack, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    change(pack / "customer.yaml", "✅ Order Confirmed!", "🎉 It is yours!")
    assert run_test() == 1
    printed = capsys.readouterr().out
    assert "flows/cookie_barrel/conversations/new_customer.yaml: not as its snapshot says" in printed
    assert "    ✅ Order Confirmed!" in printed
    (line,) = (line for line in printed.splitlines() if "Order Confirmed!" in line)
    assert " | " in line
    assert "🎉 It is yours!" in line
    assert "Welcome" not in printed
    assert "2 conversations, 1 not as the snapshots say" in printed

    assert run_test("--update") == 0
    assert "conversations/new_customer.txt: written\n" in capsys.readouterr().out
    assert run_test() == 0


def test_a_conversation_without_a_snapshot_is_a_difference(pack, capsys):
    snapshot = pack / "conversations" / "urdu_first.txt"
    before = snapshot.read_text(encoding="utf-8")
    snapshot.unlink()
    assert run_test() == 1
    assert "urdu_first.yaml: there is no snapshot yet; --update writes it" in capsys.readouterr().out
    assert run_test("--update") == 0
    assert snapshot.read_text(encoding="utf-8") == before


def test_a_snapshot_without_a_conversation_is_a_difference(pack, capsys):
    (pack / "conversations" / "urdu_first.yaml").unlink()
    assert run_test() == 1
    assert "urdu_first.txt: there is no conversation of this name" in capsys.readouterr().out
    assert run_test("--update") == 0
    assert not (pack / "conversations" / "urdu_first.txt").exists()


def test_a_pack_without_conversations_says_so(pack, capsys):
    shutil.rmtree(pack / "conversations")
    assert run_test() == 0
    assert "no conversations; put them into flows/cookie_barrel/conversations/" in capsys.readouterr().out


def test_a_conversation_that_cannot_be_played_says_why(pack, capsys):
    change(pack / "conversations" / "new_customer.yaml", "{press: skip}", "{press: fly}")
    assert run_test() == 1
    assert "new_customer.yaml: there is no button or row 'fly' to press" in capsys.readouterr().out


@pytest.mark.parametrize("run", [run_test, run_chat])
def test_a_pack_with_findings_prints_them(pack, run, capsys):
    change(pack / "customer.yaml", "reply: item_added", "reply: item_addd")
    assert run("flows/cookie_barrel") == 1
    printed = capsys.readouterr().out
    assert "flows/cookie_barrel/customer.yaml:" in printed
    assert "[unknown_message]" in printed


def test_no_pack_at_all(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_test() == 2
    assert "no pack in flows" in capsys.readouterr().err


def test_a_line_of_progress_where_somebody_watches(pack, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run_test() == 0
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert shown[1:] == [
        f"flows/cookie_barrel {'█' * 12}{'░' * 12}  50% new_customer",
        f"flows/cookie_barrel {'█' * 24} 100% urdu_first",
        "",
    ]


def test_too_little_reached_fails_and_says_so(pack, capsys):
    assert run_test("--min", "20") == 0
    assert run_test("--min", "90", "--missing") == 1
    printed = capsys.readouterr().out
    assert "is less than the 90 % that was asked for; `shoptalk paths flows/cookie_barrel`" in printed
    assert re.search(r'customer\.yaml:\d+: the command "remove" is never said\n', printed)


@pytest.mark.parametrize("share", ["many", "101", "-1", "nan"])
def test_what_is_no_share_is_refused(share, capsys):
    with pytest.raises(SystemExit):
        run_test("--min", share)
    assert f"{share} is no share; write a number from 0 to 100" in capsys.readouterr().err


def test_less_than_everything_without_conversations(pack, capsys):
    shutil.rmtree(pack / "conversations")
    assert run_test("--min", "1") == 1
    assert "0.0 % is less than the 1 % that was asked for" in capsys.readouterr().out


def test_results_as_junit(pack, tmp_path, capsys):
    change(pack / "customer.yaml", "✅ Order Confirmed!", "🎉 It is yours!")
    assert run_test("--junit", "results.xml", "--min", "90") == 1
    root = ElementTree.parse(tmp_path / "results.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == ["new_customer", "urdu_first", "coverage"]
    assert cases["new_customer"].get("file") == "flows/cookie_barrel/conversations/new_customer.yaml"
    assert "🎉 It is yours!" in cases["new_customer"].find("failure").text
    assert cases["urdu_first"].find("failure") is None
    assert "customer.yaml:" in cases["coverage"].find("failure").text
    assert root.find("testsuite").get("failures") == "2"
    assert run_test("--junit", "nowhere/results.xml") == 2
    assert "nowhere/results.xml cannot be written" in capsys.readouterr().err


# Two columns


def test_equal_texts_show_nothing():
    assert list(side_by_side("a\nb\n", "a\nb\n", 80, ("old", "new"))) == []


def test_two_columns():
    before = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
    after = "one\ntwo\nthree\nfour\nfive\nsix!\nseven\nnine\nten\n"
    assert list(side_by_side(before, after, 40, ("old", "new"))) == [
        "old                  new",
        "------------------   ------------------",
        "three                three",
        "four                 four",
        "five                 five",
        "six                | six!",
        "seven                seven",
        "eight              <",
        "nine                 nine",
        "                   > ten",
    ]


def test_long_and_wide_lines_go_on_below():
    before = "x" * 20
    after = "م" * 10 + "🍪" * 5
    rows = list(side_by_side(before, after, 40, ("old", "new")))[2:]
    assert rows == ["x" * 18 + " | \u2068" + "م" * 10 + "🍪" * 4 + "\u2069", "xx" + " " * 19 + "🍪"]


def test_no_row_is_wider_than_the_terminal():
    texts = ["سلام دنیا " * 9, "🍪 cookies \u2068₹50\u2069 " * 9]
    for width in (40, 61, 120):
        for row in side_by_side(*texts, width, ("old", "new")):
            assert columns_of(row) <= width
