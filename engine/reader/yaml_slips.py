"""Finds slips of one line at which the YAML parser stumbles only later: a colon, a space, a strange sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

ODD = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
ODD_SPACE = re.compile(f"[{ODD}]")
ODD_INDENT = re.compile(f"[ \\t]*[{ODD}][ \\t{ODD}]*")
ODD_BEHIND_COLON = re.compile(f"[ ]*(?:- +)*[A-Za-z_]\\w* *:(?P<odd>[{ODD}]+)")
ODD_COLON = re.compile(r"[ ]*(?:- +)*[A-Za-z_]\w*(?P<colon>[ ]*[：︰﹕∶] *)")
NO_SPACE = re.compile(r"[ ]*(?:- +)*(?P<key>[A-Za-z_]\w*):(?P<value>[^\s:/].*)")
NO_SPACE_BEHIND_DASH = re.compile(r"[ ]*(?P<dash>-)(?P<value>[^\s-].*)")
NO_COLON_SIGN = re.compile(r"[ ]*(?:- +)*(?P<key>[A-Za-z_]\w*)(?P<sign> *(?:=>?|:=|->|;) *)(?P<value>\S.*)")
LONE_WORD = re.compile(r"[ ]*(?:- +)*(?P<key>[A-Za-z_]\w*)[ ]*$")
KEY_BETWEEN_BRACES = re.compile(
    r"""(?<=[{,]) *(?P<key>[a-z_]+)(?P<gap> +)(?P<value>\[[^\[\]:]*\]|"[^"]*"|'[^']*'|\{)"""
)
LONE_VALUE = re.compile(r"\w+\s*|[\[{\"'].*")
KEY_AND_TEXT = re.compile(r"[ ]*(?:- +)*(?P<key>[a-z_]+)(?P<gap> +)(?P<value>[^\s:#].*)")
BLOCK = re.compile(r"(?:^|[:\s-])[|>][-+0-9]*[ \t]*(?:#.*)?$")


class Slip(NamedTuple):
    """What is wrong with a part of a line, counted from 0, and what should stand there.

    Where that may be meant otherwise, it is not certain, and left to people.
    """

    line: int
    start: int
    end: int
    message: str
    by: str
    is_certain: bool = True


def slip(lines: Sequence[str], near: Iterable[int]) -> Slip | None:
    """The first slip on one of the lines near to where the parser stopped."""
    for number in near:
        if 0 <= number < len(lines) and lines[number].strip() and not _is_in_block(lines, number):
            for find in FINDERS:
                found = find(lines, number)
                if found is not None:
                    return found
    return None


def before(lines: Sequence[str], number: int) -> int:
    """The nearest line above that is neither empty nor a comment; -1 where there is none."""
    return next((at for at in range(number - 1, -1, -1) if not _is_empty(lines[at])), -1)


def _marks(lines: Sequence[str], number: int) -> Slip | None:
    line = lines[number]
    if line.rstrip() == "...":
        return Slip(number, 0, len(line), "`...` ends what is read; take this line away", "")
    if line.startswith("%") and not any(one.strip() for one in lines[:number]):
        if line.startswith(("%YAML", "%TAG")):
            return Slip(number, 0, len(line), "a flow begins with its first key; take this line away", "")
        return Slip(number, 0, 1, "no line of a flow begins with %; take this sign away", "", False)
    return None


def _spaces(lines: Sequence[str], number: int) -> Slip | None:
    line = lines[number]
    indent = ODD_INDENT.match(line)
    behind = ODD_BEHIND_COLON.match(line)
    if indent:
        sign = ODD_SPACE.search(line)
        assert sign is not None  # noqa: S101 - the indentation holds one
        message = f"what looks like a space here is another sign ({_code(sign[0])}); type spaces"
        return Slip(number, 0, indent.end(), message, ODD_SPACE.sub(" ", indent[0]))
    if behind:
        message = f"what looks like a space here is another sign ({_code(behind['odd'])}); type a space"
        return Slip(number, behind.start("odd"), behind.end("odd"), message, " ")
    return None


