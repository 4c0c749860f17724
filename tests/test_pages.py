"""Every example on every page is tried: its files are linted, its commands run, its conversations played."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tzlocal
from jsonschema import Draft202012Validator
from page_case import ROOT, Block, Server, Terminal, WrongPage, blocks_of, do, give_pack, named_by

from adapters.reference_pages import pages, pictures
from engine.actions import ACTIONS
from engine.declarations import Action, Validator
from engine.reader.yaml_text import read_yaml
from engine.schema import KINDS, schema_of
from engine.validators import VALIDATORS

DOCUMENTS = {
    **{name: (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md")},
    **{
        str(file.relative_to(ROOT / "docs")): file.read_text("utf-8")
        for file in (ROOT / "docs").rglob("*.md")
    },
    **pages(),
}
"""The Markdown of every page: those that are written, and those that are generated."""

OTHERWISE_TRIED = {
    ("README.md", "text"): "test_conversations.py plays it",
    ("README.md", "yaml"): "a part of a flow",
    ("language.md", "yaml"): "parts of a flow",
    ("deployment.md", "sh"): "what an administrator does as root; test_deploy.py looks at its parts",
    ("deployment.md", "yaml"): "a part of a deployment",
}
"""Blocks that are not played: page and kind, and why."""

BLOCKS = [block for name, text in DOCUMENTS.items() for block in blocks_of(name, text)]


def shown(blocks: list[Block]) -> list[Block]:
    """The blocks that are played."""
    return [block for block in blocks if (block.page, block.kind) not in OTHERWISE_TRIED]


def blocks_up_to(name: str) -> list[Block]:
    """The blocks that make a page: those of the pages that it continues, then its own."""
    before = named_by(DOCUMENTS[name], "continues")
    earlier = blocks_up_to((Path(name).parent / before).as_posix()) if before else []
    return [*earlier, *blocks_of(name, DOCUMENTS[name])]


@pytest.mark.parametrize("name", sorted({block.page for block in shown(BLOCKS)}))
def test_a_page_shows_what_is_so(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_for_a_reader(tmp_path, monkeypatch)
    play_page(name, tmp_path)
    assert findings_here() == [], f"{name} leaves its reader with findings"
    for picture, drawn in pictures().items():
        if f"({Path(picture).name})" in DOCUMENTS[name]:
            assert (tmp_path / Path(picture).name).read_text("utf-8") == drawn


@pytest.fixture(autouse=True)
def own_time_zone_again() -> Iterator[None]:
    """Set up before `monkeypatch`, it ends after that: what the tests behind these ones read is their own."""
    yield
    tzlocal.reload_localzone()


def as_for_a_reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of the usual width, in an empty folder, with nothing set."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    tzlocal.reload_localzone()  # a process reads it once, and other commands ran in this one
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def findings_here() -> list[str]:
    """What flow-lint says of the current folder."""
    return Terminal([]).run(Block("", 0, "console", "", "", is_compared=False), "flow-lint")


def play_page(name: str, folder: Path) -> None:
    if pack := named_by(DOCUMENTS[name], "begins with"):
        give_pack(pack, folder)
    play(shown(blocks_up_to(name)), folder)


def play(blocks: list[Block], folder: Path) -> None:
    server = Server()
    try:
        for block in blocks:
            do(block, folder, server)
    finally:
        server.stop()


@pytest.mark.parametrize("kind", OTHERWISE_TRIED, ids="-".join)
def test_every_exception_is_needed(kind: tuple[str, str]) -> None:
    assert kind in {(block.page, block.kind) for block in BLOCKS}


PARTS = schema_of("flow")["$defs"]
FORMS = {
    **{kind: schema_of(kind) for kind in KINDS},
    **{f"a part of {kind}": {**schema_of(kind), "required": []} for kind in KINDS},
    **{name: {"$ref": f"#/$defs/{name}", "$defs": PARTS} for name in PARTS},
    **{
        f"{name} by its name": {"additionalProperties": {"$ref": f"#/$defs/{name}"}, "$defs": PARTS}
        for name in PARTS
    },
}
"""What a part of a pack can be."""


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.kind == "yaml" and block.page in ("README.md", "language.md")],
    ids=lambda block: block.where,
)
def test_a_part_of_a_flow_is_in_the_language(block: Block) -> None:
    document, problems = read_yaml(block.text, block.where)
    assert problems == []
    assert [name for name, form in FORMS.items() if Draft202012Validator(form).is_valid(document)]


@pytest.mark.parametrize("declared", [*ACTIONS.values(), *VALIDATORS.values()], ids=lambda one: one.name)
def test_an_example_shows_its_word_at_work(declared: Action | Validator) -> None:
    """Its flow has the word, and every answer that the word may call for is heard or at least written."""
    folder = "actions" if isinstance(declared, Action) else "validators"
    page = pages()[f"{folder}/{declared.name}.md"]
    assert re.search(rf"\b{declared.name}\b", declared.example.flow)
    assert all(f"{code}:" in declared.example.flow for code in getattr(declared, "fails", ()))
    assert "broke inside" not in page
    refusal = re.search(r"else: (\w+)", declared.example.flow)
    if isinstance(declared, Validator):
        assert refusal is not None
        (text,) = re.findall(rf"^  {refusal[1]}: \"?([\w ]+)", declared.example.flow, re.MULTILINE)
        assert page.count(text) == 2, "the example shows a refusal"


PAGE = """\
```yaml title="flows/shop/business.yaml"
business: shop
name: Shop
currency: EUR
timezone: Europe/Berlin
languages: [en]
flows: {customer: customer.yaml}
```

