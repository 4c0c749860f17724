"""The program `flow-lint`: what it takes, what it prints, how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.commands.lint import main
from adapters.packs import FilesBeside
from engine.lint import lint
from engine.lint.report import full, snippet, width
from engine.reader import read_flow
from engine.source import Place, Problem

FLOW = """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
messages:
  hello: Hello!
"""
BROKEN = FLOW.replace("goto: done", "goto: don")
BUSINESS = """\
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: customer.yaml}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_a_clean_flow_prints_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=FLOW)
    assert main(["shop.yaml"]) == 0
    assert capsys.readouterr().out == ""


def test_a_problem_is_shown_with_its_line_and_a_caret(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=BROKEN)
    assert main(["shop.yaml"]) == 1
    assert capsys.readouterr().out == (
        "shop.yaml:6:37: no state 'don'; did you mean 'done'? [unknown_state]\n"
        "  6 |     otherwise: {reply: hello, goto: don}\n"
        "    |                                     ^^^\n"
        "1 problem\n"
    )


def test_paths_are_relative_to_where_it_was_started(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here / "flows" / "shop", business__yaml=BUSINESS, customer__yaml=BROKEN)
    assert main([]) == 1
    assert capsys.readouterr().out.startswith("flows/shop/customer.yaml:6:37: ")
    monkeypatch.chdir(here / "flows")
    assert main([]) == 1
    assert capsys.readouterr().out.startswith("shop/customer.yaml:6:37: ")
    monkeypatch.chdir(here / "flows" / "shop")
    assert main([]) == 1
    assert capsys.readouterr().out.startswith("customer.yaml:6:37: ")
    assert main([str(here / "flows")]) == 1
    assert capsys.readouterr().out.startswith("customer.yaml:6:37: ")


