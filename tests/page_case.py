"""Does what the blocks of a page say, in a folder: files are written, commands run, talks played.

What a block is, its first line says:

- `yaml`, `jinja` or `csv` with a `title` is that file. It is written; after `<!-- as it stands -->` it is
  compared.
- `diff` with a `title` changes that file: `-` lines go, `+` lines come, and what stands around them is found.
- `text` with the `title` `…/conversations/NAME.txt` is what `NAME.yaml` beside it gives when it is played.
- `text` with the `title` `Meanwhile, PHONE …` is what a customer writes to the shop that runs in this folder.
- `text` with the `title` `Meanwhile, the server says` is what `shoptalk serve` has printed since.
- `console` is a terminal: `$ COMMAND`, what it prints, and what one types behind what it asks. `shoptalk
  serve` really serves, until the next command.

A line `…` stands for any number of lines that are not shown, a `…` at the end of a line for the rest of it.
Before its own blocks, a page plays those of the page that `<!-- continues: PAGE.md -->` names;
`<!-- begins with: PACK -->` gives it a pack of flows/.
"""

from __future__ import annotations

import builtins
import gc
import io
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest
import yaml

from adapters import cli
from adapters.packs import load_pack
from adapters.provider_limits import limits_of
from adapters.settings import Settings
from adapters.storage import open_storage
from adapters.wiring import load_packs, make_site
from engine.message import Inbound
from engine.rehearsal.script import script_of
from engine.rehearsal.transcript import play

