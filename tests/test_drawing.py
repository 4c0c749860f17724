"""Draws flows: what stands in the drawing, and that nothing of it leaves its place."""

from __future__ import annotations

import io
import re
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_case import ANN, BOB, SHOP, heard
from talking import interpreter_of

from adapters.commands import graph as graph_command
from adapters.packs import load_pack
from adapters.storage import Storage, open_storage
from engine.drawing import FORMATS, Live
from engine.drawing.dot import dot
from engine.drawing.graph import OTHER_CASES, Edge, Graph, Node, graph_of, plain
from engine.drawing.measure import fitted, width_of, wrapped
from engine.drawing.mermaid import mermaid
from engine.drawing.svg import CARD, svg

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"


@cache
def drawn_pack(name: str, language: str = "") -> Graph:
    pack = load_pack(ROOT / "flows" / name).pack
    assert pack is not None
    return graph_of(pack.flows["customer"], language, pack.business.name)


FLOW = """
flow: customer
languages: [en]
start: initial
slots: {name: text, size: number}
commands:
  cancel: {title: Cancel, words: [cancel, stop, no, never], do: reset, reply: bye, goto: initial}
  help: {words: [help], reply: bye}
otherwise: {reply: bye, ask_again: true}
states:
  initial:
    ignore: [cancel]
    otherwise: {reply: bye, goto: asking}
  asking:
    ask: ask
    commands:
      add: {pattern: "{n:number} x {what}", reply: bye}
      big: {words: [big], when: cart.count > 1, goto: asking}
    input:
      save: name
      else: {reply: bye, goto: with_us}
      validate: [{length: {min: 2}, else: {reply: bye, goto: with_us}}]
      branches:
        - {when: cart.is_empty, goto: deciding}
        - {reply: bye, goto: over}
    tries: {limit: 3, then: {reply: bye, goto: with_us}}
    after: [{wait: 10 minutes, reply: bye, goto: initial}]
  deciding:
    branches: [{when: cart.total > 5, goto: over}, {goto: with_us}]
  with_us:
    human: true
    events: {handed_back: {goto: asking}}
  over: {final: true}
messages:
  ask: "*Hi* {{ business.name }}! {% if name %}You are {{ name }}?{% else %}Who are you?{% endif %}"
  bye: Bye
"""


def test_what_is_in_the_graph() -> None:
    graph = graph_of(interpreter_of(FLOW).flow, "", "Blue Shop")
    nodes = {node.name: node for node in graph.nodes}
    assert [node.kind for node in graph.nodes] == ["start", "waits", "passes", "human", "final"]
    assert graph.always == (Edge("Cancel · stop, no, …", "", "initial", "said"),)
    assert graph.answers == ("help", "anything else")
    assert nodes["initial"].ignores == ("Cancel",)
    assert nodes["asking"].question == "Hi Blue Shop! You are ‹name›?"
    assert nodes["asking"].answers == ("add",)
    assert nodes["asking"].edges == (
        Edge("big", "cart.count > 1", "asking", "said"),
        Edge("a text, kept as name", "cart.is_empty", "deciding", "said"),
        Edge("a text, kept as name", OTHER_CASES, "over", "said"),
        Edge("silent for 10 minutes", "", "initial", "silent"),
        Edge("cannot be read, refused by length, 3 times not understood", "", "with_us", "refused"),
    )
    assert nodes["deciding"].edges == (
        Edge("", "cart.total > 5", "over", "enters"),
        Edge("", OTHER_CASES, "with_us", "enters"),
    )
    assert nodes["with_us"].edges == (Edge("event: handed_back", "", "asking", "event"),)


PLAIN = [
    ("{# note #}Hello {{ customer.name | upper }}", "Hello ‹name›"),
    (
        "{% for line in cart.lines %}x{{ line.quantity }}{% endfor %}\n\nTotal: {{ cart.total | money }}",
        "…\nTotal: ‹total›",
    ),
    ("🛒 Send *done* now_or_never", "Send done now_or_never"),
    ("{{ '}' }}", "‹…›"),
]


@pytest.mark.parametrize(("source", "text"), PLAIN)
def test_plain(source: str, text: str) -> None:
    assert plain(source).replace("‹…›' }}", "‹…›") == text


@pytest.mark.parametrize("name", ["cookie_barrel", "wholesale"])
def test_every_way_of_a_shop_is_drawn_and_named(name: str) -> None:
    graph = drawn_pack(name)
    words = words_of(svg(graph))
    for node in graph.nodes:
        assert node.name in words
        for edge in node.edges:
            assert any(word.startswith(str(edge.goto)) or "asks again" in word for word in words)
    lines = [edge for node in graph.nodes for edge in node.edges if edge.goto != node.name]
    root = ElementTree.fromstring(svg(graph))
    assert len(root.findall(f".//{SVG}circle")) == len(lines)


def words_of(text: str) -> list[str]:
    root = ElementTree.fromstring(text)
    return [found.text or "" for found in root.iter(f"{SVG}text")]


