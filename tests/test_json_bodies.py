"""A body is read as JSON only as deep, and with numbers only as long, as is good for us."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.json_bodies import DEEPEST, NotJSON, depth, json_object

MIB = 1024 * 1024


def nested(levels: int, opens: bytes = b'{"a":', closes: bytes = b"}") -> bytes:
    return opens * levels + b"1" + closes * levels


@pytest.mark.parametrize(
    ("raw", "reads"),
    [
        (b"{}", {}),
        (b' \n{"a": [1, {"b": null}]} ', {"a": [1, {"b": None}]}),
        ('{"a": "ہیلو"}'.encode(), {"a": "ہیلو"}),
        (b'{"a": "\\ud83d"}', {"a": "\ud83d"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": ' + b"9" * 900 + b"}", {"a": int("9" * 900)}),
        (b'{"a": [9223372036854775807, 18446744073709551616]}', {"a": [2**63 - 1, 2**64]}),
        (b'{"a": -9223372036854775809}', {"a": -(2**63) - 1}),
        (b'{"a": -' + b"9" * 5000 + b"}", {"a": "-" + "9" * 5000}),
        (b'{"a": "' + b"[{" * 500 + b'"}', {"a": "[{" * 500}),
        (b'{"a": "\\"' + b"[" * 500 + b'\\\\"}', {"a": '"' + "[" * 500 + "\\"}),
    ],
)
def test_what_is_read(raw: bytes, reads: Any) -> None:
    assert json_object(raw) == reads


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "the body is not JSON"),
        (b"not json", "the body is not JSON"),
        (b'{"a": "\xff"}', "the body is not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "the body is not JSON"),
        ('{"a": 1}'.encode("utf-16"), "the body is not JSON"),
        (b'{"a": "', "the body is not JSON"),
        (b'{"a": "\\', "the body is not JSON"),
        (b"]" * 1000, "the body is not JSON"),
        (b"[]", "the body is JSON, but no object"),
        (b"7", "the body is JSON, but no object"),
        (nested(DEEPEST + 1), "the body is nested more than 64 deep"),
        (b'{"a": ' + nested(DEEPEST, b"[", b"]") + b"}", "the body is nested more than 64 deep"),
        (b"[" * 3 * MIB, "the body is nested more than 64 deep"),
        (b'{"":' * MIB, "the body is nested more than 64 deep"),
        (b'{"[":' * 100_000 + b'"', "the body is nested more than 64 deep"),
    ],
)
def test_what_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(NotJSON) as refused:
        json_object(raw)
    assert str(refused.value) == says


def test_the_deepest_is_read() -> None:
    assert depth(nested(DEEPEST)) == DEEPEST
    assert json_object(nested(DEEPEST))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"' + b'\\"' * MIB,
        b'"' * 3 * MIB,
        b"[" + b"[]," * MIB + b"[]]",
        b'{"a":"' + b"\\" * 3 * MIB,
        b"{" + b'"a":{},' * 400_000 + b'"a":1}',
    ],
)
def test_the_worst_body_costs_a_moment(raw: bytes) -> None:
    began = time.perf_counter()
    depth(raw)
    assert time.perf_counter() - began < 5


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def levels(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((levels(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((levels(inner) for inner in value), default=0)
    return 0


@given(st.dictionaries(st.text(), values, max_size=4))
def test_whatever_is_written_is_read_and_its_depth_known(value: dict[str, Any]) -> None:
    raw = json.dumps(value).encode()
    assert depth(raw) == levels(value)
    assert json_object(raw) == value


@given(st.binary(max_size=400))
def test_no_bytes_break_it(raw: bytes) -> None:
    with suppress(NotJSON):
        json_object(raw)
