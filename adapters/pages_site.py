"""Hooks of mkdocs, which make docs/ a site: pages that are generated, and files that stand beside docs/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from adapters.generate import ROOT
from adapters.reference_pages import pages, pictures

BESIDE = {"CHANGELOG.md": "changelog.md", "benchmarks/README.md": "measurements.md"}
"""Files outside of docs/ that are pages too, and what they are called there."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the generated pages into the navigation, where it names their folder."""
    titles = {path: text.partition("\n")[0].strip("# `") for path, text in pages().items()}
    config.nav = _with_pages(config.nav, titles)
    return config


def _with_pages(entry: Any, titles: dict[str, str]) -> Any:
    if isinstance(entry, list):
        return [_with_pages(each, titles) for each in entry]
    if isinstance(entry, dict):
        return {key: _with_pages(value, titles) for key, value in entry.items()}
    if not entry.endswith("/"):
        return entry
    index, *others = [path for path in titles if path.startswith(entry)]
    return [index, *({titles[path]: path} for path in others)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the generated pages, and those that stand beside docs/."""
    for path, text in {**pages(), **pictures()}.items():
        files.append(File.generated(config, path, content=text))
    for source, path in BESIDE.items():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links that go out of docs/ to the pages that such files are here."""
    for source, path in BESIDE.items():
        up = Path(*[".."] * page.file.src_uri.count("/")) / path
        markdown = markdown.replace(f"](../{source})", f"]({up.as_posix()})")
    return markdown
