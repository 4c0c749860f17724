"""Finds texts that are longer than what people read on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.lint.checked import Checked, Rule
from engine.source import Problem

MOST_CHARACTERS = 600
MOST_LINES = 15
"""About what a telephone shows of a chat at once, keyboard and all: what is beyond has to be scrolled for."""

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def check(checked: Checked) -> Iterator[Problem]:
    for survey in checked.surveys:
        for message in survey.messages:
            text = message.text
            if text is None:
                continue
            # What is put in is not the writer's to shorten; nor are lines that are nothing but tags.
            written = _TAGS.sub("", text.source)
            lines = sum(1 for line in written.splitlines() if line.strip())
            characters = len(" ".join(written.split()))
            if characters > MOST_CHARACTERS:
                said = f"{characters} characters are more than people read at once ({MOST_CHARACTERS})"
            elif lines > MOST_LINES:
                said = f"{lines} lines are more than a telephone shows at once ({MOST_LINES})"
            else:
                continue
            length = len(text.source.split("\n")[0])
            yield Problem(
                text.place, RULE.name, f"{said}: say it shorter, or in two messages", max(1, length)
            )


RULE = Rule(
    name="long_text",
    about=f"A text has more than {MOST_CHARACTERS} characters or {MOST_LINES} lines, without what is put in.",
    broken={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: |-
    Welcome to our shop!
    ^^^^^^^^^^^^^^^^^^^^
    Send *menu* to see what we bake today.
    Send *prices* to see what it costs.
    Send *hours* to see when we are open.
    Send *where* to see where we are.
    Send *order* to order something.
    Send *again* to order the same again.
    Send *cart* to see what you have chosen.
    Send *clear* to empty your cart.
    Send *status* to see where your order is.
    Send *cancel* to cancel it.
    Send *pay* to see how you can pay.
    Send *gift* to have it wrapped.
    Send *person* to talk to one of us.
    Send *news* to hear of new cookies.
    Send *stop* to hear no more of them.
""",
    },
    clean={
        "shop.yaml": """\
flow: shop
start: initial
otherwise: hello
states:
  initial:
    otherwise: {reply: hello, goto: ordered}
  ordered: {final: true}
messages:
  hello: >-
    Welcome to our shop. We have been baking cookies for thirty years.
""",
    },
    check=check,
    severity="warning",
    profile="asked",
)
