"""Writes what is generated from the declarations: `schemas/*.schema.json` and `docs/language.md`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from adapters.reference import reference
from engine.schema import KINDS, schema_of

ROOT = Path(__file__).parent.parent


def generated() -> dict[str, str]:
    """The text of every generated file, by its path from the top of the project."""
    files = {}
    for kind in KINDS:
        files[f"schemas/{kind}.schema.json"] = (
            json.dumps(for_editors(schema_of(kind)), indent=2, ensure_ascii=False) + "\n"
        )
    files["docs/language.md"] = "\n".join(reference()) + "\n"
    return files


def for_editors(schema: Any) -> Any:
    """The schema with its descriptions as Markdown too: of plain ones, editors show the marks of code."""
    if isinstance(schema, list):
        return [for_editors(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, part in schema.items():
        made[key] = for_editors(part) if key != "defaultSnippets" else part
        if key == "description" and isinstance(part, str) and "`" in part:
            made["markdownDescription"] = part
    return made


def main(words: list[str]) -> int:
    """`python -m adapters.generate [--check]`; with `--check` nothing is written, and 1 means stale."""
    stale = []
    for path, text in generated().items():
        file = ROOT / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in words:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if "--check" in words and stale:
        sys.stderr.write(f"not current: {', '.join(stale)}; run `python -m adapters.generate`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
