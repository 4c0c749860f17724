"""Fingerprints of translations: --fix writes them, an original's change is told, a new translation renews."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_flow_lint import BUSINESS, FLOW, here, put

from adapters.commands.lint import main

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
