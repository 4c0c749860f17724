"""`flow-lint --fix`: what it mends, that every other byte stays, and how standard input goes through it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_flow_lint import BROKEN, BUSINESS, FLOW, here, put

from adapters.commands.lint import main
from adapters.flow_lint.watching import changes, folders_of
from engine.mending import after, mended
from engine.source import Edit, Place

__all__ = ["here"]

MENDS = {
    "a state": (FLOW.replace("goto: done", "goto: donne"), "goto: donne", "goto: done"),
    "a message": (FLOW.replace("reply: hello", "reply: helo"), "reply: helo", "reply: hello"),
    "a name in quotes": (FLOW.replace("reply: hello", 'reply: "helo"'), '"helo"', '"hello"'),
    "a key": (FLOW.replace("otherwise: hello", "otherwisse: hello"), "otherwisse", "otherwise"),
    "a name in a text": (
        FLOW.replace("Hello!", '"Hello {{ custmer.name }}!"'),
        "{{ custmer.name }}",
        "{{ customer.name }}",
    ),
    "an attribute": (FLOW.replace("Hello!", '"{{ business.nmae }}"'), "business.nmae", "business.nmae"),
    "a filter": (FLOW.replace("Hello!", '"{{ 5 | mony }}"'), "| mony }}", "| money }}"),
    "a type": (FLOW.replace("states:", "slots: {size: txet}\nstates:"), "size: txet", "size: txet"),
    "a text that begins with braces": (
        FLOW.replace("Hello!", "{{ business.name }}"),
        "hello: {{ business.name }}",
        'hello: "{{ business.name }}"',
    ),
    "a text that holds a colon": (FLOW.replace("Hello!", "Hello: you"), "Hello: you", '"Hello: you"'),
    "a text that begins with a star": (FLOW.replace("Hello!", "*Hello* you"), "*Hello* you", '"*Hello* you"'),
    "a text that begins with @": (FLOW.replace("Hello!", '@you, "dear"'), '@you, "dear"', "'@you, \"dear\"'"),
    "an apostrophe": (FLOW.replace("Hello!", "'Don't go'"), "'Don't go'", '"Don\'t go"'),
    "several are not one": (
        FLOW.replace("Hello!", '"Order {{ order.number }}"'),
        "order.number",
        "order.number",
    ),
    "a digit is no slip of the pen": (
        FLOW.replace("goto: done}", "goto: done_2}").replace("  done:", "  done_1:"),
        "goto: done_2",
        "goto: done_2",
    ),
}


@pytest.mark.parametrize("what", MENDS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("begins", ["", "\ufeff"], ids=["", "bom"])
def test_what_is_certain_is_mended_and_nothing_else(here: Path, what: str, newline: str, begins: str) -> None:
    text, wrong, right = MENDS[what]
    text = begins + text.replace("\n", newline)
    (here / "shop.yaml").write_bytes(text.encode())
    main(["--fix", "shop.yaml"])
    assert (here / "shop.yaml").read_bytes().decode() == text.replace(wrong, right)


def test_mends_go_on_until_nothing_changes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = BROKEN.replace("goto: don", "goto: donne").replace("Hello!", "{{ busness.name }}")
    put(here, shop__yaml=text)
    assert main(["--fix"]) == 0
    assert capsys.readouterr().err == "flow-lint: mended 3 findings in shop.yaml\n"
    assert (here / "shop.yaml").read_text("utf-8") == FLOW.replace("Hello!", '"{{ business.name }}"')


def test_a_diff_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FLOW.replace("goto: done", "goto: donne").rstrip("\n")
    put(here, shop__yaml=text)
    assert main(["--diff"]) == 1
    assert (here / "shop.yaml").read_text("utf-8") == text
    said = capsys.readouterr().out
    assert said.startswith("--- shop.yaml\n+++ shop.yaml\n@@ -3,7 +3,7 @@\n")
    assert "-    otherwise: {reply: hello, goto: donne}\n+    otherwise: {reply: hello, goto: done}\n" in said
    put(here, shop__yaml=FLOW)
    assert main(["--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_a_diff_can_be_applied(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=FLOW.replace("Hello!", "{{ business.name }}").rstrip("\n"))
    main(["--diff"])
    diff = capsys.readouterr().out
    subprocess.run(["git", "apply", "-p0", "--unsafe-paths"], input=diff, text=True, check=True)
    assert main([]) == 0


def test_a_template_is_mended_where_it_stands(here: Path) -> None:
    text = FLOW.replace("Hello!", "{template: shop/h.j2}")
    put(here / "flows" / "shop", business__yaml=BUSINESS, customer__yaml=text)
    put(here / "templates" / "shop", h__j2="Hello\n{{ custmer.name }}!\n")
    assert main(["--fix"]) == 0
    assert (here / "templates" / "shop" / "h.j2").read_text("utf-8") == "Hello\n{{ customer.name }}!\n"


def test_a_file_keeps_its_mode(here: Path) -> None:
    put(here, shop__yaml=FLOW.replace("goto: done", "goto: donne"))
    (here / "shop.yaml").chmod(0o640)
    (here / "link.yaml").symlink_to(here / "shop.yaml")
    assert main(["--fix", "link.yaml"]) == 0
    assert (here / "shop.yaml").stat().st_mode & 0o777 == 0o640
    assert (here / "link.yaml").is_symlink()
    assert (here / "shop.yaml").read_text("utf-8") == FLOW
    assert sorted(one.name for one in here.iterdir()) == ["link.yaml", "shop.yaml"]


# Splices

TEXTS = st.text(st.sampled_from("ab 🍪é\t\u2028\x85"), max_size=8)


@st.composite
def spliced(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]], list[Edit]]:
    """A text, spans in it that do not touch, with what takes their place, and the edits that say so."""
    lines = draw(st.lists(TEXTS, min_size=1, max_size=6))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    begins = draw(st.sampled_from(["", "\ufeff"]))
    text, spans, edits, at = begins, [], [], 0
    for number, line in enumerate(lines, 1):
        start = len(text)
        cuts = sorted(draw(st.lists(st.integers(0, len(line)), max_size=4, unique=True)))
        for first, last in zip(cuts[::2], cuts[1::2], strict=False):
            new = draw(TEXTS)
            if not spans or start + first > at:
                spans.append((start + first, start + last, new))
                edits.append(Edit(Place("x.yaml", number, first + 1), line[first:last], new))
                at = start + last
        text += line + newline
    return text, spans, edits


@given(spliced(), st.randoms())
def test_every_character_outside_of_the_spans_stays(
    case: tuple[str, list[tuple[int, int, str]], list[Edit]], random: st.Random
) -> None:
    text, spans, edits = case
    mends = [(edit,) for edit in edits]
    random.shuffle(mends)
    new, made = mended(text, mends)
    assert made == len(edits)
    expected, at = [], 0
    for start, end, put_in in spans:
        expected += [text[at:start], put_in]
        at = end
    assert new == "".join([*expected, text[at:]])


def test_of_two_mends_that_touch_the_first_is_made() -> None:
    def edit(line: int, column: int, was: str, text: str) -> Edit:
        return Edit(Place("x", line, column), was, text)

    assert mended("abcdef", [(edit(1, 2, "bc", "X"),), (edit(1, 3, "cd", "Y"),)]) == ("aXdef", 1)
    # A mend is made whole or not at all.
    together = (edit(1, 6, "f", "Z"), edit(1, 3, "c", "Y"))
    assert mended("abcdef", [(edit(1, 2, "bc", "X"),), together]) == ("aXdef", 1)
    assert mended("abcdef", [together]) == ("abYdeZ", 1)
    # What lies outside is no part of the file.
    for outside in (edit(3, 1, "", "X"), edit(1, 9, "", "X"), edit(2, 1, "cdefg", "X"), edit(0, 1, "", "X")):
        assert mended("ab\r\ncd", [(outside,)]) == ("ab\r\ncd", 0)
    # The end of a line is one character, however it is written.
    assert mended("ab\r\ncd", [(edit(1, 2, "b\nc", "-"),)]) == ("a-d", 1)
    assert after(lambda file, line: ("ab", "cd")[line - 1], Place("x", 1, 2), 3) == Place("x", 2, 2)


def test_a_mend_that_does_not_stand_on_what_it_replaces_is_none() -> None:
    wrong = Edit(Place("x", 1, 2), "bd", "X")
    right = Edit(Place("x", 1, 4), "d", "Y")
    assert mended("abcd", [(wrong,), (right,)]) == ("abcY", 1)
    assert mended("abcd", [(right, wrong)]) == ("abcd", 0)
    # What the reader takes for a space, or for the end of a line, stands for itself.
    assert mended("a\x85b\rc", [(Edit(Place("x", 1, 1), "a b\nc", "d"),)]) == ("d", 1)


def test_texts_with_escapes_are_mended_where_they_are_wrong(here: Path) -> None:
    text = FLOW + (
        '  one: "Hi\\n\\n {{ business.name | uper }} z"\n'
        "  two: 'It''s 😀 {{ business.name | uper }} z'\n"
        '  three: "This is the third message {{ business.name }}, right too"\n'
    )
    put(here, shop__yaml=text)
    main(["--fix", "shop.yaml"])
    assert (here / "shop.yaml").read_text("utf-8") == text.replace("uper", "upper")


# Standard input


def piped(text: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    program = Path(sys.executable).with_name("flow-lint")
    return subprocess.run([program, *words, "-"], input=text.encode(), capture_output=True, check=False)


def test_standard_input_is_a_lone_flow(here: Path) -> None:
    done = piped(BROKEN)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(
        b"stdin:6:37: no state 'don'; did you mean 'done'? [unknown_state]\n  6 |     o"
    )
    assert piped(FLOW).returncode == 0


def test_standard_input_has_the_neighbours_of_its_name(here: Path) -> None:
    put(here / "pack", part__yaml="messages:\n  hello: Hello!\n", shop__yaml="never read: [\n")
    text = FLOW.replace("start:", "use: [part.yaml]\nstart:").replace("messages:\n  hello: Hello!\n", "")
    done = piped(text, "--stdin-name", "pack/shop.yaml")
    assert (done.returncode, done.stdout) == (0, b"")
    done = piped(text.replace("reply: hello", "reply: bye"), "--stdin-name=pack/shop.yaml")
    assert done.stdout.startswith(b"pack/shop.yaml:7:24: no message 'bye'")


def test_standard_input_takes_its_place_in_its_pack(here: Path) -> None:
    flow = FLOW.replace("hello: Hello!", 'hello: "Hello! {{ order.number }}"')
    move = "{from: pending, to: confirmed, by: [staff], tell: %s}"
    put(
        here / "shop",
        business__yaml="business: shop\nname: Shop\ncurrency: EUR\ntimezone: Europe/Berlin\n"
        "languages: [en]\nflows: {customer: shop.yaml}\n",
        shop__yaml="never read: [\n",
        workflow__yaml=f"order:\n  start: pending\n  moves:\n    confirm: {move % 'told'}\n",
    )
    text = FLOW + '  told: "Order {{ order.number }}."\n'
    done = piped(text, "--stdin-name", "shop/shop.yaml")
    assert (done.returncode, done.stdout) == (0, b"")
    done = piped(flow, "--stdin-name", "shop/shop.yaml")
    assert done.stdout.startswith(b"shop/shop.yaml:")
    done = piped("messages:\n  new: New!\n", "--stdin-name", "shop/further.yaml")
    assert done.stdout.startswith(b"shop/shop.yaml:")  # what stands on the disk beside it
    put(here / "shop" / "parts", told__yaml="messages: {told: Told!}\n")
    put(here / "shop", shop__yaml=FLOW.replace("start:", "use: parts/told.yaml\nstart:"))
    done = piped("messages: {tlod: Told!}\n", "--stdin-name", "shop/parts/told.yaml")
    assert done.stdout.startswith(b"shop/workflow.yaml:4:64: in the flow of 'customer' there is no")


def test_standard_input_is_mended_to_standard_output(here: Path) -> None:
    text = FLOW.replace("\n", "\r\n").replace("goto: done", "goto: donne")
    done = piped(text, "--fix")
    assert (done.returncode, done.stdout) == (0, FLOW.replace("\n", "\r\n").encode())
    done = piped(text + "  bye: Bye!\r\n", "--fix", "--strict")
    assert (done.returncode, done.stdout.endswith(b"  bye: Bye!\r\n")) == (1, True)
    assert b"[unused_message]" in done.stderr
    assert piped(text, "--diff").stdout.startswith(b"--- stdin\n+++ stdin\n")


# Watching


def test_a_change_is_seen(here: Path) -> None:
    put(here / "shop", shop__yaml=FLOW)
    waits: list[int] = []

    def wait() -> None:
        waits.append(len(waits))
        if len(waits) == 3:
            put(here / "shop", shop__yaml=BROKEN)

    seen = changes(lambda: folders_of(["shop/shop.yaml"], []), wait)
    next(seen)
    assert waits == []
    next(seen)
    assert waits == [0, 1, 2]


def test_what_no_check_reads_is_no_change(here: Path) -> None:
    put(here / "shop", shop__yaml=FLOW)
    written = ["report.log", "shop.yaml.flow-lint", "shop.yaml~", ".shop.yaml.swp", "notes.txt"]
    waits: list[str] = []

    def wait() -> None:
        if not written:
            raise KeyboardInterrupt
        waits.append(written.pop())
        (here / "shop" / waits[-1]).write_text("told\n", "utf-8")

    seen = changes(lambda: folders_of(["shop"], []), wait)
    next(seen)
    with pytest.raises(KeyboardInterrupt):
        next(seen)
    assert len(waits) == 5


def test_the_templates_are_watched_with_their_pack(here: Path) -> None:
    put(here / "flows" / "shop", customer__yaml=FLOW)
    put(here / "templates" / "shop", hello__j2="Hello!")
    assert "templates" in folders_of(["flows"], [])
    assert "templates" in folders_of(["flows/shop"], ["flows/shop/customer.yaml"])


def test_it_looks_again_until_somebody_ends_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here, shop__yaml=BROKEN)
    steps = [
        lambda: put(here, shop__yaml=FLOW),
        lambda: (here / "shop.yaml").unlink(),
        lambda: put(here, shop__yaml=FLOW + "  bye: Bye!\n"),
    ]

    def wait() -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("adapters.flow_lint.watching.pause", wait)
    assert main(["--watch", "shop.yaml"]) == 0
    out, err = capsys.readouterr()
    told = [line for line in out.splitlines() if "[" in line or "well" in line]
    assert [line.split(":")[0] for line in told] == ["shop.yaml", "all is well", "shop.yaml"]
    assert err == "flow-lint: there is no shop.yaml\n"


def test_standard_input_that_is_no_text(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    assert main(["--fix", "-"]) == 1
