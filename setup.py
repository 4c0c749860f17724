"""Builds what every message and every flow passes as C, by mypyc; where there is no compiler it stays Python.

Everything else of the package stands in setup.cfg. `SHOPTALK_PURE=1` leaves all of it Python.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

COMPILED = (
    "engine/actions/*.py",
    "engine/analysis/certainty.py",
    "engine/analysis/conditions.py",
    "engine/analysis/presence.py",
    "engine/analysis/uses.py",
    "engine/analysis/walk.py",
    "engine/built_in.py",
    "engine/business.py",
    "engine/currencies.py",
    "engine/declarations.py",
    "engine/draft.py",
    "engine/execution.py",
    "engine/expressions.py",
    "engine/frozen.py",
    "engine/interpreter.py",
    "engine/jinja/arithmetic.py",
    "engine/jinja/running.py",
    "engine/layout.py",
    "engine/memory.py",
    "engine/patterns.py",
    "engine/prepared.py",
    "engine/program.py",
    "engine/reader/flow_reader.py",
    "engine/reader/rule_reader.py",
    "engine/reader/yaml_builder.py",
    "engine/reading.py",
    "engine/recognizer.py",
    "engine/schema/conform.py",
    "engine/shop.py",
    "engine/shop_names.py",
    "engine/silence.py",
    "engine/speech.py",
    "engine/turn.py",
    "engine/types/*.py",
    "engine/validation.py",
    "engine/validators/*.py",
    "engine/words.py",
    "engine/workflow.py",
)
"""What a turn or the reading of a flow runs through, as patterns.

A registry's table (`__init__.py`) is read once and stays Python.
"""


class BuildIfPossible(build_ext):
    """Builds everything or nothing: half of the modules could not find the other half."""

    def run(self) -> None:
        self.clear()  # what an earlier version compiled, and this one does not
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError) as error:
            self.clear()
            self.extensions = []
            self.warn(f"Shoptalk stays Python, and answers half as fast: {error}")

    def clear(self) -> None:
        """Removes what was built before, where this build puts its own."""
        places = [*Path(self.build_lib).rglob("*.so")]
        if self.inplace:
            places += [*Path().glob("shoptalk__mypyc*.so"), *Path("engine").rglob("*.so")]
        for built in places:
            built.unlink()


def sources() -> list[str]:
    """The files of these modules."""
    found = (file for pattern in COMPILED for file in Path().glob(pattern))
    return sorted(str(file) for file in found if file.name != "__init__.py")


def extensions() -> list[Extension]:
    """What mypyc makes of the modules; nothing where nothing is to be compiled."""
    if os.environ.get("SHOPTALK_PURE"):
        return []
    from mypyc.build import mypycify

    # An isolated build has no other packages than mypy.
    words = ["--config-file=", "--ignore-missing-imports", *sources()]
    made: list[Extension] = mypycify(words, opt_level="2", multi_file=True, group_name="shoptalk")
    return made


if __name__ == "__main__":
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildIfPossible})
