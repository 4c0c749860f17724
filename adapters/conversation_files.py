"""Writes conversations as the files that `shoptalk test` plays."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.rehearsal.script import START, Script

PLAIN = re.compile(r"[A-Za-z]+(?:[ '/-][A-Za-z]+)*[?!.]?")
"""What needs no quotes wherever it stands."""

WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
"""What YAML may take for something else than a word."""

ESCAPED = re.compile(
    r'["\\\x00-\x1f\x7f-\xa0\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)
"""What is not seen, or ends a text in quotes."""


WIDTH = 104


def text_of(script: Script, about: Sequence[str] = ()) -> str:
    """The conversation as a file; `about` are lines of a comment above it."""
    lines = [f"# {line}".rstrip() for line in about]
    lines.append(f"conversation: {_scalar(script.title)}")
    if script.role != "customer":
        lines.append(f"role: {_scalar(script.role)}")
    if script.language:
        lines.append(f"language: {_scalar(script.language)}")
    if script.customer:
        lines.append(f"customer: {_flow(script.customer)}")
    if script.provider:
        lines.append(f"provider: {_scalar(script.provider)}")
    if script.at != START:
        lines.append(f"at: {script.at:%Y-%m-%dT%H:%M:%S}")
    if script.start_at is not None:
        beginning = {key: value for key, value in script.start_at._asdict().items() if value}
        lines.append(f"start_at: {_flow(beginning)}")
    lines.append("says:")
    lines += [f"  - {_wrapped(_flow(said))}" for said in script.says]
    return "\n".join(lines) + "\n"


def free_file(folder: Path, stem: str) -> Path:
    """The first file `STEM_1.yaml`, `STEM_2.yaml` … of the folder that is not there yet."""
    number = 1
    while (folder / f"{stem}_{number}.yaml").exists():
        number += 1
    return folder / f"{stem}_{number}.yaml"


def _wrapped(text: str) -> str:
    """A long mapping on several lines; a text stays whole, since its blanks count."""
    if len(text) <= WIDTH or '"' in text or "'" in text:
        return text
    return textwrap.fill(
        text, WIDTH, subsequent_indent="     ", break_long_words=False, break_on_hyphens=False
    )


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_scalar(str(key))}: {_flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    is_name = value.isidentifier() and value.isascii()
    if (is_name or PLAIN.fullmatch(value)) and value.lower() not in WORDS:
        return value
    if '"' in value and "'" not in value and not ESCAPED.search(value.replace('"', "")):
        return f"'{value}'"
    return f'"{ESCAPED.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in '"\\':
        return f"\\{sign}"
    if "\ud800" <= sign <= "\udfff":
        return "\\uFFFD"
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(sign, f"\\u{ord(sign):04X}")