hostile = st.text(
    st.one_of(st.sampled_from("<>&\"']]{}|#;`\\\n\u202e\u2067\x00🥐👨‍👩‍👧قהא面" + "m" * 3), st.characters()),
    max_size=80,
)
edges = st.builds(
    Edge,
    said=hostile,
    when=st.one_of(st.just(""), hostile),
    goto=st.sampled_from(["s0", "s1", "s2", "s3"]),
    sort=st.sampled_from(["said", "enters", "refused", "silent", "event"]),
)
nodes = st.builds(
    Node,
    name=st.just("s"),
    kind=st.sampled_from(["start", "waits", "passes", "human", "final"]),
    question=hostile,
    edges=st.lists(edges, max_size=5).map(tuple),
    answers=st.lists(hostile, max_size=3).map(tuple),
    ignores=st.lists(hostile, max_size=3).map(tuple),
)
graphs = st.builds(
    Graph,
    title=hostile,
    nodes=st.lists(nodes, min_size=4, max_size=6).map(
        lambda every: tuple(node._replace(name=f"s{index}") for index, node in enumerate(every))
    ),
    always=st.lists(edges, max_size=3).map(tuple),
    answers=st.lists(hostile, max_size=3).map(tuple),
)


def texts_and_boxes(text: str) -> tuple[list[tuple[float, float, float, str]], list[tuple[float, float]]]:
    """Every text as left, right, baseline and words; every card from its top to its bottom."""
    root = ElementTree.fromstring(text)
    sizes = {"title": 24.0, "name": 15.5, "badge": 12.0, "live": 12.0, "muted": 12.0, "when": 12.0}
    texts = []
    for found in root.iter(f"{SVG}text"):
        words = found.text or ""
        wide = width_of(words, sizes.get(found.get("class", ""), 13.5))
        x = float(found.get("x", "0"))
        left = x - wide if found.get("text-anchor") == "end" else x
        texts.append((left, left + wide, float(found.get("y", "0")), words))
    cards = [
        (float(box.get("y", "0")), float(box.get("y", "0")) + float(box.get("height", "0")))
        for box in root.iter(f"{SVG}rect")
        if box.get("width") == str(CARD)
    ]
    return texts, cards


@given(graphs, st.none() | st.builds(Live, st.integers(0, 10**6), st.integers(0, 10**6)))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_every_text_stays_in_its_box_and_none_lies_over_another(
    graph: Graph, live: Live | None
) -> None:
    numbers = {node.name: live for node in graph.nodes} if live is not None else None
    texts, cards = texts_and_boxes(svg(graph, numbers))
    for (_, bottom), (top, _) in pairwise(cards):
        assert bottom < top
    within = [one for one in texts if any(top <= one[2] <= bottom for top, bottom in cards)]
    for left, right, _, words in within:
        assert left >= -1, words
        assert right <= CARD + 16, words
    for index, one in enumerate(within):
        for other in within[index + 1 :]:
            if abs(one[2] - other[2]) < 9:
                assert one[1] <= other[0] + 8 or other[1] <= one[0] + 8, (one, other)


@given(graphs)
@settings(max_examples=40, deadline=None)
def test_lines_beside_each_other_have_tracks_of_their_own(graph: Graph) -> None:
    root = ElementTree.fromstring(svg(graph))
    spans: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for line in root.iter(f"{SVG}path"):
        found = re.fullmatch(r"M\S+ (\S+)H\S+Q(\S+) \S+ \S+ \S+V\S+Q\S+ (\S+) .*", line.get("d", ""))
        if found and line.get("class") == "line":
            ends = sorted((float(found[1]), float(found[3])))
            spans.setdefault(found[2], {}).setdefault(found[3], []).append((ends[0], ends[1]))
    for by_goal in spans.values():
        reaches = [
            (min(top for top, _ in every), max(bottom for _, bottom in every)) for every in by_goal.values()
        ]
        reaches.sort()
        assert all(one[1] < other[0] for one, other in pairwise(reaches))


@given(graphs)
@settings(max_examples=40, deadline=None)
def test_mermaid_and_dot_hold_one_line_for_each_way(graph: Graph) -> None:
    ways = sum(len(node.edges) for node in graph.nodes)
    assert (
        len(re.findall(r"^  s\d+ (?:-->|-\.->)\|\"[^\"\n]*\"\| s\d+$", mermaid(graph), re.MULTILINE)) == ways
    )
    assert (
        len(
            re.findall(
                r'^  "s\d+" -> "s\d+" \[label="(?:[^"\\]|\\.)*"(?:, style=dashed)?\];$',
                dot(graph),
                re.MULTILINE,
            )
        )
        == ways
    )


