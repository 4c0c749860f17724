"""Holds the documents for people to what stands in the project."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
"""Those of docs/ are looked at when the site is built."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_dependency_has_its_reason():
    package = ConfigParser()
    package.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = package["options"]["install_requires"].split() + package["options.extras_require"]["dev"].split()
    explained = re.findall(r"^\| (.+?) \|", text_of("docs/dependencies.md"), re.MULTILINE)
    names = {name.strip("[ ]") for cell in explained for name in re.sub(r"\(.*?\)", "", cell).split(",")}
    assert names - {"package", "---"} == {re.split(r"[<>=~!\[]", one)[0] for one in wanted}


def test_the_readme_names_every_setting():
    explained = set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE))
    assert set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", text_of("README.md"), re.MULTILINE)) == explained


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text_of(name))
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []
