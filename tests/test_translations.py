"""Fingerprints of translations: --fix writes them, an original's change is told, a new translation renews."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_flow_lint import BUSINESS, FLOW, here, put

from adapters.commands.lint import main
from engine.lint import lint
from engine.reader import read_flow

__all__ = ["here"]

SPEAKS = FLOW.replace("start:", "languages: [en, ur]\nstart:")
URDU = "messages:\n  hello: سلام\n"


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    capsys.readouterr()
    main([*words, "--format", "concise", "shop.yaml"])
    return [line.rpartition("[")[2].rstrip("]") for line in capsys.readouterr().out.splitlines()]


def test_the_life_of_a_translation(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=SPEAKS, shop__ur__yaml=URDU)
    urdu = here / "shop.ur.yaml"
    # Nobody is bothered before --fix wrote them, but for a shop that people rely on.
    assert found(capsys) == []
    assert found(capsys, "--profile", "production") == ["missing_fingerprint"]
    assert main(["--fix", "shop.yaml"]) == 0
    written = urdu.read_text("utf-8")
    assert written.startswith(URDU)
    assert found(capsys, "--profile", "production") == []
    # The original changes.
    put(here, shop__yaml=SPEAKS.replace("Hello!", "Hello, we are open!"))
    assert found(capsys) == ["stale_translation"]
    assert found(capsys, "--fix") == ["stale_translation"]
    assert urdu.read_text("utf-8") == written
    # The translation follows, and its fingerprint with it.
    urdu.write_text(written.replace("سلام", "سلام، ہم کھلے ہیں"), "utf-8")
    assert found(capsys, "--profile", "production") == ["missing_fingerprint"]
    assert found(capsys, "--fix") == []
    assert found(capsys, "--profile", "production") == []
    # The original changes once more, and the translation is right as it is: its line is deleted.
    put(here, shop__yaml=SPEAKS.replace("Hello!", "Hello, we're open!"))
    assert found(capsys) == ["stale_translation"]
    lines = urdu.read_text("utf-8").splitlines(keepends=True)
    urdu.write_text(
        "".join(line for line in lines if not line.startswith("  hello: ") or "-" not in line), "utf-8"
    )
    assert found(capsys, "--fix") == []
    assert found(capsys, "--profile", "production") == []


FILES = {
    "at the end": ("messages:\n  hello: سلام\n", "messages:\n  hello: سلام\n\n# "),
    "without a last line end": ("messages:\n  hello: سلام", "messages:\n  hello: سلام\n\n# "),
    "with windows' line ends": ("messages:\r\n  hello: سلام\r\n", "messages:\r\n  hello: سلام\r\n\r\n# "),
    "behind the others": (
        "fingerprints:\n    bye: 1f9a93c9-20be980a # old\nmessages: {hello: سلام, bye: خدا حافظ}\n",
        "fingerprints:\n    bye: 1f9a93c9-20be980a # old\n    hello: ",
    ),
    "between braces": (
        "fingerprints: {bye: 00000000-00000000}\nmessages: {hello: سلام, bye: خدا حافظ}\n",
        "fingerprints: {hello: ",
    ),
    "of a file between braces": (
        "{messages: {hello: سلام, bye: خدا حافظ}}\n",
        "{fingerprints: {hello: ",
    ),
    "where all were deleted": (
        "fingerprints:\nmessages: {hello: سلام, bye: خدا حافظ}\n",
        "fingerprints:\n  hello: ",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_where_fingerprints_are_written(here: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    before, begins = FILES[what]
    put(here, shop__yaml=SPEAKS.replace("reply: hello", "reply: [hello, bye]") + "  bye: Bye!\n")
    (here / "shop.ur.yaml").write_bytes(before.encode())
    found(capsys, "--fix")
    written = (here / "shop.ur.yaml").read_bytes().decode()
    assert written.startswith(begins)
    assert ("\r\n" in written) == ("\r\n" in before)
    assert written.replace("\r\n", "").count("\n") == (0 if "\r\n" in before else written.count("\n"))
    again = found(capsys, "--fix")
    assert "missing_fingerprint" not in again
    assert (here / "shop.ur.yaml").read_bytes().decode() == written


def test_a_fingerprint_is_one_of_the_text_as_it_is_mended(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SPEAKS.replace("Hello!", '"Hello {{ business.name | uper }}!"')
    put(here, shop__yaml=text, shop__ur__yaml="messages:\n  hello: سلام {{ business.nme | uper }}\n")
    assert "stale_translation" not in found(capsys, "--fix")
    assert "uper " not in (here / "shop.yaml").read_text("utf-8")
    assert "fingerprints:" in (here / "shop.ur.yaml").read_text("utf-8")
    assert found(capsys, "--profile", "production") == found(capsys)


def test_what_is_not_written_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=SPEAKS, shop__ur__yaml="  messages:\n    hello: سلام\n")
    main(["--profile", "production", "shop.yaml"])
    assert "write below `fingerprints`: hello: " in capsys.readouterr().out


def test_a_template_is_stale_like_any_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = put(
        here / "flows" / "shop",
        business__yaml=BUSINESS.replace("[en]", "[en, ur]"),
        customer__yaml=FLOW.replace("Hello!", "{template: shop/hello.j2}"),
        customer__ur__yaml="words: {}\n",
    )
    texts = put(here / "templates" / "shop", hello__j2="Hello!\n", hello__ur__j2="سلام\n")
    assert main(["--fix"]) == 0
    assert "fingerprints:\n  hello: " in (pack / "customer.ur.yaml").read_text("utf-8")
    put(texts, hello__j2="Hello!   \n\n")
    assert main(["--strict"]) == 0
    put(texts, hello__j2="Hello, you!\n")
    assert main(["--strict"]) == 1
    assert "[stale_translation]" in capsys.readouterr().out
    put(texts, hello__ur__j2="سلام آپ کو\n")
    assert main(["--strict"]) == 0


def test_a_fingerprint_of_nothing_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, shop__yaml=SPEAKS, shop__ur__yaml=URDU + "fingerprints: {helo: 00000000-00000000, hello: x}\n")
    assert sorted(found(capsys)) == ["schema", "unknown_message"]


def test_a_translation_is_stale_where_an_included_template_has_changed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        here / "flows" / "shop",
        business__yaml=BUSINESS.replace("[en]", "[en, ur]"),
        customer__yaml=FLOW.replace("Hello!", "{template: shop/hello.j2}"),
        customer__ur__yaml="words: {}\n",
    )
    texts = put(
        here / "templates" / "shop",
        hello__j2="Hello! {% include 'shop/hours.j2' %} {% include 'shop/sign.j2' %}\n",
        hello__ur__j2="سلام {% include 'shop/hours.j2' %} {% include 'shop/sign.j2' %}\n",
        hours__j2="We open at eight.\n",
        hours__ur__j2="آٹھ بجے\n",
        sign__j2="Your shop\n",
    )
    assert main(["--fix"]) == 0
    assert main(["--strict"]) == 0
    # What both languages include is no translation of anything.
    put(texts, sign__j2="Our shop\n")
    assert main(["--strict", "--profile", "production", "--ignore", "shown_otherwise"]) == 0
    put(texts, hours__j2="We open at nine.\n")
    capsys.readouterr()
    assert main(["--strict"]) == 1
    assert "[stale_translation]" in capsys.readouterr().out
    put(texts, hours__ur__j2="نو بجے\n")
    assert main(["--fix"]) == 0
    assert main(["--strict"]) == 0


LINES = "{% for line in cart.lines %}{{ line.quantity }} {{ line.product.name }} {% endfor %}"
LOOPS = {
    "the same under another name": (
        LINES,
        "{% for one in cart.lines %}{{ one.product.name }} ({{ one.quantity }}) {% endfor %}",
        [],
    ),
    "less of each line": (
        LINES,
        "{% for one in cart.lines %}{{ one.product.name }} {% endfor %}",
        ["this translation drops 'line.quantity' of the loop, which the text itself has"],
    ),
    "more of each line": (
        LINES,
        "{% for one in cart.lines %}{{ one.quantity }} {{ one.product.name }} {{ one.total }} {% endfor %}",
        ["this translation adds 'one.total' in the loop, which the text itself has not"],
    ),
    "in another order, and filtered": (
        LINES,
        "{% for one in cart.lines | reverse %}{{ one.quantity }} {{ one.product.name }} {% endfor %}",
        [],
    ),
    "without a loop": (LINES, "{{ cart.lines | map(attribute='product.name') | join(', ') }}", []),
    "a plural that one language has": (
        "{% for l in cart.lines %}{{ l.product.name }}{% if l.quantity > 1 %}s{% endif %} {% endfor %}",
        "{% for line in cart.lines %}{{ line.product.name }} {% endfor %}",
        [],
    ),
    "said where the text only asks": (
        "{% for l in cart.lines %}{{ l.product.name }}{% if l.quantity > 1 %}s{% endif %} {% endfor %}",
        "{% for line in cart.lines %}{{ line.product.name }} {{ line.quantity }} {% endfor %}",
        [],
    ),
    "a line that is handed on": (
        LINES,
        "{% for one in cart.lines %}{% set it = one %}{{ it.quantity }} {{ it.product.name }} {% endfor %}",
        [],
    ),
    "a loop in a loop": (
        "{% for one in orders.all %}{% for line in one.lines %}{{ line.quantity }} {% endfor %}{% endfor %}",
        "{% for one in orders.all %}{% for line in one.lines %}x {% endfor %}{% endfor %}",
        ["this translation drops 'line.quantity' of the loop, which the text itself has"],
    ),
}


@pytest.mark.parametrize("what", LOOPS)
def test_what_a_translation_says_of_the_lines_of_a_loop(what: str) -> None:
    own, other, said = LOOPS[what]
    files = {
        "shop.yaml": SPEAKS.replace("Hello!", f'"{own}"'),
        "shop.ur.yaml": f'messages:\n  hello: "{other}"\n',
    }
    problems = lint(read_flow(files, "shop.yaml", {}))
    assert [one.message for one in problems if one.rule == "different_variables"] == said


HALVES = {
    "a header and a footer": ("{text: Hi, header: Head, footer: Foot}", "{text: ہائے}", ["header", "footer"]),
    "a footer": (
        "{text: Hi, header: Head, footer: Foot}",
        "{text: ہائے, header: سر}",
        ["footer"],
    ),
    "a header that is a name put in": ('{text: Hi, header: "{{ business.name }} *"}', "ہائے", []),
    "the button of a list": (
        "{text: Hi, list: {button: Choose, rows: [order]}}",
        "ہائے",
        ["button of the list"],
    ),
    "nothing at all": ("{text: Hi, header: Head}", "", ["message"]),
}


@pytest.mark.parametrize("what", HALVES)
def test_a_message_of_which_only_a_part_is_translated(what: str) -> None:
    own, other, missing = HALVES[what]
    files = {
        "shop.yaml": SPEAKS.replace("Hello!", own) + "  other: x\ncommands: {order: {reply: other}}\n",
        "shop.ur.yaml": "messages:\n  other: y\n" + (f"  hello: {other}\n" if other else ""),
    }
    problems = [one for one in lint(read_flow(files, "shop.yaml", {})) if one.rule == "missing_translation"]
    told = [
        one.message.partition("the ")[2].partition(" of 'hello'")[0].partition(" '")[0] for one in problems
    ]
    assert sorted(told) == sorted(missing), problems
    assert all(one.place.line == (3 if other else 1) for one in problems)
