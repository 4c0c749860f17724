"""The two programs, `shoptalk` and `flow-lint`; a command's module is loaded only when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

READER_LEFT = 141
"""The code of a program whose reader left before the end, as a shell gives it for SIGPIPE."""


def shoptalk() -> int:
    """`shoptalk COMMAND …`; 0 done, 1 what the command found, 2 wrong use."""
    return _printing(_shoptalk)


def flow_lint() -> int:
    """Runs `flow-lint` and leaves with its code at once.

    To take down two hundred modules one by one takes longer than some of what it looks for, and by now all is
    printed and closed.
    """
    os._exit(lint_flows())


def lint_flows() -> int:
    """`flow-lint [PATH…]`; 0 clean, 1 problems, 2 wrong use."""
    return _printing(_flow_lint)


def _printing(program: Callable[[], int]) -> int:
    """Runs the program for whatever reads it: a console that lacks a letter, or `head`, which soon leaves."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        try:
            return program()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # What is still to be written goes nowhere, or it fails once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT


def _warn_of_outdated() -> None:
    from adapters.compiled import outdated

    for file in outdated():
        print(
            f"{file} was changed after it was compiled, and is not what runs: `make compiled`",
            file=sys.stderr,
        )


def _shoptalk() -> int:
    import argparse
    from importlib import import_module

    from adapters.commands import COMMANDS

    _warn_of_outdated()
    words = sys.argv[1:]
    parser = argparse.ArgumentParser(prog="shoptalk", description="Conversations that a shop can edit.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    called = next((word for word in words if not word.startswith("-")), None)
    modules = {}
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name == called:
            modules[name] = import_module(f"adapters.commands.{name.replace('-', '_')}")
            modules[name].add_arguments(command)
    arguments = parser.parse_args(words)
    return int(modules[arguments.command].run(arguments))


def _flow_lint() -> int:
    if sys.argv[1:] == ["--version"]:
        print(f"flow-lint {_version()}")
        return 0
    import gc

    # So short a run leaves no garbage worth looking for.
    gc.disable()
    from adapters.commands import lint

    return lint.main(sys.argv[1:])


def _version() -> str:
    from adapters.version import VERSION

    return VERSION