```yaml title="flows/shop/customer.yaml"
flow: customer
start: initial
states:
  initial:
    otherwise: {reply: hello, goto: done}
  done: {final: true}
otherwise: hello
messages:
  hello: Hello!
```

```yaml title="flows/shop/conversations/hello.yaml"
conversation: Somebody says hello
says: [hi]
```

```text title="flows/shop/conversations/hello.txt"
…
    Hello!

[done]
…
stock:
    as before
```

```console
$ shoptalk chat flows/shop
Shop. Say hi; /help tells what else can be done here.

> hi
Hello!

> /state
done
$ flow-lint
```

```diff title="flows/shop/customer.yaml"
 messages:
-  hello: Hello!
+  hello: Hello.
```

<!-- as it stands -->
```yaml title="flows/shop/customer.yaml"
…
  hello: Hello.
```
"""

DAMAGE = {
    "a text of the flow": ("  hello: Hello!\n```", "  hello: Good day!\n```"),
    "a line that is not said": ("    Hello!\n", "    Hello there!\n"),
    "a state in which nobody is": ("[done]", "[initial]"),
    "a line too many at the end": ("as before\n", "as before\nand so on\n"),
    "a line that the terminal does not print": ("> hi\nHello!", "> hi\nHello?"),
    "what is typed": ("> /state", "> /cart"),
    "a finding that there is none": ("$ flow-lint\n", "$ flow-lint\n1 problem\n"),
    "a finding that is not shown": ("otherwise: hello\n", "otherwise: helo\n"),
    "a command that there is not": ("shoptalk chat", "shoptalk talk"),
    "a change of what does not stand there": ("-  hello: Hello!", "-  hello: Hullo!"),
    "a file that is not so": ("…\n  hello: Hello.", "…\n  hello: Hello!"),
    "a block without a title": ('```yaml title="flows/shop/conversations/hello.yaml"', "```yaml"),
}
"""What somebody may change in that page without changing the product, or the other way round."""


def play_text(markdown: str, folder: Path) -> None:
    play(blocks_of("page.md", markdown), folder)


def test_a_page_that_is_right_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_for_a_reader(tmp_path, monkeypatch)
    play_text(PAGE, tmp_path)


@pytest.mark.parametrize("what", DAMAGE)
def test_a_page_that_is_no_longer_right_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_for_a_reader(tmp_path, monkeypatch)
    before, after = DAMAGE[what]
    assert PAGE.count(before) == 1
    with pytest.raises(WrongPage):
        play_text(PAGE.replace(before, after), tmp_path)


def test_a_product_that_says_something_else_makes_pages_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_for_a_reader(tmp_path, monkeypatch)
    monkeypatch.setattr("adapters.commands.chat.PROMPT", "? ")
    with pytest.raises(WrongPage):
        play_text(PAGE, tmp_path)


def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    for page in tmp_path.rglob("*.html"):
        text = page.read_text("utf-8")
        fetched = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(?:https?:)?//[^>]*>", text)
        fetched += re.findall(
            r"<link\b[^>]*\brel=\"?(?:stylesheet|preconnect|icon)[^>]*href=\"?(?:https?:)?//[^>]*>", text
        )
        assert fetched == [], page
