"""The program `flow-lint`: what it takes, what it prints, how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.commands.lint import main
from adapters.packs import FilesBeside, checked_pack
from engine.lint import RULES, lint
from engine.lint.formats import FORMATS
from engine.lint.report import Report, snippet, width
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


def test_a_file_that_a_pack_uses_from_its_folder_is_checked_with_the_pack(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = put(
        here / "shop",
        business__yaml=BUSINESS,
        customer__yaml=FLOW.replace("start:", "use: parts/hi.yaml\nstart:").partition("messages:")[0],
    )
    parts = put(pack / "parts", hi__yaml="messages: {hello: Hello!}\n", alone__yaml=BROKEN)
    assert main([str(parts / "hi.yaml")]) == 0, capsys.readouterr().out
    assert main([str(pack), str(parts / "hi.yaml")]) == 0, capsys.readouterr().out
    assert main([str(parts / "alone.yaml")]) == 1
    assert capsys.readouterr().out.startswith("shop/parts/alone.yaml:6:37: no state 'don'")
    put(parts, hi__yaml="messages: {helo: Hello!}\n")
    assert main([str(parts / "hi.yaml")]) == 1
    assert "shop/customer.yaml:4:12: no message 'hello'" in capsys.readouterr().out


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
        (["--fxi"], "no option --fxi; did you mean --fix?"),
        (["--profile", "pilt"], "no profile 'pilt'; did you mean 'pilot'?"),
        (["--profile"], "--profile needs a value behind it"),
        (["--format=xml"], "no format 'xml'; there is: full, concise, json"),
        (["--select", "unusd_message"], "no rule 'unusd_message'; did you mean 'unused_message'?"),
        (["--ignore=unused_slot,yaml"], "the rule yaml cannot be ignored"),
        (["--fix", "--diff"], "use one of them"),
        (["--watch", "--fix"], "--watch only looks"),
        (["-", "shop.yaml"], "`-` stands alone"),
        (["--stdin-name", "shop.yaml"], "give `-` as the path"),
        (["rule"], "which rule?"),
        (["rule", "unusd_message"], "no rule 'unusd_message'; did you mean 'unused_message'?"),
        (["rules", "yaml"], "`flow-lint rules` lists all rules"),
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
    said = " ".join(capsys.readouterr().out.split())
    for code in (
        "0 where all is well",
        "1 where there are problems",
        "2 where it was called wrongly",
        "3 where",
    ):
        assert code in said


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
    first = next(FORMATS["full"].lines(Report([problem], RULES, lambda file, line: "")))
    assert first == "a.yaml:1:1: one two\ufffd[0m [yaml]"


def test_the_public_function_takes_what_the_reader_gives() -> None:
    assert lint(read_flow({"shop.yaml": FLOW}, "shop.yaml", {})) == []


def test_a_pack_with_warnings_alone_can_be_served(here: Path) -> None:
    pack = put(here / "shop", business__yaml=BUSINESS, customer__yaml=FLOW + "  goodbye: Goodbye!\n")
    read, report = checked_pack(pack)
    assert read is not None
    assert report == []
    put(pack, customer__yaml=BROKEN + "  goodbye: Goodbye!\n")
    assert checked_pack(pack)[1] == [
        "shop/customer.yaml:6:37: no state 'don'; did you mean 'done'? [unknown_state]",
        "  6 |     otherwise: {reply: hello, goto: don}",
        "    |                                     ^^^",
        "1 problem",
    ]


UNUSED = FLOW + "  goodbye: Goodbye!\n"


@pytest.mark.parametrize(
    ("text", "options", "code", "rules"),
    [
        (UNUSED, [], 0, ["unused_message"]),
        (UNUSED, ["--strict"], 1, ["unused_message"]),
        (UNUSED, ["--profile", "draft"], 0, ["unused_message"]),
        (UNUSED, ["--profile=production"], 1, ["unused_message"]),
        (UNUSED, ["--ignore", "unused_message", "--strict"], 0, []),
        (BROKEN, [], 1, ["unknown_state"]),
        (BROKEN, ["--profile", "draft"], 1, ["unknown_state"]),
    ],
)
def test_what_fails(
    here: Path,
    text: str,
    options: list[str],
    code: int,
    rules: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(here, shop__yaml=text)
    assert main([*options, "--format", "concise", "shop.yaml"]) == code
    assert re.findall(r"\[(\w+)\]$", capsys.readouterr().out, re.MULTILINE) == rules


def test_a_warning_is_shown_as_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=BROKEN + "  goodbye: Goodbye!\n  bye: Bye!\n")
    assert main([]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "shop.yaml:10:3: warning: nothing says the message 'goodbye' [unused_message]" in said
    assert said[-1] == "1 error, 2 warnings"


def test_statistics_count_the_findings_of_each_rule(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=BROKEN + "  goodbye: Goodbye!\n  bye: Bye!\n")
    assert main(["--statistics"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said[:2]] == [["2", "unused_message"], ["1", "unknown_state"]]
    assert said[2] == "1 error, 2 warnings"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_explained_with_what_its_example_prints(
    rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rule", rule]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{rule}: {RULES[rule].severity}, ")
    assert RULES[rule].about in said
    assert f"[{rule}]" in said
    # The example is shown without its marks, so that the carets are those of the finding.
    carets = [line for line in said.splitlines() if re.fullmatch(r"[ #|]*\^+ *", line)]
    assert len(carets) == said.count(f"[{rule}]\n")


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["rule", "severity", "from", "finds"]
    assert [line.split()[:3] for line in lines] == [
        [rule.name, rule.severity, rule.profile] for rule in RULES.values()
    ]


def test_a_fault_of_its_own_is_told_as_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*words: object, **named: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("engine.lint.lint", breaks)
    put(here, shop__yaml=FLOW)
    assert main([]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "ZeroDivisionError: a fault" in said.err
    assert "flow-lint: this is a fault of flow-lint itself" in said.err


@pytest.mark.parametrize(
    ("environment", "words", "begins"),
    [
        ({"GITHUB_ACTIONS": "true"}, [], "::error title=flow-lint (unknown_state),file=shop.yaml,line=6,"),
        ({"GITHUB_ACTIONS": "true"}, ["--format", "full"], "shop.yaml:6:37: "),
        ({}, [], "shop.yaml:6:37: "),
    ],
)
def test_on_github_actions_findings_are_annotations(
    here: Path,
    environment: dict[str, str],
    words: list[str],
    begins: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(here, shop__yaml=BROKEN)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(words) == 1
    assert capsys.readouterr().out.startswith(begins)


HEAVY = ("babel", "dateparser", "email_validator", "flask", "jsonschema", "orjson", "peewee", "phonenumbers")
HEAVY += ("rapidfuzz", "requests", "transitions", "argparse", "msgspec", "zoneinfo")
MENU = "{% for product in catalog.available %}{{ product.name }} {% endfor %}"


@pytest.mark.parametrize("options", [[], ["--profile", "production", "--style"]])
@pytest.mark.parametrize("greeting", ["Hello!", f'"{MENU}"'])
def test_a_run_loads_nothing_that_it_does_not_need(here: Path, options: list[str], greeting: str) -> None:
    put(here, shop__yaml=FLOW.replace("hello: Hello!", f"hello: {greeting}"))
    script = (
        f"import sys; from adapters.commands.lint import main; code = main([*{options!r}, 'shop.yaml']); "
        f"print(code, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "0 []\n", done.stdout


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
