"""What holds for every command of `shoptalk` and for `flow-lint`, whatever reads what they print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "help": ("shoptalk", "--help"),
    "chat": ("shoptalk", "chat", "flows/cookie_barrel"),
    "test": ("shoptalk", "test", "flows/cookie_barrel"),
    "flow-lint help": ("flow_lint", "--help"),
}


def command(program: str, *words: str) -> list[str]:
    code = f"import sys; from adapters.cli import {program}; sys.exit({program}())"
    return [sys.executable, "-c", code, *words]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_has_read_enough_is_no_error(name: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        came = subprocess.run(
            command(*COMMANDS[name]),
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # else argparse itself meets the pipe, and is silent
            input="hi\n1, 2\ncart\n",
            stdout=writes,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    finally:
        os.close(writes)
    assert came.stderr == ""
    assert came.returncode == 141


def test_a_terminal_that_lacks_a_letter_gets_another() -> None:
    came = subprocess.run(
        command(*COMMANDS["chat"]),
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        input=b"hi\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (came.returncode, came.stderr) == (0, b"")
    assert b"Chocolate Chip Cookie - ?50" in came.stdout


def test_a_chat_that_nobody_can_type_in_ends() -> None:
    came = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command(*COMMANDS["chat"])],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (came.returncode, came.stdout, came.stderr) == (0, b"", b"")
