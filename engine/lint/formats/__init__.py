"""The forms in which findings are reported, for people and for other programs: the table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.lint.formats import concise, full, github, gitlab, json, junit, sarif
from engine.lint.report import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "full": full.FORMAT,
        "concise": concise.FORMAT,
        "json": json.FORMAT,
        "github": github.FORMAT,
        "gitlab": gitlab.FORMAT,
        "sarif": sarif.FORMAT,
        "junit": junit.FORMAT,
    }
)