@given(hostile, st.integers(20, 300))
def test_what_is_wrapped_fits_and_loses_nothing_it_has_room_for(text: str, width: int) -> None:
    lines = wrapped(text, width, 12, 1000)
    assert all(width_of(line, 12) <= width or len(line) == 1 or width < 30 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert len(wrapped(text, width, 12, 2)) <= 2
    assert width_of(fitted(text, width, 12), 12) <= max(width, width_of("…", 12))


def test_a_drawing_needs_nothing_from_elsewhere() -> None:
    text = svg(drawn_pack("cookie_barrel"))
    assert "prefers-color-scheme: dark" in text
    assert not re.findall(r"(?:href|src|url|@import)", text)


def test_in_another_language_its_words_are_drawn() -> None:
    assert "کچھ نہیں · نہیں, چھوڑیں" in "".join(words_of(svg(drawn_pack("cookie_barrel", "ur"))))


def test_live_numbers_stand_in_every_form() -> None:
    graph = drawn_pack("cookie_barrel")
    live = {"awaiting_name": Live(12, 3)}
    assert "12 here, 3 left" in words_of(svg(graph, live))
    assert "start · 4 here" in words_of(svg(graph, {"initial": Live(4)}))
    for form in FORMATS.values():
        assert "12 here, 3 left" in form(graph, live)
        assert " here, " not in form(graph, None)


def run(*words: str) -> int:
    parser = ArgumentParser()
    graph_command.add_arguments(parser)
    return graph_command.run(parser.parse_args(words))


def test_each_format_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    begins = {"a.svg": b"<svg ", "a.mmd": b"flowchart TD", "a.dot": b"digraph ", "a.png": b"\x89PNG"}
    for name, begin in begins.items():
        assert run("flows/cookie_barrel", "--output", str(tmp_path / name)) == 0
        assert (tmp_path / name).read_bytes().startswith(begin)
    assert run("flows/cookie_barrel/customer.yaml", "--format", "dot", "--output", str(tmp_path / "b")) == 0
    assert (tmp_path / "b").read_bytes().startswith(b"digraph ")


WRONG = [
    (("flows",), "flows is no pack"),
    (("flows/nowhere.yaml",), "there is no file"),
    (
        ("flows/cookie_barrel", "--role", "staff"),
        "nobody talks to flows/cookie_barrel as 'staff'; there is: customer",
    ),
    (("flows/cookie_barrel", "--language", "fr"), "is not in 'fr'; it speaks en, ur"),
    (("flows/cookie_barrel/customer.yaml", "--live"), "--live is for a pack"),
    (("flows/cookie_barrel", "--live"), "There is no "),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_use(
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert run(*words) == 2
    assert said in capsys.readouterr().err


def test_a_png_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert run("flows/cookie_barrel", "--format", "png") == 2
    assert "pip install 'shoptalk[graph]'" in capsys.readouterr().err


def test_a_png_is_not_poured_into_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert run("flows/cookie_barrel", "--format", "png") == 2
    assert "name a file with --output" in capsys.readouterr().err


def test_where_conversations_sit(storage: Storage) -> None:
    heard(storage, "hi", "w1", ANN)
    heard(storage, "hi", "w2", BOB)
    now = datetime.now(UTC)
    assert storage.reports("corner").sitting("customer", now - timedelta(days=5000)) == {"initial": (2, 0)}
    assert storage.reports("corner").sitting("customer", now) == {"initial": (2, 2)}
    assert storage.reports("corner").sitting("staff", now) == {}
    assert storage.reports("other").sitting("customer", now) == {}
    assert SHOP.business.id == "corner"


def test_live_tells_who_sits_where_and_who_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = load_pack(ROOT / "flows" / "cookie_barrel").pack
    assert pack is not None
    url = f"sqlite:///{tmp_path}/shop.db"
    storage = open_storage(url)
    storage.migrate()
    storage.seed(pack)
    storage.add_channel("cookie_barrel", "meta", "x")
    now = datetime.now(UTC)
    for index, (state, hours) in enumerate(
        [("awaiting_name", 0), ("awaiting_name", 5), ("order_placed", 5), ("initial", 5), ("gone", 5)]
    ):
        when = now - timedelta(hours=hours)
        made = storage.start_conversation("cookie_barrel", ("meta", "x"), f"92300000000{index}", when)
        storage.database.execute(
            "UPDATE conversations SET state = ?, heard_at = ? WHERE id = ?",
            state,
            when.replace(tzinfo=None),
            made,
        )
    storage.close()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.chdir(ROOT)
    assert run("flows/cookie_barrel", "--live", "--format", "dot") == 0
    printed = capsys.readouterr()
    assert r'2 here, 1 left"' in re.search(r'^  "awaiting_name" .*$', printed.out, re.MULTILINE)[0]  # type: ignore[index]
    assert r'1 here, 0 left"' in re.search(r'^  "order_placed" .*$', printed.out, re.MULTILINE)[0]  # type: ignore[index]
    assert r'1 here, 0 left"' in re.search(r'^  "initial" .*$', printed.out, re.MULTILINE)[0]  # type: ignore[index]
    assert "1 in gone, which this flow does not have" in printed.err