ROOT = Path(__file__).parent.parent
ELIDED = "…"
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)(?P<rest>[^`\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
PROGRAMS = {"shoptalk": cli.shoptalk, "flow-lint": cli.lint_flows}
PATIENCE = 60
"""Seconds within which a server has said what a page shows, on a machine that does much else."""
OF_THE_SHELL = {"cat", "cp", "ls", "mkdir", "mv", "rm"}


class WrongPage(AssertionError):
    """A page shows what is not so; the message says where, and what is so."""


@dataclass(frozen=True)
class Block:
    """A block of a page: what its first line says, its text, and the line of the page on which it begins."""

    page: str
    line: int
    kind: str
    title: str
    text: str
    is_compared: bool

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]

    def wrong(self, what: str) -> WrongPage:
        return WrongPage(f"{self.where}: {what}")


def blocks_of(page: str, markdown: str) -> list[Block]:
    """Every fenced block of a page."""
    found = []
    for fence in FENCE.finditer(markdown):
        before = markdown[: fence.start()]
        titled = re.search(r'title="([^"]+)"', fence["rest"])
        text = re.sub(rf"^{fence['indent']}", "", fence["text"], flags=re.M)
        compared = before.rstrip().endswith("<!-- as it stands -->")
        found.append(
            Block(page, before.count("\n") + 1, fence["kind"], titled[1] if titled else "", text, compared)
        )
    assert len(re.findall(r"^ *```", markdown, re.M)) == 2 * len(found), f"{page}: a block does not end"
    return found


def named_by(markdown: str, remark: str) -> str:
    """What a remark in the page's text, such as `<!-- continues: … -->`, names; empty where there is none."""
    found = re.search(rf"<!-- {remark}: (\S+) -->", markdown)
    return found[1] if found else ""


def give_pack(name: str, folder: Path) -> None:
    """Copies a pack and its templates into the folder."""
    for part in ("flows", "templates"):
        shutil.copytree(ROOT / part / name, folder / part / name)


def do(block: Block, folder: Path, server: Server) -> None:
    """Does what a block says, in the folder, which is the current one. Raises WrongPage."""
    if block.kind == "console":
        for command, expected in commands_of(block):
            server.stop()
            if command.startswith("shoptalk serve "):
                server.start(command)
                server.prints(block, expected)
            else:
                compare(block, Terminal(expected).run(block, command), expected)
    elif not block.title:
        raise block.wrong(f"a block of {block.kind or 'no kind'} needs a title, or it cannot be tried")
    elif block.kind == "diff":
        change(block, folder / block.title)
    elif block.kind == "text" and block.title == "Meanwhile, the server says":
        server.prints(block, block.lines)
    elif block.kind == "text" and block.title.startswith("Meanwhile, "):
        write_to_shop(block, folder)
    elif block.kind == "text":
        play_to(block, folder / block.title)
    elif block.is_compared:
        compare(block, (folder / block.title).read_text("utf-8").splitlines(), block.lines)
    elif block.kind in ("yaml", "jinja", "csv"):
        file = folder / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")
    else:
        raise block.wrong(f"nobody knows what to do with a block of {block.kind}")


def compare(block: Block, said: Sequence[str], expected: Sequence[str]) -> None:
    """Raises WrongPage where what was said is not what the page shows, but for what it leaves out."""
    said = "\n".join(line.rstrip() for line in said).strip("\n").split("\n")
    parts: list[list[str]] = [[]]
    for line in "\n".join(expected).strip("\n").split("\n"):
        if line.strip() == ELIDED:
            parts.append([])
        else:
            parts[-1].append(line)
    at = 0
    for number, part in enumerate(parts):
        is_first, is_last = number == 0, number == len(parts) - 1
        starts = range(at, len(said) - len(part) + 1)
        if is_first:
            starts = range(1)
        if is_last and not is_first:
            starts = range(len(said) - len(part), len(said) - len(part) + 1)
        found = next((start for start in starts if start >= at and _fits(said[start:], part)), None)
        if found is None or (is_first and is_last and len(part) != len(said)):
            raise block.wrong(
                "this is what comes:\n" + "\n".join(said) + "\n\nin place of:\n" + "\n".join(part)
            )
        at = found + len(part)


def _fits(said: Sequence[str], part: Sequence[str]) -> bool:
    """Whether what was said begins with these lines."""
    return len(said) >= len(part) and all(
        one == line or (line.endswith(ELIDED) and one.startswith(line.removesuffix(ELIDED)))
        for one, line in zip(said, part, strict=False)
    )


def change(block: Block, file: Path) -> None:
    """Changes a file as a block of `diff` says; each part of it must stand there once."""
    text = file.read_text("utf-8")
    for part in re.split(rf"^ ?{ELIDED}\n", block.text, flags=re.M):
        lines = [line if line[:1] in ("-", "+", " ") else f" {line}" for line in part.splitlines()]
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        if old == new or f"\n{text}".count(f"\n{old}") != 1:
            raise block.wrong(f"these lines do not stand once in {block.title}:\n{old}")
        text = f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    file.write_text(text, "utf-8")


def play_to(block: Block, snapshot: Path) -> None:
    """Plays the conversation of a snapshot, compares it with the block, and writes it down."""
    conversation = snapshot.with_suffix(".yaml")
    reading = load_pack(snapshot.parent.parent)
    assert reading.pack is not None, reading.problems
    [document] = [
        one for path, one in reading.documents.items() if path.endswith(f"/{conversation.name}")
    ] or [yaml.safe_load(conversation.read_text("utf-8"))]
    script = script_of(document)
    said = play(reading.pack, script, limits_of(script.provider))
    compare(block, said.splitlines(), block.lines)
    snapshot.write_text(said, "utf-8")


def write_to_shop(block: Block, folder: Path) -> None:
    """Writes to the first shop of the folder, over the simulator, and has it answer."""
    sender = re.sub(r"\D", "", block.title)
    settings = Settings(f"sqlite:///{folder}/shoptalk.db")
    packs = load_packs([folder / "flows"])
    business = next(iter(packs))
    with closing(open_storage(settings.database_url)) as storage:
        site = make_site(settings, packs, storage, threads=0)
        for number, line in enumerate(block.lines):
            message = f"in.{sender}.{block.line}.{number}"
            said = Inbound("text", line, id=message, sender=sender, channel=business, sent_at=site.now())
            storage.accept("simulator", [said], site.now())
            talk = storage.start_conversation(business, ("simulator", business), sender, site.now())
            site.jobs.take_turns(talk)
            site.jobs.deliver(talk)


def commands_of(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a `console` block, and the lines that it shows."""
    if not block.text.startswith("$ "):
        raise block.wrong("a block of console begins with `$ ` and a command")
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        yield command, [line.rstrip() for line in shown]


class Terminal:
    """Somebody at a terminal, who types what the page shows behind each thing that is asked."""

    def __init__(self, expected: Sequence[str]) -> None:
        self.expected = list(expected)
        self.at = 0
        self.screen = io.StringIO()

    def run(self, block: Block, command: str) -> list[str]:
        """What the command prints, line by line, with what was typed in between."""
        program, *words = shlex.split(command, comments=True)
        if program in OF_THE_SHELL:
            ran = subprocess.run([program, *words], capture_output=True, encoding="utf-8", check=False)
            return (ran.stdout + ran.stderr).splitlines()
        if program == "make":  # what a target does is tried elsewhere
            dry = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, check=False)
            if dry.returncode:
                raise block.wrong(f"there is no {command}")
            return self.expected
        if program not in PROGRAMS:
            raise block.wrong(f"nobody can try the command {program}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [program, *words])
            patch.setattr(sys, "stdin", Keyboard(self))
            patch.setattr(sys, "stdout", self.screen)
            patch.setattr(sys, "stderr", self.screen)
            patch.setattr(builtins, "input", self.asked)
            try:
                PROGRAMS[program]()
            except SystemExit as left:
                if isinstance(left.code, str):
                    self.screen.write(left.code)
            finally:
                gc.enable()  # flow-lint turns it off for so short a run
                gc.unfreeze()
        return self.screen.getvalue().splitlines()

    def asked(self, prompt: str = "") -> str:
        """What is typed behind a question, as the page shows it. Raises EOFError where it shows nothing."""
        question = f"{self.screen.getvalue()}{prompt}".split("\n")[-1]
        for number in range(self.at, len(self.expected)):
            if self.expected[number].startswith(question.rstrip()):
                self.at = number + 1
                typed = self.expected[number][len(question) :]
                self.screen.write(f"{prompt}{typed}\n")
                return typed
        raise EOFError


class Server:
    """The server that a page starts, as a process of its own; its port is another than the page shows."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.output = Path()
        self.seen = 0
        self.port = 0

    def start(self, command: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.output, self.seen = Path("server.log").absolute(), 0
        program = [
            sys.executable,
            "-c",
            "import sys; from adapters.cli import shoptalk; sys.exit(shoptalk())",
        ]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*program, *shlex.split(command)[1:], "--port", str(self.port)], stdout=output, stderr=output
            )

    def prints(self, block: Block, expected: Sequence[str]) -> None:
        """Waits until the server has printed what the page shows. Raises WrongPage."""
        until = monotonic() + PATIENCE
        while True:
            printed = self.output.read_text("utf-8").replace(f":{self.port}", ":8000").splitlines()
            try:
                compare(block, printed[self.seen :], expected)
            except WrongPage:
                if monotonic() > until or self.process is None or self.process.poll() is not None:
                    raise
                sleep(0.05)
            else:
                self.seen = len(printed)
                return

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None


class Keyboard(io.StringIO):
    """The standard input of somebody who sits at a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1) -> str:
        try:
            return f"{self.terminal.asked()}\n"
        except EOFError:
            return ""