def _colon_of_another_script(lines: Sequence[str], number: int) -> Slip | None:
    found = ODD_COLON.match(lines[number])
    if not found:
        return None
    message = f"this colon is another sign ({_code(found['colon'].strip())}); type `: `"
    return Slip(number, found.start("colon"), found.end("colon"), message, ": ")


def _no_space(lines: Sequence[str], number: int) -> Slip | None:
    found = NO_SPACE.match(lines[number])
    if not found:
        return None
    message = f"a space is missing after the colon: {found['key']}: {found['value'].rstrip()}"
    return Slip(number, found.start("value"), found.start("value"), message, " ")


def _no_space_behind_dash(lines: Sequence[str], number: int) -> Slip | None:
    found = NO_SPACE_BEHIND_DASH.match(lines[number])
    if not found:
        return None
    message = f"a space is missing behind the -: - {found['value'].rstrip()}"
    at = before(lines, number)
    is_in_list = at >= 0 and (lines[at].lstrip().startswith("-") or lines[at].rstrip().endswith(":"))
    return Slip(number, found.end("dash"), found.end("dash"), message, " ", is_in_list)


def _sign_for_a_colon(lines: Sequence[str], number: int) -> Slip | None:
    found = NO_COLON_SIGN.match(lines[number])
    if not found:
        return None
    is_key = found["key"] in keys()
    if not is_key and found["sign"].strip() != "=":
        return None
    message = f"behind a key stands a colon: {found['key']}: {found['value'].rstrip()}"
    return Slip(number, found.start("sign"), found.end("sign"), message, ": ", is_key)


def _no_colon(lines: Sequence[str], number: int) -> Slip | None:
    line = lines[number]
    lone = LONE_WORD.match(line)
    if lone:
        following = next((one for one in lines[number + 1 :] if not _is_empty(one)), "")
        is_list = following.lstrip().startswith("- ") and _indent(following) >= _indent(line)
        at_dash = line.lstrip().startswith("-")
        if (_indent(following) > _indent(line) or (is_list and not at_dash)) and not _is_value(lines, number):
            at = lone.end("key")
            is_sure = not at_dash or lone["key"] in keys()
            return Slip(number, at, at, f"a colon is missing behind '{lone['key']}'", ":", is_sure)
        return None
    found = KEY_AND_TEXT.match(line)
    if found is None or found["key"] not in keys():
        found = next((one for one in KEY_BETWEEN_BRACES.finditer(line) if one["key"] in keys()), None)
    if found is None or found["value"].startswith(("=", "-", ";")):
        return None
    message = f"a colon is missing behind '{found['key']}': {found['key']}: {found['value'].rstrip()}"
    is_sure = LONE_VALUE.fullmatch(found["value"]) is not None
    return Slip(number, found.start("gap"), found.start("gap"), message, ":", is_sure)


def _is_value(lines: Sequence[str], number: int) -> bool:
    """Whether a line that is not indented enough is the value of the key above."""
    at = before(lines, number)
    if at < 0 or not lines[at].rstrip().endswith(":"):
        return False
    return _indent(lines[number]) <= _indent(lines[at]) and lines[number].strip() not in keys()


FINDERS: tuple[Callable[[Sequence[str], int], Slip | None], ...] = (
    _marks,
    _spaces,
    _colon_of_another_script,
    _no_space,
    _no_space_behind_dash,
    _sign_for_a_colon,
    _no_colon,
)


@cache
def keys() -> frozenset[str]:
    """Every key of the flow language."""
    from engine.schema.flow import choices_keys, flow_keys, message_keys, rule_keys, state_keys

    every = (flow_keys(), state_keys(), rule_keys(), message_keys(), choices_keys())
    return frozenset(key for keys in every for key in keys)


def _code(sign: str) -> str:
    return f"U+{ord(sign[0]):04X}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _is_in_block(lines: Sequence[str], number: int) -> bool:
    """Whether a line belongs to the text below a `|` or `>`."""
    indent = _indent(lines[number])
    for at in range(number - 1, -1, -1):
        if lines[at].strip() and _indent(lines[at]) < indent:
            if BLOCK.search(lines[at]):
                return True
            indent = _indent(lines[at])
    return False
