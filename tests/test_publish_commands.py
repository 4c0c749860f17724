"""Publishes, lists, compares and takes back with the commands, in a folder with a shop in it."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from live_server import FILES
from processes import make_shop

from adapters import cli
from adapters.commands import lint
from adapters.settings import Settings
from adapters.storage import open_storage
from adapters.wiring import load_packs, make_site
from engine.message import Inbound
from engine.pack import Pack
from engine.publishing.differences import differences
from engine.reader import read_pack

FLOW = FILES["customer.yaml"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_shop(tmp_path)
    for name in ("DATABASE_URL", "SHOPTALK_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


class Called:
    """Calls `shoptalk` in this process: what it printed, and its code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        self.monkeypatch.setattr("sys.argv", ["shoptalk", *words])
        code = cli._shoptalk()
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Called:
    return Called(monkeypatch, capsys)


def write(shop: Path, *edits: tuple[str, str]) -> None:
    flow = FLOW
    for old, new in edits:
        assert old in flow, old
        flow = flow.replace(old, new)
    (shop / "flows" / "corner_shop" / "customer.yaml").write_text(flow, encoding="utf-8")


def test_a_pack_is_published_compared_listed_and_taken_back(shop: Path, call: Called) -> None:
    assert call("versions") == (2, "There is no shoptalk.db here: `shoptalk serve` makes it.\n")
    code, said = call("publish", "flows/corner_shop")
    assert (code, said.splitlines()[0]) == (
        0,
        "Corner Shop: version 1 is in force; every process follows within a few seconds.",
    )
    assert call("publish")[1] == "Corner Shop: this is version 1, which is in force already.\n"
    assert call("diff") == (0, "Both do and say the same.\n")
    write(shop, ("words: [buy]", "words: [order]"))
    assert call("diff") == (
        1,
        'shopping: command `buy` lost the word "buy"\nshopping: command `buy` gained the word "order"\n',
    )
    assert "a new version would be published" in call("publish", "--dry-run")[1]
    assert "version 2 is in force" in call("publish")[1]
    assert call("diff", "1", "2")[0] == 1
    assert call("diff", "2", "flows/corner_shop") == (0, "Both do and say the same.\n")
    assert "version 1 would be published" in call("rollback", "corner_shop", "--dry-run")[1]
    assert "version 1 is in force" in call("rollback", "corner_shop")[1]
    code, listed = call("versions", "flows/corner_shop")
    assert code == 0
    lines = listed.splitlines()
    assert lines[0] == "corner_shop"
    assert re.fullmatch(r"     1  20\S+ \S+ UTC  .* 0 conversations .*  in force", lines[1])
    assert re.fullmatch(r"     2  20\S+ \S+ UTC  .* 0 conversations +[0-9a-f]{8}", lines[2])


LOOKING = [
    ("versions",),
    ("diff",),
    ("diff", "1", "flows/corner_shop"),
    ("publish", "--dry-run"),
    ("rollback", "corner_shop", "--dry-run"),
    ("explain", "19990001111"),
    ("why",),
    ("failed",),
    ("record", "19990001111"),
    ("graph", "flows/corner_shop", "--live"),
]


@pytest.mark.parametrize("words", LOOKING)
def test_what_only_looks_makes_and_changes_no_database(
    shop: Path, call: Called, words: tuple[str, ...]
) -> None:
    code, said = call(*words)
    assert (code, "There is no shoptalk.db here: `shoptalk serve` makes it." in said) == (2, True), said
    file = shop / "shoptalk.db"
    assert not file.exists()
    # Nor does it touch one that another version of Shoptalk made, whose processes may still run.
    file.touch()
    code, said = call(*words)
    assert (code, "`shoptalk serve` brings it up to date" in said) == (2, True), said
    with closing(open_storage("sqlite:///shoptalk.db")) as storage:
        assert len(storage.pending()) > 1


@pytest.mark.parametrize("url", ["sqlite:///nope.db", "sqlite:///no/such/nope.db", "sqlite:///flows"])
def test_flow_lint_makes_no_database(shop: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.main(["flows", "--live", url]) == 2
    assert f"--live: there is no {url.removeprefix('sqlite:///')}" in capsys.readouterr().err
    assert not list(shop.rglob("nope.db"))


def test_a_pack_with_findings_is_not_published(shop: Path, call: Called) -> None:
    write(shop, ("goto: shopping", "goto: shoping"))
    code, said = call("publish")
    assert code == 1
    assert "[unknown_state]" in said
    assert said.endswith("Nothing was published: what answers now goes on.\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rollback", "corner_shop"), 1, "There is no version of corner_shop before the one in force."),
        (("rollback", "corner_shop", "9"), 1, "There is no version 9 of corner_shop; there are: 1."),
        (("versions", "bakery"), 1, "Nothing was published of bakery: `shoptalk publish` does."),
        (("diff", "elsewhere"), 2, "elsewhere is no pack: a pack is a folder with a business.yaml."),
        (("diff", "1", "9"), 2, "There is no version 9 of corner_shop: see `shoptalk versions`."),
        (("diff", "1", "--business", "bakery"), 2, "The pack of bakery is not in flows: name it."),
    ],
)
def test_what_cannot_be_done_is_said(
    shop: Path, call: Called, words: tuple[str, ...], code: int, said: str
) -> None:
    call("publish")
    assert call(*words) == (code, said + "\n")


def pack_of(**files: str) -> Pack:
    named = {**FILES, **{name.replace("__", "."): text for name, text in files.items()}}
    pack = read_pack(named, "flows/corner_shop", {}).pack
    assert pack is not None
    return pack


