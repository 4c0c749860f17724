"""Measures how soon `flow-lint` answers, beside a bare import of the two libraries that it needs."""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 20
LINES = 500

HEAD = """\
flow: long
title: A long conversation
start: step_1
timeout: 1 hour

settings:
  most: 50

slots:
{slots}

commands:
  menu: {{title: Menu, words: [menu, list], reply: menu, ask_again: true}}
  cart:
    words: [cart, basket]
    branches:
      - {{when: cart.is_empty, reply: empty}}
      - {{reply: cart}}
    ask_again: true
  cancel: {{words: [cancel, stop], do: reset, reply: cancelled, goto: step_1}}

otherwise: {{reply: not_understood, ask_again: true}}

fails: {{no_such_item: no_such_item, unavailable: no_such_item}}

states:
"""

STATE = """\
  # Step {n} of the way.
  step_{n}:
    ask: ask_{n}
    commands:
      add_{n}:
        pattern:
          - "{{item:number}}, {{quantity:number}}"
          - "{{item:number}} x {{quantity:number}}"
        validate:
          - {{in_catalog: "{{{{ item }}}}", else: no_such_item}}
          - {{between: {{value: "{{{{ quantity }}}}", min: 1}}, else: too_small}}
          - {{check: "cart.quantity(item) + quantity <= settings.most", else: too_large}}
        do: add_to_cart
        fails: {{out_of_stock: sold_out}}
        reply: added_{n}
      next_{n}:
        words: [next, go on]
        goto: {next}
    input:
      save: answer_{n}
      validate: [{{length: {{min: 2, max: 60}}, else: too_short}}]
      goto: {next}

"""

MESSAGE = """\
  ask_{n}:
    text: "Question {n}: what would you like to add, {{{{ answer_{n} | default('you') }}}}"
    buttons: [next_{n}]
  added_{n}: "Added {{{{ line.quantity }}}}x {{{{ line.product.name }}}}, total {{{{ cart.total | money }}}}"
"""

TAIL = """\
  menu: "{% for product in catalog.available %}{{ product.number }}. {{ product.name }} {% endfor %}"
  cart: "Your cart: {{ cart.total | money }}"
  empty: Your cart is empty.
  cancelled: Cancelled.
  not_understood: Sorry, I did not understand that.
  no_such_item: There is no such item.
  too_small: At least 1, please.
  too_large: "At most {{ settings.most }}, please."
  too_short: That is too short, or too long.
  sold_out: "Sorry, only {{ failure.left }} left."
"""


def flow_of(lines: int) -> str:
    """A flow without any mistake, of about as many lines."""
    steps = 1
    while len(_flow(steps).splitlines()) < lines:
        steps += 1
    return _flow(steps)


def _flow(steps: int) -> str:
    numbers = range(1, steps + 1)
    slots = "\n".join(f"  answer_{n}: text" for n in numbers)
    states = "".join(STATE.format(n=n, next=f"step_{n + 1}" if n < steps else "over") for n in numbers)
    messages = "".join(MESSAGE.format(n=n) for n in numbers)
    return HEAD.format(slots=slots) + states + "  over: {final: true}\n\nmessages:\n" + messages + TAIL


def measure(command: list[str], folder: str) -> list[float]:
    """Milliseconds of each of RUNS cold runs, the fastest first; the first run of all warms the disk."""
    taken = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
        taken.append((time.perf_counter() - start) * 1000)
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return sorted(taken[1:])


def main() -> int:
    """Prints the median and the spread of each, and how they compare; 1 where a bound is not kept."""
    program = str(Path(sys.executable).with_name("flow-lint"))
    # An installed package is compiled; a checkout may not be, where Python is told to write no bytecode.
    for package in ("engine", "adapters", "schemas"):
        compileall.compile_dir(ROOT / package, quiet=1)
    text = flow_of(LINES)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "long.yaml").write_text(text, encoding="utf-8")
        bare = measure([sys.executable, "-c", "import yaml, jinja2"], folder)
        version = measure([program, "--version"], folder)
        checked = measure([program, "long.yaml"], folder)
    base = statistics.median(bare)
    print(f"{RUNS} cold runs each, of a flow of {len(text.splitlines())} lines; milliseconds")
    print(f"{'':28} {'median':>7} {'fastest':>8} {'slowest':>8} {'of bare':>8} {'bound':>6}")
    kept = True
    for name, taken, bound in (
        ("python, yaml and jinja2", bare, None),
        ("flow-lint --version", version, 60),
        ("flow-lint long.yaml", checked, 150),
    ):
        median = statistics.median(taken)
        kept = kept and (bound is None or median <= bound)
        spread = f"{taken[0]:8.1f} {taken[-1]:8.1f}"
        print(f"{name:28} {median:7.1f} {spread} {median / base:8.2f} {bound or '':>6}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
