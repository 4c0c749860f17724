"""The two programs, `shoptalk` and `flow-lint`; a command's module is loaded only when it is called."""

from __future__ import annotations

import sys


def shoptalk() -> int:
    """`shoptalk COMMAND …`; 0 done, 1 what the command found, 2 wrong use."""
    import argparse
    from importlib import import_module

    from adapters.commands import COMMANDS

    words = sys.argv[1:]
    parser = argparse.ArgumentParser(prog="shoptalk", description="Conversations that a shop can edit.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    called = next((word for word in words if not word.startswith("-")), None)
    modules = {}
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name == called:
            modules[name] = import_module(f"adapters.commands.{name}")
            modules[name].add_arguments(command)
    arguments = parser.parse_args(words)
    return int(modules[arguments.command].run(arguments))


def flow_lint() -> int:
    """`flow-lint [PATH…]`; 0 clean, 1 problems, 2 wrong use."""
    if sys.argv[1:] == ["--version"]:
        print(f"flow-lint {_version()}")
        return 0
    import gc

    # So short a run leaves no garbage worth looking for, neither on its way nor at its end.
    gc.disable()
    from adapters.commands import lint

    code = lint.main(sys.argv[1:])
    gc.freeze()
    return code


def _version() -> str:
    from adapters.version import VERSION

    return VERSION