def changed(file: str, old: str, new: str) -> Pack:
    assert old in FILES[file], old
    return pack_of(**{file.replace(".", "__"): FILES[file].replace(old, new)})


NAMED = FLOW.replace(
    "  over: {final: true}",
    """  naming:
    ask: welcome
    input: {save: name, validate: [{length: {min: 2}, else: no_such}], goto: over}
  over: {final: true}
slots: {name: text}""",
)

DIFFERENCES: dict[str, tuple[Any, Any, list[str]]] = {
    "a timer": (
        None,
        ("customer.yaml", "wait: 10 minutes", "wait: 5 minutes"),
        [
            "shopping: the answer to a silence of 10 minutes was removed",
            "shopping: the answer to a silence of 5 minutes was added",
        ],
    ),
    "a price": (
        None,
        ("catalog.yaml", "price: 20.00", "price: 22.50"),
        ["Tea: the price was 20.00, is 22.50"],
    ),
    "a stock": (None, ("catalog.yaml", ", stock: 100", ""), ["Tea: the first stock was 100, is not counted"]),
    "a product": (
        None,
        ("catalog.yaml", "  - {number: 2, code: last_cup, name: The Last Cup, price: 99.50, stock: 1}\n", ""),
        ["product The Last Cup (last_cup) was removed"],
    ),
    "a text": (
        None,
        ("customer.yaml", "Still there?", "Are you there?"),
        ['the text of still_there was "Still there?", is "Are you there?"'],
    ),
    "a longer text": (
        None,
        ("customer.yaml", "Total: {{ cart.total | money }}", "Sum: {{ cart.total | money }}"),
        [
            "the text of cart changed:\n    - {% endfor %}Total: {{ cart.total | money }}\n"
            "    + {% endfor %}Sum: {{ cart.total | money }}"
        ],
    ),
    "a button": (
        None,
        ("customer.yaml", "buttons: [cart, buy]", "buttons: [cart]"),
        ["what_to_do: the buttons were cart, buy, are cart"],
    ),
    "a destination": (
        None,
        ("customer.yaml", "reply: bought, goto: over", "reply: bought, goto: initial"),
        ["shopping: command `buy`: where it goes was over, is initial"],
    ),
    "a state": (
        FLOW,
        NAMED,
        ["slot name (text) was added", "state naming was added"],
    ),
    "a validator": (
        NAMED,
        NAMED.replace("min: 2", "min: 3"),
        ["naming: the shortest name was 2, is 3"],
    ),
    "a validator's setting": (
        NAMED.replace("min: 2", 'min: "{{ settings.shortest }}"') + "settings: {shortest: 2}\n",
        NAMED.replace("min: 2", 'min: "{{ settings.shortest }}"') + "settings: {shortest: 3}\n",
        ["setting shortest was 2, is 3", "naming: the shortest name was 2, is 3"],
    ),
    "a type": (NAMED, NAMED.replace("name: text", "name: word"), ["slot name was text, is word"]),
    "a moved state": (
        NAMED,
        NAMED.replace("  naming:", "  calling:") + "moved: {naming: calling}\n",
        ["state naming was removed; talks there go on in calling", "state calling was added"],
    ),
    "nothing but a comment": (None, ("customer.yaml", "states:\n", "# a comment\nstates:\n"), []),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_difference_is_told_in_words_of_the_flow(case: str) -> None:
    old, new, told = DIFFERENCES[case]
    before = pack_of(customer__yaml=old) if old else pack_of()
    after = changed(*new) if isinstance(new, tuple) else pack_of(customer__yaml=new)
    found = differences(before, after)
    assert found == told
    assert differences(after, after) == []


def test_another_business_is_told() -> None:
    pack = pack_of()
    other = pack._replace(business=pack.business.replaced(name="Tea House"))
    assert differences(pack, other) == ['the business: `name` was "Corner Shop", is "Tea House"']


def test_flow_lint_finds_who_would_be_left_behind(
    shop: Path, call: Called, capsys: pytest.CaptureFixture[str]
) -> None:
    call("publish")
    url = f"sqlite:///{shop}/shoptalk.db"
    pack = load_packs([shop / "flows"])["corner_shop"]
    with closing(open_storage(url)) as storage:
        site = make_site(Settings(url), {"corner_shop": pack}, storage, threads=0)
        for sender in ("19990001111", "19990002222"):
            said = Inbound(
                "text", "hi", id=f"in.{sender}", sender=sender, channel="corner_shop", sent_at=site.now()
            )
            storage.accept("simulator", [said], site.now())
            site.jobs.take_turns(
                storage.start_conversation("corner_shop", ("simulator", "corner_shop"), sender, site.now())
            )
    assert lint.main(["flows", "--live", url]) == 0
    write(shop, ("shopping", "buying"))
    assert lint.main(["flows", "--live", url]) == 0  # a warning
    told = capsys.readouterr().out
    assert (
        "flows/corner_shop/customer.yaml:2:1: warning: 2 conversations in shopping stay on version 1 "
        "until that is over: its state is gone, and `moved` does not say where to [left_behind]" in told
    )
    assert lint.main(["flows", "--live", url, "--strict"]) == 1
    assert lint.main(["flows", "--live", url, "--format", "sarif"]) == 0
    capsys.readouterr()
    write(shop, ("shopping", "buying"), ("start: initial", "start: initial\nmoved: {shopping: buying}"))
    assert lint.main(["flows", "--live", url, "--strict"]) == 0
    assert call("publish", "--dry-run")[1].splitlines()[1] == ("  shopping: 2 conversations go on in buying")
    assert lint.main(["flows", "--live", "mysql://x"]) == 2
    assert lint.main(["flows", "--live", f"sqlite:///{shop}/empty.db"]) == 2
