"""Starts the language server that editors run on YAML, and asks it about a shop's files as an editor would.

`make editor` runs it, since it needs Node.
"""

from __future__ import annotations

import itertools
import json
import queue
import re
import subprocess
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.commands import new as new_command

ROOT = Path(__file__).parent.parent.parent
SERVER = Path(__file__).parent / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SCHEMAS = {
    "business.yaml": "business",
    "catalog.yaml": "catalog",
    "workflow.yaml": "workflow",
    "customer.yaml": "flow",
    "customer.ur.yaml": "translation",
    "conversations/*.yaml": "conversation",
}
"""Which schema a file of a pack has, where its first line does not say."""

SETTINGS: dict[str, Any] = {
    "yaml": {
        "validate": True,
        "completion": True,
        "hover": True,
        "schemaStore": {"enable": False},
        "schemas": {
            (ROOT / "schemas" / f"{schema}.schema.json").as_uri(): [f"**/flows/*/{file}"]
            for file, schema in SCHEMAS.items()
        },
    }
}
HEAD = (
    f"# yaml-language-server: $schema={(ROOT / 'schemas' / 'flow.schema.json').as_uri()}\nflow: a\nstart: b\n"
)
PATIENCE = 60.0


class LanguageServer:
    """A language server over its standard input and output."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.numbers = itertools.count(1)
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.found: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        capabilities = {
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
            "workspace": {"configuration": True},
        }
        self.ask("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": capabilities})
        self.tell("initialized", {})

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            answer = self.answers.get(timeout=PATIENCE)
            if answer["id"] == number:
                assert "error" not in answer, answer
                return answer["result"]

    def tell(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def open(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Opens a file; what the server finds wrong with it."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while True:
            found = self.found.get(timeout=PATIENCE)
            if found["uri"] == uri:
                return list(found["diagnostics"])

    def _send(self, message: dict[str, Any]) -> None:
        raw = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(raw) + raw)
        self.process.stdin.flush()

    def _listen(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        while True:
            length = 0
            while line := stdout.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            message = json.loads(stdout.read(length))
            if message.get("method") == "workspace/configuration":
                asked = [item.get("section") for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": [SETTINGS.get(section, {}) for section in asked]})
            elif message.get("method") == "textDocument/publishDiagnostics":
                self.found.put(message["params"])
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif "id" in message:
                self.answers.put(message)


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    started = LanguageServer()
    yield started
    started.ask("shutdown", {})
    started.tell("exit", {})
    assert started.process.wait(PATIENCE) == 0


FILES = [
    file.relative_to(ROOT).as_posix()
    for pattern in SCHEMAS
    for file in sorted(ROOT.glob(f"flows/*/{pattern}"))
]
ASKED = itertools.count()


def asked_at(server: LanguageServer, method: str, text: str) -> Any:
    """What the server says of the spot § in a flow."""
    before, after = text.split("§")
    uri = (ROOT / "flows" / f"asked_{next(ASKED)}.yaml").as_uri()
    server.open(uri, HEAD + before + after)
    lines = (HEAD + before).split("\n")
    position = {"line": len(lines) - 1, "character": len(lines[-1])}
    return server.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position})


@pytest.mark.parametrize("file", FILES)
def test_nothing_is_wrong_with_the_seed_shops(server: LanguageServer, file: str) -> None:
    assert server.open((ROOT / file).as_uri(), (ROOT / file).read_text("utf-8")) == []


def test_nothing_is_wrong_with_a_new_shop(
    server: LanguageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parser = ArgumentParser()
    new_command.add_arguments(parser)
    words = ["shop", "--call", "Shop", "--currency", "EUR", "--languages", "en,ur", "--product", "Tea 2"]
    assert new_command.run(parser.parse_args(words)) == 0
    made = sorted((tmp_path / "flows").rglob("*.yaml"))
    names = {file.name for file in made}
    assert {"business.yaml", "catalog.yaml", "workflow.yaml", "customer.yaml", "customer.ur.yaml"} <= names
    assert any(file.parent.name == "conversations" for file in made)
    for file in made:
        assert server.open(file.as_uri(), file.read_text("utf-8")) == [], file
        # Its first line names a schema that is there, or the server would look at nothing.
        with_more = file.read_text("utf-8") + "\nno_such_key: 1\n"
        wrong = server.open(file.with_name(f"wrong_{file.name}").as_uri(), with_more)
        assert [one["message"] for one in wrong] == ["Property no_such_key is not allowed."], file


COMPLETIONS = [
    ("§", {"languages", "slots", "commands", "states", "messages"}),
    ("commands:\n  menu:\n    words: [menu]\n    §", {"title", "reply", "goto", "ask_again", "validate"}),
    ("states:\n  b:\n    §", {"ask", "input", "commands", "otherwise", "after", "final", "human"}),
    ("commands:\n  menu:\n    do: §", {"add_to_cart", "place_order", "hand_over"}),
    ("slots:\n  name: §", {"text", "number", "list of product"}),
    ("states:\n  b:\n    input:\n      accepts:\n        - §", {"text", "image", "location"}),
    ("states:\n  b:\n    input:\n      validate:\n        - §", {"length", "between", "in_stock", "check"}),
    ("states:\n  b:\n    final: §", {"true", "false"}),
    ("states:\n  §", {"a state that asks", "a state with commands", "a final state"}),
    ("commands:\n  §", {"a command with words", "a command with a pattern"}),
    ("states:\n  b:\n    commands:\n      §", {"a command with words", "a command with branches"}),
    ("states:\n  b:\n    input:\n      §", {"keep and go on", "save", "accepts"}),
    ("messages:\n  §", {"a text", "a text with buttons", "a text with a list"}),
]


@pytest.mark.parametrize(("text", "offered"), COMPLETIONS)
def test_it_offers_what_fits(server: LanguageServer, text: str, offered: set[str]) -> None:
    items = asked_at(server, "completion", text)["items"]
    assert offered <= {item["label"] for item in items}


def test_what_it_offers_is_explained(server: LanguageServer) -> None:
    items = asked_at(server, "completion", "states:\n  b:\n    §")["items"]
    assert [item["label"] for item in items if not item.get("documentation")] == []


def test_a_snippet_becomes_a_state(server: LanguageServer) -> None:
    items = asked_at(server, "completion", "states:\n  §")["items"]
    body = next(item["insertText"] for item in items if item["label"] == "a state that asks")
    filled = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", body).replace("\n", "\n  ")
    uri = (ROOT / "flows" / "snippet.yaml").as_uri()
    assert server.open(uri, f"{HEAD}states:\n  {filled}\n") == []


HOVERS = [
    ("states:\n  b:\n    as§k: x", "message, or messages, sent on entering"),
    ("commands:\n  a:\n    do: x\n    ask_ag§ain: true", "the state's `ask` is sent again"),
    ("slots:\n  name: te§xt", "list of"),
]


@pytest.mark.parametrize(("text", "said"), HOVERS)
def test_it_explains_what_one_points_at(server: LanguageServer, text: str, said: str) -> None:
    assert said in asked_at(server, "hover", text)["contents"]["value"]


WRONG = [
    ("states:\n  b:\n    aks: x\n", 5, "Property aks is not allowed."),
    ("states:\n  b: {}\nslots:\n  n: txt\n", 6, "String does not match the pattern"),
    ("states:\n  b: {}\ncommands:\n  c: {do: add_to_crat}\n", 6, "add_to_cart"),
    (
        "states:\n  b: {}\ntimeout: soon\n",
        5,
        "a length of time is written `10 minutes`, `1 hour` or `2 days`; 999 weeks are the most",
    ),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_what_is_wrong_is_marked_where_it_stands(
    server: LanguageServer, text: str, line: int, said: str
) -> None:
    uri = (ROOT / "flows" / f"asked_{next(ASKED)}.yaml").as_uri()
    found = server.open(uri, HEAD + text)
    assert [(one["range"]["start"]["line"] + 1, said in one["message"]) for one in found] == [
        (line + 1, True)
    ]