@pytest.mark.parametrize(
    "file",
    [
        "business.yaml",
        "customer.yaml",
        "customer.ur.yaml",
        "catalog.yaml",
        "conversations/first.yaml",
        "../../templates/shop/hello.j2",
    ],
)
def test_a_lone_file_is_checked_with_its_pack(
    here: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = put(
        here / "flows" / "shop",
        business__yaml=BUSINESS,
        customer__yaml=FLOW.replace("start:", "languages: [en, ur]\nstart:").replace(
            "Hello!", "{template: shop/hello.j2}"
        ),
        customer__ur__yaml="words: {helo: [سلام]}\n",
        catalog__yaml="products: [{number: 1, code: choc, name: Choc, price: 5.00}]\n",
    )
    put(pack / "conversations", first__yaml="conversation: a customer says hi\nrole: customer\nsays: [hi]\n")
    put(here / "templates" / "shop", hello__j2="Hello!\n")
    assert main([str(pack / file)]) == 1
    assert capsys.readouterr().out.startswith("flows/shop/customer.ur.yaml:1:9: no command 'helo'")


def test_a_translation_without_a_pack_is_checked_with_its_flow(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        here,
        shop__yaml=FLOW.replace("start:", "languages: [en, ur]\nstart:"),
        shop__ur__yaml="messages: {hello: سلام, helo: سلام}\n",
    )
    assert main(["shop.ur.yaml"]) == 1
    assert "shop.ur.yaml:1:25: no message 'helo'" in capsys.readouterr().out


def test_each_problem_is_shown_once_however_often_its_pack_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = put(here / "shop", business__yaml=BUSINESS, customer__yaml=BROKEN)
    assert main([str(pack), str(pack / "customer.yaml"), "."]) == 1
    assert capsys.readouterr().out.count("[unknown_state]") == 1


def test_a_folder_of_lone_flows_leaves_other_files_alone(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here, shop__yaml=FLOW.replace("start:", "use: part.yaml\nstart:"), part__yaml="states: {}\n")
    put(here, compose__yaml="services: {web: {image: nginx}}\n")
    assert main(["."]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "there is no nowhere"),
        (["empty"], "there is no flow in empty"),
        (["notes.txt"], "notes.txt is no flow"),
        (["--fix"], "no option --fix"),
        ([], "there is no flow in ."),
    ],
)
def test_wrong_use(here: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    put(here, notes__txt="flow: shop\n")
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "0 where all is well, 1 where there are problems, 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"\x00", b"flow: [", b"- - - -", b"{" * 40_000, b"a: &a [*a]"]
)
def test_a_file_that_is_no_flow_is_a_finding(
    here: Path, raw: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "shop.yaml").write_bytes(raw)
    assert main(["shop.yaml"]) == 1
    assert re.match(r"shop\.yaml:\d+:\d+: .+ \[\w+\]\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "caret"),
    [
        ("reply: helo", 8, 4, "reply: helo", "       ^^^^"),
        ("\treply: helo", 9, 4, "    reply: helo", "           ^^^^"),
        ("你好: helo", 5, 4, "你好: helo", "      ^^^^"),
        ("🍪🍪 helo", 4, 4, "🍪🍪 helo", "     ^^^^"),
        ("❤️ helo", 4, 4, "❤️ helo", "   ^^^^"),
        ("e\u0301 helo", 4, 4, "e\u0301 helo", "  ^^^^"),
        ("سلام: helo", 7, 4, "سلام: helo", "      ^^^^"),
        ("reply: سلام, x", 8, 4, "reply: \u2068سلام\u2069, x", "       ^^^^"),
        ("reply: \u202ehelo", 9, 4, "reply: helo", "       ^^^^"),
        ("reply: \x1b[31m", 8, 1, "reply: \ufffd[31m", "       ^"),
        ("short", 99, 9, "short", "     ^"),
    ],
)
def test_the_caret_stands_below_the_span(line: str, column: int, length: int, shown: str, caret: str) -> None:
    assert list(snippet(line, 6, column, length)) == [f"  6 | {shown}", f"    | {caret}"]


def test_a_very_long_line_is_shown_around_the_span() -> None:
    shown, caret = snippet("x" * 5000 + "HERE" + "y" * 5000, 6, 5001, 4)
    assert width(shown) < 200
    assert shown[caret.index("^") :].startswith("HERE")


def test_a_message_stays_on_its_line() -> None:
    problem = Problem(Place("a.yaml", 1, 1), "yaml", "one\ntwo\x1b[0m\u202e")
    first = next(full([problem], lambda file, line: "", str))
    assert first == "a.yaml:1:1: one two\ufffd[0m [yaml]"


def test_the_public_function_takes_what_the_reader_gives() -> None:
    assert lint(read_flow({"shop.yaml": FLOW}, "shop.yaml", {})) == []


HEAVY = ("babel", "dateparser", "email_validator", "flask", "jsonschema", "orjson", "peewee", "phonenumbers")
HEAVY += ("rapidfuzz", "requests", "transitions", "argparse")


def test_a_clean_run_loads_nothing_that_it_does_not_need(here: Path) -> None:
    put(here, shop__yaml=FLOW)
    script = (
        "import sys; from adapters.commands.lint import main; code = main(['shop.yaml']); "
        f"print(code, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0 []\n"


def test_a_reader_that_has_read_enough_is_no_error(here: Path) -> None:
    put(
        here, shop__yaml=FLOW.replace("hello: Hello!", "\n".join(f"message_{n}: Hi!\n " for n in range(3000)))
    )
    program = Path(sys.executable).with_name("flow-lint")
    with subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("shop.yaml:")
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (141, "")


def test_a_console_that_lacks_a_letter_gets_another(here: Path) -> None:
    put(here, shop__yaml=FLOW.replace("goto: done", "goto: دکان"))
    program = Path(sys.executable).with_name("flow-lint")
    done = subprocess.run(
        [program], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"shop.yaml:6:37: no state '????'")


def test_the_installed_program_tells_its_version() -> None:
    program = Path(sys.executable).with_name("flow-lint")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"flow-lint \d+\.\d+\.\d+\n", done.stdout)


def test_a_lone_flow_reads_nothing_but_what_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "large.yaml").write_text("x: 1", "utf-8")
    (tmp_path / "customer.yaml").write_text("flow: customer\n", "utf-8")
    (tmp_path / "part.yaml").write_text("slots: {name: text}\n", "utf-8")
    beside = FilesBeside(str(tmp_path))
    assert sorted(name.rsplit("/", 1)[1] for name in beside) == ["customer.yaml", "part.yaml"]
    assert len(beside) == 2
    assert beside[f"{tmp_path}/far/large.yaml"] == b"x: 1"
    with pytest.raises(KeyError):
        beside[f"{tmp_path}/none.yaml"]
