"""Draws a `console` block of a page: what one types stands out from what comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

ASKED = re.compile(r"(> )(.+)|([A-Z][^\[]*\?[^\[]* \[[^\]]*\] )(.*)")
"""A line on which something was typed: behind the sign of a chat, or a question with its usual answer."""

FINDING = re.compile(r"\S+:\d+:\d+: .*")
"""The first line of a finding, which may be long."""


def terminal(
    source: str, language: str, css_class: str, options: Mapping[str, Any], md: Any, **more: Any
) -> str:
    """The HTML of the block; the copy button takes the commands alone."""
    lines = "\n".join(map(_line, source.rstrip("\n").split("\n")))
    return f'<div class="language-console highlight"><pre><code>{lines}\n</code></pre></div>'


def _line(line: str) -> str:
    if line.startswith("$ "):
        return f'<span class="gp">$ </span><span class="typed">{escape(line[2:])}</span>'
    if asked := ASKED.fullmatch(line):
        question, typed = asked[1] or asked[3], asked[2] or asked[4]
        return f'<span class="go wraps">{escape(question)}<span class="typed">{escape(typed)}</span></span>'
    wraps = " wraps" if FINDING.fullmatch(line) else ""
    return f'<span class="go{wraps}">{escape(line)}</span>'
